#!/usr/bin/env bash
# Sixfold and the field's usual stacks, one after the other on this machine, under the same load.
#
#   bash bench/peers/run.sh [OPTIONS]        (or: just peers …)
#
#   --only NAMES         of: sixfold-sqlite,sixfold-postgres,node-sqlite,node-sqlite-cached,fastapi-sqlite,
#                        fastapi-postgres
#   --scenarios NAMES    of the load generator (session,create-thing,get-thing,list-50,…), and fan-out
#   --connections N,N    --seconds N    --warm-up N    --seed-things N       as the generator has them
#   --listeners N        who listens in fan-out
#   --rounds N           everything so often, in turns; the table has the medians
#   --server FILE        --generator FILE        instead of building them
#   --postgres URL       a PostgreSQL on this machine; databases of our own are made on it and dropped
#   --work-dir DIR       on a real disk: on a memory file system a sync is free
#   --out FILE           the table goes there, too
#
# What is installed goes to the work directory: npm packages and a Python environment, exactly those of
# the lock files. Needs cargo (or --server and --generator), Node 20, Python 3.11, and psql for PostgreSQL.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here/../.."

all=sixfold-sqlite,sixfold-postgres,node-sqlite,node-sqlite-cached,fastapi-sqlite,fastapi-postgres
only=$all
scenarios=session,create-thing,get-thing,list-50,create-connection,mixed,sign-in,fan-out
connections=64,256 seconds=10 warm_up=3 seed=1000 listeners=500 rounds=1
server='' generator='' work=target/peers out=''
postgres=postgres://postgres@127.0.0.1:5432/postgres
fail() { printf 'peers: %s\n' "$*" >&2; exit 1; }
while (($#)); do
  (($# >= 2)) || { sed -n '2,19s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 2; }
  case $1 in
    --only) only=$2 ;;
    --scenarios) scenarios=$2 ;;
    --connections) connections=$2 ;;
    --seconds) seconds=$2 ;;
    --warm-up) warm_up=$2 ;;
    --seed-things) seed=$2 ;;
    --listeners) listeners=$2 ;;
    --rounds) rounds=$2 ;;
    --server) server=$2 ;;
    --generator) generator=$2 ;;
    --postgres) postgres=$2 ;;
    --work-dir) work=$2 ;;
    --out) out=$2 ;;
    *) fail "there is no option $1" ;;
  esac
  shift 2
done
for name in ${only//,/ }; do [[ ,$all, == *,$name,* ]] || fail "there is no contender $name; there are $all"; done

loads=() fan_out=''
for name in ${scenarios//,/ }; do
  if [[ $name == fan-out ]]; then fan_out=yes; else loads+=("$name"); fi
done
loads_text=$(IFS=,; echo "${loads[*]}")

# ── what is needed ───────────────────────────────────────────────────────────────────────────────

if [[ -z $server || -z $generator ]]; then
  cargo build --release --locked -p server -p sixfold-bench
  built=${CARGO_TARGET_DIR:-target}/release
  server=${server:-$built/sixfold} generator=${generator:-$built/sixfold-bench}
fi
[[ -x $server ]] || fail "$server is not there"
((${#loads[@]} == 0)) || [[ -x $generator ]] || fail "$generator is not there"
mkdir -p "$work"
work=$(realpath "$work") server=$(realpath "$server")
((${#loads[@]} == 0)) || generator=$(realpath "$generator")

if [[ $only == *node-* || -n $fan_out ]]; then
  mkdir -p "$work/node"
  cp "$here"/node/{package.json,*.mjs} "$work/node/"
  if ! cmp -s "$here/node/package-lock.json" "$work/node/installed.json"; then
    cp "$here/node/package-lock.json" "$work/node/"
    # better-sqlite3 is the one package that may run something of its own: it is built, for a minute or so.
    (cd "$work/node" && npm ci --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error &&
      npm rebuild better-sqlite3 --loglevel=error >/dev/null)
    cp "$here/node/package-lock.json" "$work/node/installed.json"
  fi
fi
if [[ $only == *fastapi-* ]]; then
  [[ -x $work/venv/bin/python ]] || python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --require-hashes \
    -r "$here/python/requirements.txt"
fi

room=$(mktemp -d "$work/run.XXXXXX")
results=$room/results
mkdir "$results"
pid='' database=''
ask_postgres() { psql -wXqAt -v ON_ERROR_STOP=1 "$postgres" -c "$1"; }
stop() {
  if [[ -n $pid ]]; then
    kill -TERM "$pid" 2>/dev/null || true
    for _ in {1..150}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
    pid=''
  fi
  if [[ -n $database ]]; then
    ask_postgres "drop database if exists $database with (force)" >/dev/null
    database=''
  fi
}
cleanup() {
  local code=$?
  trap - EXIT
  stop || true
  rm -rf "$room"
  exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A setting of the shell must not decide a figure.
for name in $(compgen -e); do
  case $name in SIXFOLD_* | DATABASE_* | PG* | OTEL_* | PORT | RUST_LOG | NODE_OPTIONS | UVICORN_* | WEB_CONCURRENCY | FORWARDED_ALLOW_IPS) unset "$name" ;; esac
done

if [[ $only == *postgres* ]]; then
  command -v psql >/dev/null || fail 'needs psql, or leave the contenders on PostgreSQL out (--only)'
  [[ $postgres =~ ^postgres(ql)?://([^/@]*@)?(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?/[^/?]*$ ]] ||
    fail '--postgres must be a PostgreSQL on this machine, without parameters'
  durable="$(ask_postgres 'show fsync')/$(ask_postgres 'show synchronous_commit')/$(ask_postgres 'show full_page_writes')"
  [[ $durable == on/on/on ]] || fail "PostgreSQL is not durable here (fsync/synchronous_commit/full_page_writes: $durable)"
fi

# ── one contender ────────────────────────────────────────────────────────────────────────────────

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

new_database() { # sets database, prints its address in URL form
  database=peers_$$_$((RANDOM))
  ask_postgres "create database $database" >/dev/null
}

start() { # NAME
  local name=$1 home ready=/ready
  home=$(mktemp -d "$room/$1.XXXXXX")
  port=$(free_port)
  url=http://127.0.0.1:$port
  [[ $name != *-postgres ]] || new_database
  case $name in
    sixfold-*)
      ready=/v1/ready
      # All listeners of fan-out are one person here.
      SIXFOLD_LIVE_CONNECTIONS_PER_PERSON=100000 SIXFOLD_LIMITS_LIVE_PER_MINUTE=0 \
        DATABASE_URL=${database:+${postgres%/*}/$database} \
        "$server" serve --port "$port" --data-dir "$home/data" >"$home/log" 2>&1 &
      ;;
    node-*)
      (cd "$work/node" && NODE_ENV=production exec node server.mjs "$port" "$home" "${name##*-}") >"$home/log" 2>&1 &
      ;;
    fastapi-*)
      local rest=${postgres#*://}
      local address=sqlite:///$home/peer.db
      [[ -z $database ]] || address=postgresql+psycopg://${rest%/*}/$database
      PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" "$here/python/server.py" "$port" "$address" >"$home/log" 2>&1 &
      ;;
  esac
  pid=$!
  for _ in {1..300}; do
    curl -fs -o /dev/null "$url$ready" && return
    kill -0 "$pid" 2>/dev/null || { cat "$home/log" >&2; fail "$name did not start"; }
    sleep 0.1
  done
  fail "$name was not ready in time"
}

measure() { # NAME ROUND
  local name=$1 round=$2
  printf '\n== %s, round %s of %s\n' "$name" "$round" "$rounds"
  start "$name"
  if ((${#loads[@]})); then
    # Each scenario is warmed up before it is measured: what compiles while it runs has done so.
    "$generator" run --url "$url" --pid "$pid" --scenarios "$loads_text" --connections "$connections" \
      --seconds "$seconds" --warm-up "$warm_up" --seed-things "$seed" --no-file | tee "$results/$name.$round.md" ||
      fail "$name got something wrong"
  fi
  stop
  if [[ -n $fan_out && $name != fastapi-* && $name != *-cached ]]; then
    start "$name" # a fresh one: its memory is that of fan-out alone
    (cd "$work/node" && node fanout.mjs "$url" "$pid" --listeners "$listeners" --seconds "$seconds") |
      tee "$results/$name.$round.json" || fail "$name lost something"
    stop
  fi
}

for round in $(seq "$rounds"); do
  for name in ${only//,/ }; do measure "$name" "$round"; done
done

# ── the table ────────────────────────────────────────────────────────────────────────────────────

{
  "$server" version
  git rev-parse --short=12 HEAD 2>/dev/null | sed 's/^/Revision: /' || true
  node --version | sed 's/^/Node /'
  [[ ! -x $work/venv/bin/python ]] || "$work/venv/bin/python" --version
  [[ $only != *postgres* ]] || ask_postgres 'show server_version' | sed 's/^/PostgreSQL /'
} >"$results/versions"
table() { python3 "$here/table.py" "$results" "$here/node/package.json" "$here/python/requirements.in"; }
printf '\n'
if [[ -n $out ]]; then table | tee "$out"; else table; fi
