# Every recipe is plain cargo underneath: copy the lines if you do without `just`.

set shell := ["bash", "-euo", "pipefail", "-c"]

postgres := env("SIXFOLD_TEST_POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")

# list the recipes
default:
    @just --list

# what a commit must pass: format, lints, tests (on PostgreSQL too, if one answers), generated files
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    env -u SIXFOLD_TEST_POSTGRES SIXFOLD_TEST_REQUIRE=sqlite cargo test --locked
    cargo run --quiet --locked -p server --bin sixfold -- openapi | diff -u api/openapi.json -
    cargo run --quiet --locked -p server --bin sixfold -- config docs | diff -u docs/config.md -
    python3 .ci/check-links.py
    python3 .ci/dependencies.py

# all tests, on SQLite and on PostgreSQL and with the clients (what is missing is a failure)
test *args: clients
    SIXFOLD_TEST_POSTGRES={{ postgres }} SIXFOLD_TEST_REQUIRE=sqlite,postgres,node,chromium,python \
        cargo test --locked {{ args }}

# what can go wrong under a server, in full: a thousand kills and more (an hour; one kind: just faults kill::)
faults *args:
    cargo build --locked -p server --bin sixfold
    SIXFOLD_FAULTS=full SIXFOLD_TEST_POSTGRES={{ postgres }} cargo test --locked -p faults -- --nocapture {{ args }}

# parsers, with what a fuzzer grows from fuzz/corpus: just fuzz 60 filter (needs cargo-fuzz and a C++ compiler)
fuzz seconds="60" *targets:
    targets="{{ targets }}"; \
    for target in ${targets:-$(ls fuzz/corpus)}; do \
        mkdir -p "fuzz/grown/$target"; \
        cargo fuzz run --fuzz-dir fuzz --dev -s none "$target" "fuzz/grown/$target" "fuzz/corpus/$target" -- \
            -max_total_time={{ seconds }} -timeout=25 -max_len=4096 -print_final_stats=1; \
    done

# fetch the packages of the clients in tests/clients (needs Node 20 or newer, and Python 3)
clients:
    for manifest in tests/clients/*/package.json; do \
        npm ci --prefix "$(dirname "$manifest")" --legacy-peer-deps --ignore-scripts --prefer-offline \
            --no-audit --no-fund; \
    done
    for requirements in tests/clients/*/requirements.txt; do \
        venv="$(dirname "$requirements")/.venv"; \
        python3 -m venv "$venv" && \
            "$venv/bin/pip" install --quiet --no-deps --require-hashes -r "$requirements"; \
    done

# run the server, or any other command of the binary: just run import FILE
run *args:
    cargo run --locked -p server --bin sixfold -- {{ args }}

# write the generated files again: api/openapi.json and docs/config.md
gen:
    mkdir -p target api docs
    cargo run --quiet -p server --bin sixfold -- openapi > target/openapi.json
    cargo run --quiet -p server --bin sixfold -- config docs > target/config.md
    mv target/openapi.json api/openapi.json
    mv target/config.md docs/config.md

# the load benchmarks (they talk to a server on this machine only)
bench *args:
    cargo run --locked --release -p sixfold-bench -- {{ args }}

# the stacks people would otherwise build with, beside this one in one run (Node, Python, PostgreSQL)
peers *args:
    bash bench/peers/run.sh {{ args }}

# licences, sources and bans of dependencies, as deny.toml has them
dependencies:
    python3 .ci/dependencies.py

# a bill of materials of the binary (CycloneDX), for this machine or for a target
sbom *target:
    @python3 .ci/sbom.py {{ target }}

# what is shipped: target/dist/sixfold
dist:
    bash deploy/dist.sh

# is that the same wherever it is built? (two whole builds)
reproduce:
    bash deploy/reproduce.sh

# hold deploy/ to the binary: manifests, settings, ports, paths, times
deploy-check:
    cargo build --locked -p server --bin sixfold
    bash deploy/check.sh "${CARGO_TARGET_DIR:-target}/debug/sixfold"

# the guided tour: Debian's packages as six dimensions
tour *args:
    bash examples/debian/tour.sh {{ args }}
