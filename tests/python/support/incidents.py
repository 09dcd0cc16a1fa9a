"""The incidents of simulator/src/bin/incidents, as CloudWatch has them: metrics by minute, log lines with their times.

The binary is driven minute by minute in simulated time, with libfaketime as its
clock. What it logged is played once and shared by all tests.
"""

import datetime
import functools
import json
import pathlib
import subprocess

from watching import NAMESPACE, embedded

ROOT = pathlib.Path(__file__).parents[3]
DAY = datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC)
MINUTE = 60

# CloudWatch Logs gets them from Lambda, and not from the function: Lambda User
# Guide, Lambda telemetry API, Event schema, platform.report. They have no level.
CRASH = {"type": "platform.report", "record": {"status": "error", "errorType": "Runtime.ExitError"}}
KILLED = {"type": "platform.report", "record": {"status": "timeout"}}


def libfaketime():
    pattern = "target/venv/pictures/lib/python3*/site-packages/libfaketime/vendor/libfaketime/src/libfaketime.so.1"
    [path] = ROOT.glob(pattern) or [None]
    assert path, "make target/venv/pictures/.ready"
    return path


class Incident:
    """What one function wrote in an incident."""

    def __init__(self, minutes, log):
        self.minutes, self.lines, self.metrics = minutes, [], {}
        for line in log:
            at = _seconds(line)
            self.lines.append(line | {"@timestamp": at})
            for (namespace, name, _), _, value in embedded([line]):
                self.metrics.setdefault((namespace, name), {}).setdefault(at, []).append(value)

    @property
    def until(self):
        return self.minutes * MINUTE

    def values(self, name):
        """Every value of a metric, by minute."""
        found = self.metrics.get((NAMESPACE, name), {})
        return {at // MINUTE: values for at, values in sorted(found.items())}


def _seconds(line):
    if "_aws" in line:
        return line["_aws"]["Timestamp"] // 1000 - int(DAY.timestamp())
    time = datetime.datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00"))
    return int((time - DAY).total_seconds())


@functools.cache
def incidents():
    """Every incident by its name."""
    program = ROOT / "target" / "debug" / "incidents"
    assert program.exists(), f"{program} is not built: make compile"
    run = subprocess.run([program, libfaketime()], check=True, capture_output=True, text=True)
    documents = map(json.loads, run.stdout.splitlines())
    return {each["incident"]: Incident(each["minutes"], each["log"]) for each in documents}
