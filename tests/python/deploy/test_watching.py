"""The alarms and the dashboard: they ask for what the function really writes, and ring when they should."""

import json
import re

import jsonschema
import pytest
from cloudwatch import Alarm
from conftest import FULL, ROOT, TOPIC_ARN
from lambda_host import LAMBDA_ENVIRONMENT, LambdaHost, program
from logs_insights import query

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
                "view": {"enum": ["table", "timeSeries"]},
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
WELL_FORMED = jsonschema.Draft202012Validator(DASHBOARD)
RENDERING = WELL_FORMED.evolve(schema=DASHBOARD["$defs"]["rendering"])


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


def runs(variables, *events):
    """The lines that the function logs in one process, one list for each event."""
    with LambdaHost(program(), variables) as function:
        return [function.invoke(event).log for event in events]


def written(log):
    return {metric for metric, _, _ in embedded(log)}


def own(*names):
    return {(NAMESPACE, name, ("FunctionName",)) for name in names}


def codes():
    """The code of every failure, as the function names them."""
    declared = re.findall(r'^        (\w+) = "(\w+)" \{', (ROOT / "core" / "src" / "reasons" / "failure.rs").read_text(), re.MULTILINE)
    assert declared and all(variant == code for variant, code in declared)
    return {code for _, code in declared}


def test_what_is_asked_for_is_written(stack, simulator):
    for parameters in ({}, {"DryRun": "true"}):
        [log] = runs(simulator | {"DRY_RUN": parameters.get("DryRun", "false")}, {})
        one = stack("template", parameters)
        asked = {metric for metric in asked_for(one) if metric[0] == NAMESPACE}
        # Nothing is paid for that nobody looks at. LookAge is written only by a
        # run that did not reach every frontend.
        assert asked - own("LookAge") == written(log)
        assert '"LookAge"' in (ROOT / "src" / "metrics.rs").read_text()


def test_four_metrics_and_one_more_in_a_dry_run(simulator):
    [log] = runs(simulator, {})
    assert written(log) == own("LoadBalancers", "Failed", "UnhealthyAge", "WithheldAge")
    [log] = runs(simulator | {"DRY_RUN": "true"}, {})
    assert written(log) == own("LoadBalancers", "Failed", "UnhealthyAge", "WithheldAge", "Planned")


def test_a_metric_line_is_told_apart_by_the_name_of_its_function(simulator):
    [log] = runs(simulator, {})
    [line] = [line for line in log if isinstance(line, dict) and "_aws" in line]
    assert line["FunctionName"] == LAMBDA_ENVIRONMENT["AWS_LAMBDA_FUNCTION_NAME"]


@pytest.mark.parametrize("event", [{"dryRun": True}, {"clusters": ["payments"]}, {"clusters": ["nobody"]}])
def test_a_run_limited_by_its_event_writes_no_metric(event, simulator):
    [log] = runs(simulator, event)
    assert written(log) == set()


def test_aws_writes_the_rest(stack):
    asked = set(asked_for(stack("template"))) | set(asked_for_by_fleet(stack))
    assert {metric for metric in asked if metric[0] != NAMESPACE} == OF_AWS


def test_ages_are_seconds_as_the_alarms_take_them(simulator):
    [log] = runs(simulator, {})
    units = {name: unit for (_, name, _), unit, _ in embedded(log)}
    assert (units["UnhealthyAge"], units["WithheldAge"]) == ("Seconds", "Seconds")


def asked_for_by_fleet(stack):
    for alarm in stack("fleet").of_type("AWS::CloudWatch::Alarm").values():
        yield alarm["Namespace"], alarm["MetricName"], tuple(each["Name"] for each in alarm["Dimensions"])


def test_another_namespace_is_followed_everywhere(stack, simulator):
    one = stack("template", {"MetricsNamespace": "Platform/Sync"})
    namespaces = {namespace for namespace, _, _ in asked_for(one)}
    assert namespaces == {"Platform/Sync", "AWS/Lambda", "AWS/Logs"}
    [log] = runs(simulator | {"METRICS_NAMESPACE": "Platform/Sync"}, {})
    assert {namespace for namespace, _, _ in written(log)} == {"Platform/Sync"}


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        FULL["template"],
        {"SyncPolicy": "add-only"},
        {"DryRun": "true"},
        {"MinLoadBalancers": "0"},
        {"Architecture": "x86_64"},
    ],
)
def test_the_dashboard_is_well_formed(parameters, stack):
    body = dashboard(stack("template", parameters))
    WELL_FORMED.validate(body)
    for widget in body["widgets"]:
        if widget["type"] == "metric":
            ids = set()
            for names, look in spelt_out(widget["properties"]["metrics"]):
                RENDERING.validate(look)
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
    for parameters in ({}, {"SyncPolicy": "add-only"}, {"DryRun": "true"}, {"MinLoadBalancers": "0"}):
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


MINUTE = 60


def ringing(stack, minutes, parameters=None, silent=()):
    """The alarms that ring at the end of `minutes`, each the metrics of one run.

    Minutes in `silent` have no run, and nothing else is written in them.
    """
    metrics = {}
    for minute, run in enumerate(minutes):
        for name, value in run.items():
            namespace = "AWS/Lambda" if name == "Errors" else NAMESPACE
            samples = metrics.setdefault((namespace, name), {}).setdefault(minute * MINUTE, [])
            samples += value if isinstance(value, list) else [value]
    made = alarms(stack, **(parameters or {}))
    until = len(minutes) * MINUTE
    return {name for name, alarm in made.items() if Alarm(alarm).rings(metrics, until)}


def run(**values):
    """The metrics of a run in which all is well, but for `values`."""
    errors = values.get("Failed", 0) > 0 if not isinstance(values.get("Failed"), list) else True
    return {"LoadBalancers": 3, "Failed": 0, "UnhealthyAge": 0, "WithheldAge": 0, "Errors": int(errors)} | values


GOOD = run()
# One cluster that waits for a person: not in Failed, but Lambda counts the run.
MISTAGGED = run(Errors=1)
DAY = 24 * 60


@pytest.mark.parametrize(
    ("what", "minutes", "parameters", "expected"),
    [
        ("all is well", [GOOD] * 60, {}, set()),
        ("one bad run", [GOOD] * 29 + [run(Failed=1)], {}, set()),
        ("two bad runs in ten minutes", [GOOD] * 20 + [run(Failed=2)] * 2 + [GOOD] * 8, {}, set()),
        ("a frontend fails for good", [GOOD] * 30 + [run(Failed=1)] * 15, {}, {"FailedAlarm", "ErrorsAlarm"}),
        ("a mistaken tag is a ticket", [MISTAGGED] * 60, {}, {"ErrorsAlarm"}),
        (
            "and what comes on top of it is a page",
            [MISTAGGED] * 60 + [run(Failed=1)] * 15,
            {},
            {"FailedAlarm", "ErrorsAlarm"},
        ),
        ("a known failure", [run(Failed=1)] * 60, {"ToleratedFailures": 1}, {"ErrorsAlarm"}),
        (
            "and another one",
            [run(Failed=1)] * 60 + [run(Failed=2)] * 15,
            {"ToleratedFailures": 1},
            {"FailedAlarm", "ErrorsAlarm"},
        ),
        ("no run", [GOOD] * 30 + [{}] * 15, {}, {"NoRunAlarm"}),
        ("no run for a while", [GOOD] * 30 + [{}] * 14, {}, set()),
        ("no load balancer can be listed", [GOOD] * 30 + [{"Errors": 1}] * 15, {}, {"NoRunAlarm", "ErrorsAlarm"}),
        # Runs limited by their event write Lambda's metrics only.
        ("somebody tries by hand", [GOOD] * 30 + [{"Errors": 0}] * 15, {}, {"NoRunAlarm"}),
        ("a load balancer loses its tag", [GOOD] * 30 + [run(LoadBalancers=2)] * 15, {"MinLoadBalancers": 3}, {"LoadBalancersAlarm"}),
        ("the last one loses its tag", [GOOD] * 30 + [run(LoadBalancers=0)] * 15, {}, {"LoadBalancersAlarm"}),
        ("it has it again", [run(LoadBalancers=2)] * 30 + [GOOD] * 5, {"MinLoadBalancers": 3}, set()),
        ("nobody counts", [run(LoadBalancers=0)] * 60, {"MinLoadBalancers": 0}, set()),
        ("a cluster is cut off", [run(UnhealthyAge=60 * n) for n in range(15)], {}, {"UnhealthyAlarm"}),
        ("a new load balancer", [run(UnhealthyAge=60 * n) for n in range(5)] + [GOOD] * 10, {}, set()),
        (
            "another process, which has just seen it",
            [run(UnhealthyAge=60 * n) for n in range(20)] + [run(UnhealthyAge=60 * n) for n in range(10)],
            {},
            {"UnhealthyAlarm"},
        ),
        (
            "healthy accounts hide no other",
            [run(UnhealthyAge=[0, 60 * n, 0], LoadBalancers=[3, 3, 3], Failed=[0, 0, 0], Errors=[0, 0, 0]) for n in range(15)],
            {},
            {"UnhealthyAlarm"},
        ),
        (
            "nor do runs that succeed",
            [run(Failed=[0, 0, 1]) for _ in range(15)],
            {},
            {"FailedAlarm", "ErrorsAlarm"},
        ),
        ("a stale target stays", [run(WithheldAge=60 * n) for n in range(65)], {}, {"WithheldAlarm"}),
        ("an hour has not passed", [run(WithheldAge=60 * n) for n in range(60)], {}, set()),
        ("it stays on purpose", [run(WithheldAge=0)] * 90, {"SyncPolicy": "add-only"}, set()),
        ("the fleet invokes", [GOOD] * 30 + [{}] * 15, {"ScheduleState": "DISABLED"}, {"NoRunAlarm"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_rings(what, minutes, parameters, expected, stack):
    assert ringing(stack, minutes, parameters) == expected


def test_a_dry_run_is_quiet_for_a_day_and_then_rings(stack):
    dry = {"DryRun": "true"}
    # Nothing is registered, so nothing is healthy; and somebody is trying it out.
    plans = run(Planned=2, UnhealthyAge=86400, WithheldAge=86400, Failed=1)
    assert ringing(stack, [plans] * (DAY - 60), dry) == set()
    assert ringing(stack, [plans] * DAY, dry) == {"PlannedAlarm", "ErrorsAlarm"}
    assert ringing(stack, [plans] * 60 + [run(Planned=0)] * DAY, dry) == set()
    # But one that does not run at all does not wait.
    assert ringing(stack, [plans] * 30 + [{}] * 15, dry) == {"NoRunAlarm"}


def test_the_alarms_are_at_most_six_and_there_with_every_schedule(stack):
    names = {"NoRunAlarm", "FailedAlarm", "ErrorsAlarm", "UnhealthyAlarm", "WithheldAlarm", "LoadBalancersAlarm"}
    assert set(alarms(stack)) == set(alarms(stack, ScheduleState="DISABLED")) == names
    assert set(alarms(stack, DryRun="true")) == {"NoRunAlarm", "ErrorsAlarm", "PlannedAlarm"}
    assert set(alarms(stack, SyncPolicy="add-only")) == names - {"WithheldAlarm"}
    [fleet] = stack("fleet").of_type("AWS::CloudWatch::Alarm").values()
    assert fleet["TreatMissingData"] == "breaching"


def test_the_minutes_of_an_alarm_are_its_parameter(stack):
    made = alarms(stack, NoRunMinutes=20, UnhealthyMinutes=7, WithheldMinutes=45)
    no_run = made["NoRunAlarm"]
    assert (no_run["Period"], no_run["EvaluationPeriods"], no_run["DatapointsToAlarm"]) == (60, "20", "20")
    assert (made["UnhealthyAlarm"]["Threshold"], made["WithheldAlarm"]["Threshold"]) == ("7", "45")


def test_every_alarm_is_about_this_stack(stack):
    one = stack("template")
    function = one.resolve({"Ref": "Function"})
    for alarm in one.of_type("AWS::CloudWatch::Alarm").values():
        assert Alarm(alarm).dimensions == {"FunctionName": function}


MADE_TOPIC = "arn:aws:sns:eu-west-1:111122223333:stack-AlarmTopic-1ABC"
TICKETS_ARN = "arn:aws:sns:eu-west-1:111122223333:tickets"


@pytest.mark.parametrize(
    ("parameters", "page", "ticket"),
    [
        ({}, [], []),
        ({"AlarmTopicArn": TOPIC_ARN}, [TOPIC_ARN], [TOPIC_ARN]),
        ({"CreateAlarmTopic": "true"}, [MADE_TOPIC], [MADE_TOPIC]),
        ({"TicketTopicArn": TICKETS_ARN}, [], [TICKETS_ARN]),
        ({"AlarmTopicArn": TOPIC_ARN, "TicketTopicArn": TICKETS_ARN}, [TOPIC_ARN], [TICKETS_ARN]),
    ],
)
def test_alarms_go_to_their_topic(parameters, page, ticket, stack):
    for name, alarm in (alarms(stack, **parameters) | alarms(stack, DryRun="true", **parameters)).items():
        is_ticket = alarm["AlarmDescription"].startswith("eks-nlb-sync, ticket:")
        assert is_ticket == (name in {"ErrorsAlarm", "WithheldAlarm", "PlannedAlarm"})
        assert alarm["AlarmActions"] == alarm["OKActions"] == (ticket if is_ticket else page), name


@pytest.mark.parametrize(
    ("parameters", "topic"),
    [({}, []), ({"AlarmTopicArn": TOPIC_ARN}, [TOPIC_ARN]), ({"CreateAlarmTopic": "true"}, [MADE_TOPIC])],
)
def test_the_alarm_of_a_fleet_goes_to_its_topic(parameters, topic, stack):
    [alarm] = stack("fleet", parameters).of_type("AWS::CloudWatch::Alarm").values()
    assert alarm["AlarmActions"] == alarm["OKActions"] == topic


def test_every_alarm_leads_to_dashboard_query_and_chapter(stack):
    one = stack("template", {"RunbookUrl": "https://runbooks.example/eks-nlb-sync.md"})
    of_a_url, by_name = one.of_type("AWS::CloudWatch::Alarm"), alarms(stack) | alarms(stack, DryRun="true")
    for page, (name, alarm) in [
        *(("https://runbooks.example/eks-nlb-sync.md", each) for each in of_a_url.items()),
        *(("docs/operations.md", each) for each in by_name.items()),
    ]:
        text = alarm["AlarmDescription"]
        assert len(text) <= 1024
        assert text.rstrip().endswith(f"\nRead: {page}#{name.lower()}"), text
        assert "Dashboard: eks-nlb-sync-eu-west-1\n" in text
        [saved] = re.findall(r"Logs Insights query (\S+) on (\S+): (.*)", text)
        assert saved in saved_queries(one), name
    undrawn = stack("template", {"CreateDashboard": "false"}).of_type("AWS::CloudWatch::Alarm")
    assert all("Dashboard: none\n" in alarm["AlarmDescription"] for alarm in undrawn.values())


def saved_queries(one):
    """The queries that Logs Insights lists: name, log group, text."""
    for definition in one.of_type("AWS::Logs::QueryDefinition").values():
        [group] = definition["LogGroupNames"]
        yield definition["Name"], group, definition["QueryString"]


def test_every_query_is_one(stack):
    one = stack("template")
    asked = [text for _, _, text in saved_queries(one)]
    asked += [widget["properties"]["query"] for widget in dashboard(one)["widgets"] if widget["type"] == "log"]
    assert len(asked) >= 10
    for text in asked:
        assert query(text, []) == [], text


def test_detailed_metrics_are_numbers_of_the_report(stack, simulator):
    assert stack("template").of_type("AWS::Logs::MetricFilter") == {}
    filters = stack("template", {"DetailedMetrics": "true"}).of_type("AWS::Logs::MetricFilter").values()
    [log] = runs(simulator, {})
    [report] = [line for line in log if isinstance(line, dict) and line.get("message") == "report"]
    taken = set()
    for each in filters:
        assert each["FilterPattern"] == '{ $.message = "report" && $.dryRun IS FALSE }'
        assert report["dryRun"] is False
        [metric] = each["MetricTransformations"]
        assert metric["MetricNamespace"] == f"{NAMESPACE}/eks-nlb-sync"
        name = metric["MetricValue"].removeprefix("$.summary.")
        assert isinstance(report["summary"][name], int)
        taken.add(name)
    # LoadBalancers and Failed are metrics already.
    assert taken == set(report["summary"]) - {"loadBalancers", "frontends", "planned"}
