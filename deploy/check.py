#!/usr/bin/env python3
"""What deploy/ says of the binary, held to the binary. Run by check.sh, which brings PyYAML.

    python deploy/check.py BINARY
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

# The folder that is looked through stays as it is.
sys.dont_write_bytecode = True

from checks.binary import Binary
from checks.containers import commands, images, limits, profiles, restoring, roles
from checks.files import documents, wrong
from checks.network import metrics, ports_and_paths, ways_in
from checks.settings import (
    SECRETS,
    of_compose,
    of_dockerfile,
    of_env_file,
    of_kubernetes,
    settings_are_right,
    settings_exist,
)
from checks.start import certificate, dry_start
from checks.times import times_fit


def main(path):
    # Settings of this shell are nobody's here.
    for name in [name for name in os.environ if name.startswith("SIXFOLD_") or name in ("PORT", "DATABASE_URL")]:
        del os.environ[name]
    binary = Binary(path)
    compose = documents("compose.yaml")[0]
    kubernetes = {one["kind"]: one for name in ("common", "postgres", "sqlite") for one in documents(f"kubernetes/{name}.yaml")}
    pods = [kubernetes[kind]["spec"]["template"]["spec"] for kind in ("Deployment", "StatefulSet")]
    [restore] = documents("kubernetes/restore.yaml")
    with tempfile.TemporaryDirectory() as room:
        secrets = Path(room)
        for name, value in {**SECRETS, "root-key": os.urandom(32).hex(), "signing-key": os.urandom(32).hex()}.items():
            (secrets / name).write_text(f"{value}\n", encoding="utf-8")
            (secrets / name).chmod(0o440)
        image = of_dockerfile()
        named = {
            "compose.yaml, sixfold": {**image, **of_compose(compose["services"]["sixfold"])},
            "compose.yaml, sixfold-postgres": {**image, **of_compose(compose["services"]["sixfold-postgres"])},
            "kubernetes/postgres.yaml": {**image, **of_kubernetes(kubernetes["ConfigMap"], pods[0], secrets)},
            "kubernetes/sqlite.yaml": {**image, **of_kubernetes(kubernetes["ConfigMap"], pods[1], secrets)},
            "systemd/sixfold.env": of_env_file("systemd/sixfold.env"),
            "systemd/sixfold.env, all of it": of_env_file("systemd/sixfold.env", commented=True),
        }
        settings_exist(binary, named)
        settings_are_right(binary, named)
        roles(compose, named)
        profiles(compose)
        commands(binary, compose, kubernetes)
        restoring(pods, restore)
        limits(pods)
        metrics(named, pods, kubernetes)
        images(compose, [*pods, restore["spec"]], binary)
        ports_and_paths(binary, compose, pods, kubernetes["Service"])
        ways_in(binary, kubernetes["Service"])
        times_fit(binary, compose, pods, kubernetes["PodDisruptionBudget"])
        dry = [place for place, settings in named.items() if not {"DATABASE_URL", "DATABASE_URL_FILE"} & settings.keys()]
        for place in dry:
            dry_start(binary, place, named[place])
        if shutil.which("openssl"):
            dry_start(binary, "TLS of its own", {**named["systemd/sixfold.env"], **certificate(secrets)})
            dry.append("with TLS of its own")
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{len(named)} ways to run: settings, images, ports, paths and times fit; started dry: {'; '.join(dry)}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
