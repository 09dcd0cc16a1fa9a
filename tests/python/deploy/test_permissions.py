"""What the roles may do is what the code does, and nothing else."""

import itertools
import json
import re

import pytest
from conftest import FULL, KEY_ARN, ORGANIZATION, ROLE_ARN, ROOT, VPC
from parliament import analyze_policy_string

# What Lambda itself does in the function's name; the code does not call it.
BY_LAMBDA = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}

WRITES = {"elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"}


def calls_of_the_code():
    """Every AWS call in src/aws, as the code itself names it for IAM."""
    named = re.compile(r'"((?:ec2|elasticloadbalancing|eks|sts):[A-Z]\w+)"')
    return {action for path in (ROOT / "src" / "aws").rglob("*.rs") for action in named.findall(path.read_text())}


def policies(resources):
    """Every policy of a stack that grants or denies: its owner, name and document."""
    for name, resource in resources.items():
        properties = resource["Properties"]
        for inline in properties.get("Policies", []):
            yield name, inline["PolicyName"], inline["PolicyDocument"]
        if resource["Type"] == "AWS::IAM::RolePolicy":
            document = properties["PolicyDocument"]
            yield (
                properties["RoleName"],
                properties["PolicyName"],
                json.loads(document) if isinstance(document, str) else document,
            )


def listed(value):
    return value if isinstance(value, list) else [value]


def statements(stack, owner):
    """The statements about the role `owner` of a stack."""
    return [
        statement
        for role, _, document in policies(stack.resources())
        if owner in role
        for statement in document["Statement"]
    ]


def allowed(found):
    return {action for statement in found if statement["Effect"] == "Allow" for action in listed(statement["Action"])}


# Calls that AddressSource dns does not make.
INTERFACES = {"ec2:DescribeNetworkInterfaces"}


def test_the_function_may_do_what_the_code_calls(stack):
    may = allowed(statements(stack("template", FULL["template"]), "FunctionRole"))
    assert may - BY_LAMBDA | INTERFACES == calls_of_the_code() | INTERFACES
    assert may >= BY_LAMBDA


def test_a_member_may_do_the_same_but_assume_roles(stack):
    for source, read in (("auto", INTERFACES), ("dns", set()), ("eni", INTERFACES), ("dns+eni", INTERFACES)):
        may = allowed(statements(stack("fleet-member", {"AddressSource": source}), "Role"))
        assert may == calls_of_the_code() - {"sts:AssumeRole"} - INTERFACES | read


def test_what_is_switched_off_is_not_allowed(stack):
    calls = calls_of_the_code() - {"sts:AssumeRole"} - INTERFACES
    logs = {action for action in BY_LAMBDA if action.startswith("logs:")}
    traces = {action for action in BY_LAMBDA if action.startswith("xray:")}
    for parameters, further in (
        ({}, INTERFACES),
        ({"AddressSource": "dns"}, set()),
        ({"AddressSource": "dns", "Tracing": "Active"}, traces),
        ({"AddressSource": "eni"}, INTERFACES),
        ({"AddressSource": "dns+eni"}, INTERFACES),
    ):
        assert allowed(statements(stack("template", parameters), "FunctionRole")) == calls | logs | further


def test_roles_are_assumed_only_if_given(stack):
    roles = f"{ROLE_ARN},{ROLE_ARN}-2"
    [given] = [
        statement
        for statement in statements(stack("template", {"AssumeRoleArns": roles}), "FunctionRole")
        if "sts:AssumeRole" in listed(statement["Action"])
    ]
    assert given["Resource"] == roles.split(",")


def test_one_role_name_is_assumed_in_the_organisation_only(stack):
    one = stack("template", {"MemberRoleName": "eks-nlb-sync", "OrganizationId": ORGANIZATION})
    [given] = [each for each in statements(one, "FunctionRole") if "sts:AssumeRole" in listed(each["Action"])]
    assert given["Resource"] == "arn:aws:iam::*:role/eks-nlb-sync"
    assert given["Condition"] == {"StringEquals": {"aws:ResourceOrgID": ORGANIZATION}}
    both = stack("template", FULL["template"])
    given = [each for each in statements(both, "FunctionRole") if "sts:AssumeRole" in listed(each["Action"])]
    assert len(given) == 2


def test_only_describe_calls_and_what_aws_cannot_narrow_are_for_everything(stack):
    everything = set()
    for name, parameters in FULL.items():
        for _, _, document in policies(stack(name, parameters).resources()):
            for statement in document["Statement"]:
                if statement["Effect"] == "Allow" and "*" in listed(statement["Resource"]):
                    everything |= set(listed(statement["Action"]))
    unnarrowed = {action for action in everything if not re.match(r"(ec2|logs|xray):", action)}
    assert unnarrowed == {
        action for action in calls_of_the_code() if action.startswith("elasticloadbalancing:Describe")
    }
    assert not any("*" in action for action in everything)


@pytest.mark.parametrize("name", ["template", "fleet-member"])
@pytest.mark.parametrize(
    ("selector", "condition"),
    [
        ("eks-nlb-sync=enabled", {"aws:ResourceTag/eks-nlb-sync": "enabled"}),
        ("team", {"aws:ResourceTag/team": "*"}),
        ("platform/eks:sync=on,team=a", {"aws:ResourceTag/platform/eks:sync": "on"}),
        ("a=b c,d", {"aws:ResourceTag/a": "b c"}),
    ],
)
def test_target_groups_must_carry_the_first_tag(name, selector, condition, stack):
    one = stack(name, {"NlbTag": selector})
    assert one.refusals() == []
    [write] = [each for each in statements(one, "Role") if WRITES & set(listed(each["Action"]))]
    assert set(write["Action"]) == WRITES
    assert write["Condition"] == {"StringLike": condition}
    assert write["Resource"] == "arn:aws:elasticloadbalancing:*:111122223333:targetgroup/*/*"


@pytest.mark.parametrize("name", ["template", "fleet-member"])
def test_the_tag_can_be_waived_but_not_the_account(name, stack):
    [write] = [
        each for each in statements(stack(name, {"WriteScope": "any"}), "Role") if WRITES & set(listed(each["Action"]))
    ]
    assert set(write["Action"]) == WRITES
    assert "Condition" not in write
    assert write["Resource"] == "arn:aws:elasticloadbalancing:*:111122223333:targetgroup/*/*"


def test_parliament_finds_nothing(name, stack):
    looked_at = 0
    variants = [{}, FULL[name]]
    if name != "fleet":
        variants.append({"WriteScope": "any"})
    for parameters, partition in itertools.product(variants, ("aws",)):
        for role, policy, document in policies(stack(name, parameters, Partition=partition).resources()):
            # SAM leaves the version out of the schedule's policy.
            findings = analyze_policy_string(json.dumps({"Version": "2012-10-17"} | document)).findings
            unexpected = [finding for finding in findings if not is_known(finding)]
            assert unexpected == [], f"{name}: {role} {policy}: {unexpected}"
            looked_at += 1
    assert looked_at >= 2


def is_known(finding):
    # A condition key of every call that a function makes with its role: Lambda
    # Developer Guide, Using source function ARN. It is missing in parliament's list.
    if finding.issue == "UNKNOWN_CONDITION_FOR_ACTION":
        return "lambda:SourceFunctionArn" in str(finding.detail)
    # Executions of a state machine, or of a map run: one of the two is enough.
    if finding.issue == "RESOURCE_MISMATCH":
        return [each["action"] for each in finding.detail] == ["states:ListExecutions"]
    # As in AWS's own AWSLambdaVPCAccessExecutionRole: shared subnets are another
    # account's, and interfaces have no name before they are made.
    return finding.issue == "RESOURCE_STAR" and set(finding.detail) <= BY_LAMBDA


def test_code_is_denied_what_lambda_may_do_in_the_vpc(stack):
    one = stack("template", VPC | {"AddressSource": "dns"})
    [denied] = [each for each in statements(one, "FunctionRole") if each["Effect"] == "Deny"]
    may = {action for action in allowed(statements(one, "FunctionRole")) if action.startswith("ec2:")}
    assert set(denied["Action"]) == may
    # But the code reads the interfaces of control planes, unless addresses come from DNS alone.
    reading = stack("template", VPC)
    [denied_then] = [each for each in statements(reading, "FunctionRole") if each["Effect"] == "Deny"]
    assert set(denied["Action"]) - set(denied_then["Action"]) == INTERFACES
    function = one.resolve({"Fn::GetAtt": ["Function", "Arn"]})
    assert denied["Condition"] == {"ArnEquals": {"lambda:SourceFunctionArn": function}}


def test_every_role_trusts_exactly_one(stack):
    trust = {}
    for name, parameters in FULL.items():
        for role, resource in stack(name, parameters).resources().items():
            if resource["Type"] == "AWS::IAM::Role":
                [statement] = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
                assert listed(statement["Action"]) == ["sts:AssumeRole"]
                [principal] = [one for each in statement["Principal"].values() for one in listed(each)]
                trust[role] = principal
                assert resource["Properties"]["PermissionsBoundary"].endswith("policy/boundary")
    assert trust == {
        "FunctionRole": "lambda.amazonaws.com",
        "ControlPlaneRuleRole": "events.amazonaws.com",
        "ControlPlaneWorkflowRole": "states.amazonaws.com",
        "WorkflowRole": "states.amazonaws.com",
        "ScheduleRole": "scheduler.amazonaws.com",
        "Role": "arn:aws:iam::111122223333:root",
    }


def test_no_service_acts_for_another_account(stack):
    # Of Lambda this is not asked: an execution role is given to a function of
    # its own account only.
    for name, parameters in FULL.items():
        for role, resource in stack(name, parameters).resources().items():
            if resource["Type"] == "AWS::IAM::Role" and role != "FunctionRole":
                [statement] = resource["Properties"]["AssumeRolePolicyDocument"]["Statement"]
                if "Service" in statement["Principal"]:
                    assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": "111122223333"}}, role


def test_a_member_trusts_one_role_of_that_account_with_its_external_id(stack):
    function_role = "arn:aws:iam::444455556666:role/some/path/eks-nlb-sync-FunctionRole-1ABC"
    member = stack("fleet-member", {"FunctionRoleArn": function_role, "ExternalId": "platform"})
    [statement] = member.resources()["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"AWS": "arn:aws:iam::444455556666:root"}
    assert statement["Condition"] == {
        "ArnEquals": {"aws:PrincipalArn": function_role},
        "StringEquals": {"sts:ExternalId": "platform"},
    }
    pinned = stack("fleet-member", {"OrganizationId": ORGANIZATION})
    [statement] = pinned.resources()["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Condition"]["StringEquals"] == {
        "sts:ExternalId": "platform",
        "aws:PrincipalOrgID": ORGANIZATION,
    }


def test_the_workflow_may_do_what_its_states_do(stack):
    one = stack("fleet")
    definition = one.resources()["Workflow"]["Properties"]["DefinitionString"]
    may = {action for action in allowed(statements(one, "WorkflowRole")) if not action.startswith("logs:")}
    by_its_states = {
        ":::lambda:invoke": {"lambda:InvokeFunction"},
        ":::s3:getObject": {"s3:GetObject"},
        ":::aws-sdk:s3:putObject": {"s3:PutObject"},
        ":::aws-sdk:sfn:listExecutions": {"states:ListExecutions"},
        ":::aws-sdk:sfn:describeMapRun": {"states:DescribeMapRun"},
        # Step Functions Developer Guide, ResultWriter, IAM policies.
        ":::s3:putObject": {"s3:PutObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"},
        # A distributed map runs its items as executions of the workflow itself.
        "DISTRIBUTED": {"states:StartExecution", "states:DescribeExecution", "states:StopExecution"},
    }
    assert all(call in definition for call in by_its_states)
    assert set(re.findall(r"(:::[\w:-]+)\"", definition)) == {call for call in by_its_states if call[0] == ":"}
    assert may == set().union(*by_its_states.values())
    [invoke] = [each for each in statements(one, "WorkflowRole") if each["Action"] == "lambda:InvokeFunction"]
    assert invoke["Resource"] == one.parameters["FunctionArn"]


def test_a_key_of_your_own_is_used_everywhere(stack):
    one, fleet = stack("template", {"KmsKeyArn": KEY_ARN, "CreateAlarmTopic": "true"}), stack("fleet", FULL["fleet"])
    for each in (one, fleet):
        [group] = each.of_type("AWS::Logs::LogGroup").values()
        [topic] = each.of_type("AWS::SNS::Topic").values()
        assert group["KmsKeyId"] == topic["KmsMasterKeyId"] == KEY_ARN
    [rule] = fleet.resources()["Bucket"]["Properties"]["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY_ARN}
    [use] = [each for each in statements(fleet, "WorkflowRole") if "kms:Decrypt" in listed(each["Action"])]
    assert use["Resource"] == KEY_ARN
