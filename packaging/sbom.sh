#!/bin/sh
# Writes the SBOM (CycloneDX) of a program to the given file: what is linked into
# it, and nothing of this machine, so that it is the same everywhere. The first
# time, cargo-cyclonedx is compiled, which takes minutes.
#
#   packaging/sbom.sh FILE [FOLDER OF THE CRATE] [TARGET]
set -eu
cyclonedx=0.5.9
file=$1
crate=${2:-.}
target=${3:-x86_64-unknown-linux-gnu}
cd "$(dirname "$0")/.."
cargo cyclonedx --version 2>/dev/null | grep -q " $cyclonedx" || cargo install cargo-cyclonedx --locked --version "$cyclonedx"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
cargo cyclonedx --quiet --format json --no-build-deps --target "$target" --override-filename target-sbom
sed "s|file://$PWD|file://.|g" "$crate/target-sbom.json" > "$file"
rm -f target-sbom.json ./*/target-sbom.json
