"""What the binary says of itself."""

import json
import os
import re
import subprocess
import tempfile


def run(binary, *arguments, env=None):
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **(env or {})}
    with tempfile.TemporaryDirectory() as empty:
        return subprocess.run([binary, *arguments], env=clean, cwd=empty, capture_output=True, text=True, check=False)


class Binary:
    def __init__(self, path):
        self.path = path
        self.docs = run(path, "config", "docs").stdout
        self.paths = set(json.loads(run(path, "openapi").stdout)["paths"])
        self.version = json.loads(run(path, "--json", "version").stdout)["version"]
        self.variables, self.defaults = set(), {}
        section = ""
        for line in self.docs.splitlines():
            if heading := re.match(r"## `\[(\w+)\]`", line):
                section = heading.group(1)
            elif line.startswith("| `"):
                name, default, variables, _ = [cell.strip() for cell in line.strip("|").split("|")[:4]]
                self.defaults[f"{section}.{name.strip('`')}"] = default.strip("`")
                found = re.findall(r"`([A-Z][A-Z0-9_]+)`", variables)
                self.variables.update(found)
                if "_FILE" in variables:
                    self.variables.update(f"{one}_FILE" for one in found)

    def number(self, key):
        return int(self.defaults[key])
