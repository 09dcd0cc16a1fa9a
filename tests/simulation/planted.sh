#!/usr/bin/env bash
# Plants the bugs of planted/, one after the other, in a copy of the sources,
# and fails unless the simulation catches each by a rule that the patch names.
set -euo pipefail
cd "$(dirname "$0")/../.."

copy=target/planted/source
export CARGO_TARGET_DIR=$PWD/target/planted RUST_BACKTRACE=0 SIMULATION_TICKS=20000

missed=0
mkdir -p "$copy"
for bug in tests/simulation/planted/*.patch; do
    rm -rf "${copy:?}"/*
    cp -r Cargo.toml Cargo.lock rust-toolchain.toml clippy.toml src tests simulator "$copy"
    patch --quiet --directory "$copy" --strip 1 <"$bug"

    rules=$(grep -o 'rule [0-9]*' "$bug" | paste -sd '|')
    if said=$(cd "$copy" && cargo test --quiet --test simulation no_history 2>&1); then
        echo "$bug: not caught"
        missed=1
        continue
    fi
    if ! found=$(grep -E -o -m 1 "\b($rules): .*" <<<"$said"); then
        echo "$bug: not caught by $rules, but this was said:"
        echo "$said"
        missed=1
        continue
    fi
    echo "$(basename "$bug" .patch): ${found:0:160}"
done
exit $missed
