"""A simulated account: target/debug/simulator, and the variables that point AWS clients at it.

    with Simulated("--troubles") as simulated:
        ...  # simulated.variables
"""

import pathlib
import shlex
import subprocess

PROGRAM = pathlib.Path(__file__).parents[3] / "target" / "debug" / "simulator"


class Simulated:
    def __init__(self, *options):
        self._options = options

    def __enter__(self):
        assert PROGRAM.exists(), f"{PROGRAM} is not built: make compile"
        command = [PROGRAM, "--until-eof", *self._options]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.variables = {}
        # The log format is what it prints last.
        while "AWS_LAMBDA_LOG_FORMAT" not in self.variables:
            line = self._answer()
            if line.startswith("export "):
                [assignment] = shlex.split(line.removeprefix("export "))
                name, _, value = assignment.partition("=")
                self.variables[name] = value
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def resolve(self, name, *addresses):
        """Makes its resolver answer for `name`; it knows no other."""
        print(name, *addresses, file=self._process.stdin, flush=True)
        self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        assert line, "the simulator stopped"
        return line
