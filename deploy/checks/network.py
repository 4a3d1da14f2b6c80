"""Ports and paths, and who leads to them: proxies, gateways, and what collects metrics."""

import re

import yaml

from .files import ROOT, Strict, documents, expect, text

MODIFIER = "RequestHeaderModifier"
#: What a proxy that is believed must not pass on of a client's.
CLIENTS = {"traceparent", "x-request-id"}
#: Phases of pods that do not answer, and are not down.
RESTING = {"Failed", "Succeeded", "Pending"}


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
