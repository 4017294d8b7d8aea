"""What isn't a row of the table: the connection storm, and certgate with more workers."""

import statistics

from machine import Failure
from measure import in_turn, say
from rows import SCALING, STORM, STORM_PEERS


def storm(bench, peers, rounds):
    """Medians of the rounds by server. Each round has a new process: nobody profits from the last storm."""
    say(f"storm: {STORM.title}")
    peers = [peer for peer in peers if peer.name in STORM_PEERS]
    found = {peer.name: {"title": peer.title, "rounds": [], "failed": None} for peer in peers}
    for number in range(rounds):
        for peer in in_turn(peers, number):
            if found[peer.name]["failed"]:
                continue
            try:
                server = bench.start(peer, STORM)
                try:
                    found[peer.name]["rounds"].append(bench.run(STORM, server))
                finally:
                    bench.children.stop(server.child)
            except (Failure, OSError) as error:
                found[peer.name]["failed"] = str(error)
                say(f"  {peer.title}: {error}")
        say(f"  round {number + 1}")
    for entry in found.values():
        for phase in ("handshake", "whole"):
            for percentile in ("p50", "p99"):
                values = [measured["latency_ms"][phase][percentile] for measured in entry["rounds"]]
                entry[f"{phase}_{percentile}_ms"] = statistics.median(values) if values else None
        costs = [measured["server_cpu_micros_per_operation"] for measured in entry["rounds"]]
        entry["server_cpu_micros_per_operation"] = statistics.median(costs) if costs else None
        entry["client_was_bottleneck"] = any(measured["client_was_bottleneck"] for measured in entry["rounds"])
    return found


def scaling(bench, certgate, workers, rounds):
    """Throughput and cost with so many workers, each a core if there are so many; the load may use what is left."""
    cores = sorted({*bench.cores.server, *bench.cores.load}, reverse=True)
    usual, found = bench.load.cores, []
    for row in SCALING:
        entries = [{"row": row.key, "title": row.title, "workers": count, "rounds": [], "failed": None,
                    "server_on": cores[:count], "load_on": cores[count:] or cores} for count in workers]
        say(f"workers: {row.title}")
        for number in range(rounds):
            for entry in in_turn(entries, number):
                bench.load.cores = entry["load_on"]
                try:
                    server = bench.start(certgate, row, entry["workers"], entry["server_on"])
                    try:
                        entry["rounds"].append(bench.run(row, server, entry["server_on"]))
                    finally:
                        bench.children.stop(server.child)
                except (Failure, OSError) as error:
                    entry["failed"] = str(error)
                    say(f"  {entry['workers']} workers: {error}")
        for entry in entries:
            entry["client_shares_cores"] = not cores[entry["workers"]:]
            for name in ("per_second", "server_cpu_micros_per_operation", "server_cores"):
                values = [measured[name] for measured in entry["rounds"]]
                entry[name] = statistics.median(values) if values else None
            entry["client_was_bottleneck"] = any(measured["client_was_bottleneck"] for measured in entry["rounds"])
        found += entries
    bench.load.cores = usual
    return found
