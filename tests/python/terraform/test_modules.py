"""Formatting, validity, and the modules' own tests with the provider mocked."""

import json
import os
import re

import pytest

from harness import MODULES, ROOT, Terraform

pytestmark = pytest.mark.xdist_group("modules")

USAGE = re.compile(r"```hcl\n(.*?)```", re.DOTALL)


def diagnostics(terraform):
    return json.loads(terraform("validate", "-json", expect=None).stdout)["diagnostics"]


def test_every_file_is_formatted(terraform_installed):
    done = Terraform(ROOT)("fmt", "-check", "-recursive", "-diff", "terraform", expect=None)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("module", MODULES)
def test_the_usage_in_the_readme_is_valid(copy, module, major):
    """Without a warning, such as for what a version deprecates, in both major versions of the provider.

    The module is checked with its usage, for one that takes two providers needs a caller.
    """
    usage = USAGE.search((copy / "terraform" / module / "README.md").read_text())
    assert usage, f"{module}/README.md shows no usage"
    caller = copy / "terraform" / "usage"
    caller.mkdir()
    (caller / "main.tf").write_text(usage[1])
    terraform = Terraform(caller, **major)
    terraform.init()

    assert diagnostics(terraform) == []


def test_the_example_is_valid(copy, major):
    terraform = Terraform(copy / "terraform" / "examples" / "complete", **major)
    terraform.init()

    assert diagnostics(terraform) == []


@pytest.mark.parametrize("module", MODULES)
def test_the_modules_own_tests_pass(copy, major, module):
    """Planned and applied with the provider's schema, in both major versions."""
    # A stand-in for cargo-lambda: writes down how it was called.
    calls = copy / "calls"
    cargo = copy / "bin" / "cargo"
    cargo.parent.mkdir()
    cargo.write_text(f'#!/bin/sh\necho "$PWD: cargo $*" >> {calls}\n')
    cargo.chmod(0o755)
    terraform = Terraform(copy / "terraform" / module, PATH=f"{cargo.parent}:{os.environ['PATH']}", **major)
    terraform.init()

    done = terraform("test", "-no-color", expect=None)

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Success! [1-9]\d* passed, 0 failed", done.stdout), done.stdout
    if module == "function":
        build = f"{copy}: cargo lambda build --release --locked --bin eks-nlb-sync --output-format zip"
        assert calls.read_text().splitlines() == [f"{build} --arm64", f"{build} --x86-64"]


@pytest.mark.parametrize("module", MODULES)
def test_every_validation_is_seen_to_refuse(module):
    """Each variable with a validation, and each resource with a condition, is expected to fail somewhere."""
    directory = ROOT / "terraform" / module
    tests = "".join(path.read_text() for path in directory.glob("tests/*.tftest.hcl"))
    expected = {name for group in re.findall(r"expect_failures\s*=\s*\[(.*?)\]", tests, re.DOTALL) for name in re.findall(r"[\w.]+", group)}
    conditional = set()
    for path in directory.glob("*.tf"):
        for kind, labels, body in re.findall(r'^(variable|resource|data) ((?:"[^"]+" ?)+)\{\n(.*?)^\}', path.read_text(), re.DOTALL | re.MULTILINE):
            if re.search(r"^\s+(validation|precondition|postcondition) \{", body, re.MULTILINE):
                prefix = {"variable": "var.", "resource": "", "data": "data."}[kind]
                conditional.add(prefix + ".".join(re.findall(r'"([^"]+)"', labels)))

    assert conditional, f"{module} refuses nothing"
    assert conditional <= expected, f"never seen to refuse: {sorted(conditional - expected)}"


def test_nothing_uses_what_provider_6_deprecates():
    """Held here too, for where provider 6 cannot be had: its upgrade guide's entries that touch these modules."""
    deprecated = re.compile(r"data\.aws_region\.\w+\.(name|id)\b|data\.aws_vpc_endpoint_service\.\w+(\[[^]]+\])?\.region\b")
    for path in (ROOT / "terraform").glob("**/*.tf"):
        text = path.read_text()
        assert not deprecated.search(re.sub(r"#.*", "", text)), path
        if path.name == "versions.tf":
            assert re.search(r'version += ">= 5\.\d+(\.\d+)?"\n', text), f"{path}: the oldest version that will do, and no newest"
