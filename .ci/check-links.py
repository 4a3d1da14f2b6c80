#!/usr/bin/env python3
"""Every relative link in the repository's Markdown leads to a file, and every #anchor to a heading.

Standard library only. Reads the files git knows (tracked, or new and not ignored); without git, all of them.
"""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent

FENCE = re.compile(r"^ {0,3}(```+|~~~+)")
CODE = re.compile(r"(`+)(?:(?!\1).)+?\1")
INLINE = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+[\"'(][^)]*)?\s*\)")
DEFINED = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?")
HTML = re.compile(r"<(?:a|img)\b[^>]*?\b(?:href|src)=[\"']([^\"']+)[\"']")
HTML_ID = re.compile(r"<[a-z0-9]+\b[^>]*?\b(?:id|name)=[\"']([^\"']+)[\"']")
SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*:|//)", re.I)
HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$")


def markdown_files():
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.md"],
        cwd=ROOT, capture_output=True, text=True,
    )
    if listed.returncode == 0:
        found = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        skip = {"target", "node_modules", ".git"}
        found = [p for p in ROOT.rglob("*.md") if not skip & set(p.relative_to(ROOT).parts)]
    return sorted({p for p in found if p.is_file()})


def prose(path):
    """The lines outside of fenced code, with their numbers."""
    fence = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        mark = FENCE.match(line)
        if fence is None and mark:
            fence = mark.group(1)
        elif fence is not None:
            if mark and mark.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = None
        else:
            yield number, line


def slug(heading):
    """The anchor a forge makes of a heading."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"<[^>]+>", "", text).replace("`", "").replace("*", "")
    return re.sub(r"[^\w\- ]", "", text.lower()).strip().replace(" ", "-")


def anchors(path, known={}):
    if path not in known:
        names, seen = set(), {}
        for _, line in prose(path):
            names.update(HTML_ID.findall(line))
            heading = HEADING.match(line)
            if heading:
                name = slug(heading.group(1))
                count = seen.get(name, 0)
                seen[name] = count + 1
                names.add(f"{name}-{count}" if count else name)
        known[path] = names
    return known[path]


def links(path):
    for number, line in prose(path):
        text = CODE.sub("", line)
        for pattern in (INLINE, DEFINED, HTML):
            for target in pattern.findall(text):
                yield number, target


def complaint(path, target):
    if SCHEME.match(target):
        return None
    name, _, anchor = target.partition("#")
    name = unquote(name.partition("?")[0])
    if name.startswith("/"):
        there = ROOT / name.lstrip("/")
    else:
        there = path.parent / name if name else path
    there = there.resolve()
    if there != ROOT and ROOT not in there.parents:
        return "leads out of the repository"
    if not there.exists():
        return "leads nowhere"
    if anchor and there.suffix == ".md" and unquote(anchor) not in anchors(there):
        return "names no heading there"
    return None


def main():
    checked, broken = 0, []
    files = markdown_files()
    for path in files:
        for number, target in links(path):
            checked += 1
            problem = complaint(path, target)
            if problem:
                broken.append(f"{path.relative_to(ROOT)}:{number}: {target} {problem}")
    print("\n".join(broken + [f"{checked} links in {len(files)} files, {len(broken)} broken"]))
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
