"""Runs the function's binary as Lambda does, with the simulator's Runtime API.

    with LambdaHost(program(), {"AWS_ENDPOINT_URL": emulator}) as function:
        answer = function.invoke({"dryRun": True})
        assert answer.ok and answer.payload["summary"]["failed"] == 0

What the variables leave out is the simulator's: an empty account.
"""

import concurrent.futures
import json
import os
import subprocess
import tempfile
import threading
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from simulated import Simulated

INVOKE = "http://{}/2015-03-31/functions/eks-nlb-sync/invocations?seconds={}"


def program():
    """The function's program: EKS_NLB_SYNC_PROGRAM, else what cargo build makes."""
    built = Path(__file__).parents[3] / "target" / "debug" / "eks-nlb-sync"
    path = Path(os.environ.get("EKS_NLB_SYNC_PROGRAM", built))
    assert path.exists(), f"{path} is not built: make compile"
    return path


@dataclass
class Answer:
    """The result of one invocation."""

    payload: object
    """The report, or the error document where `ok` is false."""
    ok: bool
    log: list = field(default_factory=list)
    """The lines logged during the invocation, each a dict; text if not JSON."""


class LambdaHost:
    """A Lambda function of one program. Use it as a context manager."""

    def __init__(self, program, environment=None, timeout_seconds=60, emulator=()):
        self.command = [*emulator, program]
        self.environment = environment or {}
        self.timeout_seconds = timeout_seconds
        self._simulated = Simulated()
        self._one_at_a_time = threading.Lock()

    def __enter__(self):
        # A file and not a pipe: what was written before the function asked for
        # its next event is there to be read, with no thread in between.
        self._log = tempfile.NamedTemporaryFile("r", suffix=".log", encoding="utf-8")
        own = self._simulated.__enter__().variables
        self._api = own["AWS_LAMBDA_RUNTIME_API"]
        # Nothing of the tester's own AWS configuration gets in.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "RUST_LOG"))}
        environment = inherited | own | self.environment | {"AWS_LAMBDA_RUNTIME_API": self._api}
        with open(self._log.name, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(self.command, env=environment, stdout=out, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *exception):
        self.process.kill()
        self.process.wait()
        self._simulated.__exit__(*exception)
        self._log.close()

    def wait_until_ready(self):
        """Returns once the function has started, and refused an event."""
        assert self.invoke([]).payload["errorType"] == "InvalidEvent"

    def invoke(self, event):
        """Sends `event` and waits for the answer, which comes when the log is complete."""
        # Lambda sends a process one event at a time; callers may be threads.
        with self._one_at_a_time, concurrent.futures.ThreadPoolExecutor() as pool:
            earlier = self.log_lines()
            answer = pool.submit(self._post, json.dumps(event).encode())
            while not concurrent.futures.wait([answer], timeout=0.02).done:
                if self.process.poll() is not None:
                    self._simulated.__exit__()
                    raise RuntimeError(f"the function stopped with {self.process.returncode}: {earlier + self.log_lines()}")
            return Answer(*answer.result(), log=self.log_lines())

    def _post(self, body):
        url = INVOKE.format(self._api, self.timeout_seconds)
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=self.timeout_seconds + 5) as response:
            return json.load(response), "x-amz-function-error" not in response.headers

    def log_lines(self):
        """The lines logged since the last call."""
        lines = []
        for line in self._log.read().splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append(line)
        return lines
