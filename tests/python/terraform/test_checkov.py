"""checkov's findings in the modules: each is fixed, or skipped in the code with a reason."""

import json
import re
import subprocess

import pytest

from harness import ROOT, environment

pytestmark = pytest.mark.xdist_group("checkov")

# In an environment of its own: its pins disagree with those of moto.
CHECKOV = ROOT / "target" / "venv" / "lint" / "bin" / "checkov"
SKIP = re.compile(r"#checkov:skip=(\w+)(?::(.*))?")


@pytest.fixture(scope="module")
def findings():
    assert CHECKOV.exists(), "checkov is not installed: make target/venv/lint/.ready"
    done = subprocess.run(
        [CHECKOV, "--directory", "terraform", "--framework", "terraform", "--skip-download", "--output", "json"],
        cwd=ROOT,
        env=environment(LOG_LEVEL="ERROR"),
        capture_output=True,
        text=True,
    )
    answer = json.loads(done.stdout)
    assert answer["summary"]["parsing_errors"] == 0 and answer["summary"]["passed"] > 0, answer["summary"]
    return answer["results"]


def test_there_are_no_findings(findings):
    assert [(one["check_id"], one["resource"], one["check_name"]) for one in findings["failed_checks"]] == []


def test_every_skip_is_needed_and_says_why(findings):
    needed = {(one["check_id"], one["file_path"].lstrip("/")) for one in findings["skipped_checks"]}
    for path in (ROOT / "terraform").glob("**/*.tf"):
        for check, reason in SKIP.findall(path.read_text()):
            assert reason.strip(), f"{path}: {check} without a reason"
            assert (check, str(path.relative_to(ROOT / "terraform"))) in needed, f"{path}: {check} finds nothing to skip"
