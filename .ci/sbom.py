#!/usr/bin/env python3
"""Prints a bill of materials of the binary `sixfold`: CycloneDX 1.6 as JSON.

    python3 .ci/sbom.py [TARGET]           e.g. x86_64-unknown-linux-gnu; without one, this machine's

Standard library only (Python 3.11). What is in it comes from `cargo tree`, `cargo metadata` and Cargo.lock: every package
that is compiled into the binary (`required`), and every one that only helps to build it (`excluded`), with licence,
checksum and what it depends on; and the C that three of them bring along, with the version its headers tell. The same
commit gives the same bytes; a time is in it only if SOURCE_DATE_EPOCH says which.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
import uuid
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = "server"

#: What crates compile in: the crate, the header that tells the version, how, and what it is called elsewhere.
BROUGHT_ALONG = {
    "libsqlite3-sys": {
        "header": "sqlite3/sqlite3.h",
        "version": r'#define SQLITE_VERSION\s+"([0-9.]+)"',
        "name": "sqlite",
        "purl": "pkg:generic/sqlite@{}",
        "cpe": "cpe:2.3:a:sqlite:sqlite:{}:*:*:*:*:*:*:*",
        "licence": "blessing",
    },
    "aws-lc-sys": {
        "header": "aws-lc/include/openssl/base.h",
        "version": r'#define AWSLC_VERSION_NUMBER_STRING\s+"([0-9.]+)"',
        "name": "aws-lc",
        "purl": "pkg:github/aws/aws-lc@v{}",
    },
    "libmimalloc-sys": {
        "header": "c_src/mimalloc/{line}/include/mimalloc.h",
        "version": r"#define MI_MALLOC_VERSION\s+(\d+)(\d\d)(\d\d)\b",
        "name": "mimalloc",
        "purl": "pkg:github/microsoft/mimalloc@v{}",
        "licence": "MIT",
    },
}


def metadata(target):
    said = subprocess.run(
        ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target],
        cwd=ROOT, stdout=subprocess.PIPE, check=True,
    )
    return json.loads(said.stdout)


def this_machine():
    said = subprocess.run(["rustc", "-vV"], cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    return next(line.split()[1] for line in said.stdout.splitlines() if line.startswith("host:"))


def compiled(target, kinds):
    """What cargo compiles for the binary, as (name, version). The metadata alone has more: what features could add."""
    said = subprocess.run(
        ["cargo", "tree", "--locked", "-p", BINARY, "--target", target, "--edges", kinds, "--prefix", "none",
         "--format", "{p}"],
        cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True,
    )
    lines = (line.split() for line in said.stdout.splitlines() if line.strip())
    return {(line[0], line[1].removeprefix("v")) for line in lines}


def edges(node):
    """The packages a package depends on, but for its tests."""
    return [
        dependency["pkg"]
        for dependency in node["deps"]
        if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
    ]


def purl(package):
    """A crate of ours is in no registry: one that has its name there is somebody else's."""
    return None if package["source"] is None else f"pkg:cargo/{package['name']}@{package['version'].replace('+', '%2B')}"


def reference(package):
    return purl(package) or f"sixfold/{package['name']}@{package['version']}"


def brought_along(package, features):
    """The C inside a crate as a component of its own, since that is what advisories name."""
    known = BROUGHT_ALONG[package["name"]]
    # What the crate's build script chooses by.
    header = known["header"].format(line="v2" if "v2" in features else "v3")
    told = (Path(package["manifest_path"]).parent / header).read_text(encoding="utf-8")
    found = re.search(known["version"], told)
    if not found:
        sys.exit(f"{package['name']}: {header} does not tell its version any more")
    version = ".".join(str(int(part)) for group in found.groups() for part in group.split("."))
    made = {
        "type": "library",
        "bom-ref": known["purl"].format(version),
        "name": known["name"],
        "version": version,
        "scope": "required",
        "purl": known["purl"].format(version),
        "licenses": [{"expression": known.get("licence", package["license"])}],
    }
    if "cpe" in known:
        made["cpe"] = known["cpe"].format(version)
    return made


def component(package, checksums, scope):
    made = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "scope": scope,
    }
    if purl(package):
        made["purl"] = purl(package)
    if package["description"]:
        made["description"] = " ".join(package["description"].split())
    if package["license"]:
        made["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        made["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def bill(target):
    all_of_it = metadata(target)
    packages = {package["id"]: package for package in all_of_it["packages"]}
    nodes = {node["id"]: node for node in all_of_it["resolve"]["nodes"]}
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    checksums = {(one["name"], one["version"]): one.get("checksum") for one in locked}
    binary = next(
        package["id"] for package in packages.values() if package["source"] is None and package["name"] == BINARY
    )

    # A procedural macro runs while something is built; nothing of it is in the binary.
    inside = compiled(target, "normal,no-proc-macro")
    built = compiled(target, "normal,build")
    everything = {one for one, package in packages.items() if (package["name"], package["version"]) in built}
    own = packages[binary]
    subject = {
        "type": "application",
        "bom-ref": "sixfold",
        "name": "sixfold",
        "version": own["version"],
        "licenses": [{"expression": own["license"]}],
        "properties": [{"name": "cargo:target", "value": target}],
    }
    order = sorted(everything - {binary}, key=lambda one: (packages[one]["name"], packages[one]["version"]))
    name = {one: "sixfold" if one == binary else reference(packages[one]) for one in everything}
    within = {
        one: brought_along(packages[one], nodes[one]["features"])
        for one in order
        if packages[one]["name"] in BROUGHT_ALONG and (packages[one]["name"], packages[one]["version"]) in inside
    }

    def needs(one):
        found = {name[two] for two in edges(nodes[one]) if two in name}
        return found | ({within[one]["bom-ref"]} if one in within else set())

    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": subject},
        "components": [
            component(package, checksums, "required" if (package["name"], package["version"]) in inside else "excluded")
            for package in (packages[one] for one in order)
        ]
        + list(within.values()),
        "dependencies": [
            {"ref": name[one], "dependsOn": sorted(needs(one))} for one in [binary, *order]
        ]
        + [{"ref": one["bom-ref"], "dependsOn": []} for one in within.values()],
    }
    if "SOURCE_DATE_EPOCH" in os.environ:
        moment = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), UTC)
        document["metadata"]["timestamp"] = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    # The number of a document is made from what is in it.
    digest = hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
    document["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}"
    return document


if __name__ == "__main__":
    if len(sys.argv) > 2 or sys.argv[1:2] in (["-h"], ["--help"]):
        sys.exit(__doc__)
    json.dump(bill(sys.argv[1] if len(sys.argv) == 2 else this_machine()), sys.stdout, indent=2, ensure_ascii=False)
    print()
