"""Copies of the modules, so that nothing is written to the checkout, and the emulator."""

import contextlib
import pathlib
import shutil
import subprocess
import sys

import pytest

from function_cases import deployed
from harness import ACCOUNT, ROOT, Emulator, environment
from provider import program, served
from skips import skip_without


@pytest.fixture(scope="session")
def terraform_installed():
    if not shutil.which("terraform"):
        skip_without("terraform", workflow="test.yml", job="test")


@pytest.fixture(scope="session")
def kubectl():
    if not shutil.which("kubectl"):
        skip_without("kubectl", workflow="test.yml", job="test")


@pytest.fixture(scope="session")
def provider(terraform_installed, tmp_path_factory):
    """The AWS provider. Skips the tests that need it where it is not available."""
    found = program(tmp_path_factory.mktemp("provider"), ">= 5.83")
    return found or skip_without("AWS provider, in a mirror (TF_PLUGIN_MIRROR_DIR) or from its registry", workflow="test.yml", job="test")


@pytest.fixture(scope="session")
def serve():
    """Starts a provider, and ends it with the tests."""
    with contextlib.ExitStack() as stack:
        yield lambda provider, **extra: stack.enter_context(served(provider, **extra))


@pytest.fixture(scope="session", params=["5", "6"])
def major(request, terraform_installed, serve, tmp_path_factory):
    """Each major version that the modules are for. A machine without the registry may have one of them."""
    found = program(tmp_path_factory.mktemp("major"), f"~> {request.param}.0")
    return serve(found) if found else skip_without(f"AWS provider {request.param}", workflow="test.yml", job="test")


@pytest.fixture
def copy(tmp_path):
    """A copy of the modules, in a root like the checkout's: sources, and an invalid zip."""
    shutil.copytree(ROOT / "terraform", tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*"))
    for file in ("Cargo.toml", "Cargo.lock", "src/main.rs", "core/Cargo.toml", "core/src/plan.rs"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    package = tmp_path / "target" / "lambda" / "eks-nlb-sync" / "bootstrap.zip"
    package.parent.mkdir(parents=True)
    package.write_bytes(b"")
    return tmp_path


@pytest.fixture(scope="session")
def emulator(provider, serve, tmp_path_factory):
    log = tmp_path_factory.mktemp("emulator") / "log"
    process = subprocess.Popen(
        [sys.executable, pathlib.Path(__file__).with_name("emulator.py")],
        env=environment(MOTO_ACCOUNT_ID=ACCOUNT),
        stdout=subprocess.PIPE,
        stderr=log.open("w"),
        text=True,
    )
    try:
        port = process.stdout.readline().strip()
        assert port, f"the emulator does not start: {log.read_text()}"
        yield Emulator(f"http://127.0.0.1:{port}", lambda **extra: serve(provider, **extra))
    finally:
        process.terminate()
        process.wait()
