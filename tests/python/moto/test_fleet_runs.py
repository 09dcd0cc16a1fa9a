"""The workflows in moto's Step Functions interpreter, down to the function.

The interpreter reads the definition of fleet.yaml, the list from moto's S3, runs
a distributed map and writes the report. The invocations are carried to the
function's binary, and its calls land in the accounts that moto emulates.
"""

import json
import threading
from datetime import datetime

import pytest
from conftest import ACCOUNT, OTHER_ACCOUNT, ROOT, client
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.exceptions import JsonRESTError
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.backend import execution
from state_machines import configure, create, ended, for_moto, start, until
from template import Stack, load

FUNCTION = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:eks-nlb-sync"


EXTERNAL_ID = "platform"


class Events(list):
    throttled = 0
    """How many of the first invocations Lambda throttles."""
    lag = False
    """Whether the list of executions is behind: the latest one is not on it."""

    def __init__(self):
        super().__init__()
        self.goes_on = threading.Event()
        """Until it is set, invocations take their time."""
        self.goes_on.set()


class TooManyRequests(JsonRESTError):
    code = 429

    def __init__(self):
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


@pytest.fixture
def invoked(monkeypatch, function):
    """Lets moto's Lambda invoke the function's binary; lists the events it got."""
    events = Events()

    def invoke(self, function_name, qualifier, body, headers, response_headers):
        events.append(json.loads(body))
        if len(events) <= events.throttled:
            raise TooManyRequests
        assert events.goes_on.wait(120)
        answer = function.invoke(events[-1])
        if not answer.ok:
            response_headers["x-amz-function-error"] = "Unhandled"
        return json.dumps(answer.payload).encode()

    # What AWS writes for a Body that is an object is its JSON, and its SDK
    # integrations spell every name with a capital (Step Functions Developer
    # Guide, AWS SDK integrations); moto hands all of it to boto3 as it is.
    def to_boto3(self, parameters, **_):
        if "Body" in parameters:
            parameters["Body"] = json.dumps(parameters["Body"])
        if self._get_boto_service_name() == "stepfunctions":
            for name in list(parameters):
                parameters[name[0].lower() + name[1:]] = parameters.pop(name)

    def from_boto3(self, response, **_):
        if self._get_boto_service_name() == "stepfunctions":
            capitalized = capitalize(response)
            response.clear()
            response.update(capitalized)
            if events.lag and "Executions" in response:
                response["Executions"].remove(max(response["Executions"], key=lambda each: each["StartDate"]))

    monkeypatch.setattr(LambdaSimpleBackend, "invoke", invoke)
    monkeypatch.setattr(StateTaskServiceAwsSdk, "_normalise_parameters", to_boto3)
    monkeypatch.setattr(StateTaskServiceAwsSdk, "_normalise_response", from_boto3)
    yield events
    events.goes_on.set()


def capitalize(value):
    if isinstance(value, list):
        return [capitalize(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, dict):
        return value
    return {name[0].upper() + name[1:]: capitalize(each) for name, each in value.items()}


class Fleet:
    """The stack of fleet.yaml, as far as the workflow needs it."""

    def __init__(self, aws, parameters=None):
        configure(aws.url, {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}})
        self.s3, self.states = client("s3", aws.url), client("stepfunctions", aws.url)
        stack = Stack(load(ROOT / "fleet.yaml"), {"FunctionArn": FUNCTION, "ExternalId": EXTERNAL_ID} | (parameters or {}))
        assert stack.refusals() == []
        self.bucket = stack.resolve({"Ref": "Bucket"})
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        workflow = stack.resources()["Workflow"]["Properties"]
        self.arn = create(self.states, workflow["StateMachineName"], for_moto(workflow["DefinitionString"]))

    def start(self, members):
        """Begins a round over `members`; None for no list at all."""
        if members is not None:
            body = members if isinstance(members, str) else json.dumps(members)
            self.s3.put_object(Bucket=self.bucket, Key="fleet.json", Body=body.encode())
        return start(self.states, self.arn)

    def run(self, members):
        """One round over `members`, once it has ended."""
        return ended(self.states, self.start(members))

    def report(self):
        keys = [each["Key"] for each in self.s3.list_objects_v2(Bucket=self.bucket)["Contents"]]
        assert not any(EXTERNAL_ID in json.dumps(self._read(key)) for key in keys if key != "fleet.json")
        return self._read("report.json")

    def has_manifest(self):
        """Whether the results are where the report says; moto writes only their manifest."""
        return "ResultFiles" in self._read(self.report()["results"].removeprefix(f"s3://{self.bucket}/"))

    def _read(self, key):
        return json.load(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"])


def member(account, region="eu-west-1"):
    role = f"arn:aws:iam::{account}:role/eks-nlb-sync"
    return {"region": region, "roleArn": role}


def event_of(entry):
    """What the function gets for an entry of the list: without a role, no external id."""
    return {**entry, "summaryOnly": True} | ({"externalId": EXTERNAL_ID} if "roleArn" in entry else {})


MISSPELT = {"region": "eu-west-1", "role_arn": member(ACCOUNT)["roleArn"]}


def region_of(event):
    return event["region"]


def test_every_member_of_the_list_is_synced(aws, dns, invoked):
    other = aws.in_account(OTHER_ACCOUNT, region="eu-central-1")
    groups = []
    for world, address in ((aws, "10.0.1.10"), (other, "10.0.1.20")):
        dns.resolve(world.cluster("payments"), address)
        groups.append(world.frontend("payments"))
    members = [{"region": "eu-west-1"}, member(OTHER_ACCOUNT, "eu-central-1")]

    fleet = Fleet(aws)
    state = fleet.run(members)

    assert state["status"] == "SUCCEEDED", state
    assert aws.targets(groups[0]) == ["10.0.1.10:443"]
    assert other.targets(groups[1]) == ["10.0.1.20:443"]
    report = fleet.report()
    assert (report["members"], report["failures"]) == (2, 0)
    assert sorted(invoked, key=region_of) == [
        event_of(entry) for entry in sorted(members, key=region_of)
    ]
    assert fleet.has_manifest()


def test_a_failing_member_is_reported_and_stops_no_other(aws, dns, invoked):
    dns.resolve(aws.cluster("payments"), "10.0.1.10")
    group = aws.frontend("payments")

    fleet = Fleet(aws)
    state = fleet.run([MISSPELT, member(ACCOUNT)])

    assert aws.targets(group) == ["10.0.1.10:443"]
    report = fleet.report()
    assert (report["members"], report["failures"]) == (2, 1)
    assert state["status"] == "FAILED"
    assert state["error"] == "TooManyFailures"
    assert state["cause"].startswith("1 of 2 members failed")


def test_tolerated_failures_are_reported_and_the_run_succeeds(aws, invoked):
    fleet = Fleet(aws, {"ToleratedFailures": 1})
    state = fleet.run([MISSPELT, member(ACCOUNT)])

    assert state["status"] == "SUCCEEDED", state
    assert fleet.report()["failures"] == 1


def test_a_failed_frontend_is_no_failed_member(aws, invoked):
    """The function's own alarms report it."""
    aws.in_account(OTHER_ACCOUNT).frontend("no-such-cluster")

    fleet = Fleet(aws)
    state = fleet.run([member(OTHER_ACCOUNT)])

    assert state["status"] == "SUCCEEDED", state
    assert fleet.report()["failures"] == 0


def test_an_empty_list_is_a_failure(aws, invoked):
    fleet = Fleet(aws)
    state = fleet.run([])

    assert (state["status"], state["error"]) == ("FAILED", "NoMembers")
    assert invoked == []


def test_a_throttled_invocation_is_tried_again(aws, dns, invoked):
    invoked.throttled = 1
    dns.resolve(aws.cluster("payments"), "10.0.1.10")
    group = aws.frontend("payments")

    state = Fleet(aws).run([member(ACCOUNT)])

    assert state["status"] == "SUCCEEDED", state
    assert invoked == [event_of(member(ACCOUNT))] * 2
    assert aws.targets(group) == ["10.0.1.10:443"]


@pytest.mark.parametrize("members", [None, "{}", "[", ""])
def test_a_list_that_is_missing_or_none_is_a_failure(members, aws, invoked):
    fleet = Fleet(aws)
    state = fleet.run(members)

    assert (state["status"], state["error"]) == ("FAILED", "NoList")
    assert invoked == []


@pytest.mark.parametrize("lag", [False, True])
def test_a_round_does_not_begin_while_the_one_before_is_running(lag, aws, invoked):
    fleet = Fleet(aws)
    invoked.goes_on.clear()
    first = fleet.start([member(ACCOUNT)])
    until(lambda: invoked)

    invoked.lag = lag
    second = fleet.run([member(ACCOUNT)])

    assert (second["status"], second["error"]) == ("FAILED", "StillRunning")
    invoked.goes_on.set()
    assert ended(fleet.states, first)["status"] == "SUCCEEDED"
    invoked.lag = False
    assert fleet.run([member(ACCOUNT)])["status"] == "SUCCEEDED"
    assert len(invoked) == 2


def test_a_burst_of_events_makes_one_run_at_once_and_one_after_it(aws, invoked, monkeypatch):
    # moto gives no text, and no time but the present.
    began = []
    details = execution.ExecutionDetails
    monkeypatch.setattr(execution, "ExecutionDetails", lambda **of: details(**of | {"start_time": began[-1]}))
    configure(aws.url, {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}})
    states, stack = client("stepfunctions", aws.url), Stack(load(ROOT / "template.yaml"), {"WatchControlPlane": "true"})
    [workflow] = stack.of_type("AWS::StepFunctions::StateMachine").values()
    definition = json.loads(workflow["DefinitionString"])
    # That it waits for a minute is in tests/python/deploy/test_fleet_workflow.py.
    definition["States"]["EndOfMinute"]["Seconds"] = 1
    machine = create(states, workflow["StateMachineName"], json.dumps(definition))

    for minute, seconds in [("03-00", ["00.000", "02.512", "02.512"]), ("03-00", ["59.999"]), ("03-01", ["00.000"])]:
        for second in seconds:
            began.append(f"2026-11-25T{minute.replace('-', ':')}:{second}Z")
            event = ended(states, start(states, machine))
            assert event["status"] == "SUCCEEDED", (event["error"], event["cause"])
        named = ended(states, f"{machine.replace(':stateMachine:', ':execution:')}:2026-11-25T{minute}")
        assert named["status"] == "SUCCEEDED"
    assert list(invoked) == [{}] * 4
