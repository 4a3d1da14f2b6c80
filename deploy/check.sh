#!/usr/bin/env bash
# Holds deploy/ to the binary, as far as that goes without a container engine and a cluster.
#
#   bash deploy/check.sh BINARY
#
# Schemas of the manifests, every setting and path they name, times that have to fit each other, a dry start with
# the settings of each; the unit, and the proxies where they are installed. What was skipped is said.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(realpath "${1:?usage: deploy/check.sh BINARY}")

room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
skipped() { printf 'skipped: %s\n' "$*"; }

python3 -m venv "$room/venv"
"$room/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$here/requirements.txt"

"$room/venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec "$here/compose.yaml"
for file in "$here"/kubernetes/*.yaml; do
  # A kind of the Gateway API, which the schemas of Kubernetes do not have: check.py reads it.
  [[ $file == */route.yaml ]] && continue
  "$room/venv/bin/kubernetes-validate" --strict --quiet "$file"
done
echo "compose.yaml and kubernetes/ are what their schemas say"
"$room/venv/bin/python" "$here/check.py" "$binary"

for file in "$here"/*.sh "$here"/postgres/*.sh "$here"/healthcheck "$here"/../bench/peers/run.sh; do bash -n "$file"; done
if command -v shellcheck >/dev/null; then
  shellcheck "$here"/*.sh "$here"/postgres/*.sh "$here"/healthcheck "$here"/../bench/peers/run.sh
else
  skipped 'shellcheck is not installed: the scripts were only parsed'
fi

if command -v systemd-analyze >/dev/null; then
  # The binary is not where the unit will find it.
  sed "s|^ExecStart=/usr/local/bin/sixfold|ExecStart=$binary|" "$here/systemd/sixfold.service" >"$room/sixfold.service"
  systemd-analyze verify "$room/sixfold.service"
  exposure=$(systemd-analyze security --offline=yes --threshold=20 "$room/sixfold.service" 2>&1 | tail -n 1) ||
    { printf '%s\n' "$exposure"; exit 1; }
  echo "systemd/sixfold.service:${exposure#*service:}"
else
  skipped 'systemd-analyze is not installed: the unit was only read'
fi

if command -v nginx >/dev/null && command -v openssl >/dev/null; then
  openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=sixfold.example \
    -keyout "$room/privkey.pem" -out "$room/fullchain.pem" 2>/dev/null
  sed "s|/etc/letsencrypt/live/sixfold.example|$room|" "$here/nginx/sixfold.conf" >"$room/sixfold.conf"
  {
    printf 'pid %s/pid;\nerror_log stderr;\nevents {}\nhttp {\n  access_log off;\n' "$room"
    # The folders of the installation are not ours to make.
    for kind in client_body proxy fastcgi uwsgi scgi; do printf '  %s_temp_path %s/%s;\n' "$kind" "$room" "$kind"; done
    printf '  include %s/sixfold.conf;\n}\n' "$room"
  } >"$room/nginx.conf"
  nginx -t -q -p "$room" -c "$room/nginx.conf"
  echo 'nginx/sixfold.conf: nginx would take it'
else
  skipped 'nginx is not installed: nginx/sixfold.conf was only read'
fi

if command -v caddy >/dev/null; then
  HOME=$room caddy validate --config "$here/caddy/Caddyfile" --adapter caddyfile >"$room/caddy" 2>&1 ||
    { cat "$room/caddy"; exit 1; }
  echo 'caddy/Caddyfile: Caddy would take it'
else
  skipped 'caddy is not installed: caddy/Caddyfile was only read'
fi

promtool=$(command -v promtool || true)
if [[ -z $promtool ]] && command -v apt-get dpkg-deb >/dev/null; then
  # The package would start a server: only the tool is taken out of it.
  (cd "$room" && apt-get -qq download prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb |
    tar -xf - ./usr/bin/promtool) >/dev/null 2>&1 && promtool=$room/usr/bin/promtool
fi
if [[ -n $promtool ]]; then
  mkdir "$room/prometheus"
  cp "$here/prometheus/alerts.yml" "$here/prometheus/alerts_test.yml" "$room/prometheus/"
  sed 's|/etc/prometheus/sixfold.token|/dev/null|' "$here/prometheus/prometheus.yml" >"$room/prometheus/prometheus.yml"
  # What the dashboard asks is held to the language as if it were rules.
  "$room/venv/bin/python" - "$here/grafana/sixfold.json" >"$room/prometheus/dashboard.yml" <<'PYTHON'
import json, re, sys, yaml
panels = json.load(open(sys.argv[1], encoding="utf-8"))["panels"]
asked = [target["expr"] for panel in panels for target in panel.get("targets", [])]
asked = [re.sub(r"\$(job|instance)", ".*", one.replace("$__rate_interval", "1m")) for one in asked]
rules = [{"record": f"dashboard:{number}", "expr": one} for number, one in enumerate(asked)]
yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}, sys.stdout)
PYTHON
  (cd "$room/prometheus" && "$promtool" check config prometheus.yml && "$promtool" check rules dashboard.yml &&
    "$promtool" test rules alerts_test.yml) >"$room/promtool" 2>&1 || { cat "$room/promtool"; exit 1; }
  echo 'prometheus/ and what grafana/ asks: promtool would take them, and alerts come when they should'
else
  skipped 'promtool is not installed: prometheus/ was only read'
fi

if docker compose version >/dev/null 2>&1; then
  for profile in sqlite postgres; do
    PUBLIC_URL=https://sixfold.example POSTGRES_PASSWORD=x DATABASE_PASSWORD=y \
      docker compose -f "$here/compose.yaml" --profile "$profile" config --quiet
  done
  echo 'compose.yaml: docker compose would take it'
else
  skipped 'docker compose is not installed: no image was built, compose.yaml was held to its schema only'
fi
