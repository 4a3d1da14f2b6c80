#!/usr/bin/env python3
"""The plot of a run of the peers: requests per second of every contender, by scenario, as SVG.

    python3 bench/peers/plot.py TABLE.md > PLOT.svg

TABLE.md is what run.sh --out wrote. Of several numbers of connections the first is drawn. Standard library only.
"""

import math
import sys
from html import escape
from pathlib import Path

COLOURS = {
    "sixfold-sqlite": "#b7410e",
    "sixfold-postgres": "#e39a6f",
    "node-sqlite": "#3c7a3f",
    "node-sqlite-cached": "#93bd8c",
    "fastapi-sqlite": "#2f5d8a",
    "fastapi-postgres": "#8fb1d1",
}
LEFT, PLOT, RIGHT, BAR, GAP, TOP = 150, 620, 90, 15, 16, 64


def figures_of(text):
    """{(scenario, how): {contender: requests per second}}, in the order of the table."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) > 4 and cells[2] in COLOURS:
            found.setdefault((cells[0], cells[1]), {})[cells[2]] = float(cells[3])
    return found


def first_of_each(found):
    """Of each scenario the first number of connections alone."""
    seen = {}
    for (scenario, how), contenders in found.items():
        seen.setdefault(scenario, (how, contenders))
    return seen


def draw(scenarios):
    contenders = [name for name in COLOURS if any(name in by for _, by in scenarios.values())]
    values = [value for _, by in scenarios.values() for value in by.values() if value > 0]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    width = LEFT + PLOT + RIGHT
    height = TOP + 30 + sum(len(by) * BAR + GAP for _, by in scenarios.values())

    def across(value):
        return (math.log10(value) - low) / max(high - low, 1) * PLOT

    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="11" fill="#222">'
    )
    yield f'<title>Requests per second by scenario</title><rect width="{width}" height="{height}" fill="#fff"/>'
    yield f'<text x="{LEFT}" y="20" font-size="14">Per second, more is better (logarithmic scale)</text>'
    for index, name in enumerate(contenders):
        x = 16 + index * 140
        yield f'<rect x="{x}" y="32" width="11" height="11" fill="{COLOURS[name]}"/><text x="{x + 16}" y="42">{name}</text>'
    for power in range(low, high + 1):
        x = LEFT + across(10**power)
        yield f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{height - 26}" stroke="#ddd"/>'
        yield f'<text x="{x:.1f}" y="{height - 10}" text-anchor="middle">{10**power:,}</text>'
    y = TOP
    for scenario, (how, by) in scenarios.items():
        middle = y + len(by) * BAR / 2
        yield f'<text x="{LEFT - 8}" y="{middle:.1f}" text-anchor="end" font-size="12">{escape(scenario)}</text>'
        yield f'<text x="{LEFT - 8}" y="{middle + 12:.1f}" text-anchor="end" fill="#777">{escape(how)}</text>'
        for name in contenders:
            if name not in by:
                continue
            long = max(across(by[name]), 1) if by[name] > 0 else 0
            yield f'<rect x="{LEFT}" y="{y}" width="{long:.1f}" height="{BAR - 3}" fill="{COLOURS[name]}"/>'
            yield f'<text x="{LEFT + long + 4:.1f}" y="{y + 10}">{by[name]:,.0f}</text>'
            y += BAR
        y += GAP
    yield "</svg>"


def main(table):
    scenarios = first_of_each(figures_of(Path(table).read_text(encoding="utf-8")))
    if not scenarios:
        sys.exit(f"{table} has no table of a run of the peers")
    print("\n".join(draw(scenarios)))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
