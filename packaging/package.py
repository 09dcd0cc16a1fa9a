#!/usr/bin/env python3
"""Makes a release's archive of one architecture from the built function.

    packaging/package.py arm64 target/sam/arm64/Function/bootstrap dist

writes into `dist` the function's zip, and an archive that `sam deploy` takes as
it is: templates, the zip, this guide, licences and SBOM. The same files make the
same bytes: names are sorted, times and owners are left out. Standard library
only.
"""

import gzip
import hashlib
import io
import os
import pathlib
import re
import sys
import tarfile
import tomllib
import zipfile

ROOT = pathlib.Path(__file__).parents[1]

# The first time that a zip can hold.
EPOCH = (1980, 1, 1, 0, 0, 0)

# Copied as they are.
FILES = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "SECURITY.md", "fleet-member.yaml", "samconfig.toml"]
FOLDERS = ["docs", "terraform/function"]

# Made by `make package` before, of what is linked into the function.
LICENCES, SBOM = "THIRD-PARTY-LICENSES.txt", "sbom.cdx.json"

BUCKET_PARAMETERS = """\
  CodeBucket:
    Type: String
    AllowedPattern: ^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$
    ConstraintDescription: must be the name of a bucket
    Description: A bucket in this Region that holds the function's zip.
  CodeKey:
    Type: String
    MinLength: 1
    Description: The key of the zip. Another key for each version, or CloudFormation sees no change.
"""


def main(architecture, bootstrap, out):
    name = f"eks-nlb-sync-{version()}-{architecture}"
    out = pathlib.Path(out)
    out.mkdir(parents=True, exist_ok=True)
    code = zipped({"bootstrap": pathlib.Path(bootstrap).read_bytes()})
    zip_name = f"{name}.zip"
    (out / zip_name).write_bytes(code)

    files = {file: (ROOT / file).read_bytes() for file in FILES}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not {"tests", "book"} & set(path.relative_to(ROOT / folder).parts) and ".terraform" not in str(path):
                files[str(path.relative_to(ROOT))] = path.read_bytes()
    for made in (LICENCES, SBOM):
        files[made] = (out / made).read_bytes()
    files[zip_name] = code
    template = with_runbook((ROOT / "template.yaml").read_text())
    template = for_architecture(template, architecture)
    files["template.yaml"] = with_local_code(template, zip_name).encode()
    files["template-bucket.yaml"] = with_bucket(template).encode()
    files["fleet.yaml"] = with_runbook((ROOT / "fleet.yaml").read_text()).encode()
    (out / f"{name}.tar.gz").write_bytes(archived(name, with_links(files)))
    write_sums(out)


def version():
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            # Unix, and executable.
            entry.create_system, entry.external_attr = 3, 0o100755 << 16
            archive.writestr(entry, content, compresslevel=9)
    return buffer.getvalue()


def archived(name, files, programs=()):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in sorted(files.items()):
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mode = len(content), 0o755 if path in programs else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), compresslevel=9, mtime=0)


def replaced(text, old, new):
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in the template"
    return text.replace(old, new)


def with_local_code(template, zip_name):
    return replaced(without_build(template), "      CodeUri: .\n", f"      CodeUri: {zip_name}\n")


def with_bucket(template):
    code = "      CodeUri:\n        Bucket: !Ref CodeBucket\n        Key: !Ref CodeKey\n"
    template = replaced(without_build(template), "      CodeUri: .\n", code)
    template = replaced(template, "        Parameters: [Architecture]\n", "        Parameters: [CodeBucket, CodeKey, Architecture]\n")
    return replaced(template, "\nParameters:\n", f"\nParameters:\n{BUCKET_PARAMETERS}\n")


def without_build(template):
    """What is built already must not be built again."""
    build = "      BuildMethod: rust-cargolambda\n      BuildProperties:\n        Binary: eks-nlb-sync\n"
    return replaced(template, build, "")


def for_architecture(template, architecture):
    """So that a stack of the other architecture refuses this code."""
    old = "    Default: arm64\n    AllowedValues: [arm64, x86_64]\n"
    template = replaced(template, old, old.replace("Default: arm64", f"Default: {architecture}"))
    rule = f"""\
  ArchitectureOfTheArchive:
    Assertions:
      - Assert: !Equals [!Ref Architecture, {architecture}]
        AssertDescription: this archive holds the function for {architecture}; take the one of the stack's Architecture
"""
    return replaced(template, "\nRules:\n", f"\nRules:\n{rule}")


def with_runbook(template):
    """The runbook at this version, in the repository that builds the release; else its name.

    Not as the parameter's default, which an upgrade would keep.
    """
    if "GITHUB_REPOSITORY" not in os.environ:
        return template
    page = f"{repository()}/blob/v{version()}/docs/operations.md"
    return template.replace("[HasRunbook, !Ref RunbookUrl, docs/operations.md]", f"[HasRunbook, !Ref RunbookUrl, {page}]")


def repository():
    """Where the sources are: of the workflow that builds the release, else of the manifest."""
    if "GITHUB_REPOSITORY" in os.environ:
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{os.environ['GITHUB_REPOSITORY']}"
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["repository"]


def with_links(files):
    """The files, with each link of a page that leads out of the archive into the repository at this version."""

    def linked(page, match):
        path, hash, anchor = match[2].partition("#")
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        if re.match(r"[a-z]+:", match[2]) or target in files or any(file.startswith(f"{target}/") for file in files):
            return match[0]
        kind = "tree" if (ROOT / target).is_dir() else "blob"
        return f"{match[1]}({repository()}/{kind}/v{version()}/{target}{hash}{anchor})"

    pages = {name: content.decode() for name, content in files.items() if name.endswith(".md")}
    return files | {page: re.sub(r"(\])\(([^)\s]+)\)", lambda match: linked(page, match), text).encode() for page, text in pages.items()}


def write_sums(out):
    names = sorted(path.name for path in out.iterdir() if path.suffix in (".gz", ".zip", ".json", ".txt"))
    lines = [f"{hashlib.sha256((out / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (out / "SHA256SUMS").write_text("".join(lines))


if __name__ == "__main__":
    main(*sys.argv[1:])
