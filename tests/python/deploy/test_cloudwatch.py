"""The evaluator of alarms against the examples of CloudWatch's own guide."""

import pytest
from cloudwatch import ALARM, INSUFFICIENT_DATA, OK, Alarm, fired

KEPT = "kept"


def alarm(**properties):
    return Alarm(
        {
            "Namespace": "N",
            "MetricName": "M",
            "Dimensions": [],
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 3,
            "DatapointsToAlarm": 3,
            "Threshold": 0,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "ignore",
        }
        | properties
    )


# CloudWatch User Guide, Configuring how CloudWatch alarms treat missing data: an
# evaluation range of 5 data points, the latest last; X breaches, 0 does not.
# First with 3 of 3 data points to alarm, then with 2 of 3.
TABLE = [
    (3, "0-X-X", OK, OK, OK, OK),
    (3, "----0", OK, OK, OK, OK),
    (3, "-----", INSUFFICIENT_DATA, KEPT, ALARM, OK),
    (3, "0XX-X", ALARM, ALARM, ALARM, ALARM),
    (3, "--X--", ALARM, KEPT, ALARM, OK),
    (2, "0-X-X", ALARM, ALARM, ALARM, ALARM),
    (2, "00X0X", ALARM, ALARM, ALARM, ALARM),
    (2, "0-X--", OK, OK, ALARM, OK),
    (2, "----0", OK, OK, ALARM, OK),
    (2, "---X-", ALARM, KEPT, ALARM, OK),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[1]} {row[0]} of 3")
def test_missing_data_are_treated_as_the_guide_says(row):
    of, text, *expected = row
    points = [{"X": True, "0": False, "-": None}[each] for each in reversed(text)]
    found = []
    for missing in ("missing", "ignore", "breaching", "notBreaching"):
        # Nothing else than `ignore` depends on the state before.
        states = {alarm(DatapointsToAlarm=of, TreatMissingData=missing).decided(points, before) for before in (OK, ALARM)}
        found.append(KEPT if len(states) == 2 else states.pop())
    assert found == expected


def test_windows_slide_or_are_aligned():
    one = alarm(Period=300, EvaluationPeriods=1, DatapointsToAlarm=1)
    metrics = {("N", "M"): {minute * 60: [int(minute == 7)] for minute in range(20)}}
    assert one.states(metrics, 1200) == [(60, OK), (480, ALARM), (780, OK)]
    assert one.states(metrics, 1200, aligned=True) == [(300, OK), (600, ALARM), (900, OK)]


def test_an_action_runs_when_the_state_changes():
    properties = {
        "Namespace": "N", "MetricName": "M", "Dimensions": [], "Statistic": "SampleCount", "Period": 60,
        "EvaluationPeriods": 2, "DatapointsToAlarm": 2, "Threshold": 1, "ComparisonOperator": "LessThanThreshold",
        "TreatMissingData": "missing", "AlarmActions": ["pager"], "InsufficientDataActions": ["pager"],
    }
    metrics = {("N", "M"): {minute * 60: [1] for minute in range(3, 6)}}
    assert fired({"A": properties}, metrics, 1200) == [(600, "A", INSUFFICIENT_DATA, ["pager"])]
