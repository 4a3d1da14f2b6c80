#!/usr/bin/env python3
"""What deploy/ says of the binary, held to the binary. Run by check.sh, which brings PyYAML.

    python deploy/check.py BINARY
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import yaml

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
#: What stands in for what only the operator knows.
GIVEN = {
    "PUBLIC_URL": "https://sixfold.example",
    "POSTGRES_PASSWORD": "of-the-superuser",
    "DATABASE_PASSWORD": "of-the-role",
    "METRICS_TOKEN": "of-whoever-collects-metrics",
}
SECRETS = {
    "database-url": "postgres://sixfold:secret@postgres.example:5432/sixfold",
    "smtp-url": "smtps://user:secret@mail.example:465",
    "metrics-token": "of-whoever-collects-metrics",
}
MODIFIER = "RequestHeaderModifier"
#: What a proxy that is believed must not pass on of a client's.
CLIENTS = {"traceparent", "x-request-id"}
#: MiB that the costliest hash takes which an import may bring (docs/cli.md): every core may be at one.
COSTLIEST = 256
#: Phases of pods that do not answer, and are not down.
RESTING = {"Failed", "Succeeded", "Pending"}
#: Settings of the process, not of Sixfold.
FOREIGN = {"TMPDIR"}
#: Named in explanations: what Kubernetes would set.
NOT_OURS = {"SIXFOLD_PORT"}

wrong = []


def expect(holds, said):
    if not holds:
        wrong.append(said)


class Strict(yaml.SafeLoader):
    """YAML in which a key stands once."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in {key for key in keys if keys.count(key) > 1}:
            raise yaml.YAMLError(f"{key} is there twice{node.start_mark}")
        return super().construct_mapping(node, deep)


def documents(name):
    return list(yaml.load_all((HERE / name).read_text(encoding="utf-8"), Loader=Strict))


def text(name):
    return (HERE / name).read_text(encoding="utf-8")


def run(binary, *arguments, env=None):
    clean = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **(env or {})}
    with tempfile.TemporaryDirectory() as empty:
        return subprocess.run([binary, *arguments], env=clean, cwd=empty, capture_output=True, text=True, check=False)


# ── what the binary says of itself ──────────────────────────────────────────────────────────────


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


# ── what deploy/ sets ────────────────────────────────────────────────────────────────────────────


def filled(value):
    """A value of compose.yaml with ${NAME:-default}, ${NAME:?said} and ${NAME:+value} in it."""
    value = re.sub(r"\$\{(\w+):\+((?:[^{}]|\{[^{}]*\})*)\}", lambda m: m[2] if GIVEN.get(m[1]) else "", str(value))
    return re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", lambda m: GIVEN.get(m.group(1), m.group(2) or ""), str(value))


def of_compose(service):
    return {name: filled(value) for name, value in service.get("environment", {}).items()}


def of_env_file(name, commented=False):
    settings = {}
    for line in text(name).splitlines():
        if commented and re.match(r"#[A-Z_]+=", line):
            line = line[1:]
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            settings[key] = value
    return settings


def of_dockerfile():
    joined = text("Dockerfile").split("\nFROM ")[-1].replace("\\\n", " ")
    return dict(re.findall(r"(\w+)=(\S+)", re.search(r"^ENV (.*)$", joined, re.M).group(1)))


def of_kubernetes(config, pod, secrets):
    settings = dict(config["data"])
    for one in pod["containers"][0]["env"]:
        if "value" in one:
            settings[one["name"]] = one["value"]
            continue
        asked = one["valueFrom"]["secretKeyRef"]
        mounted = [volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume]
        expect([asked["name"]] == mounted, f"{one['name']} is of another secret than the rest")
        # It came later than the secrets of those who were there before.
        expect(asked.get("optional") is True, f"{one['name']} refuses the start where the secret has no {asked['key']}")
        settings[one["name"]] = (secrets / asked["key"]).read_text(encoding="utf-8").strip()
    mount = next(one["mountPath"] for one in pod["containers"][0]["volumeMounts"] if one["name"] == "secrets")
    for name, value in settings.items():
        if name.endswith("_FILE"):
            expect(value.startswith(f"{mount}/"), f"{name} is not where the secret is mounted")
            settings[name] = str(secrets / value.rsplit("/", 1)[1])
    return settings


def seconds(value):
    """`30s` of compose and nginx, `30` of systemd and Kubernetes."""
    return int(str(value).removesuffix("s"))


# ── the checks ───────────────────────────────────────────────────────────────────────────────────


def settings_exist(binary, named):
    for place, settings in named.items():
        for name in settings.keys() - FOREIGN - binary.variables:
            wrong.append(f"{place}: there is no setting {name}")
    files = [path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".py"]
    files += [ROOT / "docs/deploy.md", ROOT / "docs/upgrade.md"]
    for path in files:
        said = path.read_text(encoding="utf-8")
        for name in set(re.findall(r"\bSIXFOLD_[A-Z0-9_]*[A-Z0-9]\b", said)) - binary.variables - NOT_OURS:
            wrong.append(f"{path.relative_to(ROOT)}: there is no setting {name}")
        sections = "|".join(sorted({key.split(".")[0] for key in binary.defaults}))
        for key in set(re.findall(rf"\b(?:{sections})\.[a-z]+(?:_[a-z]+)+\b", said)) - binary.defaults.keys():
            wrong.append(f"{path.relative_to(ROOT)}: there is no setting {key}")


def settings_are_right(binary, named):
    for place, settings in named.items():
        said = run(binary.path, "config", "check", env=settings)
        expect(said.returncode == 0, f"{place}: {said.stderr.strip()}")


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


def metrics(named, pods, kubernetes):
    """Alerts and the dashboard have something to show, and what collects for them finds it."""
    for place, settings in named.items():
        if place != "systemd/sixfold.env":
            expect("SIXFOLD_OPS_METRICS_TOKEN" in settings, f"{place}: nobody can collect metrics")
    made = re.search(r"create secret generic sixfold (.*?)\nkubectl", (ROOT / "docs/deploy.md").read_text(), re.S)[1]
    keys = set(re.findall(r"--from-literal=([a-z-]+)=", made))
    used = set()
    for pod in pods:
        for one in pod["containers"][0]["env"]:
            if "valueFrom" in one:
                used.add(one["valueFrom"]["secretKeyRef"]["key"])
            elif one["name"].endswith("_FILE"):
                used.add(one["value"].rsplit("/", 1)[1])
    expect(keys == used, f"docs/deploy.md makes a secret of {sorted(keys)}, the pods read {sorted(used)}")
    written = text("prometheus/prometheus.yml")
    job = yaml.load(written, Loader=Strict)["scrape_configs"][0]
    commented = re.sub(r"(?m)^  # ", "", written[written.index("  # - job_name:") :])
    [found] = yaml.load(commented, Loader=Strict)
    for key in ("job_name", "metrics_path", "authorization"):
        expect(found[key] == job[key], f"prometheus.yml: the job in Kubernetes has another {key}")
    [pod] = found["kubernetes_sd_configs"]
    expect(pod["namespaces"]["names"] == [kubernetes["Namespace"]["metadata"]["name"]], "prometheus.yml: wrong namespace")
    [selected] = [one["label"].split("=") for one in pod["selectors"]]
    for kind in ("Deployment", "StatefulSet"):
        labels = kubernetes[kind]["spec"]["template"]["metadata"]["labels"]
        expect(labels.get(selected[0]) == selected[1], f"prometheus.yml does not find the pods of the {kind}")
    kept = [one["regex"] for one in found["relabel_configs"] if one.get("action") == "keep"]
    for one in pods:
        expect([port["name"] for port in one["containers"][0]["ports"]] == kept, "prometheus.yml: another port")
    drops = {one["regex"] for one in found["relabel_configs"] if one.get("action") == "drop"}
    dropped = {phase for regex in drops for phase in regex.split("|")}
    expect(dropped == RESTING, f"prometheus.yml: pods that are {sorted(RESTING ^ dropped)}")


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


def ports_and_paths(binary, compose, pods, service):
    port = binary.number("server.port")
    expect(f"\nEXPOSE {port}\n" in text("Dockerfile"), f"Dockerfile does not expose {port}")
    for name in ("sixfold", "sixfold-postgres"):
        expect(compose["services"][name]["ports"] == [f"127.0.0.1:{port}:{port}"], f"compose.yaml: {name} is not on {port}")
    for name in ("nginx/sixfold.conf", "caddy/Caddyfile"):
        expect(f"127.0.0.1:{port}" in text(name), f"{name} does not lead to {port}")
    known = service["spec"]["ports"][0]["targetPort"]
    for pod in pods:
        container = pod["containers"][0]
        expect(container["ports"] == [{"name": known, "containerPort": port}], f"a pod's port is not {known}, {port}")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe]["httpGet"]
            expect(asked["path"] in binary.paths, f"{probe}: the binary has no {asked['path']}")
            expect(asked["port"] == known, f"{probe} asks at {asked['port']}")
        expect(container["readinessProbe"]["httpGet"]["path"] == "/v1/ready", "readiness is /v1/ready")
        expect(container["livenessProbe"]["httpGet"]["path"] == "/v1/health", "liveness is /v1/health")
    expect("GET /v1/ready " in text("healthcheck"), "healthcheck does not ask /v1/ready")
    # What the proxies treat apart has to be what the binary has.
    apart = {"/v1/events/stream": "/v1/events/stream", "/v1/imports/x/data": "/v1/imports/{id}/data"}
    patterns = re.findall(r"(?:location ~|path_regexp) (\^\S+)", text("nginx/sixfold.conf") + text("caddy/Caddyfile"))
    for pattern in patterns:
        hits = [path for example, path in apart.items() if re.match(pattern, example)]
        expect(hits and set(hits) <= binary.paths, f"the proxies name {pattern}, which the binary has not")


def ways_in(binary, service):
    """Both lead everything but metrics to the service, and to its port."""
    name, port = service["metadata"]["name"], service["spec"]["ports"][0]
    rules = documents("kubernetes/route.yaml")[0]["spec"]["rules"]
    led = {match["path"]["value"]: rule.get("backendRefs") for rule in rules for match in rule["matches"]}
    expect(led.pop("/metrics", 0) is None, "route.yaml leads to /metrics")
    expect("/" in led, "route.yaml does not lead everything")
    for rule in (rule for rule in rules if rule.get("backendRefs")):
        gone = [one["requestHeaderModifier"].get("remove", []) for one in rule.get("filters", []) if one["type"] == MODIFIER]
        gone = {header.lower() for headers in gone for header in headers}
        paths = [match["path"]["value"] for match in rule["matches"]]
        expect(gone >= CLIENTS, f"route.yaml: clients choose {sorted(CLIENTS - gone)} at {paths}")
        # An export goes on for longer than gateways wait unless they are told.
        expect(rule.get("timeouts") == {"request": "0s"}, f"route.yaml: the gateway cuts answers at {paths}")
    for path, to in led.items():
        expect(to == [{"name": name, "port": port["port"]}], f"route.yaml: {path} leads elsewhere")
        known = any(one.startswith(path.removeprefix("/api")) for one in binary.paths)
        expect(known or path in ("/", "/socket.io/"), f"route.yaml: there is no {path}")
    ingress, nobody = documents("kubernetes/ingress.yaml")
    paths = ingress["spec"]["rules"][0]["http"]["paths"]
    led = {one["path"]: one["backend"]["service"] for one in paths}
    expect(led.get("/") == {"name": name, "port": {"name": port["name"]}}, "ingress.yaml leads elsewhere")
    expect("selector" not in nobody["spec"], "ingress.yaml: somebody is behind the service for nobody")
    expect(led.get("/metrics", {}).get("name") == nobody["metadata"]["name"], "ingress.yaml leads to /metrics")


def times_fit(binary, compose, pods, budget):
    grace = binary.number("web.shutdown_grace_ms") / 1000
    unit = text("systemd/sixfold.service")
    expect(seconds(re.search(r"^TimeoutStopSec=(\d+)", unit, re.M)[1]) >= grace + 20, "the unit stops too early")
    expect("\nStartLimitIntervalSec=0\n" in unit, "the unit gives up on a database that is late")
    for name in ("sixfold", "sixfold-postgres"):
        expect(seconds(compose["services"][name]["stop_grace_period"]) >= grace + 20, f"compose: {name} stops too early")
        expect(compose["services"][name].get("init") is True, f"compose: commands in {name} are deaf to signals")
    for pod in pods:
        hook = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
        before = int(hook[1]) if hook[:1] == ["sleep"] else 0
        expect(pod["terminationGracePeriodSeconds"] >= before + grace + 20, "a pod stops too early")
        expect(pod["enableServiceLinks"] is False, "SIXFOLD_PORT of Kubernetes would refuse the start")
    # None is ready while the database is away, and machines are to be drained all the same.
    evicted = budget["spec"].get("unhealthyPodEvictionPolicy")
    expect(evicted == "AlwaysAllow", "postgres.yaml: no machine can be drained while the database is away")
    # A proxy must not use a connection that the server is about to close, and must outwait its answers.
    idle = binary.number("web.header_read_timeout_ms") / 1000
    answer = binary.number("web.request_timeout_ms") / 1000
    quiet = binary.number("live.heartbeat_s") + binary.number("live.heartbeat_timeout_s")
    nginx, caddy = text("nginx/sixfold.conf"), text("caddy/Caddyfile")
    kept = re.findall(r"^\s*keepalive_timeout (\S+);", nginx, re.M) + re.findall(r"^\s*keepalive (\S+)$", caddy, re.M)
    expect(len(kept) == 3 and all(seconds(one) < idle for one in kept), "a proxy keeps idle connections too long")
    patience = [seconds(one) for one in re.findall(r"proxy_read_timeout (\S+);", nginx)]
    expect(patience and patience[0] > answer, "nginx gives up before the server does")
    expect(all(one > quiet for one in patience[1:]), "nginx ends connections that are only quiet")
    waits = re.findall(r"response_header_timeout (\S+)", caddy)
    expect(all(seconds(one) > quiet for one in waits), "Caddy ends connections that are only quiet")
    most = binary.number("web.max_connections") + binary.number("live.max_connections")
    expect(int(re.search(r"^LimitNOFILE=(\d+)", unit, re.M)[1]) > most, "the unit allows too few files")
    for name in ("sixfold", "sixfold-postgres"):
        files = compose["services"][name]["ulimits"]["nofile"]
        expect(min(files["soft"], files["hard"]) > most, f"compose: {name} is allowed too few files")


def certificate(room):
    """One that nobody vouches for, and the settings that name it."""
    chain, key = room / "chain.pem", room / "key.pem"
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=sixfold.example"]
    subprocess.run(["openssl", *made, "-keyout", key, "-out", chain], check=True, capture_output=True)
    key.chmod(0o600)
    return {"SIXFOLD_SERVER_TLS_CERT": str(chain), "SIXFOLD_SERVER_TLS_KEY": str(key)}


def dry_start(binary, place, settings):
    """Starts with the settings of a way of running, asks as its health check does, and stops as it is stopped."""
    with tempfile.TemporaryDirectory() as room:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = str(found.getsockname()[1])
        env = {**os.environ, **settings, "PORT": port, "SIXFOLD_DATA_DIR": f"{room}/data"}
        # Every interface of a container is its own; here it is everybody's.
        env["SIXFOLD_SERVER_HOST"] = "127.0.0.1"
        env.pop("SIXFOLD_SERVER_PORT", None)
        with open(f"{room}/log", "w", encoding="utf-8") as log:
            server = subprocess.Popen([binary.path, "serve"], env=env, cwd=room, stdout=log, stderr=log)
        try:
            for _ in range(300):
                asked = subprocess.run(["bash", HERE / "healthcheck"], env=env, capture_output=True, check=False)
                if asked.returncode == 0 or server.poll() is not None:
                    break
                time.sleep(0.1)
            expect(asked.returncode == 0, f"{place}: did not become ready:\n{Path(room, 'log').read_text()}")
            if token := settings.get("SIXFOLD_OPS_METRICS_TOKEN"):
                question = urllib.request.Request(f"http://127.0.0.1:{port}/metrics")
                question.add_header("Authorization", f"Bearer {token}")
                with urllib.request.urlopen(question, timeout=10) as answer:
                    expect(b"sixfold_build_info" in answer.read(), f"{place}: there are no metrics")
            # As the unit reloads it.
            server.send_signal(signal.SIGHUP)
            server.send_signal(signal.SIGTERM)
            expect(server.wait(timeout=20) == 0, f"{place}: did not stop well")
        finally:
            if server.poll() is None:
                server.kill()
                server.wait()
        asked = subprocess.run(["bash", HERE / "healthcheck"], env=env, capture_output=True, check=False)
        expect(asked.returncode != 0, "healthcheck is content with a server that is not there")


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
