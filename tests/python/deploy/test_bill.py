"""What a stack costs, worked out from the template, is what docs/operations.md says, and under 2 USD a month."""

import heapq
import json
import re
from math import ceil

import pytest
from prices import AS_OF, PRICES
from test_docs import TEXT, rows, section
from test_fleet_workflow import defined
from watching import NAMESPACE, runs, written

MINUTES = 30 * 24 * 60
RUN_SECONDS = 0.5
GIGABYTE = 1024**3

# The account is converged after this many runs, and nothing but that costs.
WARM_UP = 2


def bill(stack, simulator, parameters=None):
    """The items of a month: name and USD."""
    one = stack("template", parameters)
    [function] = one.of_type("AWS::Lambda::Function").values()
    [schedule] = one.of_type("AWS::Scheduler::Schedule").values()
    assert (schedule["ScheduleExpression"], schedule["State"]) == ("rate(1 minute)", "ENABLED")
    variables = function["Environment"]["Variables"]
    *_, quiet = runs(simulator | {"DRY_RUN": variables["DRY_RUN"]}, *[{}] * (WARM_UP + 1))
    metrics = {metric for metric in written(quiet) if metric[0] == NAMESPACE}
    filters = one.of_type("AWS::Logs::MetricFilter").values()
    alarms = one.of_type("AWS::CloudWatch::Alarm").values()
    [architecture] = function["Architectures"]
    gigabyte_seconds = MINUTES * RUN_SECONDS * int(function["MemorySize"]) / 1024
    return {
        "metrics": len(metrics) * PRICES["cloudwatch, metric and month"],
        "detailed metrics": len(filters) * PRICES["cloudwatch, metric and month"],
        "alarms": sum(metrics_of(alarm) for alarm in alarms) * PRICES["cloudwatch, alarm metric and month"],
        "dashboard": len(one.of_type("AWS::CloudWatch::Dashboard")) * PRICES["cloudwatch, dashboard and month"],
        "lambda": MINUTES * PRICES["lambda, request"]
        + gigabyte_seconds * PRICES[f"lambda {architecture}, gigabyte-second"],
        "scheduler": MINUTES * PRICES["scheduler, invocation"],
        "logs": logged(quiet) * MINUTES / GIGABYTE
        * (PRICES["logs, gigabyte ingested"] + PRICES["logs, gigabyte stored and month"]),
        "traces": MINUTES * PRICES["xray, trace"] if function["TracingConfig"]["Mode"] == "Active" else 0.0,
        "interface endpoints": sum(
            len(endpoint["SubnetIds"]) * 24 * 30 * PRICES["interface endpoint, zone and hour"]
            for endpoint in one.of_type("AWS::EC2::VPCEndpoint").values()
        ),
    }


def metrics_of(alarm):
    """How many metrics an alarm looks at, which is what it is billed by."""
    return sum("MetricStat" in each for each in alarm["Metrics"]) if "Metrics" in alarm else 1


def logged(lines):
    """Bytes of a run's log; each event is billed with 26 more."""
    return sum(len(json.dumps(line, separators=(",", ":"))) + 26 for line in lines)


@pytest.fixture
def items(stack, steady):
    return bill(stack, steady)


@pytest.fixture
def steady(simulator):
    """An account in which little is left to do: only `ledger` is managed."""
    return simulator | {"NLB_TAG": "cluster_name=ledger"}


def test_a_stack_costs_less_than_two_dollars_a_month(items):
    assert sum(items.values()) - items["dashboard"] < 2.00
    print({name: round(usd, 3) for name, usd in items.items()})


def test_each_item_is_in_the_documentation(items):
    said = {row[0].strip("*").partition(":")[0].partition(";")[0]: row[1].strip("*") for row in rows("Cost")}
    assert said == {
        "metrics": f"{items['metrics']:.2f}",
        "alarms": f"{items['alarms']:.2f}",
        "Lambda": f"{items['lambda']:.2f}",
        "Scheduler": f"{items['scheduler']:.2f}",
        "log lines": f"{items['logs']:.2f}",
        "together": f"{sum(items.values()) - items['dashboard']:.2f}",
        "the dashboard": f"{items['dashboard']:.2f}",
    }
    assert AS_OF in section("Cost")


def test_what_parameters_add_is_in_the_documentation(items, stack, steady):
    said = {re.match(r"`(.*?)`", row[0])[1]: row[1] for row in rows("Cost", table=1)}
    vpc = {"VpcId": "vpc-0123456789abcdef0", "SubnetIds": "subnet-0123456789abcdef0"}
    for parameter, usd in said.items():
        name, value = parameter.split("=")
        further = {name: value} | (vpc if name == "InterfaceEndpoints" else {})
        added = sum(bill(stack, steady, further).values()) - sum(items.values())
        if name == "InterfaceEndpoints":
            added /= len(stack("template", further).of_type("AWS::EC2::VPCEndpoint"))
        assert usd == f"{abs(added):.2f}", parameter


def test_the_counts_are_those_of_the_template(stack, steady):
    first = section("Cost")
    assert "metrics: 4 at 0.30" in first and "alarms: 5 at 0.10" in first and "8 metrics" in first
    assert f"{MINUTES:,} requests, {MINUTES * RUN_SECONDS / 8:,.0f} GB-seconds" in first
    *_, quiet = runs(steady, *[{}] * (WARM_UP + 1))
    assert f"about {round(logged(quiet) * MINUTES / 1e6, -1):.0f} MB" in TEXT


# --- A round of a fleet ----------------------------------------------------------

MEMBERS = 10_000


def invocation(clusters):
    """How long the function takes for a member of so many clusters, in seconds."""
    # TLS and parsing, at the share of a processor that 128 MB get; calls one after the other, then 20 at a time.
    reads = 0.25 + 0.02 * (5 + 2 * ceil(clusters / 20))
    # ELB's older Describe rate, of an account and Region: 40 and 10 a second.
    return reads + max(0, (3 + clusters - 40) / 10)


@pytest.mark.parametrize("concurrency", [10, 100, 1000])
def test_a_round_of_ten_thousand_members_is_in_the_documentation(concurrency, stack):
    states = defined(stack, "fleet")["States"].values()
    invocations = [invocation(150 if n % 100 == 0 else 20 if n % 10 == 0 else 3) for n in range(1, MEMBERS + 1)]
    free = [0.0] * concurrency
    for seconds in invocations:
        heapq.heapreplace(free, free[0] + seconds)
    price = (
        # A child that is started counts as a transition of the map.
        (sum(state["Type"] != "Fail" for state in states) + MEMBERS) * PRICES["step functions, transition"]
        + MEMBERS * (PRICES["step functions, express request"] + PRICES["lambda, request"])
        + sum(invocations) * 0.0625 * PRICES["step functions, express gigabyte-second"]
        + sum(invocations) * 0.125 * PRICES["lambda arm64, gigabyte-second"]
    )
    assert f"| {MEMBERS:,} | {concurrency:,} | {max(free):.0f} s | {price:.2f} |" in TEXT
