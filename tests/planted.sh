#!/usr/bin/env bash
# Plants bugs, one after the other, in a copy of the checkout, and fails unless
# each is caught by what its patch names: an invariant of the random histories, of
# the model check or of every small group, one test, or a file of Python tests.
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

# Runs tests of one binary, or of the libraries. A history that fails is enough, so
# it is not shrunk.
rust() {
    local binary=(--test "$1")
    [[ $1 != lib ]] || binary=(--lib)
    SIMULATION_SHRINK_SECONDS=0 SIMULATION_TICKS=${SIMULATION_TICKS:-20000} \
        cargo test --workspace --quiet "${binary[@]}" "${@:2}" 2>&1
}

python() {
    target/venv/lint/bin/pytest "$@" 2>&1
}

# The binary and the name of the one test that catches each bug.
one_test() {
    sed -n 's/^Caught by the test \([a-z]* [a-z0-9_:]*\)\.$/\1/p' "$@"
}

# Prints how a bug is caught, or why it is not, and then fails.
caught() {
    local name said found='' by invariants tests test
    name=$(basename "$1" .patch)
    by=$(grep -m 1 '^Caught ' "$1")
    invariants=$(sed -n 's/^Caught in .* by \(.*\)\.$/\1/p' <<<"$by" | sed 's/ or /|/g')
    tests=$(grep -o 'tests/python/[a-z_/]*\.py' <<<"$by")
    test=$(one_test <<<"$by")
    case $by in
        'Caught by the test'*) said=$(rust $test) || found=$(grep -o -m 1 "test ${test#* }.*FAILED\|^---- ${test#* }.*" <<<"$said") ;;
        'Caught in every small group'*) said=$(rust exhaustive three_targets) || found=failed ;;
        'Caught in the model check'*) said=$(rust simulation model_check::) || found=failed ;;
        'Caught in a history'*) said=$(rust simulation no_history) || found=failed ;;
        *) said=$(python "$tests") || found=$(grep -o -m 1 'AssertionError.*\|^E  .*' <<<"$said") ;;
    esac
    if [[ $invariants && $found ]]; then
        found=$(grep -E -o -m 1 "\b($invariants): .*" <<<"$said")
    fi
    if [[ ! $found ]]; then
        printf '%s: not caught by %s, but this was said:\n%s\n' "$name" "${invariants:-$test$tests}" "$said"
        return 1
    fi
    echo "$name: ${found:0:120}"
}

bugs=$(find tests -path '*/planted/*.patch' | grep -e "${1:-}" | sort)

# A test that fails without a bug catches nothing.
without() {
    local said
    said=$("$@") || { printf 'without any bug:\n%s\n' "$said" && exit 1; }
}
! grep -q '^Caught in every small group' $bugs || without rust exhaustive three_targets
! grep -q '^Caught in the model check' $bugs || without rust simulation model_check::
! grep -q '^Caught in a history' $bugs || SIMULATION_TICKS=1000 without rust simulation no_history
readarray -t tests < <(one_test $bugs | sort -u)
for test in "${tests[@]}"; do
    without rust $test
done
for tests in $(grep -ho 'tests/python/[a-z_/]*\.py' $bugs | sort -u); do
    without python "$tests"
done

missed=0
for bug in $bugs; do
    patch --quiet --strip 1 <"$bug"
    caught "$bug" || missed=1
    patch --quiet --strip 1 --reverse <"$bug"
done
exit $missed
