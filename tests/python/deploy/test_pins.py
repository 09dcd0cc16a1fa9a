"""Every Python tool is installed in one version, and from archives whose hashes are known."""

import re

import pytest
from conftest import ROOT

REQUIREMENTS = ROOT / "tests" / "python" / "requirements"
TOOLS = sorted(path.stem for path in REQUIREMENTS.glob("*.in"))

# `name==version`; the lock of one that has extras names it without them.
PIN = re.compile(r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)", re.MULTILINE)


def pins(name):
    """Name and version of each entry. A lock has two entries where systems need different versions."""
    return [(package.lower(), version) for package, version in PIN.findall((REQUIREMENTS / name).read_text())]


@pytest.mark.parametrize("tools", TOOLS)
def test_what_is_asked_for_is_locked(tools):
    lines = [line for line in (REQUIREMENTS / f"{tools}.in").read_text().splitlines() if line and line[0] != "#"]
    asked = pins(f"{tools}.in")
    assert len(asked) == len(lines), "a tool without a version"
    assert set(asked) <= set(pins(f"{tools}.txt")), "run make requirements"


@pytest.mark.parametrize("tools", TOOLS)
def test_whatever_is_locked_has_hashes(tools):
    entries = re.split(r"\n(?=[\w.-]+==)", "\n" + (REQUIREMENTS / f"{tools}.txt").read_text())[1:]
    assert len(entries) == len(pins(f"{tools}.txt"))
    for entry in entries:
        assert "--hash=sha256:" in entry, entry


def test_no_tool_is_installed_without_its_hashes():
    installs = re.findall(r"pip install .*", (ROOT / "Makefile").read_text())
    assert len(installs) == 2
    assert all("--require-hashes" in install and "--requirement" in install for install in installs)
    elsewhere = [path for path in (ROOT / ".github").rglob("*.yml") if "pip install" in path.read_text()]
    assert elsewhere == []
