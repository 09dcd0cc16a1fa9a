"""The function on a laptop: cargo-lambda's emulator, events of the repository, the simulator."""

import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest
from conftest import ROOT, VENV

ENVIRONMENT = {"PATH": f"{VENV / 'cargo-lambda/bin'}:{os.environ['PATH']}"}

# It may have to compile the function first.
START_SECONDS = 600


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end(process):
    """Ends a process and those that it started."""
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=30)


@pytest.fixture
def invoke(simulator, tmp_path):
    """`cargo lambda watch` beside the simulator; the answer is `cargo lambda invoke`."""
    port = free_port()
    # Loopback, because the default is every interface.
    address = ["--invoke-address", "127.0.0.1", "--invoke-port", str(port)]
    environment = os.environ | simulator | ENVIRONMENT
    with open(tmp_path / "watch.log", "w") as log:
        command = ["cargo", "lambda", "watch", *address, "--ignore-changes"]
        watch = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )

    def invoke(event):
        command = ["cargo", "lambda", "invoke", "eks-nlb-sync", *address, "--data-file", ROOT / "events" / event]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=START_SECONDS)

    try:
        await_port(watch, port)
        yield invoke
    finally:
        end(watch)


def await_port(process, port):
    deadline = time.monotonic() + START_SECONDS
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
# And what runs behind the lines ends with them.
EPILOGUE = "status=$?; kill $(jobs -p); wait; exit $status"


def test_the_lines_of_the_documentation_work_as_they_are(tmp_path):
    text = (ROOT / "README.md").read_text()
    [lines] = re.findall(r"## On a laptop\n.*?```sh\n(.*?)```", text, re.DOTALL)
    assert len(lines.splitlines()) == 3
    # But for the port, which somebody else may have.
    port = free_port()
    lines = lines.replace("--invoke-address 127.0.0.1", f"--invoke-address 127.0.0.1 --invoke-port {port}")
    with open(tmp_path / "answer", "w+") as answer:
        shell = subprocess.Popen(
            ["bash", "-c", PRELUDE.format(port=port) + lines + EPILOGUE],
            cwd=ROOT,
            env=os.environ | ENVIRONMENT,
            stdout=answer,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            status = shell.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            end(shell)
            raise
        answer.seek(0)
        # What `watch` prints of the function goes there, too.
        answers = [line for line in answer if line.startswith('{"dryRun"')]
    assert status == 0
    assert json.loads(answers[0])["summary"]["changed"] > 0
