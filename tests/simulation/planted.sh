#!/usr/bin/env bash
# Plants the bugs of planted/, one after the other, in a copy of the sources,
# and fails unless the simulation catches each by the rule that the patch names.
set -euo pipefail
cd "$(dirname "$0")/../.."

copy=target/planted/source
export CARGO_TARGET_DIR=$PWD/target/planted RUST_BACKTRACE=0 SIMULATION_TICKS=20000

mkdir -p "$copy"
for bug in tests/simulation/planted/*.patch; do
    rm -rf "${copy:?}"/*
    cp -r Cargo.toml Cargo.lock rust-toolchain.toml clippy.toml src tests simulator "$copy"
    patch --quiet --directory "$copy" --strip 1 <"$bug"

    rule=$(grep -o 'rule [0-9]*' "$bug")
    if said=$(cd "$copy" && cargo test --quiet --test simulation no_history 2>&1); then
        echo "$bug: not caught"
        exit 1
    fi
    if ! found=$(grep -o -m 1 "\b$rule: .*" <<<"$said"); then
        echo "$bug: not caught by $rule, but this was said:"
        echo "$said"
        exit 1
    fi
    echo "$(basename "$bug" .patch): ${found:0:160}"
done
