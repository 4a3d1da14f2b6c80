#!/usr/bin/env python3
"""The table of a run of the peers: every contender beside Sixfold on the same engine.

    python3 bench/peers/table.py RESULTS package.json requirements.in

RESULTS holds what run.sh left: NAME.ROUND.md (the generator's output), NAME.ROUND.json (fan-out), versions.
Standard library only.
"""

import json
import re
import statistics
import sys
from pathlib import Path

#: Columns of the generator's table, by their headings there.
FIGURES = ["req/s", "p50 ms", "p99 ms", "CPU µs/req", "RSS MB", "own MB", "server cores", "machine cores"]
FAN_OUT = {
    "req/s": "deliveriesPerSecond",
    "p50 ms": "p50",
    "p99 ms": "p99",
    "CPU µs/req": "microsPerDelivery",
    "RSS MB": "memory",
    "server cores": "cores",
}
ORDER = ["sixfold-sqlite", "node-sqlite", "node-sqlite-cached", "fastapi-sqlite", "sixfold-postgres", "fastapi-postgres"]


def rows_of(text):
    """The rows of the generator's table: ((scenario, connections), {heading: figure})."""
    headings = None
    for line in text.splitlines():
        if not line.startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0] == "scenario":
            headings = cells
        elif headings and not set(cells[0]) <= set("-: "):
            row = dict(zip(headings, cells))
            figures = {name: number(row.get(name)) for name in FIGURES}
            yield (row["scenario"], f"{row['connections']} connections"), figures


def number(text):
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def gather(folder):
    """{(scenario, how): {contender: {heading: median}}}, scenarios in the order in which they ran."""
    found = {}
    for path in sorted(folder.iterdir()):
        name = path.name.split(".")[0]
        if path.suffix == ".md":
            rows = rows_of(path.read_text(encoding="utf-8"))
        elif path.suffix == ".json":
            said = json.loads(path.read_text(encoding="utf-8"))
            figures = {heading: said.get(FAN_OUT.get(heading)) for heading in FIGURES}
            rows = [(("fan-out", f"{said['listeners']} listeners"), figures)]
        else:
            continue
        for key, figures in rows:
            for heading, value in figures.items():
                found.setdefault(key, {}).setdefault(name, {}).setdefault(heading, []).append(value)
    return {
        key: {name: {heading: middle(values) for heading, values in all.items()} for name, all in contenders.items()}
        for key, contenders in found.items()
    }


def middle(values):
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None


def shown(value):
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(name, contenders):
    """How many times as much Sixfold answers on the same engine."""
    own = contenders.get("sixfold-" + name.split("-")[1], {}).get("req/s")
    theirs = contenders[name].get("req/s")
    if name.startswith("sixfold-") or not own or not theirs:
        return "–"
    times = own / theirs
    return f"{times:.0f}×" if times >= 10 else f"{times:.1f}×"


def machine():
    def first(path, pattern):
        try:
            found = re.search(pattern, Path(path).read_text(encoding="utf-8"), re.M)
        except OSError:
            found = None
        return found.group(1).strip() if found else "unknown"

    try:
        cores = len(re.findall(r"^processor", Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M))
    except OSError:
        cores = 0
    memory = first("/proc/meminfo", r"^MemTotal:\s+(\d+)")
    model = first("/proc/cpuinfo", r"^model name\s*:(.*)$")
    yield f"CPU: {model}, {cores} cores, shared by all of a run"
    if memory.isdigit():
        yield f"Memory: {int(memory) / 1024 / 1024:.1f} GiB"
    kernel = first("/proc/sys/kernel/osrelease", r"^(.*)$")
    yield f"Kernel: Linux {kernel}"


def main(folder, manifest, requirements):
    folder = Path(folder)
    packages = json.loads(Path(manifest).read_text(encoding="utf-8"))["dependencies"]
    pinned = [line for line in Path(requirements).read_text(encoding="utf-8").splitlines() if "==" in line]
    facts = [*machine(), *(folder / "versions").read_text(encoding="utf-8").split("\n")]
    facts.append("node-sqlite: " + ", ".join(f"{name} {version}" for name, version in packages.items()))
    facts.append("fastapi-*: " + ", ".join(line.replace("==", " ") for line in pinned))
    for fact in facts:
        if fact:
            print(f"* {fact}")
    table = [["scenario", "", "contender", "per second", "Sixfold has", *(name for name in FIGURES if name != "req/s")]]
    for (scenario, how), contenders in gather(folder).items():
        for name in sorted(contenders, key=ORDER.index):
            figures = contenders[name]
            rest = [shown(figures[heading]) for heading in FIGURES if heading != "req/s"]
            table.append([scenario, how, name, shown(figures["req/s"]), ratio(name, contenders), *rest])
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    print()
    for index, row in enumerate(table):
        pad = [cell.ljust(width) if column < 3 else cell.rjust(width) for column, (cell, width) in enumerate(zip(row, widths))]
        print("| " + " | ".join(pad) + " |")
        if index == 0:
            rules = ["-" * width if column < 3 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
            print("| " + " | ".join(rules) + " |")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
