"""`sam build` with cargo-lambda makes the artifact, and the artifact serves.

This is the one optimised build of a test run: what it leaves in
`target/lambda/eks-nlb-sync/bootstrap` is for other tests to use.
"""

import os
import platform
import shutil
import subprocess
import zipfile

import pytest
from conftest import ROOT, VENV
from lambda_host import LambdaHost

# ELF specification, e_machine.
ELF_MACHINE = {"x86_64": 0x3E, "arm64": 0xB7}
TARGETS = {"x86_64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
HERE = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]


def sam_build(architecture, variables=None):
    """Builds as docs/operations.md says; the answer is the artifact."""
    build = ROOT / "target" / "sam" / architecture
    environment = os.environ | {
        "PATH": f"{VENV / 'cargo-lambda/bin'}:{os.environ['PATH']}",
        "SAM_CLI_TELEMETRY": "0",
    }
    environment |= variables or {}
    command = [VENV / "sam/bin/sam", "build", "--template", ROOT / "template.yaml", "--build-dir", build]
    command += ["--parameter-overrides", f"Architecture={architecture}", "--region", "eu-west-1"]
    run = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return build / "Function" / "bootstrap"


def machine(artifact):
    header = artifact.read_bytes()[:20]
    assert header[:4] == b"\x7fELF"
    return int.from_bytes(header[18:20], "little")


@pytest.fixture(scope="module")
def artifact():
    return sam_build(HERE)


def test_sam_build_makes_an_executable_of_this_architecture(artifact):
    assert os.access(artifact, os.X_OK)
    assert machine(artifact) == ELF_MACHINE[HERE]


def test_it_is_at_most_3_mb_zipped(artifact, tmp_path):
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(artifact, "bootstrap")
    size = package.stat().st_size
    print(f"\nartifact: {artifact.stat().st_size} bytes, zipped {size}")
    assert size <= 3_000_000


def test_it_is_the_artifact_that_other_tests_use(artifact):
    shared = ROOT / "target" / "lambda" / "eks-nlb-sync" / "bootstrap"
    assert shared.read_bytes() == artifact.read_bytes()


def test_the_artifact_serves(artifact, simulator):
    with LambdaHost(artifact, simulator) as function:
        first, second = function.invoke({}), function.invoke({})
    assert first.ok and second.ok
    assert first.payload["summary"]["registered"] > 0
    assert second.payload["summary"]["registered"] == 0


def test_sam_build_makes_the_default_architecture():
    architecture = "arm64"
    if not installed(TARGETS[architecture]):
        pytest.skip(f"rustup target add {TARGETS[architecture]}: not installed here")
    # In a directory of its own, or it would replace the artifact for the others.
    elsewhere = {"CARGO_TARGET_DIR": str(ROOT / "target" / architecture)}
    assert machine(sam_build(architecture, elsewhere)) == ELF_MACHINE[architecture]


def installed(target):
    if shutil.which("rustup") is None:
        return False
    run = subprocess.run(["rustup", "target", "list", "--installed"], cwd=ROOT, capture_output=True, text=True)
    return target in run.stdout.split()
