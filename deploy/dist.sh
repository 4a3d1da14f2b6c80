#!/usr/bin/env bash
# Builds the binary that is shipped: `profile.dist`, and nothing of this machine in it.
#
#   bash deploy/dist.sh                    → target/dist/sixfold (or $CARGO_TARGET_DIR/dist/sixfold)
#
# Paths are replaced by names that are the same everywhere, in Rust and in the C of the dependencies, and time
# stands still (SOURCE_DATE_EPOCH, by default that of the commit). `just reproduce` builds twice, in different
# places, and compares.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
here=$(pwd -P)
home=${CARGO_HOME:-$HOME/.cargo}
target=${CARGO_TARGET_DIR:-$here/target}
mkdir -p "$target"
target=$(cd "$target" && pwd -P)
sysroot=$(rustc --print sysroot)

if [[ -z ${SOURCE_DATE_EPOCH:-} ]]; then
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
fi
# What the shell says of flags, profiles, targets and compilers would be in the binary's bytes, or put it elsewhere.
for name in $(compgen -e); do
  case $name in
    CARGO_TARGET_DIR) ;;
    RUSTFLAGS | CARGO_ENCODED_RUSTFLAGS | CARGO_PROFILE_* | CARGO_BUILD_* | CARGO_TARGET_* | CARGO_UNSTABLE_* | \
      RUSTC | RUSTC_WRAPPER | RUSTC_WORKSPACE_WRAPPER | RUSTC_BOOTSTRAP | \
      *CFLAGS | CFLAGS_* | *CXXFLAGS | CXXFLAGS_* | CPPFLAGS | LDFLAGS | CPATH | C_INCLUDE_PATH | LIBRARY_PATH | \
      CC | CC_* | CXX | CXX_* | AR | AR_* | ARFLAGS | HOST_* | TARGET_* | CRATE_CC_* | \
      LIBSQLITE3_* | SQLITE_* | SQLITE3_* | AWS_LC_* | MIMALLOC_*) unset "$name" ;;
  esac
done
export SOURCE_DATE_EPOCH LC_ALL=C TZ=UTC CARGO_INCREMENTAL=0

# The last rule that fits wins: the more special ones stand behind.
remap=(
  "$sysroot=/rust"
  "$home=/cargo"
  "$here=/sixfold"
  "$target=/target"
)
rust=() c=()
for rule in "${remap[@]}"; do
  rust+=("--remap-path-prefix=$rule")
  c+=("-ffile-prefix-map=$rule")
done
# Paths may hold blanks: the flags are divided by the unit separator.
CARGO_ENCODED_RUSTFLAGS=$(IFS=$'\x1f'; printf '%s' "${rust[*]}")
export CARGO_ENCODED_RUSTFLAGS CFLAGS="${c[*]}"

cargo build --locked --profile dist -p server --bin sixfold
sha256sum "$target/dist/sixfold" | sed "s|$target/||"
