"""The load: `certgate bench`, one run of it, and whether its result can be believed."""

import dataclasses
import json
import subprocess

import machine
from machine import Failure

# TLS 1.2 has one suite name a key type.
AES_256 = ["TLS_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384"]
# What OpenSSL's clients offer by default, in their order; servers choose by theirs.
OPENSSL = AES_256 + ["TLS_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
                     "TLS_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"]
CIPHERS = {"openssl": OPENSSL, "aes-256": AES_256}


class CannotResume(Failure):
    """Said by the load generator; an answer, not a fault of the measurement."""


@dataclasses.dataclass
class Load:
    binary: str
    cores: list
    groups: str
    ciphers: list
    seconds: float
    warm_up: float
    # In which idle connections are opened: all at once, allocators would keep what 2,000 handshakes under way took.
    ramp: float

    def run(self, row, server, pki, server_cores):
        """One measurement: the figure of the row, and what went with it."""
        # In TLS 1.2 the groups also say which certificates the client understands.
        groups = self.groups if row.tls == "1.3" or "P-256" in self.groups else self.groups + ":P-256"
        argv = [self.binary, "bench", f"https://127.0.0.1:{server.port}{row.path}", "--mode", row.mode,
                "--header", "Host: localhost", "--sni", "localhost", "--ca", pki.ca,
                "--connections", row.connections, "--threads", len(self.cores),
                "--tls-version", row.tls, "--tls-groups", groups, "--tls-ciphers", ":".join(self.ciphers),
                "--timeout", "30s", "--server-pid", server.child.pid, "--format", "json"]
        if row.mode != "storm":
            argv += ["--duration", f"{self.seconds}s"]
        if row.mode not in ("storm", "idle"):
            argv += ["--warm-up", f"{self.warm_up}s"]
        if row.mode == "idle":
            argv += ["--ramp", f"{self.ramp}s"]
        for certificate, key in pki.clients:
            argv += ["--cert", certificate, "--key", key]
        before = machine.busy_seconds(server_cores), machine.cpu_seconds(server.child.pid)
        finished = subprocess.run([str(word) for word in argv], capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, env=machine.clean_environment(),
                                  preexec_fn=machine.on_cores(self.cores), check=False)
        after = machine.busy_seconds(server_cores), machine.cpu_seconds(server.child.pid)
        if "handshakes was resumed" in finished.stderr:
            raise CannotResume("resumes nothing with client certificates")
        if finished.returncode:
            raise Failure(last_line(finished.stderr) or f"certgate bench ended with {finished.returncode}")
        result = json.loads(finished.stdout)
        believe(row, result, self.groups.split(":")[0], self.ciphers)
        measured = figures(row, result)
        # What others did on the server's core: above some per cent the figure is not to be trusted.
        own, busy = after[1] - before[1], after[0] - before[0]
        measured["others_on_server_core"] = round(max(0.0, busy - own) / max(busy, 0.01), 3)
        return measured


def last_line(text):
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].strip().removeprefix("certgate: ") if lines else ""


def believe(row, result, group, ciphers):
    totals = result["totals"]
    if totals["errors"]:
        first = result["errors"][0]
        raise Failure(f"{totals['errors']} operations failed, {totals['operations']} succeeded: {first['example']}")
    # Header and body of each answer: nobody is faster for having sent less.
    per_request = totals["bytes_received"] / max(totals["requests"], 1)
    if not row.size < per_request < row.size + 1024:
        raise Failure(f"an answer had {per_request:.0f} bytes on average; the body alone has {row.size}")
    if row.mode == "resumed" and totals["resumed"] < 0.99 * totals["handshakes"]:
        raise CannotResume(f"resumed only {totals['resumed']} of {totals['handshakes']}")
    if row.mode != "resumed" and totals["resumed"]:
        raise Failure("resumed where a full handshake was asked for")
    for agreed in result["negotiated"]:
        # OpenSSL doesn't always know the group of a resumed connection.
        if (agreed["version"] != f"TLSv{row.tls}" or agreed["cipher"] not in ciphers
                or agreed["group"].lower() not in (group.lower(), "")):
            raise Failure("agreed on {version} {cipher} {group}".format(**agreed))


def figures(row, result):
    server, client, totals = result["server"], result["client"], result["totals"]
    phases = {latency["phase"]: {"p50": latency["p50"] / 1000, "p99": latency["p99"] / 1000}
              for latency in result["latencies"]}
    value = {"idle": server["memory_per_connection"] / 1024, "storm": phases.get("handshake", {}).get("p50", 0)}
    agreed = result["negotiated"][0] if result["negotiated"] else {}
    return {
        "value": value.get(row.mode, server["cpu_micros_per_operation"]),
        "operations": totals["operations"],
        "per_second": totals["operations"] / max(result["measured_seconds"], 1e-9),
        "server_user_seconds": server["user_seconds"],
        "server_system_seconds": server["system_seconds"],
        "server_cores": (server["user_seconds"] + server["system_seconds"]) / max(result["measured_seconds"], 1e-9),
        "server_cpu_micros_per_operation": server["cpu_micros_per_operation"],
        "client_cpu_micros_per_operation": client["cpu_micros_per_operation"],
        "client_was_bottleneck": client["bottleneck"],
        "latency_ms": phases,
        "agreed": {name: agreed.get(name, "") for name in ("version", "cipher", "group")},
    }
