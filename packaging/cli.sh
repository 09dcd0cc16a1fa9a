#!/bin/sh
# Builds the command line for one target, and its archive in dist/. The target must
# be one whose programs run here, because the program prints its completions and man
# pages itself; build.yml has a machine for each.
#
#   packaging/cli.sh x86_64-unknown-linux-musl
set -eu
target=$1
cd "$(dirname "$0")/.."
# Nothing of this machine's paths stays in the program.
export RUSTFLAGS="--remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=/cargo --remap-path-prefix=$PWD=/source"
export CARGO_TARGET_DIR="$PWD/target/package"
rm -rf dist
mkdir dist
packaging/sbom.sh dist/sbom.cdx.json cli "$target"
packaging/licences.py dist/sbom.cdx.json > dist/THIRD-PARTY-LICENSES.txt
cargo build --release --locked --package eks-nlb --target "$target"
packaging/cli.py "$target" "$CARGO_TARGET_DIR/$target/release/eks-nlb" dist
