"""The Lambda Runtime API, as much of it as one function needs to run here."""

import http.server
import json
import queue
import subprocess
import threading
import uuid

NEXT = "/2018-06-01/runtime/invocation/next"
SECONDS_PER_INVOCATION = 60


class Function:
    """A function's binary, run as Lambda runs it: `with Function(binary, environment) as function`."""

    def __init__(self, binary, environment):
        self._binary, self._environment = binary, environment
        self._events, self._answers = queue.Queue(), queue.Queue()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        environment = {
            **self._environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "eks-nlb-sync",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/eks-nlb-sync",
            "AWS_LAMBDA_LOG_STREAM_NAME": "test",
        }
        self._process = subprocess.Popen([self._binary], env=environment)
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._server.shutdown()
        self._server.server_close()

    def invoke(self, event):
        """The function's answer, whether a result or an error, and which of the two."""
        self._events.put(event)
        for _ in range(SECONDS_PER_INVOCATION):
            try:
                return self._answers.get(timeout=1)
            except queue.Empty:
                assert self._process.poll() is None, "the function ended without an answer; its log says why"
        raise TimeoutError(f"no answer in {SECONDS_PER_INVOCATION} s")

    def _handler(function):
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                assert self.path == NEXT, self.path
                body = json.dumps(function._events.get()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid.uuid4()))
                self.send_header("Lambda-Runtime-Deadline-Ms", "600000")  # long past: none given
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-west-1:111122223333:function:eks-nlb-sync")
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                answer = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "null")
                function._answers.put((self.path.rsplit("/", 1)[1], answer))
                self.send_response(202)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        return Handler
