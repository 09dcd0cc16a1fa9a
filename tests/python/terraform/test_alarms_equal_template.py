"""The alarms of terraform/function are those of template.yaml."""

import json
import re
import tomllib

import pytest

from function_cases import every_case, parameter_name, variables
from harness import ROOT

VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]

pytestmark = pytest.mark.xdist_group("emulator")


def alarm_of_the_module(alarm):
    metrics = sorted(alarm["metric_query"], key=lambda query: query["id"])
    return {
        "Namespace": alarm["namespace"] or None,
        "MetricName": alarm["metric_name"] or None,
        "Dimensions": alarm["dimensions"] or {},
        "Statistic": alarm["statistic"] or None,
        "Period": alarm["period"] or None,
        "EvaluationPeriods": int(alarm["evaluation_periods"]),
        "DatapointsToAlarm": int(alarm["datapoints_to_alarm"] or 0) or None,
        "Threshold": float(alarm["threshold"]),
        "ComparisonOperator": alarm["comparison_operator"],
        "TreatMissingData": alarm["treat_missing_data"],
        "AlarmActions": sorted(alarm["alarm_actions"] or []),
        "OKActions": sorted(alarm["ok_actions"] or []),
        "InsufficientDataActions": sorted(alarm["insufficient_data_actions"] or []),
        "Metrics": [
            {
                "Id": query["id"],
                "Label": query["label"] or None,
                "Expression": query["expression"] or None,
                "ReturnData": query["return_data"],
                "MetricStat": [(stat["namespace"], stat["metric_name"], stat["dimensions"], stat["stat"], stat["period"]) for stat in query["metric"]],
            }
            for query in metrics
        ],
    }


def alarm_of_the_template(alarm):
    dimensions = lambda pairs: {pair["Name"]: pair["Value"] for pair in pairs}
    stat = lambda one: (one["Metric"]["Namespace"], one["Metric"]["MetricName"], dimensions(one["Metric"]["Dimensions"]), one["Stat"], one["Period"])
    return {
        "Namespace": alarm.get("Namespace"),
        "MetricName": alarm.get("MetricName"),
        "Dimensions": dimensions(alarm.get("Dimensions", [])),
        "Statistic": alarm.get("Statistic"),
        "Period": alarm.get("Period"),
        "EvaluationPeriods": int(alarm["EvaluationPeriods"]),
        "DatapointsToAlarm": int(alarm.get("DatapointsToAlarm", 0)) or None,
        "Threshold": float(alarm["Threshold"]),
        "ComparisonOperator": alarm["ComparisonOperator"],
        "TreatMissingData": alarm["TreatMissingData"],
        "AlarmActions": sorted(alarm["AlarmActions"]),
        "OKActions": sorted(alarm["OKActions"]),
        "InsufficientDataActions": sorted(alarm.get("InsufficientDataActions", [])),
        "Metrics": [
            {
                "Id": query["Id"],
                "Label": query.get("Label"),
                "Expression": query.get("Expression"),
                "ReturnData": query.get("ReturnData", True),
                "MetricStat": [stat(query["MetricStat"])] if "MetricStat" in query else [],
            }
            for query in sorted(alarm.get("Metrics", []), key=lambda query: query["Id"])
        ],
    }


@every_case
def test_the_alarms_are_the_same(deployed, case):
    one = deployed(case)

    module = [alarm_of_the_module(alarm) for alarm in one.all("aws_cloudwatch_metric_alarm")]
    template = [alarm_of_the_template(alarm) for alarm in one.expected("AWS::CloudWatch::Alarm").values()]

    by_metric = lambda alarm: json.dumps(alarm, sort_keys=True)
    assert sorted(module, key=by_metric) == sorted(template, key=by_metric)
    # In the texts a variable is called what it is called where it is set.
    texts = sorted(alarm["alarm_description"] for alarm in one.all("aws_cloudwatch_metric_alarm"))
    parameters = {parameter_name(name): name for name in variables()}
    renamed = [re.sub(r"\w+", lambda word: parameters.get(word[0], word[0]), alarm["AlarmDescription"]) for alarm in one.expected("AWS::CloudWatch::Alarm").values()]
    # The template gets its runbook's address when it is packaged; the module knows its own.
    page = f"https://github.com/eks-nlb-sync/eks-nlb-sync/blob/v{VERSION}/docs/operations.md"
    assert texts == sorted(text.replace("Read: docs/operations.md#", f"Read: {page}#") for text in renamed)
    assert [alarm["alarm_name"] for alarm in one.all("aws_cloudwatch_metric_alarm") if len(alarm["alarm_description"]) > 1024] == []
