"""A day that simulator/src/bin/incidents/day.rs played, as CloudWatch has it."""

import datetime
import json

from watching import embedded

DAY, HOUR, MINUTE = 86_400, 3_600, 60
CALL_MS = 20


class Day:
    """The day as CloudWatch has it: metrics by name, log lines with their times."""

    def __init__(self, recorded):
        self.lines = []
        self.metrics = {}
        for line in recorded["log"]:
            at = self._time(line)
            self.lines.append(line | {"@timestamp": at})
            for (namespace, name, _), _, value in embedded([line]):
                self._note(namespace, name, at, value)
            self._note("AWS/Logs", "IncomingBytes", at, len(json.dumps(line, separators=(",", ":"))))
        for run in recorded["runs"]:
            at = run["minute"] * MINUTE
            self._note("AWS/Lambda", "Invocations", at, 1)
            self._note("AWS/Lambda", "Errors", at, int(not run["ok"]))
            self._note("AWS/Lambda", "Throttles", at, 0)
            self._note("AWS/Lambda", "Duration", at, run["calls"] * CALL_MS)

    def _time(self, line):
        if "_aws" in line:
            return line["_aws"]["Timestamp"] // 1000 % DAY
        time = datetime.datetime.fromisoformat(line["timestamp"].replace("Z", "+00:00"))
        return (time.hour * 60 + time.minute) * MINUTE + time.second

    def _note(self, namespace, name, at, value):
        self.metrics.setdefault((namespace, name), {}).setdefault(at, []).append(value)

    def series(self, namespace, name, statistic, period):
        """Time and value of each period that has one."""
        found = {}
        for at, values in self.metrics.get((namespace, name), {}).items():
            found.setdefault(at // period * period, []).extend(values)
        return [(at, statistic_of(statistic, values)) for at, values in sorted(found.items())]


def statistic_of(name, values):
    if name == "p50":
        return sorted(values)[len(values) // 2]
    return {"Sum": sum, "Minimum": min, "Maximum": max}[name](values)
