"""The queries find on the function's own lines what docs/operations.md says: from an alarm to the cluster and the remedy."""

import re

import pytest
from conftest import simulated
from lambda_host import LambdaHost, program
from logs_insights import QueryError, query
from test_docs import TEXT, rows, section
from test_watching import alarms, codes, saved_queries

EVENT = {"region": "eu-west-1", "roleArn": "arn:aws:iam::444455556666:role/eks-nlb-sync"}

# Failures that are in the world of `simulator --troubles`, each with a cluster of that name.
IN_THE_WORLD = codes() - {"ClusterNotSelected", "DeadlineExceeded"}


def kebab(code):
    return re.sub(r"(?<!^)(?=[A-Z])", "-", code).lower()


@pytest.fixture(scope="module")
def lines():
    """What the function logs in two runs over every trouble, and one whose listing fails."""
    with simulated("--troubles") as variables:
        settings = {"ADDRESS_SOURCE": "dns+eni", "DNS_TIMEOUT_MS": "300", "AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "1"}
        with LambdaHost(program(), variables | settings) as function:
            log = [line for _ in range(2) for line in function.invoke({}).log]
            log += function.invoke({"clusters": ["nobody"]}).log
        nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "1"}
        with LambdaHost(program(), variables | nowhere) as function:
            log += function.invoke(EVENT).log
        with LambdaHost(program(), variables | {"DRY_RUN": "true"}, timeout_seconds=2) as function:
            log += function.invoke({}).log
    return log


@pytest.fixture
def saved(stack):
    return {name.removeprefix("eks-nlb-sync/"): text for name, _, text in saved_queries(stack("template"))}


@pytest.mark.parametrize("code", sorted(IN_THE_WORLD))
def test_every_failure_leads_to_its_cluster_and_its_remedy(code, lines, saved):
    found = [row for row in query(saved["failed"], lines) if row["code"] == code]
    # Where the name is what is wrong, the load balancer has it.
    [row] = [row for row in found if kebab(code) in (row.get("cluster") or row.get("loadBalancer", ""))]
    assert (row["span.region"], row["span.account"]) == ("eu-west-1", "111122223333")
    assert row["lastError"]
    assert code in [re.findall(r"`([^`]+)`", cells[1])[0] for cells in rows("Troubleshooting")]


def test_a_failed_discovery_names_region_account_and_role(lines, saved):
    [row] = [row for row in query(saved["failed"], lines) if "cluster" not in row and "loadBalancer" not in row]
    assert (row["code"], row["span.region"], row["span.account"], row["span.role"]) == (
        "AwsUnreachable",
        "eu-west-1",
        "444455556666",
        EVENT["roleArn"],
    )


def test_a_cluster_that_nobody_manages_is_named(lines, saved):
    assert ["nobody"] == [row["cluster"] for row in query(saved["failed"], lines) if row["code"] == "ClusterNotSelected"]


def test_what_time_did_not_suffice_for_is_named(lines, saved):
    assert [row for row in query(saved["failed"], lines) if row["code"] == "DeadlineExceeded"]


def test_the_other_queries_find_their_clusters(lines, saved):
    found = {name: {row.get("cluster") for row in query(text, lines)} for name, text in saved.items()}
    assert "access-denied" in found["unhealthy"]
    assert "well" not in found["unhealthy"]
    assert found["waiting"] == {"waits"}
    assert "waits" in found["changed"] and "well" not in found["changed"]
    assert found["planned"]
    reasons = [row["lastReason"] for row in query(saved["waiting"], lines)]
    assert all("healthy" in reason for reason in reasons)


def test_the_runs_and_their_numbers(lines, saved):
    found = query(saved["runs"], lines)
    assert len(found) == len([line for line in lines if isinstance(line, dict) and line.get("message") == "report"]) == 4
    assert all(row["summary.loadBalancers"] >= 0 and row["requestId"] for row in found)


def test_the_text_of_an_alarm_holds_its_query(stack, lines):
    for name, alarm in (alarms(stack) | alarms(stack, DryRun="true")).items():
        [text] = re.findall(r"Logs Insights query \S+ on \S+: (.*)", alarm["AlarmDescription"])
        assert query(text, lines), name


def test_the_query_of_an_alarm_leads_to_clusters(stack, lines):
    """But for load balancers that are gone: the log cannot name them, and the chapter's first command does (moto/test_runbook.py)."""
    for name, alarm in (alarms(stack) | alarms(stack, DryRun="true")).items():
        [text] = re.findall(r"Logs Insights query \S+ on \S+: (.*)", alarm["AlarmDescription"])
        named = [any(row.get(each) for each in ("cluster", "loadBalancer", "span.role")) for row in query(text, lines)]
        if name == "LoadBalancersAlarm":
            chapter = section("Alarms").partition(f"### {name}\n")[2].partition("\n### ")[0]
            assert "--tag-filters Key=cluster_name" in re.search(r"```sh\n(.*?)```", chapter, re.DOTALL)[1]
        else:
            assert named and all(named), name


def pasted():
    [block] = re.findall(r"More, to paste:\n\n```\n(.*?)```", section("Queries"), re.DOTALL)
    return block.splitlines()


@pytest.mark.parametrize("text", pasted())
def test_a_query_to_paste_finds_something(text, lines):
    renamed = text.replace("'payments'", "'dns-failed'")
    assert query(renamed, lines), text


def test_what_logs_insights_would_refuse_is_refused():
    for text in ("where a = 1", "filter a == 1", "stats mean(a)", "filter a = 'b", "limit many", "stats sum(*)"):
        with pytest.raises(QueryError):
            query(text, [{"a": 1}])


def test_two_commands_lead_from_an_alarm_to_the_cluster():
    [block] = re.findall(r"\*\*From any alarm to the cluster\*\*.*?```sh\n(.*?)```", TEXT, re.DOTALL)
    assert len(block.splitlines()) == 2
