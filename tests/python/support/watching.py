"""Reads the template and the function's log for the tests of alarms, queries and dashboard."""

import json
import pathlib
import re

from lambda_host import LambdaHost, program

ROOT = pathlib.Path(__file__).parents[3]
NAMESPACE = "EksNlbSync"


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
        yield alarm["Namespace"], alarm["MetricName"], tuple(each["Name"] for each in alarm["Dimensions"])


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


FAILURES = ROOT / "core" / "src" / "reasons" / "failure.rs"


def codes():
    """The code of every failure, as the function names them."""
    return set(re.findall(r'^        (\w+) = "\1" \{$', FAILURES.read_text(), re.MULTILINE))


def alarms(stack, **parameters):
    return stack("template", parameters).of_type("AWS::CloudWatch::Alarm")


def all_alarms(stack, **parameters):
    """Those of a stack that writes, and those of one in dry run."""
    return alarms(stack, **parameters) | alarms(stack, DryRun="true", **parameters)


def saved_queries(one):
    """The queries that Logs Insights lists: name, log group, text."""
    for definition in one.of_type("AWS::Logs::QueryDefinition").values():
        [group] = definition["LogGroupNames"]
        yield definition["Name"], group, definition["QueryString"]
