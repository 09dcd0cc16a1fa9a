"""Evaluates CloudWatch alarms on metrics that a test has at hand.

    alarm = Alarm(properties)
    alarm.rings({("EksNlbSync", "Failed"): {0: [1], 300: [1], 600: [1]}}, until=900)

Times are seconds, periods begin at multiples of their length. Knows what our
alarms use: one metric, or one metric and an expression `name / number`. Source:
CloudWatch User Guide, Using Amazon CloudWatch alarms, Configuring how alarms
treat missing data. Standard library only.
"""

import re

_STATISTICS = {"Sum": sum, "Minimum": min, "Maximum": max, "SampleCount": len}

_COMPARISONS = {
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
}


class Alarm:
    """One alarm, with the properties that CloudFormation gives it."""

    def __init__(self, properties):
        metric, self.divisor = properties, 1
        if "Metrics" in properties:
            [expression, query] = properties["Metrics"]
            assert "ReturnData" not in expression and query["ReturnData"] is False
            metric = query["MetricStat"]["Metric"] | {
                "Statistic": query["MetricStat"]["Stat"],
                "Period": query["MetricStat"]["Period"],
            }
            self.divisor = int(re.fullmatch(rf"{query['Id']} / (\d+)", expression["Expression"])[1])
        self.metric = (metric["Namespace"], metric["MetricName"])
        self.dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
        self.statistic = _STATISTICS[metric["Statistic"]]
        self.period = int(metric["Period"])
        self.evaluation_periods = int(properties["EvaluationPeriods"])
        self.datapoints = int(properties.get("DatapointsToAlarm", self.evaluation_periods))
        self.threshold = float(properties["Threshold"])
        self.breaches = _COMPARISONS[properties["ComparisonOperator"]]
        self.missing_breaches = {"breaching": True, "notBreaching": False}[properties["TreatMissingData"]]
        # CloudWatch looks at no more than a day.
        assert self.period * self.evaluation_periods <= 86400

    def rings(self, metrics, until):
        """Whether it is in alarm at `until`; `metrics` are values by metric and second."""
        samples = metrics.get(self.metric, {})
        end = until // self.period * self.period
        breaching = 0
        for n in range(1, self.evaluation_periods + 1):
            start = end - n * self.period
            values = [each for at, some in samples.items() if start <= at < start + self.period for each in some]
            if not values:
                breaching += self.missing_breaches
            else:
                breaching += self.breaches(self.statistic(values) / self.divisor, self.threshold)
        return breaching >= self.datapoints
