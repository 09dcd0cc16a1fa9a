#!/usr/bin/env bash
# Plants bugs, one after the other, in a copy of the checkout, and fails unless
# each is caught by what its patch names: a rule of the random histories or of
# the small worlds, or a file of Python tests.
#
#   tests/planted.sh [part of a path]
set -euo pipefail
cd "$(dirname "$0")/.."

copy=$PWD/target/planted
# Dependencies are shared with every other build.
export CARGO_TARGET_DIR=$PWD/target RUST_BACKTRACE=0

rm -rf "$copy"
mkdir -p "$copy/target"
git ls-files -z | xargs -0 cp --parents --target-directory "$copy"
ln -s "$CARGO_TARGET_DIR/venv" "$CARGO_TARGET_DIR/debug" "$copy/target"
cd "$copy"

# That a history fails is enough: no smaller one is looked for.
histories() {
    SIMULATION_SHRINK_SECONDS=0 SIMULATION_TICKS=$1 cargo test --workspace --quiet --test simulation "$2" 2>&1
}

python() {
    target/venv/lint/bin/pytest "$@" 2>&1
}

# Says how a bug is caught, or fails and says why not.
caught() {
    local name said found='' rules tests which=no_history_breaks
    name=$(basename "$1" .patch)
    rules=$(grep -o 'rule [0-9]*' "$1" | paste -sd '|')
    tests=$(grep -o -m 1 'tests/python/[a-z_/]*\.py' "$1")
    # What the planner does wrong is found without luck.
    grep -q 'Caught in a small world' "$1" && which=model_check::
    if [[ $rules ]]; then
        said=$(histories 20000 $which) || found=$(grep -E -o -m 1 "\b($rules): .*" <<<"$said")
    else
        said=$(python "$tests") || found=$(grep -o -m 1 'AssertionError.*\|^E  .*' <<<"$said")
    fi
    if [[ ! $found ]]; then
        printf '%s: not caught by %s, but this was said:\n%s\n' "$name" "${rules:-$tests}" "$said"
        return 1
    fi
    echo "$name: ${found:0:120}"
}

bugs=$(find tests -path '*/planted/*.patch' | grep -e "${1:-}" | sort)

# What fails without a bug catches nothing.
if grep -q 'rule [0-9]' $bugs; then
    said=$(histories 1000 no_history) || { printf 'without any bug:\n%s\n' "$said" && exit 1; }
fi
for tests in $(grep -ho 'tests/python/[a-z_/]*\.py' $bugs | sort -u); do
    said=$(python "$tests") || { printf 'without any bug:\n%s\n' "$said" && exit 1; }
done

missed=0
for bug in $bugs; do
    patch --quiet --strip 1 <"$bug"
    caught "$bug" || missed=1
    patch --quiet --strip 1 --reverse <"$bug"
done
exit $missed
