#!/usr/bin/env bash
# Is the shipped binary the same wherever it is built? Builds the last commit twice with deploy/dist.sh, in folders
# of different names, and compares the bytes. Takes two whole builds, with link-time optimization.
#
#   bash deploy/reproduce.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
room=$(mktemp -d "${TMPDIR:-/tmp}/reproduce.XXXXXX")
trap 'rm -rf "$room"' EXIT
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
unset CARGO_TARGET_DIR

for place in here elsewhere/deeper; do
  mkdir -p "$room/$place"
  git archive HEAD | tar -x -C "$room/$place"
  bash "$room/$place/deploy/dist.sh"
  mv "$room/$place/target/dist/sixfold" "$room/sixfold.${place%%/*}"
  rm -rf "${room:?}/$place"
done
cmp "$room/sixfold.here" "$room/sixfold.elsewhere"
echo 'the same bytes, both times'
