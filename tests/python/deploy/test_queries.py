"""The queries find on the function's own lines what docs/operations.md says: from an alarm to the cluster and the remedy."""

import re

import pytest
from lambda_host import LambdaHost, program
from logs_insights import QueryError, query
from simulated import Simulated
from test_docs import TEXT, rows, section
from watching import codes, saved_queries

EVENT = {"region": "eu-west-1", "roleArn": "arn:aws:iam::444455556666:role/eks-nlb-sync"}

# Failures that are in the world of `simulator --troubles`, each with a cluster of that name.
IN_THE_WORLD = codes() - {"ClusterNotSelected", "ClusterNotTagged", "DeadlineExceeded", "TooFewLoadBalancers"}


def kebab(code):
    return re.sub(r"(?<!^)(?=[A-Z])", "-", code).lower()


@pytest.fixture(scope="module")
def lines():
    """What the function logs in two runs over every trouble, and one whose listing fails."""
    with Simulated("--troubles") as simulated:
        variables = simulated.variables
        settings = {"ADDRESS_SOURCE": "dns+eni", "DNS_TIMEOUT_MS": "300", "AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "1"}
        with LambdaHost(program(), variables | settings) as function:
            log = [line for _ in range(2) for line in function.invoke({}).log]
            log += function.invoke({"clusters": ["nobody"]}).log
            log += function.invoke({"minLoadBalancers": 1000}).log
            log += function.invoke({"dry_run": True}).log
        with LambdaHost(program(), variables | {"CLUSTER_TAG": "owner", "NLB_TAG": "cluster_name=well"}) as function:
            log += function.invoke({}).log
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
    found = [row for row in query(saved["failing"], lines) if row["code"] == code]
    # Where the name is the fault, the load balancer has it.
    [row] = [row for row in found if kebab(code) in (row.get("cluster") or row.get("loadBalancerName", ""))]
    assert (row["span.region"], row["span.account"]) == ("eu-west-1", "111122223333")
    assert row["lastError"]
    assert code in [re.findall(r"`([^`]+)`", cells[0])[0] for cells in rows("Troubleshooting")]


def test_a_failed_discovery_names_region_account_and_role(lines, saved):
    [row] = [row for row in query(saved["failing"], lines) if row.get("span.role")]
    assert (row["code"], row["span.region"], row["span.account"], row["span.role"]) == (
        "AwsUnreachable",
        "eu-west-1",
        "444455556666",
        EVENT["roleArn"],
    )


def test_a_cluster_that_nobody_manages_is_named(lines, saved):
    assert ["nobody"] == [row["cluster"] for row in query(saved["failing"], lines) if row["code"] == "ClusterNotSelected"]


def test_a_cluster_without_its_owners_consent_is_named(lines, saved):
    assert ["well"] == [row["cluster"] for row in query(saved["failing"], lines) if row["code"] == "ClusterNotTagged"]


@pytest.mark.parametrize(("code", "said"), [("TooFewLoadBalancers", "1000"), ("InvalidEvent", "dry_run")])
def test_an_event_that_is_at_fault_is_named(code, said, lines, saved):
    [row] = [row for row in query(saved["failing"], lines) if row["code"] == code]
    assert said in row["lastError"] and row["span.account"] == "111122223333"


def test_what_time_did_not_suffice_for_is_named(lines, saved):
    assert [row for row in query(saved["failing"], lines) if row["code"] == "DeadlineExceeded"]


def test_the_other_queries_find_their_clusters(lines, saved):
    found = {name: {row.get("cluster") for row in query(text, lines)} for name, text in saved.items()}
    assert "cluster-not-found" in found["attention"] and "well" in found["attention"]
    assert "waits" in found["changed"] and "well" not in found["changed"]
    assert "access-denied" in found["planned"]
    lasting = [{"message": "waiting", "cluster": "a", "minutes": minutes} for minutes in (29, 30)]
    assert [row["runs"] for row in query(saved["attention"], lasting)] == [1]


def test_the_runs_and_their_numbers(lines, saved):
    found = query(saved["runs"], lines)
    assert len(found) == len([line for line in lines if isinstance(line, dict) and line.get("message") == "report"]) == 6
    assert all(row["summary.loadBalancers"] >= 0 and row["requestId"] for row in found)


def pasted():
    [block] = re.findall(r"More, to paste:\n\n```\n(.*?)```", section("Queries"), re.DOTALL)
    return [" ".join(query.split()) for query in block.split("\n\n")]


@pytest.mark.parametrize("text", pasted())
def test_a_query_to_paste_finds_something(text, lines):
    renamed = text.replace("'payments'", "'dns-failed'").replace("-0000-0000-0000-", "-0000-4000-8000-")
    assert query(renamed, lines), text


def test_what_logs_insights_would_refuse_is_refused():
    for text in ("where a = 1", "filter a == 1", "stats mean(a)", "filter a = 'b", "limit many", "stats sum(*)"):
        with pytest.raises(QueryError):
            query(text, [{"a": 1}])


def test_four_commands_lead_from_an_alarm_to_the_cluster():
    """Queries are asynchronous, and `date` of macOS knows no -d."""
    [block] = re.findall(r"\*\*From any alarm to the cluster\*\*.*?```sh\n(.*?)```", TEXT, re.DOTALL)
    define, start, wait, read = block.splitlines()
    assert "describe-query-definitions" in define and "start-query" in start
    assert wait.startswith("until ") and "get-query-results" in wait and "get-query-results" in read
    assert "date -d" not in TEXT
