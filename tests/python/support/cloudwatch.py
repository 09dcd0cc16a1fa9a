"""Evaluates CloudWatch alarms on the metrics of a test.

    alarm = Alarm(properties)
    alarm.states({("EksNlbSync", "Failing"): {0: [1], 60: [1]}}, until=900)

Times are seconds. An alarm is evaluated at the end of every minute, over the
minutes before (`aligned=False`) or over periods that begin at multiples of their
length (`aligned=True`): the guide describes sliding windows, the console shows
aligned ones, and an alarm must be right in both. Knows what our alarms use: one
metric, one statistic. Standard library only.

Source: CloudWatch User Guide, *Alarm evaluation* and *Configuring how CloudWatch
alarms treat missing data* (read in November 2026):

- More data points than Evaluation Periods are retrieved, the evaluation range;
  its size is not published, and in the guide's example is 5 for 3. If the range
  holds Evaluation Periods of them, the latest decide, and missing ones do not
  count.
- Otherwise TreatMissingData decides: `breaching` and `notBreaching` fill in,
  `missing` is INSUFFICIENT_DATA where the whole range is empty, and `ignore`
  keeps the state unless what is there decides.
- A new alarm is in INSUFFICIENT_DATA, and actions run when the state changes.
"""

MINUTE = 60
OK, ALARM, INSUFFICIENT_DATA = "OK", "ALARM", "INSUFFICIENT_DATA"

# Data points that are retrieved beyond Evaluation Periods: 2 in the guide's
# example.
FURTHER = 2

_STATISTICS = {"Sum": sum, "Minimum": min, "Maximum": max, "SampleCount": len}

_COMPARISONS = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}


class Alarm:
    """One alarm, with the properties that CloudFormation gives it."""

    def __init__(self, properties):
        self.metric = (properties["Namespace"], properties["MetricName"])
        self.dimensions = {each["Name"]: each["Value"] for each in properties["Dimensions"]}
        self.statistic = _STATISTICS[properties["Statistic"]]
        self.period = int(properties["Period"])
        self.evaluation_periods = int(properties["EvaluationPeriods"])
        self.datapoints = int(properties["DatapointsToAlarm"])
        self.threshold = float(properties["Threshold"])
        self.breaches = _COMPARISONS[properties["ComparisonOperator"]]
        self.missing = properties["TreatMissingData"]
        assert self.missing in ("breaching", "notBreaching", "ignore", "missing")
        self.actions = {
            ALARM: properties.get("AlarmActions", []),
            OK: properties.get("OKActions", []),
            INSUFFICIENT_DATA: properties.get("InsufficientDataActions", []),
        }
        # CloudWatch looks at no more than a day.
        assert self.period * self.evaluation_periods <= 86400

    def states(self, metrics, until, aligned=False, begin=0):
        """Each change of the state of an alarm that is made at `begin`: second and state."""
        minutes = {}
        for at, values in metrics.get(self.metric, {}).items():
            minutes.setdefault(at // MINUTE, []).extend(values)
        state, changes = INSUFFICIENT_DATA, []
        for now in range(begin + MINUTE, until + 1, MINUTE):
            following = self._state(minutes, now, aligned, state)
            if following != state:
                changes.append((now, following))
                state = following
        return changes

    def _state(self, minutes, now, aligned, state):
        end = now // self.period * self.period if aligned else now
        points = []
        for n in range(1, self.evaluation_periods + FURTHER + 1):
            first = (end - n * self.period) // MINUTE
            covered = range(first, first + self.period // MINUTE)
            values = [value for minute in covered for value in minutes.get(minute, ())]
            points.append(self.breaches(self.statistic(values), self.threshold) if values else None)
        return self.decided(points, state)

    def decided(self, points, state):
        """The state after data points, latest first: breaching, not breaching, or None for missing."""
        there = [point for point in points if point is not None][: self.evaluation_periods]
        missing = self.evaluation_periods - len(there)
        breaching = sum(there)
        if missing and self.missing in ("breaching", "notBreaching"):
            breaching += missing * (self.missing == "breaching")
            return ALARM if breaching >= self.datapoints else OK
        if breaching >= self.datapoints:
            return ALARM
        if not missing or not all(there):
            return OK
        if self.missing == "ignore":
            return state
        if not there:
            return INSUFFICIENT_DATA
        # All that is there breaches: in alarm once the oldest is old enough.
        oldest = max(n for n, point in enumerate(points[: self.evaluation_periods]) if point is not None)
        return ALARM if oldest + 1 >= self.datapoints else state


def fired(alarms, metrics, until, aligned=False, begin=0):
    """Each notification: the second, the alarm's name, the new state, and the topics."""
    found = [
        (at, name, state, Alarm(properties).actions[state])
        for name, properties in alarms.items()
        for at, state in Alarm(properties).states(metrics, until, aligned, begin)
    ]
    return sorted(each for each in found if each[3])
