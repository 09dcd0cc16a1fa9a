"""The alarms and the dashboard ask for metrics that the function really writes."""

import json
import re

import jsonschema
import pytest
from conftest import FULL, ROOT, TOPIC_ARN
from lambda_host import LambdaHost, program

NAMESPACE = "EksNlbSync"

# Metrics of AWS's own that are used here, with their dimensions.
OF_AWS = {
    ("AWS/Lambda", "Duration", ("FunctionName",)),
    ("AWS/Lambda", "Errors", ("FunctionName",)),
    ("AWS/Lambda", "Invocations", ("FunctionName",)),
    ("AWS/Lambda", "Throttles", ("FunctionName",)),
    ("AWS/Logs", "IncomingBytes", ("LogGroupName",)),
    ("AWS/States", "ExecutionsSucceeded", ("StateMachineArn",)),
}

# CloudWatch API Reference, Dashboard body structure and syntax: the part of it
# that is used here, so that a misspelt property is found.
DASHBOARD = {
    "type": "object",
    "required": ["widgets"],
    "additionalProperties": False,
    "properties": {"widgets": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/widget"}}},
    "$defs": {
        "widget": {
            "type": "object",
            "required": ["type", "x", "y", "width", "height", "properties"],
            "additionalProperties": False,
            "properties": {
                "type": {"enum": ["metric", "text", "log", "alarm"]},
                "x": {"type": "integer", "minimum": 0, "maximum": 23},
                "y": {"type": "integer", "minimum": 0},
                "width": {"type": "integer", "minimum": 1, "maximum": 24},
                "height": {"type": "integer", "minimum": 1, "maximum": 1000},
                "properties": {"type": "object"},
            },
            "allOf": [
                {
                    "if": {"properties": {"type": {"const": kind}}},
                    "then": {"properties": {"properties": {"$ref": f"#/$defs/{kind}"}}},
                }
                for kind in ("metric", "text", "log", "alarm")
            ],
        },
        "metric": {
            "required": ["title", "region", "view", "metrics"],
            "additionalProperties": False,
            "properties": {
                "title": {"type": "string"},
                "region": {"type": "string"},
                "view": {"enum": ["timeSeries", "singleValue"]},
                "stacked": {"type": "boolean"},
                "stat": {"enum": ["Minimum", "Maximum", "Sum", "Average"]},
                "period": {"type": "integer", "minimum": 60},
                "setPeriodToTimeRange": {"type": "boolean"},
                "metrics": {"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1}},
                "yAxis": {
                    "additionalProperties": False,
                    "properties": {"left": {"$ref": "#/$defs/axis"}, "right": {"$ref": "#/$defs/axis"}},
                },
                "annotations": {
                    "additionalProperties": False,
                    "properties": {
                        "horizontal": {
                            "type": "array",
                            "items": {
                                "required": ["value"],
                                "additionalProperties": False,
                                "properties": {
                                    "label": {"type": "string"},
                                    "value": {"type": "number"},
                                    "yAxis": {"enum": ["left", "right"]},
                                },
                            },
                        }
                    },
                },
            },
        },
        "axis": {
            "additionalProperties": False,
            "properties": {"min": {"type": "number"}, "label": {"type": "string"}, "showUnits": {"type": "boolean"}},
        },
        "rendering": {
            "additionalProperties": False,
            "properties": {
                "color": {"pattern": "^#[0-9a-f]{6}$"},
                "expression": {"type": "string"},
                "id": {"pattern": "^[a-z][A-Za-z0-9_]*$"},
                "label": {"type": "string"},
                "stat": {"pattern": "^(Minimum|Maximum|Sum|Average|p[0-9]{1,2})$"},
                "visible": {"type": "boolean"},
                "yAxis": {"enum": ["left", "right"]},
            },
        },
        "text": {
            "required": ["markdown"],
            "additionalProperties": False,
            "properties": {"markdown": {"type": "string", "minLength": 1}},
        },
        "log": {
            "required": ["title", "region", "query", "view"],
            "additionalProperties": False,
            "properties": {
                "title": {"type": "string"},
                "region": {"type": "string"},
                "view": {"const": "table"},
                "query": {"pattern": "^SOURCE '[^']+' \\| "},
            },
        },
        "alarm": {
            "required": ["title", "alarms"],
            "additionalProperties": False,
            "properties": {
                "title": {"type": "string"},
                "alarms": {"type": "array", "minItems": 1, "items": {"pattern": "^arn:[^:]+:cloudwatch:"}},
            },
        },
    },
}


def dashboard(one):
    [properties] = one.of_type("AWS::CloudWatch::Dashboard").values()
    return json.loads(properties["DashboardBody"])


def spelt_out(metrics):
    """The rows of a widget without their abbreviations `.` and `...`."""
    before = []
    for row in metrics:
        rendering = row[-1] if isinstance(row[-1], dict) else {}
        names = [each for each in row if isinstance(each, str)]
        if names == ["..."]:
            names = before
        names = [before[n] if each == "." else each for n, each in enumerate(names)]
        if names:
            before = names
        yield names, rendering


def asked_for(one):
    """Every metric that alarms and dashboard ask for: namespace, name, dimensions."""
    for widget in dashboard(one)["widgets"]:
        if widget["type"] != "metric":
            continue
        for names, _ in spelt_out(widget["properties"]["metrics"]):
            if names:
                yield names[0], names[1], tuple(names[2::2])
    for alarm in one.of_type("AWS::CloudWatch::Alarm").values():
        for metric in [
            alarm,
            *(each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each),
        ]:
            if "MetricName" in metric:
                dimensions = tuple(each["Name"] for each in metric["Dimensions"])
                yield metric["Namespace"], metric["MetricName"], dimensions


def embedded(log):
    """The metrics of a run's log lines: namespace, name, dimensions, unit, value."""
    for document in log:
        if not isinstance(document, dict) or "_aws" not in document:
            continue
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for dimensions in directive["Dimensions"]:
                for metric in directive["Metrics"]:
                    yield (
                        (directive["Namespace"], metric["Name"], tuple(dimensions)),
                        metric.get("Unit"),
                        document[metric["Name"]],
                    )


def runs(variables):
    """The metrics of a run that withholds a target and of one that fails."""
    with LambdaHost(program(), variables) as function:
        first, second = function.invoke({}), function.invoke({"clusters": ["nobody"]})
    assert first.ok
    assert not second.ok
    return list(embedded(first.log)), list(embedded(second.log))


def codes():
    """The code of every failure, as the function names them."""
    return set(re.findall(r'=> "([A-Z]\w+)"', (ROOT / "src" / "error.rs").read_text()))


def failures():
    return {(NAMESPACE, f"Failed{code}", ("Region",)) for code in codes()}


def test_what_is_asked_for_is_written(stack, simulator):
    first, second = runs(simulator)
    written = {metric for metric, _, _ in [*first, *second]}
    wanted = set(asked_for(stack("template", FULL["template"]))) | set(asked_for_by_fleet(stack))
    # One failure stands for all: its name is made of the code.
    assert (NAMESPACE, "FailedClusterNotSelected", ("Region",)) in written
    assert {metric for metric in wanted if metric[0] == NAMESPACE} == written | failures()
    assert {metric for metric in wanted if metric[0] != NAMESPACE} == OF_AWS


def test_the_dashboard_counts_the_metrics_right(stack, simulator):
    first, _ = runs(simulator)
    texts = [w["properties"]["markdown"] for w in dashboard(stack("template"))["widgets"] if w["type"] == "text"]
    assert f"({len(first)}, and one per failing code)" in texts[0]


def test_units_are_those_of_the_alarm_and_the_time_out_line(simulator):
    first, _ = runs(simulator)
    units = {name: unit for (_, name, _), unit, _ in first}
    assert (units["Duration"], units["OldestWithheldAge"]) == ("Milliseconds", "Seconds")


def asked_for_by_fleet(stack):
    for alarm in stack("fleet").of_type("AWS::CloudWatch::Alarm").values():
        yield alarm["Namespace"], alarm["MetricName"], tuple(each["Name"] for each in alarm["Dimensions"])


def test_another_namespace_is_followed_everywhere(stack, simulator):
    one = stack("template", {"MetricsNamespace": "Platform/Sync"})
    namespaces = {namespace for namespace, _, _ in asked_for(one)}
    assert namespaces == {"Platform/Sync", "AWS/Lambda", "AWS/Logs"}
    first, _ = runs(simulator | {"METRICS_NAMESPACE": "Platform/Sync"})
    assert {metric[0] for metric, _, _ in first} == {"Platform/Sync"}


@pytest.mark.parametrize(
    "parameters",
    [{}, FULL["template"], {"SyncPolicy": "add-only"}, {"ScheduleState": "DISABLED"}, {"Architecture": "x86_64"}],
)
def test_the_dashboard_is_well_formed(parameters, stack):
    body = dashboard(stack("template", parameters))
    jsonschema.validate(body, DASHBOARD)
    rendering = {"$ref": "#/$defs/rendering", "$defs": DASHBOARD["$defs"]}
    for widget in body["widgets"]:
        if widget["type"] == "metric":
            ids = set()
            for names, look in spelt_out(widget["properties"]["metrics"]):
                jsonschema.validate(look, rendering)
                assert names or "expression" in look
                assert len(names) % 2 == 0, names
                ids.add(look.get("id"))
            for _, look in spelt_out(widget["properties"]["metrics"]):
                expression = look.get("expression", "")
                assert set(re.findall(r"[a-z]\w*", expression)) <= ids, expression


def test_the_widgets_share_the_grid(stack):
    taken = {}
    for widget in dashboard(stack("template"))["widgets"]:
        assert widget["x"] + widget["width"] <= 24
        for x in range(widget["x"], widget["x"] + widget["width"]):
            for y in range(widget["y"], widget["y"] + widget["height"]):
                assert (x, y) not in taken, f"{widget['properties'].get('title')} lies on {taken[x, y]}"
                taken[x, y] = widget["properties"].get("title")
    assert len(taken) == 24 * (1 + max(y for _, y in taken)), "a hole"


def test_the_dashboard_shows_the_alarms_that_are_made(stack):
    for parameters in ({}, {"SyncPolicy": "add-only"}, {"ScheduleState": "DISABLED"}):
        one = stack("template", parameters)
        [shown] = [widget for widget in dashboard(one)["widgets"] if widget["type"] == "alarm"]
        made = {one.resolve({"Fn::GetAtt": [name, "Arn"]}) for name in one.of_type("AWS::CloudWatch::Alarm")}
        assert set(shown["properties"]["alarms"]) == made


def test_the_prices_follow_the_architecture(stack):
    # Lambda's list price per GB-second in us-east-1, for 128 MB.
    for architecture, price in (("arm64", "0.0000133334"), ("x86_64", "0.0000166667")):
        body = json.dumps(dashboard(stack("template", {"Architecture": architecture})))
        assert f"/ 1000 * 0.125 * {price}" in body


def alarms(stack, **parameters):
    return stack("template", parameters).of_type("AWS::CloudWatch::Alarm")


def test_silence_is_an_alarm_only_where_runs_are_due(stack):
    made = alarms(stack)
    missing = {name: alarm["TreatMissingData"] for name, alarm in made.items()}
    assert missing == {
        "ErrorsAlarm": "notBreaching",
        "NoSuccessAlarm": "breaching",
        "UnhealthyAlarm": "notBreaching",
        "WithheldAlarm": "notBreaching",
    }
    assert "NoSuccessAlarm" not in alarms(stack, ScheduleState="DISABLED")
    [fleet] = stack("fleet").of_type("AWS::CloudWatch::Alarm").values()
    assert fleet["TreatMissingData"] == "breaching"
    assert stack("fleet", {"ScheduleState": "DISABLED"}).of_type("AWS::CloudWatch::Alarm") == {}


def test_withholding_on_purpose_is_no_alarm(stack):
    assert "WithheldAlarm" not in alarms(stack, SyncPolicy="add-only")


def test_the_minutes_of_an_alarm_are_its_parameter(stack):
    made = alarms(stack, NoSuccessMinutes=20, WithheldMinutes=45)
    no_success, withheld = made["NoSuccessAlarm"], made["WithheldAlarm"]
    assert (no_success["Period"], no_success["EvaluationPeriods"], no_success["DatapointsToAlarm"]) == (60, "20", "20")
    assert (no_success["Statistic"], no_success["ComparisonOperator"], no_success["Threshold"]) == (
        "Sum",
        "LessThanThreshold",
        1,
    )
    [minutes, seconds] = withheld["Metrics"]
    assert (minutes["Expression"], seconds["Id"], withheld["Threshold"]) == ("seconds / 60", "seconds", "45")


@pytest.mark.parametrize(
    ("parameters", "topic"),
    [
        ({}, None),
        ({"AlarmTopicArn": TOPIC_ARN}, TOPIC_ARN),
        ({"CreateAlarmTopic": "true"}, "arn:aws:sns:eu-west-1:111122223333:stack-AlarmTopic-1ABC"),
    ],
)
@pytest.mark.parametrize("name", ["template", "fleet"])
def test_alarms_go_to_the_topic(name, parameters, topic, stack):
    expected = [topic] if topic else []
    for alarm in stack(name, parameters).of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == expected


def test_every_alarm_says_what_to_do(stack):
    for alarm in [*alarms(stack).values(), *stack("fleet").of_type("AWS::CloudWatch::Alarm").values()]:
        assert alarm["AlarmDescription"].startswith("eks-nlb-sync")
        assert len(alarm["AlarmDescription"]) <= 1024
