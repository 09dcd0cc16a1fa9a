"""The workflows are valid, reach every state, and do what the guide says.

moto's interpreter executes them: tests/python/moto/test_fleet_runs.py.
"""

import json
import re
import subprocess

import pytest
from conftest import FUNCTION_ARN, ROOT, VENV, linted

BOTH = {"fleet": ("fleet", "Workflow", {}), "burst": ("template", "ControlPlaneWorkflow", {"WatchControlPlane": "true"})}


def defined(stack, which, **further):
    template, resource, parameters = BOTH[which]
    return json.loads(stack(template, parameters | further).resources()[resource]["Properties"]["DefinitionString"])


@pytest.fixture
def definition(stack):
    return defined(stack, "fleet")


@pytest.mark.parametrize("which", BOTH)
def test_cfn_lint_knows_every_field(which, stack):
    definition = defined(stack, which)
    # It skips a definition that Fn::Sub makes, so here it is worked out.
    document = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Workflow": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"RoleArn": "arn:aws:iam::111122223333:role/workflow", "Definition": definition},
            }
        },
    }
    assert linted(document) == []


@pytest.mark.parametrize(
    ("which", "unknown"),
    [
        (
            "fleet",
            [
                'Field "Label" not allowed in State Machine.States.Sync',
                'Field "InputType" not allowed in State Machine.States.Sync.ItemReader.ReaderConfig',
            ],
        ),
        ("burst", []),
    ],
)
def test_statelint_knows_all_but_what_aws_added(which, unknown, stack, tmp_path):
    # It goes by the published language. These two are AWS's additions for
    # distributed maps, and cfn-lint's schema above has them: Step Functions
    # Developer Guide, Map state in Distributed mode and ItemReader.
    path = tmp_path / "workflow.asl.json"
    path.write_text(json.dumps(defined(stack, which)))
    run = subprocess.run([VENV / "lint/bin/statelint", path], capture_output=True, text=True)
    said = [line.strip() for line in run.stdout.splitlines() if not re.fullmatch(r"\d+ errors?:", line)]
    assert said == unknown, run.stdout + run.stderr


def test_the_map_is_distributed_and_never_stops_for_one_member(definition):
    sync = definition["States"]["Sync"]
    assert sync["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    assert sync["ToleratedFailurePercentage"] == 100
    assert sync["MaxConcurrency"] == 10


def test_no_result_passes_through_the_workflow(definition, stack):
    """A state holds 256 KiB, and the results of 10,000 members are more."""
    sync = definition["States"]["Sync"]
    assert sync["ResultWriter"]["Resource"].endswith(":s3:putObject")
    assert sync["ItemProcessor"]["States"]["SomeFrontendsFailed"]["Parameters"] == {"frontendsFailed.$": "$.Cause"}
    # The event of a member holds the external id, so the log has no data of executions.
    logging = stack("fleet").resources()["Workflow"]["Properties"]["LoggingConfiguration"]
    assert logging["IncludeExecutionData"] is False


def test_throttling_is_retried_and_a_failed_sync_is_not(definition):
    [retry] = definition["States"]["Sync"]["ItemProcessor"]["States"]["Invoke"]["Retry"]
    assert "Lambda.TooManyRequestsException" in retry["ErrorEquals"]
    assert all(error.startswith("Lambda.") for error in retry["ErrorEquals"])


def test_the_times_fit_into_each_other(definition, stack):
    [function] = stack("template").of_type("AWS::Lambda::Function").values()
    invoke = definition["States"]["Sync"]["ItemProcessor"]["States"]["Invoke"]
    [retry] = invoke["Retry"]
    waits, wait = 0, retry["IntervalSeconds"]
    for _ in range(retry["MaxAttempts"]):
        waits += min(wait, retry["MaxDelaySeconds"])
        wait *= retry["BackoffRate"]
    # An express execution lasts five minutes at most.
    assert function["Timeout"] < invoke["TimeoutSeconds"]
    assert invoke["TimeoutSeconds"] + waits < 300 < definition["TimeoutSeconds"]
    burst = defined(stack, "burst")
    calls = [state["TimeoutSeconds"] for state in burst["States"].values() if "invoke" in state.get("Resource", "")]
    assert len(calls) == 2 and min(calls) > function["Timeout"]
    # Its name is of a minute: an event of that minute begins no other, and is followed by the second run.
    assert 60 <= burst["States"]["EndOfMinute"]["Seconds"] < burst["TimeoutSeconds"] - sum(calls)


def test_the_numbers_are_the_parameters(stack):
    one = stack("fleet", {"MaxConcurrency": 25, "ToleratedFailures": 3})
    definition = json.loads(one.resources()["Workflow"]["Properties"]["DefinitionString"])
    assert definition["States"]["Sync"]["MaxConcurrency"] == 25
    [_, too_many] = definition["States"]["Judge"]["Choices"]
    assert too_many["NumericGreaterThan"] == 3
    assert FUNCTION_ARN in json.dumps(definition)


def test_the_list_in_the_documentation_is_one(stack):
    # The entries of the list are events of the function: events/fleet.json.
    # The workflow adds the external id.
    event = json.loads((ROOT / "events" / "fleet.json").read_text())
    assert set(event) == {"region", "roleArn", "externalId"}


def test_the_list_outlives_the_stack_and_nobody_else_reads_it(documents, stack):
    bucket = documents["fleet"]["Resources"]["Bucket"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    properties = stack("fleet").resources()["Bucket"]["Properties"]
    assert all(properties["PublicAccessBlockConfiguration"].values())
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
