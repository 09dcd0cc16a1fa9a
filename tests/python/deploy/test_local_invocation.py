"""The function on a laptop: cargo-lambda's emulator, events of the repository, the simulator."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest
from conftest import ROOT, VENV
from lambda_host import program

PATIENCE_SECONDS = 120

# `cargo lambda watch` compiles the function alone, whose features are not those
# of the workspace: two minutes for what make has compiled already. So `cargo
# run`, which it calls for that, runs what is there.
CARGO = """#!/bin/sh
case $1 in
  lambda) CARGO=$0 exec cargo-lambda "$@" ;;
  run) exec {program} ;;
  *) exec {cargo} "$@" ;;
esac
"""


@pytest.fixture
def environment(tmp_path):
    cargo = tmp_path / "bin" / "cargo"
    cargo.parent.mkdir()
    cargo.write_text(CARGO.format(program=program(), cargo=shutil.which("cargo")))
    cargo.chmod(0o755)
    return os.environ | {"PATH": f"{cargo.parent}:{VENV / 'cargo-lambda/bin'}:{os.environ['PATH']}"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def started(command, environment, out):
    """A process, ended with its children."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=out, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture
def invoke(simulator, environment, tmp_path):
    """`cargo lambda watch` with the simulator; the answer is `cargo lambda invoke`."""
    port = free_port()
    # Loopback, because the default is every interface.
    address = ["--invoke-address", "127.0.0.1", "--invoke-port", str(port)]

    def invoke(event):
        command = ["cargo", "lambda", "invoke", "eks-nlb-sync", *address, "--data-file", ROOT / "events" / event]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )

    command = ["cargo", "lambda", "watch", *address, "--ignore-changes"]
    with open(tmp_path / "watch.log", "w") as log, started(command, environment | simulator, log) as watch:
        await_port(watch, port)
        yield invoke


def await_port(process, port):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "cargo lambda watch stopped"
        assert time.monotonic() < deadline, "cargo lambda watch does not listen"
        time.sleep(0.05)


def test_an_event_of_the_repository_is_answered(invoke):
    planned = invoke("manual.dry-run.json")
    first = invoke("schedule.json")
    second = invoke("scheduler.json")

    for run in (planned, first, second):
        assert run.returncode == 0, run.stdout + run.stderr
    plan, done, nothing = (json.loads(run.stdout) for run in (planned, first, second))
    assert plan["dryRun"] is True
    assert plan["summary"]["planned"] == done["summary"]["changed"] > 0
    assert plan["summary"]["registered"] == done["summary"]["registered"] > 0
    assert nothing["summary"]["registered"] == 0


def test_a_refused_event_is_a_function_error(invoke):
    run = invoke("invalid.dry-run-misspelt.json")

    assert run.returncode == 1
    assert "InvalidEvent" in run.stderr
    assert "dry_run" in run.stderr


# Instead of a second or two, which is enough for a person's machine, `sleep` waits
# for what it is there for: all variables written, and the port open.
PRELUDE = """
rm -f target/simulator.env
sleep() {{
  until case $1 in
    1) grep -q LOG_FORMAT target/simulator.env ;;
    2) (exec 3<>/dev/tcp/127.0.0.1/{port}) ;;
  esac; do command sleep 0.05; done
}}
"""


def test_the_lines_of_the_documentation_work_as_they_are(environment, tmp_path):
    text = (ROOT / "README.md").read_text()
    [lines] = re.findall(r"## On a laptop\n.*?```sh\n(.*?)```", text, re.DOTALL)
    assert len(lines.splitlines()) == 3
    # Except for the port, which another process may have.
    port = free_port()
    lines = lines.replace("--invoke-address 127.0.0.1", f"--invoke-address 127.0.0.1 --invoke-port {port}")
    # The answer has a file of its own: `watch` prints what the function logs to the
    # same output, and a log line can come between two parts of a long answer.
    answer = tmp_path / "answer"
    command = ["bash", "-c", PRELUDE.format(port=port) + f"{lines.rstrip()} > {answer}"]
    with started(command, environment, subprocess.DEVNULL) as shell:
        status = shell.wait(timeout=PATIENCE_SECONDS)
    assert status == 0
    assert json.loads(answer.read_text())["summary"]["changed"] > 0
