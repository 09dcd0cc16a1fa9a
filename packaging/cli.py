#!/usr/bin/env python3
"""Makes a release's archive of the command line for one target from the built program.

    packaging/cli.py x86_64-unknown-linux-musl target/x86_64-unknown-linux-musl/release/eks-nlb dist

writes into `dist` an archive with the program, its completions and man pages,
which the program prints itself, and licences and SBOM, which `make package-cli`
made before. The same files make the same bytes. Standard library only.
"""

import pathlib
import re
import subprocess
import sys

from package import LICENCES, ROOT, SBOM, archived, repository, version, write_sums

SHELLS = {"bash": "eks-nlb.bash", "zsh": "_eks-nlb", "fish": "eks-nlb.fish"}

README = """\
# eks-nlb {version}

The command line of eks-nlb-sync: shows, checks and applies what the function does.

Put `eks-nlb` on your PATH, the file for your shell from `completions/` where it looks for
completions, and `man/` on your MANPATH as `man1`. Then `eks-nlb --demo plan` needs no AWS
account, and `eks-nlb --help` lists the commands.

Guide: <{repository}/blob/v{version}/docs/cli.md>
"""


def main(target, program, out):
    out = pathlib.Path(out)
    name = f"eks-nlb-{version()}-{target}"
    files = {"eks-nlb": pathlib.Path(program).read_bytes(), "README.md": readme()}
    files |= {f"completions/{file}": printed(program, "completions", shell) for shell, file in SHELLS.items()}
    files |= {f"man/{page}.1": text for page, text in man_pages(program).items()}
    files |= {file: (ROOT / file).read_bytes() for file in ("CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT")}
    files |= {made: (out / made).read_bytes() for made in (LICENCES, SBOM)}
    (out / f"{name}.tar.gz").write_bytes(archived(name, files, programs={"eks-nlb"}))
    write_sums(out)


def readme():
    return README.format(version=version(), repository=repository()).encode()


def man_pages(program):
    """The page of the program, and those of the commands that it lists."""
    page = printed(program, "man")
    commands = re.findall(rb"^eks\\-nlb\\-(\w+)\(1\)$", page, re.MULTILINE)
    assert commands, "the man page lists no command"
    return {"eks-nlb": page} | {f"eks-nlb-{name.decode()}": printed(program, "man", name.decode()) for name in commands if name != b"help"}


def printed(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, env={}).stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
