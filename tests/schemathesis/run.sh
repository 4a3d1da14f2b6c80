#!/usr/bin/env bash
# Holds the API's description to what the server does: property-based requests made from it
# (https://schemathesis.readthedocs.io), all checks on, with a fixed seed and with a new one.
#
#   bash tests/schemathesis/run.sh BINARY [SEED]
#
# SEED takes the place of the new one, to repeat a run that found something.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=$(realpath "$1")
seed=${2:-$((RANDOM * 32768 + RANDOM))}

room=$(mktemp -d)
server=''
cleanup() {
  local code=$?
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  rm -rf "$room"
  exit "$code"
}
trap cleanup EXIT

python3 -m venv "$room/venv"
"$room/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps -r "$here/requirements.txt"

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
"$binary" serve --port "$port" --data-dir "$room/data" >"$room/log" 2>&1 &
server=$!
for _ in {1..100}; do
  curl -fs "$url/v1/ready" >/dev/null && break
  kill -0 "$server" || { cat "$room/log"; exit 1; }
  sleep 0.1
done
SIXFOLD_TOKEN=$(curl -fs "$url/v1/auth/sign-up/email" -H 'content-type: application/json' \
  -d '{"name":"Ada","email":"ada@example.com","password":"correct horse battery"}' |
  sed 's/.*"token":"\([^"]*\)".*/\1/')
export SIXFOLD_TOKEN

cd "$room"
check() { # SEED PHASES EXAMPLES OPTIONS…
  "$room/venv/bin/st" --config-file "$here/schemathesis.toml" run "$url/openapi.json" \
    --seed "$1" --phases "$2" -n "$3" --workers 1 --continue-on-failure --warnings off \
    --suppress-health-check all "${@:4}"
}
# What ends sessions and accounts is another matter, and is tested with its clients; of streams no
# body can be made from the schema.
data=(--exclude-path-regex '^/v1/((auth|dev)/|users/import$|imports/[^/]+/data$)')
check 1 examples,coverage,fuzzing 10 "${data[@]}"
echo "a new seed: $seed (to repeat: bash tests/schemathesis/run.sh BINARY $seed)"
if ! check "$seed" fuzzing,stateful 10 "${data[@]}"; then
  # Shown, and to be mended; but what nobody has seen before is not the fault of this change.
  echo "NEW: seed $seed has found something"
  (($# < 2)) || exit 1
fi
kill -0 "$server" || { cat "$room/log"; exit 1; }
