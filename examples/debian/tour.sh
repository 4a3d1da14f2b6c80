#!/usr/bin/env bash
# The tour of docs/tour.md as a check: import Debian's package index into a fresh
# database, start the server, walk through it, and compare every answer with the file.
#
#   examples/debian/tour.sh [-b BINARY] [-n PACKAGES] [-p PACKAGE] [-k] [packages.ndjson]
#
#   -b  the program to try               (default target/release/sixfold, else target/debug/sixfold)
#   -n  make a file of N packages only   (when no file is given; also --limit N)
#   -p  the package to look at           (default git, else the one most others depend on)
#   -k  keep the temporary directory
#
# Needs bash, curl and python3; apt-cache when no file is given. Ends only what it started.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
binary=$target/release/sixfold
[[ -x $binary ]] || binary=$target/debug/sixfold
limit='' package='' keep=''
[[ ${1:-} != --limit ]] || { shift; set -- -n "$@"; }
while getopts b:n:p:k option; do
  case $option in
    b) binary=$OPTARG ;;
    n) limit=$OPTARG ;;
    p) package=$OPTARG ;;
    k) keep=yes ;;
    *) sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
  esac
done
shift $((OPTIND - 1))

[[ -x $binary ]] || { echo "tour: no program at $binary; run \`cargo build --release\` first or give -b" >&2; exit 2; }
binary=$(realpath "$binary")
file=${1:+$(realpath "$1")}

# Nothing of the caller's own settings or database may leak into the tour.
unset DATABASE_URL PORT ${!SIXFOLD_@}
export no_proxy=127.0.0.1

work=$(mktemp -d "${TMPDIR:-/tmp}/sixfold-tour.XXXXXX")
running='' # the pid of the one program we have in the background

cleanup() {
  local code=$?
  trap - EXIT
  [[ -z $running ]] || stop TERM
  if (( code != 0 )) && [[ -s $work/server.log ]]; then
    echo "--- the last lines of the server's log" >&2
    tail -n 20 "$work/server.log" >&2
  fi
  if [[ -n $keep ]]; then echo "kept $work"; else rm -rf "$work"; fi
  exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work" # a sixfold.toml or data/ where the caller stands is none of ours

# --- words -------------------------------------------------------------------

step() { printf '\n%s\n' "$*"; }
fact() { printf '  %-34s %s\n' "$1" "$2"; }
fail() { printf 'tour: %s\n' "$*" >&2; exit 1; }
now() { date +%s.%N; }
calc() { python3 -c "print($1)"; }
bytes_of() { du -sb "$1" | cut -f1; }
peak_kib() { awk '/^VmHWM/ { print $2 }' "/proc/$1/status" 2>/dev/null || true; }

# stop SIGNAL: end the program we started and wait for it; ten seconds' grace, then KILL.
stop() {
  local pid=$running tries=0
  running=''
  { # bash itself would tell of a killed job
    kill -"$1" "$pid" || true
    while kill -0 "$pid" && (( tries++ < 100 )); do sleep 0.1; done
    kill -KILL "$pid" || true
    wait "$pid" || true
  } 2>/dev/null
}

# short PATH: the ids we know by the names they stand for.
short() {
  local path=${1//$thing/:$package}
  path=${path//$section/:section}
  printf '%s' "${path//$root/:debian}"
}

# call METHOD PATH STATUS [curl options]: the answer goes to $work/body, its head to $work/headers.
call() {
  local method=$1 path=$2 expected=$3 answer status
  shift 3
  answer=$(curl -sS --max-time 60 -X "$method" -o body -D headers -w '%{http_code} %{time_total}' "$@" "$api$path") \
    || fail "$method $path: no answer"
  status=${answer% *}
  if [[ ! $status =~ ^($expected)$ ]]; then
    head -c 2000 body >&2; echo >&2
    fail "$method $path answered $status, expected $expected"
  fi
  printf '  %s %-6s %-66s %7s ms\n' "$status" "$method" "$(short "$path")" "$(calc "round(${answer#* } * 1000, 1)")"
}

# pick EXPRESSION: a value from the last answer, which the expression calls `a`.
pick() { python3 -c 'import json, sys; a = json.load(open("body")); print(eval(sys.argv[1]))' "$1"; }

# check WHAT EXPRESSION: the expression must hold for the last answer.
check() {
  local value
  value=$(pick "bool($2)") || fail "$1: the answer has another shape: $(head -c 600 body)"
  [[ $value == True ]] || fail "$1: does not hold: $2 in $(head -c 600 body)"
  fact "ok" "$1"
}

# walk PATH COUNT: page through a list to its end; it must hold COUNT different rows.
walk() {
  python3 - "$port" "$1" "$2" "$(short "$1")" 3<<<"$token" <<'PYTHON' || fail "$1: paging through it failed"
import http.client, json, os, sys, time, urllib.parse
port, path, expected, short = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]
head = {"Authorization": "Bearer " + os.fdopen(3).read().strip()}
server = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
seen, rows, pages, cursor, began = set(), 0, 0, None, time.monotonic()
while True:
    query = {"limit": 200, **({"cursor": cursor} if cursor else {})}
    server.request("GET", path + ("&" if "?" in path else "?") + urllib.parse.urlencode(query), headers=head)
    answer = server.getresponse()
    body = answer.read()
    if answer.status == 429:  # a polite client waits
        time.sleep(float(answer.headers.get("Retry-After", 1)))
        continue
    if answer.status != 200:
        sys.exit(f"tour: {path} answered {answer.status}: {body[:500]!r}")
    page = json.loads(body)
    pages, rows = pages + 1, rows + len(page["data"])
    seen.update(row["id"] for row in page["data"])
    cursor = page["nextCursor"]
    if page["hasMore"] != (cursor is not None):
        sys.exit(f"tour: {path}: hasMore and nextCursor disagree")
    if cursor is None:
        break
took = time.monotonic() - began
print(f"  walked     {short:<66} {rows:>7} rows, {pages} pages, {took:.2f} s")
if rows != len(seen) or rows != expected:
    sys.exit(f"tour: {path}: {rows} rows, {len(seen)} different, expected {expected}")
PYTHON
}

start() {
  PORT=$port "$binary" --data-dir "$work/data" >>server.log 2>&1 &
  running=$!
  local tries=0
  until curl -sf --max-time 2 -o /dev/null "$api/v1/ready"; do
    kill -0 "$running" 2>/dev/null || { running=''; fail "the server ended while starting"; }
    (( tries++ < 600 )) || fail "the server was not ready within a minute"
    sleep 0.1
  done
}

# --- the file ----------------------------------------------------------------

step "The file"
if [[ -z $file ]]; then
  file=$work/packages.ndjson
  python3 "$here/packages.py" --run ${limit:+--limit "$limit"} >"$file"
fi
[[ -s $file ]] || fail "there are no packages in $file: load the index with \`apt-get update\` or name a file"
# What the file says, so that the server can be held to it.
facts=$(python3 - "$file" "$package" <<'PYTHON'
import collections, json, sys
lines = groups = 0
root = None
things, in_group, to, out = {}, collections.Counter(), collections.Counter(), collections.Counter()
for line in open(sys.argv[1], encoding="utf-8"):
    row = json.loads(line)
    lines += 1
    if row["kind"] == "group":
        groups += 1
        root = root or row["id"]
    elif row["kind"] == "thing":
        things[row["name"]] = row
        in_group[row["groupId"]] += 1
    elif row["kind"] == "connection":
        to[row["toId"]] += 1
        out[row["fromId"]] += 1
name = sys.argv[2] or ("git" if "git" in things else max(things, key=lambda one: to[things[one]["id"]], default=""))
if name not in things:
    sys.exit(f"tour: no package {name} in {sys.argv[1]}; choose another with -p")
thing, group = things[name]["id"], things[name]["groupId"]
print(lines, groups - 1, len(things), out.total(), root, thing, group, in_group[group], to[thing], out[thing], name)
PYTHON
)
read -r lines sections things connections root thing section in_section dependents dependencies package <<<"$facts"
fact "lines, bytes" "$lines, $(stat -c %s "$file")"
fact "sections, packages, dependencies" "$sections, $things, $connections"
fact "the package to look at" "$package"

# --- import ------------------------------------------------------------------

step "Import (offline, into a new database)"
began=$(now)
"$binary" import "$file" --data-dir "$work/data" >import.log 2>&1 &
running=$! peak=''
while kill -0 "$running" 2>/dev/null; do
  seen=$(peak_kib "$running"); peak=${seen:-$peak}
  sleep 0.05
done
importer=$running running=''
wait "$importer" || { tail -n 20 import.log >&2; fail "the import failed"; }
took=$(calc "$(now) - $began")
fact "time" "$(calc "round($took, 2)") s"
fact "rows/s" "$(calc "round($lines / $took)")"
fact "peak memory" "${peak:-?} KiB"
fact "database" "$(bytes_of "$work/data") bytes"

# --- start -------------------------------------------------------------------

step "Start"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
api=http://127.0.0.1:$port token=''
json='Content-Type: application/json'
began=$(now)
start
fact "ready after" "$(calc "round($(now) - $began, 2)") s"
call GET /v1/health 200
check "alive" 'a["status"] == "ok"'
call GET "/v1/things/$thing" 401
fact "ok" "nobody reads without signing in"

step "The first platform owner"
setup=$("$binary" admin setup-token --data-dir "$work/data") || fail "no setup token"
grep -q "setup#token=$setup" server.log || fail "the server printed another setup token"
email=owner@example.com password=violet-kettle-harbour-93
call POST /v1/setup 200 -H "$json" \
  -d "{\"token\":\"$setup\",\"name\":\"Olga Owner\",\"email\":\"$email\",\"password\":\"$password\"}"
call POST /v1/setup 409 -H "$json" \
  -d "{\"token\":\"$setup\",\"name\":\"Second\",\"email\":\"second@example.com\",\"password\":\"$password\"}"
fact "ok" "the token works once"
call POST /v1/auth/sign-in/email 200 -H "$json" -d "{\"email\":\"$email\",\"password\":\"$password\"}"
check "signed in" 'a["token"] and a["user"]["email"] == "'"$email"'"'
token=$(pick 'a["token"]')
auth=(-H "Authorization: Bearer $token")
call GET /v1/auth/get-session 200 "${auth[@]}"
check "the session is ours" 'a["user"]["email"] == "'"$email"'"'

# --- read --------------------------------------------------------------------

step "Groups and types"
call GET "/v1/groups/$root" 200 "${auth[@]}"
check "the root group is private" 'a["slug"] == "debian" and a["settings"]["visibility"] == "private"'
walk "/v1/groups/$root/children" "$sections"
call GET "/v1/ontology?groupId=$root" 200 "${auth[@]}"
check "knows package" '"package" in [t["name"] for t in a["thingTypes"]]'
check "knows depends_on" '"depends_on" in [t["name"] for t in a["connectionTypes"]]'

step "Search"
call POST /v1/knowledge/search 200 "${auth[@]}" -H "$json" \
  -d "{\"query\":\"$package\",\"kinds\":[\"thing\"],\"type\":\"package\",\"limit\":50}"
check "finds packages about $package" \
  'a["data"] and all(h["kind"] == "thing" and h["type"] == "package" for h in a["data"]) and any("'"$package"'" in h["name"] for h in a["data"])'
call POST /v1/knowledge/search 200 "${auth[@]}" -H "$json" -d '{"query":"library","groupId":"'"$section"'","limit":10}'
check "stays in the group asked for" 'all(h["groupId"] == "'"$section"'" for h in a["data"])'

step "A package and its neighbours"
call GET "/v1/things/$thing" 200 "${auth[@]}"
check "is $package" 'a["name"] == "'"$package"'" and a["type"] == "package" and a["groupId"] == "'"$section"'" and a["status"] == "active"'
old=$(pick 'repr(a["properties"].get("homepage"))')
version=$(pick 'a["version"]')
call GET "/v1/connections/to/$thing?type=depends_on&limit=5" 200 "${auth[@]}"
check "all arrive at it" 'all(c["toId"] == "'"$thing"'" and c["type"] == "depends_on" for c in a["data"])'
walk "/v1/connections/to/$thing?type=depends_on" "$dependents"
call GET "/v1/connections/from/$thing?type=depends_on" 200 "${auth[@]}"
check "all leave from it" 'all(c["fromId"] == "'"$thing"'" and c["metadata"]["kind"] in ("depends", "pre-depends") for c in a["data"])'
walk "/v1/connections/from/$thing?type=depends_on" "$dependencies"

step "Lists"
call GET "/v1/things?groupId=$section&type=package&status=active&limit=5" 200 "${auth[@]}"
check "filtered" 'a["data"] and len(a["data"]) <= 5 and all(t["groupId"] == "'"$section"'" for t in a["data"])'
walk "/v1/things?groupId=$section&type=package&status=active" "$in_section"
walk "/v1/things?groupId=$section&type=package&status=draft" 0
walk "/v1/things?groupId=$root&type=package" 0
walk "/v1/things?groupId=$root&type=package&includeChildren=true" "$things"

# --- write -------------------------------------------------------------------

step "Change it"
call GET "/v1/things/$thing" 200 "${auth[@]}"
etag=$(tr -d '\r' <headers | sed -n 's/^[Ee][Tt]ag: *//p')
[[ $etag == "\"$version\"" ]] || fail "ETag is ${etag:-missing}, expected \"$version\""
new=https://example.org/$package
change="{\"properties\":{\"homepage\":\"$new\",\"note\":\"quokkaberry\"}}"
call PATCH "/v1/things/$thing" 200 "${auth[@]}" -H "$json" -H "If-Match: $etag" -d "$change"
check "changed, the rest kept" 'a["properties"]["homepage"] == "'"$new"'" and a["properties"]["version"] and a["version"] > '"$version"
call PATCH "/v1/things/$thing" 412 "${auth[@]}" -H "$json" -H "If-Match: $etag" -d '{"name":"lost update"}'
check "a stale ETag changes nothing" 'a["status"] == 412 and a["requestId"]'
call GET "/v1/things/$thing/events" 200 "${auth[@]}"
check "its event holds the old and the new value" \
  'a["data"][0]["type"] == "thing_updated" and a["data"][0]["targetId"] == "'"$thing"'" and a["data"][0]["actorId"] and a["data"][0]["metadata"]["changes"]["properties.homepage"] == {"from": '"$old"', "to": "'"$new"'"}'
check "and its first event is the import" 'a["data"][-1]["type"] == "thing_created" and len(a["data"]) == 2'
# Search follows the log; behind a big import it has a lot to read before it comes to this change.
began=$(now) patience=$(( SECONDS + 300 ))
until call POST /v1/knowledge/search 200 "${auth[@]}" -H "$json" -d '{"query":"quokkaberry"}' >found.log
      [[ $(pick '[h["id"] for h in a["data"]]') == "['$thing']" ]]; do
  (( SECONDS < patience )) || fail "the changed package is not found by its new word"
  sleep 0.2
done
cat found.log
fact "ok" "search knows the new word"
fact "search had caught up after" "$(calc "round($(now) - $began, 1)") s"

step "Somebody else"
call POST /v1/auth/sign-up/email 200 -H "$json" \
  -d '{"name":"Nina Nobody","email":"nina@example.com","password":"marble-otter-lantern-58"}'
other=(-H "Authorization: Bearer $(pick 'a["token"]')")
call GET "/v1/things/$thing" 404 "${other[@]}"
call GET "/v1/connections/to/$thing" 404 "${other[@]}"
call GET "/v1/groups/$root" 404 "${other[@]}"
call POST /v1/knowledge/search 200 "${other[@]}" -H "$json" -d '{"query":"quokkaberry"}'
check "a private group does not exist for her" 'a["data"] == []'

step "Pull the plug (kill -9) and start again"
peak=$(peak_kib "$running")
stop KILL
began=$(now)
start
fact "ready after" "$(calc "round($(now) - $began, 2)") s"
call GET "/v1/things/$thing" 200 "${auth[@]}"
check "the change is still there" 'a["properties"]["homepage"] == "'"$new"'"'

step "Numbers"
fact "server's peak memory" "${peak:-?} KiB"
fact "database" "$(bytes_of "$work/data") bytes"
stop TERM
printf '\nThe tour is complete: every answer was as the file says.\n'
