"""The results as one HTML page with bars drawn in SVG; nothing is loaded from elsewhere."""

import html

from table import NOISY, number, text

WIDTH, LEFT, BAR, GAP = 720, 130, 18, 5
ROOM = WIDTH - LEFT - 130

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 760px; margin: 2rem auto; padding: 0 1rem; color: #1c2430; }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.02rem; margin: 1.6rem 0 .1rem }
p { margin: .2rem 0 } .dim { color: #5b6675 } .yes { color: #15703a } .no { color: #a8391b }
svg { display: block; max-width: 100% } svg text { font: 13px system-ui, sans-serif; fill: #1c2430 }
.bar { fill: #a9b4c2 } .ours { fill: #1f6fb2 } .range { stroke: #1c2430; stroke-width: 1.2 }
.goal { stroke: #15703a; stroke-width: 1.5; stroke-dasharray: 4 3 } svg .none { fill: #7b8593; font-style: italic }
pre { overflow-x: auto; font-size: 12px; background: #f3f5f8; padding: .8rem } td { padding: 0 1rem 0 0 }
@media (prefers-color-scheme: dark) {
  body { background: #14181e; color: #dde3ea } svg text { fill: #dde3ea } .range { stroke: #dde3ea }
  .dim { color: #98a3b1 } .bar { fill: #55606e } .ours { fill: #4b9fe3 } pre { background: #1d232b }
  .yes, .goal { color: #58c384; stroke: #58c384 } .yes { stroke: none } .no { color: #f08a66 }
}
"""


def page(results):
    titles = {name: server["title"] for name, server in results["servers"].items()}
    machine, settings = results["machine"], results["settings"]
    versions = "".join(f"<tr><td>{html.escape(server['title'])}</td><td class=dim>{html.escape(server['version'])}</td></tr>"
                       for server in results["servers"].values())
    return f"""<!doctype html>
<html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>certgate side by side</title><style>{STYLE}</style>
<h1>certgate side by side</h1>
<p class=dim>Cost of one operation to the server, one worker on one core; shorter is better. Bars are medians of
{settings['rounds']} rounds, thin lines reach from the least to the most. The dashed line is what certgate wants to
stay below: its target times the best peer.</p>
{''.join(row(entry, titles) for entry in results['rows'])}
<h2>What was measured</h2>
<p class=dim>{html.escape(machine['cpu'])}, {machine['cores']} cores, Linux {html.escape(machine['kernel'])};
server on core {machine['server_cores']}, load and upstream on {machine['load_cores']};
{settings['seconds']} s a measurement, groups {html.escape(settings['groups'])}, {settings['clients']} clients;
{html.escape(results['began'])}</p>
<table>{versions}</table>
<h2>In figures</h2>
<pre>{html.escape(text(results))}</pre>
</html>
"""


def row(entry, titles):
    verdict = ""
    if entry["ratio"] is not None:
        word, kind = ("reached", "yes") if entry["reached"] else ("not reached", "no")
        verdict = (f"<p class=dim>certgate / {html.escape(titles[entry['best_peer']])}: <b>{entry['ratio']:.2f}</b>, "
                   f"target ≤ {entry['target']:.2f} <span class={kind}>{word}</span></p>")
    doubt = ""
    if entry["others_on_server_core"] > NOISY:
        doubt = f"<p class=no>Doubtful: something else used {entry['others_on_server_core']:.0%} of the server's core.</p>"
    return f"<h2>{html.escape(entry['title'])}, {entry['unit']}</h2>{verdict}{doubt}{bars(entry, titles)}"


def bars(entry, titles):
    cells = entry["cells"]
    longest = max((cell["max"] for cell in cells.values() if cell["max"]), default=1)
    scale = ROOM / longest
    drawn, y = [], 2
    for name, title in titles.items():
        cell, middle = cells[name], y + BAR / 2
        drawn.append(f'<text x="{LEFT - 8}" y="{middle + 4.5}" text-anchor="end">{html.escape(title)}</text>')
        if cell["median"] is None:
            reason = cell["not_measured"] or cell["failed"] or "not measured"
            drawn.append(f'<text x="{LEFT}" y="{middle + 4.5}" class="none">{html.escape(reason[:80])}</text>')
        else:
            length, low, high = (max(value, 0) * scale for value in (cell["median"], cell["min"], cell["max"]))
            kind = "ours" if name == "certgate" else "bar"
            drawn.append(f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" class="{kind}"/>')
            drawn.append(f'<line x1="{LEFT + low:.1f}" x2="{LEFT + high:.1f}" y1="{middle}" y2="{middle}" class="range"/>')
            drawn.append(f'<text x="{LEFT + max(length, high) + 7:.1f}" y="{middle + 4.5}">{number(cell["median"])}</text>')
        y += BAR + GAP
    if entry["best_peer"]:
        goal = LEFT + cells[entry["best_peer"]]["median"] * entry["target"] * scale
        drawn.append(f'<line x1="{goal:.1f}" x2="{goal:.1f}" y1="0" y2="{y}" class="goal"/>')
    return f'<svg viewBox="0 0 {WIDTH} {y}" width="{WIDTH}" height="{y}" role="img">{"".join(drawn)}</svg>'
