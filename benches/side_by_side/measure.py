"""Rows, round by round: every server in turn, the order turned round and shifted each time."""

import statistics
import sys

import check
import servers
from load import CannotResume
from machine import Failure, free_ports
from rows import CANNOT

# More new connections to the upstream than this, over the requests, and it is the connecting that is measured.
NEW_CONNECTIONS = 0.02


class Bench:
    """What all rows share."""

    def __init__(self, work, children, cores, load, pkis, content, groups):
        self.work, self.children, self.cores, self.load = work, children, cores, load
        self.pkis, self.content, self.groups = pkis, content, groups
        self.upstream = 0
        self.started = 0

    def start(self, peer, row, workers=1, cores=None):
        self.started += 1
        place = servers.Place(peer.binary, row.kind, self.work / f"{self.started}-{peer.name}", free_ports(1)[0],
                              self.pkis[row.keys], self.work / "html", self.upstream, self.groups, workers)
        server = servers.start(self.children, peer, place, cores or self.cores.server)
        try:
            check.answers(server.port, place.pki, row, self.content)
        except Exception as error:
            self.children.stop(server.child)
            raise Failure(str(error)) from error
        return server

    def run(self, row, server, cores=None):
        before = check.upstream_connections(self.upstream)
        measured = self.load.run(row, server, self.pkis[row.keys], cores or self.cores.server)
        made = check.upstream_connections(self.upstream) - before - 1
        measured["upstream_connections"] = made
        # Each connection of the load may have one of its own, in the warm-up and after.
        if row.kind != "static" and made > 2 * row.connections + NEW_CONNECTIONS * measured["operations"]:
            raise Failure(f"made {made} connections to the upstream for {measured['operations']} requests")
        return measured


def measure(bench, row, peers, rounds):
    """The row's cells, by peer: the rounds, or the reason why there are none."""
    say(f"{row.title}")
    cells = {peer.name: Cell(row.unit) for peer in peers}
    running = {}
    for peer in peers:
        cells[peer.name].cannot = CANNOT.get((peer.name, row.key), "")
        if not cells[peer.name].reason() and not row.fresh:
            attempt(cells[peer.name], peer, lambda peer=peer: running.update({peer.name: bench.start(peer, row)}))
    for number in range(rounds):
        for peer in in_turn(peers, number):
            cell = cells[peer.name]
            if not cell.reason():
                attempt(cell, peer, lambda peer=peer, cell=cell: cell.rounds.append(one(bench, row, peer, running)))
        say(f"  round {number + 1}: " + ", ".join(
            f"{name} {cell.rounds[-1]['value']:.1f}" for name, cell in cells.items() if cell.rounds))
    for server in running.values():
        bench.children.stop(server.child)
    return cells


def one(bench, row, peer, running):
    if not row.fresh:
        return bench.run(row, running[peer.name])
    server = bench.start(peer, row)
    try:
        return bench.run(row, server)
    finally:
        bench.children.stop(server.child)


def in_turn(peers, number):
    """Nobody is always first, nor always behind the same neighbour."""
    shifted = peers[number % len(peers):] + peers[:number % len(peers)]
    return shifted if number % 2 == 0 else shifted[::-1]


def attempt(cell, peer, action):
    try:
        action()
    except CannotResume as error:
        # Of us it is a fault; a peer that doesn't resume has no figure.
        if peer.name == "certgate":
            cell.failed = str(error)
        else:
            cell.cannot = str(error)
    except (Failure, OSError) as error:
        cell.failed = str(error)
    if cell.reason():
        say(f"  {peer.title}: {cell.reason()}")


class Cell:
    """One server in one row."""

    def __init__(self, unit):
        self.unit = unit
        self.rounds = []
        self.cannot = ""
        self.failed = ""

    def reason(self):
        return self.cannot or self.failed

    def values(self):
        return [] if self.reason() else [measured["value"] for measured in self.rounds]

    def median(self):
        return statistics.median(self.values()) if self.values() else None

    def as_json(self):
        values = self.values()
        return {"unit": self.unit, "median": self.median(), "min": min(values, default=None),
                "max": max(values, default=None), "not_measured": self.cannot or None, "failed": self.failed or None,
                "rounds": self.rounds}


def say(line):
    print(line, file=sys.stderr, flush=True)
