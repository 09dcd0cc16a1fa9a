"""The dashboard asks for what the function really writes, and every widget of it is well formed."""

import json
import re

import pytest
from conftest import FULL
from dashboard_schema import RENDERING, WELL_FORMED
from watching import dashboard, spelt_out


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


def test_an_outage_is_at_the_top_and_a_plan_is_not(stack):
    first, second, *others = dashboard(stack("template"))["widgets"]
    assert (first["y"], second["y"]) == (0, 0) and all(widget["y"] > 0 for widget in others)
    assert first["properties"]["title"].startswith("Is every cluster reachable?")
    [names, *_] = [names for names, _ in spelt_out(first["properties"]["metrics"])]
    assert names[1] == "Unserved" and first["properties"]["view"] == "singleValue"
    assert "planned" not in json.dumps([first, second]).lower()


def test_no_table_has_an_arn_in_a_column(stack):
    for widget in dashboard(stack("template"))["widgets"]:
        if widget["type"] == "log" and widget["properties"]["view"] == "table":
            text = widget["properties"]["query"]
            shown = re.split(r"\| (?:stats|fields) ", text)[1].partition("|")[0]
            assert not re.search(r"\b(?:loadBalancer|targetGroup|span\.role)\b", shown.replace("span.role", "")), text
