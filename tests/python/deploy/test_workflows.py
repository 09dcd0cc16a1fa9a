"""The workflows of GitHub Actions are well-formed, safe, and call make for what it has."""

import os
import re
import subprocess

import pytest
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
        # Make's own variables would have it answer for the make that runs this.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        command = ["make", "--dry-run", *targets.split()]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
