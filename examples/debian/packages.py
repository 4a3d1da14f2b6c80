#!/usr/bin/env python3
"""Turn this machine's Debian package index into a Sixfold import file (NDJSON).

    apt-cache dumpavail | packages.py > packages.ndjson
    packages.py --run > packages.ndjson

Every package becomes a thing, every resolved dependency a connection, every
archive section a group below one private group `debian`. The ids are made from
the names, so the same index always gives the same file, byte for byte.

Python's standard library only.
"""

import argparse
import datetime
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = "debian"
# The fields we keep; everything else in a stanza is skipped without being stored.
WANTED = {
    "Package", "Version", "Architecture", "Multi-Arch", "Source", "Section", "Priority",
    "Maintainer", "Original-Maintainer", "Homepage", "Description", "Description-en",
    "Description-md5", "Tag", "Installed-Size", "Size", "Filename",
    "Depends", "Pre-Depends", "Provides",
}
RELATION = re.compile(
    r"([A-Za-z0-9][A-Za-z0-9+.\-]*)"          # a package's name
    r"(?::[a-z0-9-]+)?"                       # python3:any
    r"\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^)\s]+)\s*\))?"  # (>= 1.2)
)
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


# --- reading -----------------------------------------------------------------

def stanzas(stream):
    """The paragraphs of a Debian control file, one dict each, as they arrive."""
    fields, name = {}, None
    for raw in stream:
        line = raw.decode("utf-8", "replace").replace("\0", "").rstrip("\r\n")
        if not line:
            if fields:
                yield fields
            fields, name = {}, None
        elif line[0] in " \t":
            if name:
                fields[name] += "\n" + line[1:]
        else:
            key, _, value = line.partition(":")
            name = key if key in WANTED or key.startswith("Description") else None
            if name:
                fields[name] = value.strip()
    if fields:
        yield fields


def version_order(version):
    """A sort key that orders versions as dpkg does (`~` before nothing, nothing before letters)."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, "0"
    return (int(epoch) if epoch.isdigit() else 0, part_order(upstream), part_order(revision))


@functools.lru_cache(maxsize=1 << 16)
def part_order(part):
    def weight(c):
        return -1 if c == "~" else ord(c) if c.isalpha() else ord(c) + 256
    return tuple(
        (tuple(weight(c) for c in text) + (0,), int(digits or 0))
        for text, digits in re.findall(r"([^0-9]*)([0-9]*)", part)
    )


def satisfies(version, operator, wanted):
    """Whether a provided version meets `operator wanted`; an unversioned one meets only no constraint."""
    if not operator:
        return True
    if not version:
        return False
    a, b = version_order(version), version_order(wanted)
    return {"<<": a < b, "<": a <= b, "<=": a <= b, "=": a == b,
            ">=": a >= b, ">": a >= b, ">>": a > b}[operator]


def paragraphs(text):
    """A description's continuation lines as plain text: ` .` is an empty line."""
    return "\n".join("" if line.strip() == "." else line for line in text.split("\n")).strip()


def tags(text):
    """`a::b, c::{d,e}` as a list of tags."""
    found = []
    for tag in re.split(r",\s*(?![^{]*\})", text.replace("\n", " ")):
        head, brace, inner = tag.strip().partition("{")
        if brace:
            found += [head + item.strip() for item in inner.rstrip("}").split(",")]
        elif head:
            found.append(head)
    return found


def package(fields, long_descriptions):
    """A stanza as what we keep of it: the thing's properties and its relations."""
    short, _, long = (fields.get("Description") or fields.get("Description-en") or "").partition("\n")
    long = long or long_descriptions.get(fields.get("Description-md5"), "")
    description = short + ("\n\n" + paragraphs(long) if long else "")
    properties = {
        "version": fields["Version"],
        "architecture": fields.get("Architecture"),
        "multiArch": fields.get("Multi-Arch"),
        "section": fields.get("Section") or "misc",
        "priority": fields.get("Priority"),
        "source": (fields.get("Source") or fields["Package"]).split(" ")[0],
        "maintainer": fields.get("Maintainer"),
        "homepage": fields.get("Homepage"),
        "description": description,
        "tags": tags(fields.get("Tag", "")),
        "installedSize": number(fields.get("Installed-Size")),  # KiB, as Debian counts it
        "size": number(fields.get("Size")),                     # bytes
        "filename": fields.get("Filename"),
    }
    properties = {key: value for key, value in properties.items() if value not in (None, "", [])}
    relations = [(kind, fields[field]) for kind, field in
                 (("pre-depends", "Pre-Depends"), ("depends", "Depends")) if field in fields]
    return properties, relations, fields.get("Provides", "")


def number(text):
    return int(text) if text and text.isascii() and text.isdigit() else None


def read_packages(stream, long_descriptions):
    """name → package; of a name that occurs twice the newest version stays (of equals, the first)."""
    found, seen = {}, 0
    for fields in stanzas(stream):
        name, version = fields.get("Package"), fields.get("Version")
        if not name or not version:
            continue
        seen += 1
        if name in found and version_order(version) <= version_order(found[name][0]["version"]):
            continue
        found[name] = package(fields, long_descriptions)
    return dict(sorted(found.items())), seen


def read_translations(files):
    """Description-md5 → long English description, from apt's Translation files (any compression apt knows)."""
    found = {}
    for file in files:
        helper = "/usr/lib/apt/apt-helper"
        command = [helper, "cat-file", file] if os.path.exists(helper) else ["cat", file]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            for fields in stanzas(process.stdout):
                text = next((v for k, v in fields.items()
                             if k.startswith("Description-") and k != "Description-md5"), "")
                if "\n" in text and "Description-md5" in fields:
                    found.setdefault(fields["Description-md5"], text.partition("\n")[2])
        if process.returncode:
            sys.exit(f"packages.py: could not read {file}")
    return found


def apt_translations():
    """The English Translation files apt has on this machine; none in most container images."""
    if not shutil.which("apt-get"):
        return []
    answer = subprocess.run(
        ["apt-get", "indextargets", "-o", "Acquire::Languages=en",
         "--format", "$(FILENAME)", "Created-By: Translations"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return sorted(f for f in set(answer.stdout.split("\n")) if f and os.path.exists(f))


# --- dependencies --------------------------------------------------------------

def relation(text):
    match = RELATION.match(text.strip())
    return match.groups() if match else None


def providers_of(packages):
    """virtual name → [(provider, version or None)], providers in name order."""
    found = {}
    for name, (_, _, provides) in packages.items():
        for item in provides.replace("\n", " ").split(","):
            parsed = relation(item)
            if parsed:
                found.setdefault(parsed[0], []).append((name, parsed[2]))
    return found


def dependencies(name, relations, packages, providers, missing):
    """The edges that leave a package: target → metadata, one per target.

    A clause `a | b` gives an edge to every alternative that exists. A name no
    package bears is looked up among what packages provide. When two clauses
    name the same target, their constraints are joined and the stronger kind stays.
    """
    edges = {}
    for kind, text in relations:
        for clause in text.replace("\n", " ").split(","):
            targets = {}  # target → (constraints, virtual names) within this clause
            for alternative in clause.split("|"):
                parsed = relation(alternative)
                if not parsed:
                    continue
                wanted, operator, version = parsed
                constraint = f"{operator} {version}" if operator else None
                if wanted in packages:
                    targets.setdefault(wanted, ([], []))[0].append(constraint)
                    continue
                asked = f"{wanted} ({constraint})" if constraint else wanted
                for provider, provided in providers.get(wanted, ()):
                    if satisfies(provided, operator, version):
                        targets.setdefault(provider, ([], []))[1].append(asked)
            if not targets:
                missing[0] += bool(clause.strip())
            for target, (constraints, via) in targets.items():
                if target == name:
                    continue
                edge = edges.setdefault(target, {"kind": kind, "constraints": [], "alternative": True, "via": []})
                edge["alternative"] &= len(targets) > 1
                # A plain name beside a bounded one in the same clause asks for nothing.
                bound = None if None in constraints else " | ".join(dict.fromkeys(constraints))
                if bound and bound not in edge["constraints"]:
                    edge["constraints"].append(bound)
                edge["via"] += [v for v in via if v not in edge["via"]]
    for target, edge in edges.items():
        metadata = {"kind": edge["kind"]}
        if edge["constraints"]:
            metadata["constraint"] = ", ".join(edge["constraints"])
        if edge["alternative"]:
            metadata["alternative"] = True
        if edge["via"]:
            metadata["via"] = edge["via"]
        yield target, metadata


def most_wanted(packages, edges, limit):
    """The `limit` packages most others depend on: a small sample that still hangs together."""
    count = dict.fromkeys(packages, 0)
    for targets in edges.values():
        for target, _ in targets:
            count[target] += 1
    kept = set(sorted(packages, key=lambda name: (-count[name], name))[:limit])
    return {name: value for name, value in packages.items() if name in kept}


# --- writing -------------------------------------------------------------------

class Ids:
    """UUIDv7 layout from one fixed day and 74 bits of SHA-1 over what is named, as a TypeID."""

    def __init__(self, day):
        midnight = datetime.datetime.combine(day, datetime.time(), datetime.timezone.utc)
        self.milliseconds = int(midnight.timestamp() * 1000)

    def __call__(self, prefix, *names):
        digest = hashlib.sha1("\0".join((prefix, *names)).encode()).digest()
        bits = int.from_bytes(digest, "big") >> (160 - 74)
        value = (self.milliseconds << 80) | (7 << 76) | ((bits >> 62) << 64) | (2 << 62) | (bits & ((1 << 62) - 1))
        return prefix + "_" + "".join(CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))


def section_slug(section):
    """`libs` → `debian-libs`, `non-free/net` → `debian-non-free-net`: 3–50 of [a-z0-9-]."""
    return (ROOT + "-" + re.sub(r"[^a-z0-9]+", "-", section.lower()).strip("-"))[:50].rstrip("-")


def rows(packages, edges, ids, with_labels):
    """The lines of the file in an order that can be imported in one pass."""
    private = {"visibility": "private", "joinPolicy": "invite_only", "plan": "enterprise"}
    root = ids("group", ROOT)
    yield {"kind": "group", "id": root, "slug": ROOT, "name": "Debian", "type": "community",
           "description": "The packages of this machine's Debian index.", "settings": private}

    sections = {}  # slug → section
    for properties, _, _ in packages.values():
        sections.setdefault(section_slug(properties["section"]), properties["section"])
    for slug, section in sorted(sections.items()):
        yield {"kind": "group", "id": ids("group", slug), "slug": slug, "name": f"Debian {section}",
               "type": "community", "parentGroupId": root, "settings": private}

    yield {"kind": "thingType", "groupId": root, "name": "package"}
    yield {"kind": "connectionType", "groupId": root, "name": "depends_on",
           "from": ["package"], "to": ["package"], "acyclic": False}

    group = {name: ids("group", section_slug(p["section"])) for name, (p, _, _) in packages.items()}
    thing = {name: ids("thing", name) for name in packages}
    for name, (properties, _, _) in packages.items():
        yield {"kind": "thing", "id": thing[name], "groupId": group[name], "type": "package",
               "name": name, "properties": properties}
    for name in packages:
        for target, metadata in edges[name]:
            if target in thing:
                yield {"kind": "connection", "id": ids("connection", name, target), "groupId": group[name],
                       "type": "depends_on", "fromId": thing[name], "toId": thing[target], "metadata": metadata}

    if with_labels:
        for slug, section in sorted(sections.items()):
            yield {"kind": "knowledge", "id": ids("knowledge", slug), "groupId": ids("group", slug),
                   "type": "label", "text": f"category:{section}"}
        for name, (properties, _, _) in packages.items():
            yield {"kind": "thingKnowledge", "thingId": thing[name], "role": "label",
                   "knowledgeId": ids("knowledge", section_slug(properties["section"]))}


def write(lines, out):
    counts, size = {}, 0
    for row in lines:
        data = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
        out.write(data)
        counts[row["kind"]] = counts.get(row["kind"], 0) + 1
        size += len(data)
    out.flush()
    return counts, size


def arguments():
    parser = argparse.ArgumentParser(
        description="Debian's package index as a Sixfold import file: `apt-cache dumpavail` on stdin, NDJSON on stdout.")
    parser.add_argument("--run", action="store_true",
                        help="run `apt-cache dumpavail` here instead of reading stdin")
    parser.add_argument("--limit", type=int, metavar="N",
                        help="keep the N packages most others depend on")
    parser.add_argument("--date", type=datetime.date.fromisoformat, default=datetime.date(2026, 1, 1),
                        help="the day in the ids' timestamp, YYYY-MM-DD (default %(default)s)")
    parser.add_argument("--labels", action="store_true",
                        help="also write a label `category:<section>` per section and join every package to it")
    parser.add_argument("--translations", action="append", metavar="FILE",
                        help="take long descriptions from this apt Translation file (repeatable; "
                             "default: the English ones apt has here, if any)")
    parser.add_argument("--no-translations", action="store_true", help="short descriptions only")
    parser.add_argument("--id", metavar="KIND:NAME",
                        help="print the id of `package:NAME` or `group:SLUG` and stop")
    options = parser.parse_args()
    if options.limit is not None and options.limit < 1:
        parser.error("--limit takes a number of at least 1")
    if options.id and not re.fullmatch(r"(package|group):.+", options.id):
        parser.error("--id takes package:NAME or group:SLUG")
    return options


def main():
    options = arguments()
    ids = Ids(options.date)
    if options.id:
        kind, _, name = options.id.partition(":")
        print(ids("thing" if kind == "package" else kind, name))
        return

    def say(text):
        print(text, file=sys.stderr, flush=True)

    started = time.monotonic()
    translations = [] if options.no_translations else options.translations or apt_translations()
    long_descriptions = read_translations(translations)
    if options.run or sys.stdin.isatty():
        with subprocess.Popen(["apt-cache", "dumpavail"], stdout=subprocess.PIPE) as process:
            packages, seen = read_packages(process.stdout, long_descriptions)
        if process.returncode:
            sys.exit("packages.py: `apt-cache dumpavail` failed")
    else:
        packages, seen = read_packages(sys.stdin.buffer, long_descriptions)
    if not packages:
        sys.exit("packages.py: no package in the input; run `apt-get update` first, "
                 "then `apt-cache dumpavail | packages.py` or `packages.py --run`")
    say(f"read     {seen} stanzas, {len(packages)} packages, {len(long_descriptions)} long descriptions")

    providers, missing = providers_of(packages), [0]
    edges = {name: list(dependencies(name, relations, packages, providers, missing))
             for name, (_, relations, _) in packages.items()}
    say(f"resolved {sum(map(len, edges.values()))} dependencies; {missing[0]} name nothing in this index")
    if options.limit:
        packages = most_wanted(packages, edges, options.limit)

    counts, size = write(rows(packages, edges, ids, options.labels), sys.stdout.buffer)
    say("wrote    " + ", ".join(f"{count} {kind}" for kind, count in counts.items())
        + f"; {sum(counts.values())} lines, {size} bytes, {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    try:
        main()
    except FileNotFoundError as error:
        sys.exit(f"packages.py: {error.filename} is not installed here")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
