"""The metrics: alarms and dashboard ask for what the function really writes, and no metric is paid for that nothing uses."""

import pytest
from watching import NAMESPACE, asked_for, embedded, own, runs, written

# Metrics of AWS's own that are used here, with their dimensions.
OF_AWS = {
    ("AWS/Lambda", "Duration", ("FunctionName",)),
    ("AWS/Lambda", "Errors", ("FunctionName",)),
    ("AWS/Lambda", "Invocations", ("FunctionName",)),
    ("AWS/Lambda", "Throttles", ("FunctionName",)),
    ("AWS/Logs", "IncomingBytes", ("LogGroupName",)),
    ("AWS/States", "ExecutionsSucceeded", ("StateMachineArn",)),
}

ALWAYS = ("Attention", "Failing", "LoadBalancers", "Unserved")


def test_what_is_asked_for_is_written(stack, simulator):
    for dry_run in ("false", "true"):
        [log] = runs(simulator | {"DRY_RUN": dry_run}, {})
        asked = {metric for metric in asked_for(stack("template", {"DryRun": dry_run})) if metric[0] == NAMESPACE}
        assert asked == written(log)


def test_four_metrics_and_one_more_in_a_dry_run(simulator):
    [log] = runs(simulator, {})
    assert written(log) == own(*ALWAYS)
    [log] = runs(simulator | {"DRY_RUN": "true"}, {})
    assert written(log) == own(*ALWAYS, "Planned")


def test_every_metric_is_a_count(simulator):
    [log] = runs(simulator, {})
    assert {unit for _, unit, _ in embedded(log)} == {"Count"}


def test_a_metric_line_is_told_apart_by_the_name_of_its_function(simulator):
    [log] = runs(simulator, {})
    [line] = [line for line in log if isinstance(line, dict) and "_aws" in line]
    assert line["FunctionName"] == simulator["AWS_LAMBDA_FUNCTION_NAME"]


@pytest.mark.parametrize("event", [{"dryRun": True}, {"clusters": ["payments"]}, {"clusters": ["nobody"]}])
def test_a_run_limited_by_its_event_writes_no_metric(event, simulator):
    [log] = runs(simulator, event)
    assert written(log) == set()


def test_aws_writes_the_rest(stack):
    asked = set(asked_for(stack("template"))) | set(asked_for_by_fleet(stack))
    assert {metric for metric in asked if metric[0] != NAMESPACE} == OF_AWS


def asked_for_by_fleet(stack):
    for alarm in stack("fleet").of_type("AWS::CloudWatch::Alarm").values():
        yield alarm["Namespace"], alarm["MetricName"], tuple(each["Name"] for each in alarm["Dimensions"])


def test_another_namespace_is_followed_everywhere(stack, simulator):
    one = stack("template", {"MetricsNamespace": "Platform/Sync"})
    namespaces = {namespace for namespace, _, _ in asked_for(one)}
    assert namespaces == {"Platform/Sync", "AWS/Lambda", "AWS/Logs"}
    [log] = runs(simulator | {"METRICS_NAMESPACE": "Platform/Sync"}, {})
    assert {namespace for namespace, _, _ in written(log)} == {"Platform/Sync"}


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

