"""Images, pods and services: as whom they run, within what, and what is typed into them."""

import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

from .binary import run
from .files import HERE, ROOT, expect, text
from .settings import of_compose

#: MiB that the costliest hash takes which an import may bring (docs/cli.md): every core may be at one.
COSTLIEST = 256


def roles(compose, named):
    """Nobody connects as a superuser, whom row-level security does not bind."""
    database = compose["services"]["postgres"]
    server = of_compose(database)
    superusers = {"postgres", server.get("POSTGRES_USER", "postgres")}
    for place, settings in named.items():
        url = settings.get("DATABASE_URL") or ""
        if "DATABASE_URL_FILE" in settings:
            url = Path(settings["DATABASE_URL_FILE"]).read_text(encoding="utf-8").strip()
        if url:
            expect(urlsplit(url).username not in superusers, f"{place}: connects as a superuser")
    url = urlsplit(of_compose(compose["services"]["sixfold-postgres"])["DATABASE_URL"])
    made = text("postgres/role.sh")
    expect(f"create role {url.username} login nosuperuser nobypassrls " in made, f"role.sh does not make {url.username}")
    expect(f"create database {url.path[1:]} owner {url.username};" in made, f"role.sh does not make {url.path[1:]}")
    expect(server["ROLE_PASSWORD"] == url.password, "compose.yaml: the role has another password than the address")
    expect(server["POSTGRES_PASSWORD"] != url.password, "compose.yaml: the role has the superuser's password")
    asked = ["CMD", "pg_isready", "--host=127.0.0.1", f"--username={url.username}", f"--dbname={url.path[1:]}"]
    expect(database["healthcheck"]["test"] == asked, f"compose.yaml: PostgreSQL is not asked by {' '.join(asked[1:])}")
    mounted = [one.split(":")[:2] for one in database["volumes"]]
    expect(["./postgres/role.sh", "/docker-entrypoint-initdb.d/role.sh"] in mounted, "compose.yaml: role.sh is not run")


def profiles(compose):
    """A bare `up` starts nothing: both ways are on the same port."""
    has = {name: service.get("profiles") for name, service in compose["services"].items()}
    expect(
        has == {"sixfold": ["sqlite"], "sixfold-postgres": ["postgres"], "postgres": ["postgres"]},
        f"compose.yaml: profiles are {has}",
    )
    for path in [*HERE.glob("*.yaml"), ROOT / "README.md", *ROOT.glob("docs/*.md")]:
        for line in re.findall(r"docker compose .*\bup\b.*", path.read_text(encoding="utf-8")):
            expect(re.search(r"--profile (sqlite|postgres)\b", line), f"{path.relative_to(ROOT)}: no profile in {line}")


def commands(binary, compose, kubernetes):
    """What the documents have typed into containers: services of the profile, and commands of the binary."""
    named = rf"{compose['name']}\S*"
    workloads = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in kubernetes.values()}
    verbs = set()
    for path in [ROOT / f"docs/{name}.md" for name in ("deploy", "backup", "upgrade", "observability")]:
        said, place = path.read_text(encoding="utf-8"), path.relative_to(ROOT)
        typed = []
        for profile, verb, service, rest in re.findall(
            rf"docker compose .*--profile (\w+) (stop|logs|run --rm|exec) ({named})(.*)", said
        ):
            verbs.add(verb)
            known = compose["services"].get(service, {}).get("profiles")
            expect(known == [profile], f"{place}: {service} is no service of the profile {profile}")
            if verb == "run --rm":
                typed.append(rest)
            elif verb == "exec":
                expect(rest.startswith(" sixfold "), f"{place}: exec {service} names no program")
                typed.append(rest.removeprefix(" sixfold"))
        for workload, rest in re.findall(r"kubectl -n \w+ exec (\S+) -- sixfold(.*)", said):
            verbs.add("kubectl exec")
            expect(workload in workloads, f"{place}: there is no {workload}")
            typed.append(rest)
        for rest in typed:
            words = re.match(r"(?: [a-z-]+)*", rest).group(0).split()
            known = bool(words) and run(binary.path, "help", *[one for one in words if one[0] != "-"]).returncode == 0
            expect(known, f"{place}: the binary has no command{rest}")
    expect(verbs == {"stop", "logs", "run --rm", "exec", "kubectl exec"}, f"documents say {verbs} of containers")


def restoring(pods, restore):
    """The pod that puts a backup in place is the server in all but what it does."""
    server, one = pods[1]["containers"][0], restore["spec"]["containers"][0]
    for key in ("name", "image", "envFrom", "env", "volumeMounts", "securityContext"):
        expect(one[key] == server[key], f"restore.yaml has another {key} than sqlite.yaml")
    for key in ("securityContext", "automountServiceAccountToken", "enableServiceLinks"):
        expect(restore["spec"][key] == pods[1][key], f"restore.yaml has another {key} than sqlite.yaml")
    expect(one["args"] == ["backup", "restore", "--replace", "BACKUP"], "restore.yaml does something else")
    claimed = {"name": "data", "persistentVolumeClaim": {"claimName": "data-sixfold-0"}}
    expect(restore["spec"]["volumes"] == [claimed, *pods[1]["volumes"]], "restore.yaml has other volumes than sqlite.yaml")
    expect("labels" not in restore["metadata"], "restore.yaml: the service would send requests to it")


def limits(pods):
    """Memory for as many threads as hash, and a disk for exports that nobody else has."""
    for pod in pods:
        most = pod["containers"][0]["resources"]["limits"]
        memory = int(most["memory"].removesuffix("Gi")) * 1024
        # Half of it is for everything else.
        expect("cpu" in most and int(most["cpu"]) * COSTLIEST <= memory / 2, f"{most}: more cores than memory")
        [scratch] = [one for one in pod["volumes"] if one["name"] == "scratch"]
        expect("ephemeral" in scratch, "exports fill up the node's disk")
        mounted = {one["name"]: one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
        expect(mounted.get("scratch") == "/tmp", "exports do not wait on the volume that is there for them")


def images(compose, pods, binary):
    channel = tomllib.loads((ROOT / "rust-toolchain.toml").read_text(encoding="utf-8"))["toolchain"]["channel"]
    dockerfile = text("Dockerfile")
    bases = re.findall(r"^FROM (\S+)", dockerfile, re.M)
    expect(bases[0].startswith(f"rust:{channel}-"), f"Dockerfile builds with {bases[0]}, not with Rust {channel}")
    expect(f"RUSTUP_TOOLCHAIN={channel}\n" in dockerfile, f"Dockerfile: RUSTUP_TOOLCHAIN is not {channel}")
    used = bases + [service["image"] for service in compose["services"].values()]
    used += [pod["containers"][0]["image"] for pod in pods]
    for image in used:
        tag = image.rsplit("/", 1)[-1].partition(":")[2]
        expect(re.search(r"\d+\.\d+", tag), f"{image} is not pinned to a version")
        if "sixfold" in image:
            expect(tag == binary.version, f"{image} is not version {binary.version}")
    user = re.search(r"^USER (\d+):(\d+)$", dockerfile, re.M)
    for pod in pods:
        context = pod["securityContext"]
        expect(
            user and (context["runAsUser"], context["runAsGroup"]) == (int(user[1]), int(user[2])),
            "the pods run as another user than the image",
        )
        expect(context["fsGroup"] == context["runAsGroup"], "the pods' group cannot read the secret")
