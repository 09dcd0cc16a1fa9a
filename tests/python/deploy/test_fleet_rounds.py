"""The workflows in simulated time. Another interpreter executes the fleet's in tests/python/moto/test_fleet_runs.py."""

import json
import re
from math import ceil

import pytest
from conftest import ROOT
from prices import PRICES
from test_fleet_workflow import defined, definition
from workflow import Clock, Execution, TaskError

EXTERNAL_ID = "platform"


def member(account, clusters=3):
    """An entry of the list; `clusters` is for the simulation."""
    role = f"arn:aws:iam::{account:012}:role/eks-nlb-sync"
    return {"region": "eu-west-1", "roleArn": role}, clusters


class Aws:
    """What the fleet's workflow calls: S3, Step Functions, and a function in many accounts."""

    # One call to AWS and back, and what a run does one after the other: it
    # assumes the role, lists, reads tags and target groups. Then it reads each
    # cluster and its targets, 20 at a time.
    CALL_SECONDS, IN_SEQUENCE, AT_ONCE = 0.02, 5, 20
    # TLS and parsing, at the share of a processor that 128 MB get.
    CPU_SECONDS = 0.25
    # ELB's older Describe rate, of an account and Region: 40 and 10 a second.
    TOKENS, REFILL = 40, 10

    def __init__(self, clock, members, concurrency=1000):
        self.clock, self.concurrency = clock, concurrency
        self.clusters = {entry["roleArn"]: clusters for entry, clusters in members if "roleArn" in entry}
        self.objects = {"fleet.json": json.dumps([entry for entry, _ in members])}
        self.buckets, self.running, self.most, self.throttled = {}, 0, 0, 0
        self.events, self.failing, self.seconds = [], set(), 0.0
        self.executions, self.lag = [], False

    def services(self):
        return {
            "lambda:invoke": lambda parameters: self.invoke(parameters["Payload"]),
            "s3:getObject": self.get,
            "s3:putObject": self.put,
            "aws-sdk:s3:putObject": self.put,
            "aws-sdk:sfn:listExecutions": self.list_executions,
            "aws-sdk:sfn:describeMapRun": self.describe_map_run,
        }

    def start(self, definition, name="round-1"):
        execution = Execution(self.clock, definition, self.services(), name=name)
        self.executions.append(execution)
        return execution

    def get(self, parameters):
        if parameters["Key"] not in self.objects:
            raise TaskError("S3.NoSuchKeyException", "The specified key does not exist.")
        return self.objects[parameters["Key"]]

    def put(self, parameters):
        self.objects[parameters["Key"]] = parameters["Body"]

    def list_executions(self, parameters):
        running = [each for each in self.executions if each.status == "RUNNING"]
        # It is behind: what has just been started may not be on the list.
        shown = running[:-1] if self.lag else running
        return {"Executions": [{"ExecutionArn": each.arn} for each in shown[-parameters["MaxResults"] :]]}

    def describe_map_run(self, parameters):
        [results] = [
            body["ResultFiles"]
            for body in self.objects.values()
            if isinstance(body, dict) and body.get("MapRunArn") == parameters["MapRunArn"]
        ]
        counts = {name: len(results[status]) for name, status in
                  (("Succeeded", "SUCCEEDED"), ("Failed", "FAILED"), ("TimedOut", "TIMED_OUT"))}
        return {"ItemCounts": counts | {"Aborted": 0, "Total": sum(counts.values())}}

    def invoke(self, event):
        self.events.append(event)
        if self.running >= self.concurrency:
            self.throttled += 1
            raise TaskError("Lambda.TooManyRequestsException", "Rate Exceeded.")
        self.running += 1
        self.most = max(self.most, self.running)
        clusters = self.clusters.get(event.get("roleArn"), 3)
        calls = self.IN_SEQUENCE + 2 * ceil(clusters / self.AT_ONCE)
        seconds = self.CPU_SECONDS + calls * self.CALL_SECONDS + self.wait_for_tokens(event, 3 + clusters)
        self.seconds += seconds
        yield seconds
        self.running -= 1
        if event.get("roleArn") in self.failing:
            raise TaskError(*self.failure)
        return {"Payload": {"version": "0.1.0", "dryRun": False, "summary": {"loadBalancers": clusters, "failed": 0}}}

    def wait_for_tokens(self, event, calls):
        """How long ELB makes this many Describe calls of one account take."""
        whose = event.get("roleArn"), event.get("region")
        tokens, since = self.buckets.get(whose, (self.TOKENS, self.clock.now))
        tokens = min(self.TOKENS, tokens + (self.clock.now - since) * self.REFILL) - calls
        wait = max(0.0, -tokens / self.REFILL)
        self.buckets[whose] = (max(0.0, tokens), self.clock.now + wait)
        return wait


NOT_LISTED = ("DiscoveryFailed", "nothing was written: IAM denies sts:AssumeRole")
SOME_FAILED = ("FrontendsFailed", "1 of 3 frontends failed: payments (DnsTimeout)")


def play(definition, members, **settings):
    clock = Clock()
    aws = Aws(clock, members, **{key: value for key, value in settings.items() if key == "concurrency"})
    aws.failing, aws.failure = settings.get("failing", set()), settings.get("failure", NOT_LISTED)
    execution = aws.start(definition)
    clock.run()
    return execution, aws


def test_every_member_is_invoked_once_with_the_external_id(definition):
    members = [({"region": "eu-west-1"}, 3), member(1), member(2)]
    execution, aws = play(definition, members)
    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    assert aws.events == [
        {"region": "eu-west-1", "summaryOnly": True},
        *({**entry, "summaryOnly": True, "externalId": EXTERNAL_ID} for entry, _ in members[1:]),
    ]
    report = aws.objects["report.json"]
    assert (report["members"], report["failures"]) == (3, 0)
    assert report["results"] == "s3://stack-bucket-1abc/results/round-1/manifest.json"


def test_the_external_id_is_in_no_report_and_no_result(stack, definition):
    entries = [member(1), member(2)]
    _, aws = play(definition, entries, failing={entries[1][0]["roleArn"]})
    assert EXTERNAL_ID not in json.dumps([body for key, body in aws.objects.items() if key != "fleet.json"])
    # Nor in the log, which has no data of executions.
    logging = stack("fleet").resources()["Workflow"]["Properties"]["LoggingConfiguration"]
    assert logging["IncludeExecutionData"] is False


def test_a_failing_member_stops_nobody_and_fails_the_round(definition):
    members = [member(n) for n in range(1, 31)]
    execution, aws = play(definition, members, failing={members[3][0]["roleArn"]})
    assert len(aws.events) == 30
    assert (execution.status, execution.error) == ("FAILED", "TooManyFailures")
    assert execution.cause.startswith("1 of 30 members failed; s3://stack-bucket-1abc/results/")
    [failed] = aws.objects["results/round-1/manifest.json"]["ResultFiles"]["FAILED"]
    assert json.loads(failed["Input"]) == members[3][0]
    assert failed["Error"] == "DiscoveryFailed" and "sts:AssumeRole" in failed["Cause"]


def test_a_frontend_that_fails_is_named_and_fails_no_round(definition):
    """One mistaken tag in 500 accounts is a ticket of the function's."""
    members = [member(n) for n in range(1, 31)]
    execution, aws = play(definition, members, failing={members[3][0]["roleArn"]}, failure=SOME_FAILED)
    assert execution.status == "SUCCEEDED" and aws.objects["report.json"]["failures"] == 0
    results = aws.objects["results/round-1/manifest.json"]["ResultFiles"]["SUCCEEDED"]
    [named] = [result for result in results if "frontendsFailed" in result["Output"]]
    assert json.loads(named["Input"]) == members[3][0] and "DnsTimeout" in named["Output"]


def test_tolerated_failures_are_counted_and_the_round_succeeds(stack):
    members = [member(n) for n in range(1, 31)]
    execution, aws = play(defined(stack, "fleet", ToleratedFailures=1), members, failing={members[3][0]["roleArn"]})
    assert execution.status == "SUCCEEDED"
    assert aws.objects["report.json"]["failures"] == 1


def test_a_list_that_is_missing_or_empty_or_none_says_so(definition):
    execution, aws = play(definition, [])
    assert (execution.error, aws.events) == ("NoMembers", [])
    for body in (None, "{}", "[", ""):
        clock = Clock()
        aws = Aws(clock, [])
        aws.objects = {} if body is None else {"fleet.json": body}
        execution = aws.start(definition)
        clock.run()
        assert (execution.status, execution.error) == ("FAILED", "NoList")
        assert "s3://stack-bucket-1abc/fleet.json is missing" in execution.cause


@pytest.mark.parametrize("lag", [False, True])
def test_a_round_does_not_begin_while_the_one_before_is_running(lag, definition):
    clock = Clock()
    aws = Aws(clock, [member(n) for n in range(1, 101)])
    first = aws.start(definition, "round-1")
    clock.run(until=0.5)
    aws.lag = lag
    second = aws.start(definition, "round-2")
    clock.run(until=0.6)
    assert (first.status, second.status, second.error) == ("RUNNING", "FAILED", "StillRunning")
    clock.run()
    assert first.status == "SUCCEEDED"
    third = aws.start(definition, "round-3")
    clock.run()
    assert third.status == "SUCCEEDED"


def test_throttled_invocations_are_tried_again(definition):
    execution, aws = play(definition, [member(n) for n in range(1, 101)], concurrency=8)
    assert execution.status == "SUCCEEDED"
    assert aws.throttled > 0 and aws.most == 8


def thousands(count):
    """Most members have three clusters, one in ten has 20, one in a hundred 150."""
    return [member(n, 150 if n % 100 == 0 else 20 if n % 10 == 0 else 3) for n in range(1, count + 1)]


def cost(execution, aws):
    """What a round costs, in USD at list prices."""
    children, seconds = execution.children, aws.seconds
    return (
        # A child that is started counts as a transition of the map.
        (execution.transitions + children) * PRICES["step functions, transition"]
        + children * PRICES["step functions, express request"]
        + seconds * 0.0625 * PRICES["step functions, express gigabyte-second"]
        + children * PRICES["lambda, request"]
        + seconds * 0.125 * PRICES["lambda arm64, gigabyte-second"]
    )


@pytest.mark.parametrize("concurrency", [10, 100, 1000])
def test_ten_thousand_members(concurrency, stack):
    definition = defined(stack, "fleet", MaxConcurrency=concurrency)
    execution, aws = play(definition, thousands(10_000), concurrency=concurrency)
    assert execution.status == "SUCCEEDED", (execution.error, execution.cause)
    assert len(aws.events) == aws.objects["report.json"]["members"] == 10_000
    assert aws.throttled == 0 and aws.most == concurrency
    took, price = execution.ended_at, cost(execution, aws)
    print(f"\n10,000 members, {concurrency} at a time: {took:.0f} s, {price:.2f} USD")
    # As docs/operations.md says.
    text = (ROOT / "docs" / "operations.md").read_text()
    assert f"| 10,000 | {concurrency:,} | {took:.0f} s | {price:.2f} |" in text


def test_ten_thousand_failing_members_are_reported(definition):
    members = thousands(10_000)
    execution, aws = play(definition, members, failing={entry["roleArn"] for entry, _ in members})
    assert (execution.error, aws.objects["report.json"]["failures"]) == ("TooManyFailures", 10_000)
    assert len(aws.objects["results/round-1/manifest.json"]["ResultFiles"]["FAILED"]) == 10_000


# --- A burst of events ---------------------------------------------------------


def burst(definition, seconds):
    """Plays events at these seconds; the answer is when the function ran."""
    clock, runs, names = Clock(), [], set()

    def invoke(parameters):
        assert parameters == {"FunctionName": parameters["FunctionName"], "Payload": {}}
        runs.append(clock.now)
        yield 0.5
        return {"Payload": None}

    def start(parameters):
        if parameters["Name"] in names:
            raise TaskError("Sfn.ExecutionAlreadyExistsException", "Execution Already Exists")
        assert re.fullmatch(r"[0-9A-Za-z_.-]{1,80}", parameters["Name"])
        names.add(parameters["Name"])
        Execution(clock, definition, services, json.loads(parameters["Input"]), parameters["Name"])
        return {"ExecutionArn": "arn"}

    def event(name):
        execution = Execution(clock, definition, services, {}, name)
        yield execution.over
        assert execution.status == "SUCCEEDED"

    services = {"lambda:invoke": invoke, "aws-sdk:sfn:startExecution": start}
    for number, second in enumerate(seconds):
        # An execution takes its start from the clock when it is made.
        clock.start(event(f"event-{number}"), second)
    clock.run()
    return runs


@pytest.mark.parametrize(
    ("events", "runs"),
    [
        ([0], 2),
        ([0, 0, 1, 2], 2),
        ([n / 10 for n in range(500)], 2),
        # Over the end of a minute: the clock begins two seconds after the full one.
        ([57, 59], 4),
        ([0, 300], 4),
    ],
)
def test_a_burst_of_events_makes_one_run_at_once_and_one_after_it(events, runs, stack):
    ran = burst(defined(stack, "burst"), events)
    assert len(ran) == runs
    # At once, and none forgotten.
    assert ran[0] == events[0]
    assert all(any(run >= event for run in ran) for event in events)
