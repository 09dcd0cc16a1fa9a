"""What `sam build` makes with cargo-lambda, for each architecture that make could build.

make puts the artifacts into `target/sam`, where this and other suites find them.
"""

import os
import platform
import shutil
import zipfile

import pytest
from conftest import ROOT
from lambda_host import LambdaHost
from skips import skip_without

# ELF specification, e_machine.
ELF_MACHINE = {"x86_64": 0x3E, "arm64": 0xB7}
HERE = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]

# Debian's qemu-user and libc6-arm64-cross.
EMULATORS = {"arm64": ["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]}


@pytest.fixture(params=ELF_MACHINE)
def architecture(request):
    return request.param


@pytest.fixture
def artifact(architecture):
    path = ROOT / "target" / "sam" / architecture / "Function" / "bootstrap"
    if not path.exists():
        assert architecture != HERE, "not built: make test-build"
        skip_without(f"Rust target for {architecture}", workflow="test.yml", job="arm64")
    return path


@pytest.fixture
def emulator(architecture):
    """What starts programs of this architecture."""
    if architecture == HERE:
        return []
    emulator = EMULATORS[architecture]
    if shutil.which(emulator[0]) is None:
        skip_without(emulator[0], workflow="test.yml", job="arm64")
    return emulator


def test_it_is_an_executable_of_its_architecture(artifact, architecture):
    header = artifact.read_bytes()[:20]
    assert os.access(artifact, os.X_OK)
    assert header[:4] == b"\x7fELF"
    assert int.from_bytes(header[18:20], "little") == ELF_MACHINE[architecture]


# What cold starts were held to before the function read network interfaces, the
# 100 kB that reading them may cost, and the 60 kB that proxies, CA bundles and
# each service's own endpoint rules may cost.
MOST_BYTES = 2_960_000 + 100_000 + 60_000


def test_it_is_small(artifact, tmp_path):
    package = tmp_path / "package.zip"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(artifact, "bootstrap")
    size = package.stat().st_size
    assert size <= MOST_BYTES, f"{artifact.stat().st_size} bytes, zipped {size}"


def test_it_serves(artifact, emulator, simulator):
    with LambdaHost(artifact, simulator, emulator=emulator) as function:
        first, second = function.invoke({}), function.invoke({})
    assert first.ok and second.ok
    assert first.payload["summary"]["registered"] > 0
    assert second.payload["summary"]["registered"] == 0
