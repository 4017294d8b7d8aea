"""This machine: which cores are for whom, ports, what the kernel counts, and the processes that were started."""

import ctypes
import os
import pathlib
import platform
import resource
import signal
import socket
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)


class Failure(Exception):
    """Something didn't work, in words for the report."""


class Cores:
    """The server gets one core. Load and upstream get the others, without the server core's hyper-threads if it can be."""

    def __init__(self, server=None, load=None):
        allowed = sorted(os.sched_getaffinity(0))
        if len(allowed) < 2 and not (server and load):
            raise Failure("needs two cores: one for the server, one for the load")
        self.server = server or allowed[-1:]
        rest = [core for core in allowed if core not in self.server]
        self.load = load or [core for core in rest if core not in self._siblings()] or rest

    def share_a_core(self):
        return sorted(self._siblings() & set(self.load))

    def _siblings(self):
        found = set()
        for core in self.server:
            try:
                text = pathlib.Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list").read_text()
            except OSError:
                continue
            found |= set(parse_cores(text))
        return found - set(self.server)


def parse_cores(text):
    """`0,2-3` -> [0, 2, 3]"""
    cores = []
    for part in text.strip().split(","):
        first, _, last = part.partition("-")
        cores.extend(range(int(first), int(last or first) + 1))
    return cores


def describe():
    """What a reader must know about the machine to compare figures."""
    cpu = [line.partition(":")[2].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
           if line.startswith("model name")]
    return {"kernel": platform.release(), "cpu": cpu[0] if cpu else platform.machine(), "cores": os.cpu_count(),
            "load_average_before": os.getloadavg()[0]}


def allow_open_files():
    """Children inherit it; 2,000 connections need as many files on both sides."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def free_ports(count):
    """Picked by the kernel; held until all are known, so that no two are the same."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def busy_seconds(cores):
    """Time in which these cores did anything, for anyone."""
    total = 0
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
            # user nice system idle iowait irq softirq steal: all but idle, iowait and steal
            total += sum(int(ticks[index]) for index in (0, 1, 2, 5, 6))
    return total / TICK


def cpu_seconds(pid):
    """User and system time of the process and its descendants."""
    total, parents = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            total[int(entry.name)] = int(fields[11]) + int(fields[12])
    family = {pid}
    while True:
        more = {child for child, parent in parents.items() if parent in family} - family
        if not more:
            return sum(total.get(member, 0) for member in family) / TICK
        family |= more


def clean_environment():
    """Nobody's settings but ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("CERTGATE_", "SSL_"))}


def on_cores(cores):
    """For `preexec_fn`: the child runs there, its children too, and it ends if this program is killed."""
    def prepare():
        os.sched_setaffinity(0, cores)
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    return prepare


class Children:
    """Everything that was started. Each is the leader of its own session, so that what it starts ends with it."""

    def __init__(self):
        self.running = []

    def start(self, argv, cores, directory, ports, environment=None):
        """Returns when it listens on its ports."""
        said = directory / "said"
        with open(said, "wb") as output:
            child = subprocess.Popen([str(word) for word in argv], cwd=directory, stdin=subprocess.DEVNULL,
                                     stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                                     preexec_fn=on_cores(cores), env={**clean_environment(), **(environment or {})})
        self.running.append(child)
        until = time.monotonic() + 20
        while not all(listens(port) for port in ports):
            if child.poll() is not None or time.monotonic() > until:
                self.stop(child)
                lines = said.read_text(errors="replace").strip().splitlines()[-3:]
                raise Failure("did not start: " + (" / ".join(lines) or "said nothing"))
            time.sleep(0.02)
        return child

    def stop(self, child):
        # Nothing of theirs is worth an orderly end; nginx' worker would outlive a killed master, but not its group.
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        child.wait()
        if child in self.running:
            self.running.remove(child)

    def stop_all(self):
        for child in list(self.running):
            self.stop(child)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
