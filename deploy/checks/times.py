"""Times and numbers of one that have to fit those of another."""

import re

from .files import expect, seconds, text


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
