"""The workflows of GitHub Actions are well-formed, safe, and call make for what it has."""

import os
import re
import subprocess

import pytest
import yaml
from conftest import ROOT, VENV

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(params=WORKFLOWS, ids=lambda path: path.stem)
def workflow(request):
    return request.param


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_it_follows_the_schema(workflow):
    done = run(VENV / "lint/bin/check-jsonschema", "--builtin-schema", "vendor.github-workflows", workflow)
    assert done.returncode == 0, done.stdout


def test_zizmor_finds_nothing(workflow):
    done = run(VENV / "lint/bin/zizmor", "--offline", "--no-progress", workflow)
    assert done.returncode == 0, done.stdout


def test_every_target_of_make_exists(workflow):
    commands = re.findall(r"^ +(?:- )?run: make (.*)$", workflow.read_text(), re.MULTILINE)
    for targets in commands:
        # With make's own variables, it would act as part of the make that runs this
        # test.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        command = ["make", "--dry-run", *targets.split()]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def jobs(name):
    return yaml.safe_load((ROOT / ".github" / "workflows" / f"{name}.yml").read_text())["jobs"]


def test_dependabot_is_configured_as_its_schema_says():
    done = run(VENV / "lint/bin/check-jsonschema", "--builtin-schema", "vendor.dependabot", ROOT / ".github" / "dependabot.yml")
    assert done.returncode == 0, done.stdout


def test_every_action_is_pinned_in_one_version():
    used = {}
    for path in WORKFLOWS:
        for action, pin in re.findall(r"uses: ([\w-]+/[\w/-]+)@(.*)", path.read_text()):
            used.setdefault(action, set()).add(pin)
    assert len(used) > 5
    for action, pins in used.items():
        [pin] = pins
        assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", pin), action


def test_nothing_is_built_before_the_tests_pass_nor_released_before_it_is_built():
    release = jobs("release")
    assert "test" in release["build"]["needs"] and "version" in release["build"]["needs"]
    assert release["release"]["needs"] == "build"
    assert release["test"]["uses"].endswith("/.github/workflows/test.yml")
    # What is built and attested is what the draft gets: all of it has passed through one job.
    build = jobs("build")
    assert set(build["attest"]["needs"]) == {"function", "cli"}
    assert build["image"]["needs"] == "attest"
    # Only these may sign, and they compile nothing.
    signing = {name for name, job in build.items() if job.get("permissions", {}).get("id-token") == "write"}
    assert signing == {"attest", "image"}
    assert not any("make" in str(step.get("run")) or "cargo" in str(step.get("run")) for name in signing for step in build[name]["steps"])


def test_a_release_has_both_systems_and_both_architectures():
    targets = {each["target"] for each in jobs("build")["cli"]["strategy"]["matrix"]["include"]}
    assert targets == {f"{architecture}-{system}" for architecture in ("x86_64", "aarch64") for system in ("unknown-linux-musl", "apple-darwin")}
