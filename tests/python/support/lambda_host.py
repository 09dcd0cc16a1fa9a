"""Runs the function's binary as Lambda does, without Lambda.

A Lambda binary is a client: it asks the Runtime API for an event, works, posts
its answer and asks again. `LambdaHost` is that API on a port of its own and the
process that talks to it, so what a test invokes is the program that is shipped:

    with LambdaHost(program(), {"AWS_ENDPOINT_URL": simulator}) as function:
        answer = function.invoke({"dryRun": True})
        assert answer.ok and answer.payload["summary"]["failed"] == 0

Standard library only. Source: Lambda User Guide, Using the Lambda runtime API.
"""

import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

# How long stopping takes, at most.
POLL_SECONDS = 0.02

NEXT = "/2018-06-01/runtime/invocation/next"

# What Lambda sets for every function; the runtime library insists on the first
# three.
LAMBDA_ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "eks-nlb-sync",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_LOG_FORMAT": "JSON",
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
}


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


class _Invocation:
    def __init__(self, request_id, event):
        self.request_id = request_id
        self.body = json.dumps(event).encode()
        self.answered = threading.Event()
        self.answer = None


class LambdaHost:
    """A Lambda function of one program. Use it as a context manager."""

    def __init__(self, program, environment=None, timeout_seconds=60, emulator=()):
        self.command = [*emulator, program]
        self.environment = environment or {}
        self.timeout_seconds = timeout_seconds
        self.init_error = None
        self._events = queue.Queue()
        self._current = None
        self._asking = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._count = 0

    def __enter__(self):
        # A file and not a pipe: what was written before the function asked for
        # its next event is there to be read, with no thread in between.
        self._log = tempfile.NamedTemporaryFile("r", suffix=".log", encoding="utf-8")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Api", (_RuntimeApi,), {"host": self}))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        host, port = self._server.server_address
        # Nothing of the tester's own AWS configuration gets in.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "RUST_LOG"))}
        # The metadata address is a network of its own to a laptop: never ask it.
        environment = inherited | LAMBDA_ENVIRONMENT | {"AWS_EC2_METADATA_DISABLED": "true"} | self.environment
        environment["AWS_LAMBDA_RUNTIME_API"] = f"{host}:{port}"
        with open(self._log.name, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(self.command, env=environment, stdout=out, stderr=subprocess.STDOUT)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()
        self._log.close()

    def wait_until_ready(self):
        """Returns once the function asks for its first event."""
        self._wait_for(self._asking)

    def invoke(self, event):
        """Sends `event` and waits for the answer and for the log to be complete."""
        # Lambda sends a process one event at a time; callers may be threads.
        with self._one_at_a_time:
            self.wait_until_ready()
            self.log_lines()
            self._count += 1
            invocation = _Invocation(f"00000000-0000-0000-0000-{self._count:012}", event)
            self._asking.clear()
            self._events.put(invocation)
            self._wait_for(invocation.answered)
            # It has written all of its log before it asks for the next event.
            self._wait_for(self._asking)
            invocation.answer.log = self.log_lines()
            return invocation.answer

    def log_lines(self):
        """The lines logged since the last call."""
        lines = []
        for line in self._log.read().splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                lines.append(line)
        return lines

    def _wait_for(self, event):
        end = time.monotonic() + self.timeout_seconds
        while not event.wait(POLL_SECONDS):
            if self.process.poll() is not None:
                raise RuntimeError(f"the function stopped with {self.process.returncode}: {self.log_lines()}")
            if time.monotonic() > end:
                raise TimeoutError(f"no answer within {self.timeout_seconds} s: {self.log_lines()}")


class _RuntimeApi(BaseHTTPRequestHandler):
    """The Runtime API; a subclass has the `host` that it serves."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path != NEXT:
            self._send(404)
            return
        self.host._asking.set()
        invocation = self.host._events.get()
        if invocation is None:
            # The process that asked is gone.
            self.close_connection = True
            return
        self.host._current = invocation
        deadline = int((time.time() + self.host.timeout_seconds) * 1000)
        name = LAMBDA_ENVIRONMENT["AWS_LAMBDA_FUNCTION_NAME"]
        self._send(
            200,
            invocation.body,
            {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:eu-west-1:111122223333:function:{name}",
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
            },
        )

    def do_POST(self):
        payload = self._read()
        kind = self.path.rpartition("/")[2]
        self._send(202, b"{}")
        if self.path.endswith("/runtime/init/error"):
            self.host.init_error = payload
        elif kind in ("response", "error") and self.host._current is not None:
            self.host._current.answer = Answer(payload, ok=kind == "response")
            self.host._current.answered.set()

    def _read(self):
        # A runtime may stream its answer in chunks.
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        else:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        return json.loads(body) if body else None

    def _send(self, status, body=b"", headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
