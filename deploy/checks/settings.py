"""What deploy/ sets, and that the binary has and takes it."""

import re

from .binary import run
from .files import HERE, ROOT, expect, text, wrong

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
#: Settings of the process, not of Sixfold.
FOREIGN = {"TMPDIR"}
#: Named in explanations: what Kubernetes would set.
NOT_OURS = {"SIXFOLD_PORT"}


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
