#!/usr/bin/env python3
"""Writes the licences of what the SBOM names, each crate's own files, to standard output.

    packaging/licences.py dist/sbom.cdx.json > dist/THIRD-PARTY-LICENSES.txt

A crate that brings no file is named with its SPDX expression, whose texts are
those of other crates or of this project. Standard library only.
"""

import json
import pathlib
import subprocess
import sys

FILES = ("LICEN", "COPYING", "COPYRIGHT", "NOTICE")


def main(sbom):
    metadata = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--locked"], check=True, capture_output=True, text=True
    )
    crates = {(crate["name"], crate["version"]): crate for crate in json.loads(metadata.stdout)["packages"]}
    components = json.loads(pathlib.Path(sbom).read_text())["components"]
    for name, version in sorted((each["name"], each["version"]) for each in components):
        crate = crates[name, version]
        print(f"{'=' * 80}\n{name} {version}: {crate['license']}\n")
        folder = pathlib.Path(crate["manifest_path"]).parent
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.name.upper().startswith(FILES):
                print(f"--- {path.name}\n\n{path.read_text(errors='replace').strip()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
