#!/usr/bin/env python3
"""Holds the tree of dependencies to deny.toml: licences, sources, bans, versions that are there twice.

    python3 .ci/dependencies.py

Standard library only (Python 3.11). Reads `cargo metadata --locked`, for all platforms, and Cargo.lock. Also: every
package from the registry has its checksum in the lock file, and every crate of ours takes the workspace's lints, so
that none gets around `unsafe_code = "forbid"`.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORD = re.compile(r"\s*(\(|\)|/|[A-Za-z0-9.+:-]+)")


def words(expression):
    """The words of an SPDX expression; the old `MIT/Apache-2.0` is a choice, too."""
    found, at, text = [], 0, expression.strip()
    while at < len(text):
        match = WORD.match(text, at)
        if not match:
            raise ValueError(f"{expression!r} is no licence expression")
        found.append("OR" if match.group(1) == "/" else match.group(1))
        at = match.end()
    return found


class Expression:
    """Whether a licence expression can be satisfied by licences that are allowed."""

    def __init__(self, text, allowed):
        self.text, self.allowed, self.words = text, allowed, words(text)

    def holds(self):
        answer = self.any()
        if self.words:
            raise ValueError(f"{self.text!r} is no licence expression")
        return answer

    def any(self):
        answer = self.all()
        while self.words and self.words[0] == "OR":
            self.words.pop(0)
            answer = self.all() or answer
        return answer

    def all(self):
        answer = self.one()
        while self.words and self.words[0] == "AND":
            self.words.pop(0)
            answer = self.one() and answer
        return answer

    def one(self):
        if not self.words or self.words[0] in (")", "AND", "OR", "WITH"):
            raise ValueError(f"{self.text!r} is no licence expression")
        word = self.words.pop(0)
        if word == "(":
            answer = self.any()
            if not self.words or self.words.pop(0) != ")":
                raise ValueError(f"{self.text!r} is no licence expression")
            return answer
        if self.words[:1] == ["WITH"]:
            if len(self.words) < 2:
                raise ValueError(f"{self.text!r} is no licence expression")
            word = f"{word} WITH {self.words[1]}"
            del self.words[:2]
        return word in self.allowed


def licences(packages, rules):
    allowed, more = set(rules["allow"]), {one["crate"]: set(one["allow"]) for one in rules["exceptions"]}
    used = set()
    for package in packages:
        named = label(package)
        if not package["license"]:
            yield f"{named} names no licence"
            continue
        try:
            if Expression(package["license"], allowed).holds():
                continue
            extra = more.get(package["name"], set())
            if not Expression(package["license"], allowed | extra).holds():
                yield f"{named} is {package['license']}, which deny.toml does not allow"
            else:
                used.add(package["name"])
        except ValueError as error:
            yield f"{named}: {error}"
    for name in sorted(more.keys() - used):
        yield f"deny.toml: the exception for {name} is not needed: remove it"


def sources(packages, locked, rules):
    allowed = {f"registry+{url}" for url in rules["allow-registry"]}
    for package in packages:
        source = package["source"]
        if source is None:
            if ROOT not in Path(package["manifest_path"]).resolve().parents:
                yield f"{label(package)} lies outside of this repository"
        elif source not in allowed:
            yield f"{label(package)} comes from {source}"
    for one in locked:
        if one.get("source", "").startswith("registry+") and not one.get("checksum"):
            yield f"Cargo.lock: {one['name']} {one['version']} has no checksum"


def bans(packages, rules):
    banned = {one["crate"]: one["reason"] for one in rules["deny"]}
    skipped = {one["crate"] for one in rules["skip"]}
    versions = {}
    for package in packages:
        versions.setdefault(package["name"], set()).add(package["version"])
        if package["name"] in banned:
            yield f"{label(package)} is banned: {banned[package['name']]}"
    needed = set()
    for name, known in sorted(versions.items()):
        # Versions in deny.toml are without build metadata, as cargo-deny reads them.
        plain = {f"{name}@{version.split('+')[0]}" for version in known}
        needed |= plain & skipped if len(known) > 1 else set()
        if len(plain - skipped) > 1:
            yield f"{name} is there in versions {', '.join(sorted(known))}: settle on one, or say in deny.toml why not"
    for one in sorted(skipped - needed):
        yield f"deny.toml: {one} is not there beside another version: remove its line"


def lints(packages):
    for package in packages:
        if package["source"] is None:
            manifest = tomllib.loads(Path(package["manifest_path"]).read_text(encoding="utf-8"))
            if manifest.get("lints") != {"workspace": True}:
                yield f"{package['name']} does not take the workspace's lints: add `[lints] workspace = true`"


def label(package):
    return f"{package['name']} {package['version']}"


def main():
    rules = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    said = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1"], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    packages = sorted(json.loads(said.stdout)["packages"], key=lambda one: (one["name"], one["version"]))
    wrong = [
        *licences(packages, rules["licenses"]),
        *sources(packages, locked, rules["sources"]),
        *bans(packages, rules["bans"]),
        *lints(packages),
    ]
    if workspace["workspace"]["lints"]["rust"].get("unsafe_code") != "forbid":
        wrong.append("Cargo.toml: unsafe_code is not forbidden any more")
    theirs = sum(package["source"] is not None for package in packages)
    print("\n".join([*wrong, f"{theirs} packages of others, {len(packages) - theirs} of ours, {len(wrong)} complaints"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
