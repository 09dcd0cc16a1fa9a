"""The archive of the command line, and the image that is made of it."""

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib

import pytest
import yaml
from conftest import ROOT
from lambda_host import program

sys.path.insert(0, str(ROOT / "packaging"))

import cli
import package

TARGET = "x86_64-unknown-linux-musl"
NAME = f"eks-nlb-{package.version()}-{TARGET}"
DOCKERFILE = (ROOT / "packaging" / "Dockerfile").read_text()


@pytest.fixture(scope="module")
def eks_nlb():
    return program().with_name("eks-nlb")


def made(folder, eks_nlb):
    folder.mkdir()
    (folder / package.LICENCES).write_text("licences")
    (folder / package.SBOM).write_text("{}")
    cli.main(TARGET, eks_nlb, folder)
    return folder


@pytest.fixture(scope="module")
def dist(eks_nlb, tmp_path_factory):
    return made(tmp_path_factory.mktemp("package") / "dist", eks_nlb)


@pytest.fixture(scope="module")
def root(dist):
    with tarfile.open(dist / f"{NAME}.tar.gz") as archive:
        archive.extractall(dist, filter="data")
    return dist / NAME


def test_the_same_program_makes_the_same_bytes(dist, eks_nlb, tmp_path):
    again = made(tmp_path / "again", eks_nlb)
    assert (dist / f"{NAME}.tar.gz").read_bytes() == (again / f"{NAME}.tar.gz").read_bytes()
    assert f"  {NAME}.tar.gz\n" in (dist / "SHA256SUMS").read_text()


def test_it_holds_a_program_with_its_completions_and_man_pages(root):
    held = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert {"eks-nlb", "README.md", "LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES.txt", "sbom.cdx.json", "man/eks-nlb.1", "man/eks-nlb-plan.1", "man/eks-nlb-doctor.1"} <= held
    assert (root / "eks-nlb").stat().st_mode & 0o777 == 0o755
    assert (root / "README.md").stat().st_mode & 0o777 == 0o644
    for name in ("eks-nlb.bash", "_eks-nlb", "eks-nlb.fish"):
        # The script asks the program, whose tests hold what it answers.
        assert "COMPLETE" in (root / "completions" / name).read_text(), name
    assert (root / "man" / "eks-nlb-plan.1").read_text().startswith((".ie", ".TH"))


def test_the_program_runs_from_the_archive_as_the_workflow_tries_it(root):
    tried = re.findall(r'(?:/eks-nlb|"\$IMAGE") (--demo \w+)$', (ROOT / ".github" / "workflows" / "build.yml").read_text(), re.MULTILINE)
    assert len(tried) == 2  # of the archive, and of the image
    for arguments in tried:
        done = subprocess.run([root / "eks-nlb", *arguments.split()], env={}, capture_output=True, text=True)
        assert done.returncode == 0 and "payments" in done.stdout, done.stderr


def test_binstall_looks_where_the_archive_is(root):
    metadata = tomllib.loads((ROOT / "cli" / "Cargo.toml").read_text())["package"]["metadata"]["binstall"]
    values = {"repo": package.repository(), "version": package.version(), "name": "eks-nlb", "bin": "eks-nlb", "binary-ext": ""}

    def told(text, target):
        return re.sub(r"\{ ([\w-]+) \}", lambda match: {**values, "target": target}[match[1]], text)

    for target in (TARGET, "x86_64-unknown-linux-gnu"):
        given = metadata | metadata["overrides"].get(target, {})
        assert told(given["pkg-url"], target).endswith(f"/releases/download/v{package.version()}/{NAME}.tar.gz")
        assert told(given["bin-dir"], target) == f"{NAME}/eks-nlb"


# --- The image ---------------------------------------------------------------------


def instruction(name):
    [found] = re.findall(rf"^{name} (.*)$", DOCKERFILE, re.MULTILINE)
    return found


def test_the_image_is_distroless_pinned_and_runs_as_nobody():
    assert re.fullmatch(r"gcr\.io/distroless/static-debian\d+:nonroot@sha256:[0-9a-f]{64}", instruction("FROM"))
    assert instruction("USER") == "65532:65532"
    assert "RUN" not in DOCKERFILE


def test_the_image_holds_what_the_archive_holds(root):
    copied = {file for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.MULTILINE) for file in re.findall(r"\$\{TARGETARCH\}/(\S+)", line)}
    assert copied == {"eks-nlb", "LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES.txt", "sbom.cdx.json"}
    assert all((root / file).is_file() for file in copied)


def step(job, name):
    """The script of a step of build.yml."""
    jobs = yaml.safe_load((ROOT / ".github" / "workflows" / "build.yml").read_text())["jobs"]
    [script] = [each["run"] for each in jobs[job]["steps"] if each.get("name") == name]
    return script


def test_the_workflow_lays_the_archives_out_as_the_image_copies_them(eks_nlb, tmp_path):
    dist = made(tmp_path / "dist", eks_nlb)
    os.rename(dist / f"{NAME}.tar.gz", dist / f"{NAME.replace('x86_64', 'aarch64')}.tar.gz")
    cli.main(TARGET, eks_nlb, dist)
    for file in (package.LICENCES, package.SBOM, "SHA256SUMS"):
        (dist / file).unlink()
    subprocess.run(["bash", "-e", "-c", step("attest", "One list of sums for all archives")], cwd=dist, check=True)
    lay_out = ["bash", "-e", "-c", step("image", "Lay out what the archives hold")]
    subprocess.run(lay_out, cwd=tmp_path, check=True, capture_output=True)
    for architecture in ("amd64", "arm64"):
        for file in ("eks-nlb", "LICENSE-MIT", "LICENSE-APACHE", "THIRD-PARTY-LICENSES.txt", "sbom.cdx.json"):
            assert (tmp_path / "image" / architecture / file).is_file(), f"{architecture}/{file}"
    # Bytes that were not attested make no image.
    (dist / f"{NAME}.tar.gz").write_bytes(b"other")
    assert subprocess.run(lay_out, cwd=tmp_path, capture_output=True).returncode != 0


def test_the_image_starts_as_the_manifest_does():
    [deployment] = [each for each in yaml.safe_load_all((ROOT / "docs" / "watch.yaml").read_text()) if each["kind"] == "Deployment"]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    assert json.loads(instruction("CMD")) == container["args"]
    assert container["image"] == f"ghcr.io/eks-nlb-sync/eks-nlb:{package.version()}"
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert deployment["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == 65532


def test_the_health_check_is_a_command_of_the_program(root):
    check = json.loads(instruction("HEALTHCHECK").partition(" CMD ")[2])
    assert check[0] == json.loads(instruction("ENTRYPOINT"))[0] == "/usr/local/bin/eks-nlb"
    # Nothing listens here.
    done = subprocess.run([root / "eks-nlb", *check[1:-1], "127.0.0.1:9"], env={}, capture_output=True, text=True)
    assert done.returncode == 1 and "no `eks-nlb watch` answers on 127.0.0.1:9" in done.stderr
