"""Skips a test that this machine cannot run, and names the workflow job that runs it.

    if shutil.which("qemu-aarch64") is None:
        skip_without("qemu-aarch64", workflow="test.yml", job="arm64")

Any other skip fails under CI. This one fails in the job that it names, which is
to have the tool.
"""

import os
import pathlib
import re

import pytest

WORKFLOWS = pathlib.Path(__file__).parents[3] / ".github" / "workflows"


class Elsewhere(pytest.skip.Exception):
    """A skip that names where the test runs."""


def skip_without(tool, workflow, job):
    """Skips the test; `job` of .github/workflows/`workflow` has the tool that it needs."""
    text = (WORKFLOWS / workflow).read_text()
    assert re.search(rf"^  {job}:$", text, re.MULTILINE), f"{workflow} has no job {job}"
    if f"/{workflow}@" in os.environ.get("GITHUB_WORKFLOW_REF", "") and os.environ.get("GITHUB_JOB") == job:
        pytest.fail(f"no {tool}, and this job is to have it")
    raise Elsewhere(f"no {tool}: job {job} of .github/workflows/{workflow} has it")
