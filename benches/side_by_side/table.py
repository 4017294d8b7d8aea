"""Results: who was best, whether the target is reached, as JSON and as a table for a terminal."""

import statistics
import textwrap

NOISY = 0.10


def conclude(row, cells):
    """One row of the results, with best peer, ratio and target."""
    peers = {name: cell.median() for name, cell in cells.items() if name != "certgate" and cell.median()}
    best = min(peers, key=peers.get, default=None)
    ours = cells["certgate"].median() if "certgate" in cells else None
    ratio = ours / peers[best] if best and ours else None
    return {"key": row.key, "title": row.title, "unit": row.unit, "target": row.target, "best_peer": best,
            "ratio": ratio, "reached": None if ratio is None else ratio <= row.target,
            "others_on_server_core": others(row, cells.values()),
            "cells": {name: cell.as_json() for name, cell in cells.items()}}


def number(value):
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def text(results):
    """Medians; below them the least and the most of the rounds."""
    titles = {name: server["title"] for name, server in results["servers"].items()}
    lines = [["", *titles.values(), "best peer", "ratio", "target", ""]]
    for row in results["rows"]:
        cells = [row["cells"][name] for name in titles]
        lines.append([f"{row['title']} ({row['unit']})", *(number(cell["median"]) or "-" for cell in cells),
                      titles.get(row["best_peer"], ""), "" if row["ratio"] is None else f"{row['ratio']:.2f}",
                      f"≤ {row['target']:.2f}", {True: "reached", False: "NOT reached", None: ""}[row["reached"]]])
        if any(len(cell["rounds"]) > 1 for cell in cells):
            lines.append(["", *(f"{number(cell['min'])}–{number(cell['max'])}" if cell["median"] else ""
                                for cell in cells), "", "", "", ""])
    parts = [grid(lines), notes(results, titles)]
    if results.get("storm"):
        parts.append(storm(results["storm"]))
    if results.get("workers"):
        parts.append(workers(results["workers"]))
    return "\n\n".join(part for part in parts if part)


def grid(lines):
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) if column == 0 else cell.rjust(width)
                               for column, (cell, width) in enumerate(zip(line, widths))).rstrip()
                     for line in lines)


def notes(results, titles):
    said = {}
    for row in results["rows"]:
        for name, cell in row["cells"].items():
            for word, reason in (("", cell["not_measured"]), ("FAILED: ", cell["failed"])):
                if reason:
                    said.setdefault(f"{titles[name]}: {word}{reason}", []).append(row["key"])
    lines = [f"- {reason} ({', '.join(rows)})" for reason, rows in said.items()]
    for row in results["rows"]:
        chosen = {name: cell["rounds"][0]["agreed"]["cipher"] for name, cell in row["cells"].items() if cell["rounds"]}
        if len(set(chosen.values())) > 1:
            each = ", ".join(f"{titles[name]} {cipher}" for name, cipher in chosen.items())
            lines.append(f"- ciphers chosen in {row['key']}: {each}")
    doubtful = {row["key"]: row["others_on_server_core"] for row in results["rows"]
                if row["others_on_server_core"] > NOISY}
    if doubtful:
        lines.append(f"- DOUBTFUL: something else used up to {max(doubtful.values()):.0%} of the server's core in "
                     f"{', '.join(doubtful)}. Measure again when the machine is quiet")
    lines += [f"- {peer['title']}: left out, not found. {peer['get']}" for peer in results["missing"]]
    return "\n".join(textwrap.fill(line, 110, subsequent_indent="  ", break_on_hyphens=False) for line in lines)


def others(row, cells):
    """The share of the server core's busy time that was somebody else's: of the worst server, the median round."""
    shares = [[measured["others_on_server_core"] for measured in cell.rounds] for cell in cells if cell.rounds]
    # Memory doesn't mind.
    return 0 if row.mode == "idle" else max(map(statistics.median, shares), default=0)


def storm(found):
    lines = [["storm: 2,000 clients at once (ms)", "handshake p50", "p99", "whole p50", "p99", "server CPU µs"]]
    for entry in found.values():
        lines.append([entry["title"] + (" FAILED: " + entry["failed"] if entry["failed"] else ""), *(
            number(entry[name]) for name in ("handshake_p50_ms", "handshake_p99_ms", "whole_p50_ms", "whole_p99_ms",
                                             "server_cpu_micros_per_operation"))])
    return grid(lines)


def workers(found):
    lines = [["certgate's workers", "", "per second", "server CPU µs", "cores used", ""]]
    for entry in found:
        notes = [word for word, holds in (("client shares the cores", entry["client_shares_cores"]),
                                          ("client at its limit", entry["client_was_bottleneck"])) if holds]
        lines.append([entry["title"] + (" FAILED: " + entry["failed"] if entry["failed"] else ""),
                      str(entry["workers"]), number(entry["per_second"]),
                      number(entry["server_cpu_micros_per_operation"]),
                      "" if entry["server_cores"] is None else f"{entry['server_cores']:.2f}", ", ".join(notes)])
    return grid(lines)
