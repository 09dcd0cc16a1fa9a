#!/bin/sh
# Writes the SBOM (CycloneDX) of the function to the given file: what is linked
# into it, and nothing of this machine, so that it is the same everywhere.
set -eu
cd "$(dirname "$0")/.."
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 0)
export SOURCE_DATE_EPOCH
cargo cyclonedx --quiet --format json --no-build-deps --target x86_64-unknown-linux-gnu --override-filename target-sbom
sed "s|file://$PWD|file://.|g" target-sbom.json > "$1"
rm -f target-sbom.json cli/target-sbom.json simulator/target-sbom.json traffic/target-sbom.json
