"""Each template is well-formed, uses what it declares, and refuses what cannot work."""

import ipaddress
import itertools
import json
import os

import pytest
from checkov.cloudformation.runner import Runner as Checkov
from checkov.runner_filter import RunnerFilter
from conftest import (
    FULL,
    KEY_ARN,
    ORGANIZATION,
    REQUIRED,
    ROLE_ARN,
    ROOT,
    TOPIC_ARN,
    VPC,
    _NoManagedPolicies,
    linted,
)
from samtranslator.translator.transform import transform
from template import load, references, walk

# Beside the defaults, another choice for everything that a condition or a rule
# asks about.
CHOICES = {
    "template": [
        VPC,
        {"AddressSource": "dns"},
        {"AlarmEmail": "platform@example.com"},
        {"AlarmTopicArn": TOPIC_ARN},
        {"Architecture": "x86_64"},
        {"AssumeRoleArns": ROLE_ARN},
        {"CreateAlarmTopic": "true"},
        {"CreateDashboard": "false", "WriteScope": "any"},
        {"DetailedMetrics": "true", "Tracing": "Active"},
        {"DnsServers": "10.0.0.2"},
        {"DnsServers": "[fd00::2]:5353,10.0.0.3,10.0.0.4:5353"},
        {"DnsServers": "10.0.0.2,fd00::3,fd00::4"},
        {"DryRun": "true"},
        {"InterfaceEndpoints": "true"},
        {"KmsKeyArn": KEY_ARN},
        {"MemberRoleName": "eks-nlb-sync", "OrganizationId": ORGANIZATION},
        {"MinLoadBalancers": "0"},
        # Together where no condition asks about both: each line multiplies the rest.
        {"Paused": "true", "ScheduleExpression": "rate(5 minutes)", "ScheduleState": "DISABLED"},
        {"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/Boundary", "RoleName": "eks-nlb-sync-function"},
        {"ReservedConcurrency": "1"},
        {"RunbookUrl": "https://runbooks.example/eks-nlb-sync.md", "ClusterTag": "eks-nlb-sync=allowed", "Stopped": "true"},
        {"SecurityGroupId": "sg-0123456789abcdef0"},
        {"TicketTopicArn": TOPIC_ARN},
        {"WatchControlPlane": "true"},
    ],
    "fleet": [
        {"AlarmEmail": "platform@example.com"},
        {"AlarmTopicArn": TOPIC_ARN},
        {"CreateAlarmTopic": "true"},
        {"KmsKeyArn": KEY_ARN},
        {"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/Boundary"},
        {"RunbookUrl": "https://runbooks.example/eks-nlb-sync.md"},
    ],
    "fleet-member": [
        {"AddressSource": "dns"},
        {"OrganizationId": ORGANIZATION},
        {"PermissionsBoundaryArn": "arn:aws:iam::aws:policy/Boundary"},
        {"WriteScope": "any"},
    ],
}

IMPOSSIBLE = [
    ("a VPC without subnets", "template", {"VpcId": VPC["VpcId"]}),
    ("subnets without a VPC", "template", {"SubnetIds": VPC["SubnetIds"]}),
    ("a security group without a VPC", "template", {"SecurityGroupId": "sg-0123456789abcdef0"}),
    ("interface endpoints without a VPC", "template", {"InterfaceEndpoints": "true"}),
    ("roles without ARNs", "template", {"AssumeRoleArns": "eks-nlb-sync"}),
    ("a role of any account", "template", {"AssumeRoleArns": "arn:aws:iam::*:role/eks-nlb-sync"}),
    ("any role of an account", "template", {"AssumeRoleArns": "arn:aws:iam::111122223333:role/*"}),
    ("one role too few", "template", {"AssumeRoleArns": f"{ROLE_ARN},"}),
    ("two topics", "template", {"CreateAlarmTopic": "true", "AlarmTopicArn": TOPIC_ARN}),
    ("two topics", "fleet", {"CreateAlarmTopic": "true", "AlarmTopicArn": TOPIC_ARN}),
    ("an address and a topic", "fleet", {"AlarmEmail": "platform@example.com", "AlarmTopicArn": TOPIC_ARN}),
    ("an address that is none", "fleet", {"AlarmEmail": "platform"}),
    ("a topic that is none", "fleet", {"AlarmTopicArn": "pages"}),
    ("subnets that are none", "template", VPC | {"SubnetIds": "subnet-1, subnet-2"}),
    ("no run at a time", "template", {"ReservedConcurrency": "0"}),
    ("DNS that outlasts the function", "template", {"DnsTimeoutMs": 60000}),
    ("a log level that drops metrics", "template", {"ApplicationLogLevel": "ERROR"}),
    ("a schedule in words", "template", {"ScheduleExpression": "every minute"}),
    ("more DNS servers than there are rules for", "template", {"DnsServers": "10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5"}),
    ("a role's path for its name", "template", {"RoleName": "team/eks-nlb-sync"}),
    ("an alarm for less than a run", "template", {"NoRunMinutes": 1}),
    ("a role name without its organisation", "template", {"MemberRoleName": "eks-nlb-sync"}),
    ("an organisation without a role name", "template", {"OrganizationId": ORGANIZATION}),
    ("any role of an organisation", "template", {"MemberRoleName": "*", "OrganizationId": ORGANIZATION}),
    ("an organisation that is none", "template", {"MemberRoleName": "eks-nlb-sync", "OrganizationId": "*"}),
    ("an alias of a key", "template", {"KmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:alias/logs"}),
    ("a runbook that is no URL", "template", {"RunbookUrl": "docs/operations.md"}),
    ("a source that is none", "template", {"AddressSource": "eni+dns"}),
    ("two tags of a cluster", "template", {"ClusterTag": "a,b"}),
    ("a tag value that the permission cannot hold", "template", {"NlbTag": "a=b=c"}),
    ("a tag value that the function trims and the permission does not", "template", {"NlbTag": "a=b ,c"}),
    ("an empty selector", "template", {"NlbTag": ""}),
    ("a selector that breaks the policy", "template", {"NlbTag": 'a"b'}),
    ("no external id", "fleet-member", {"ExternalId": "x"}),
    ("no external id", "fleet", {"ExternalId": ""}),
    ("an external id that breaks the workflow", "fleet", {"ExternalId": 'a"b'}),
    ("an organisation that is none", "fleet-member", {"OrganizationId": "r-0123"}),
    ("a wildcard for an external id", "fleet-member", {"ExternalId": "*?"}),
    ("a user for a role", "fleet-member", {"FunctionRoleArn": "arn:aws:iam::111122223333:user/me"}),
    ("a version of the function", "fleet", {"FunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:f:1"}),
]


def test_sam_makes_no_version_for_a_parameter_that_changes():
    """Why there is no alias: docs/operations.md, Upgrading. Should this fail, there may be one."""
    versions = set()
    for dry_run in ("true", "false"):
        document = load(ROOT / "template.yaml")
        document["Resources"]["Function"]["Properties"] |= {
            "CodeUri": "s3://artifacts/eks-nlb-sync.zip",
            "AutoPublishAlias": "live",
            "AutoPublishAliasAllProperties": True,
        }
        os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
        made = transform(document, {"DryRun": dry_run}, _NoManagedPolicies())["Resources"]
        versions |= {name for name, each in made.items() if each["Type"] == "AWS::Lambda::Version"}
    assert len(versions) == 1


def test_sam_accepts_it(name, validated):
    status, said = validated(ROOT / f"{name}.yaml")
    assert status == 0, said


def test_cfn_lint_has_nothing_to_say(name, documents):
    assert linted(documents[name], include_checks=["I"]) == []


def test_checkov_finds_nothing_that_is_not_justified(name, stack, tmp_path):
    # The document with all features on and every value worked out, because
    # checkov does not follow Fn::If.
    resources = stack(name, FULL[name]).resources()
    for resource in resources.values():
        resource.pop("Condition", None)
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}, indent=1))
    only = RunnerFilter(framework=["cloudformation"])
    report = Checkov().run(root_folder=None, files=[str(path)], runner_filter=only)

    assert report.parsing_errors == []
    assert report.passed_checks
    assert [(check.check_id, check.resource) for check in report.failed_checks] == []
    # An exception without a finding must be removed.
    skipped = {(check.resource.rpartition(".")[2], check.check_id) for check in report.skipped_checks}
    declared = {
        (resource, skip["id"])
        for resource, body in load(ROOT / f"{name}.yaml")["Resources"].items()
        for skip in body.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }
    assert skipped == declared


def test_every_parameter_is_used_and_in_the_form(name, documents):
    document = documents[name]
    used = references({key: document.get(key, {}) for key in ("Conditions", "Resources", "Outputs")})
    groups = document["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [parameter for group in groups for parameter in group["Parameters"]]

    assert set(document["Parameters"]) <= used
    assert sorted(shown) == sorted(document["Parameters"])


def combinations(name, at_once=3):
    """The parameters of every few choices made together."""
    for count in range(at_once + 1):
        for chosen in itertools.combinations(CHOICES[name], count):
            yield {key: value for choice in chosen for key, value in choice.items()}


def test_there_is_a_choice_for_every_parameter_that_decides_something(name, documents):
    document = documents[name]
    deciding = references([document.get("Conditions", {}), document.get("Rules", {})])
    assert deciding & set(document["Parameters"]) == {key for choice in CHOICES[name] for key in choice}


def test_every_condition_is_used_and_reached_both_ways(name, documents, stack):
    document = documents[name]
    conditions = document["Conditions"]
    used = set()
    for key in ("Conditions", "Resources", "Outputs"):
        for _, value in walk(document.get(key, {})):
            if isinstance(value, dict):
                # A policy's statement has a Condition too, which does not name one.
                names = [value.get("Condition"), *value.get("Fn::If", [])[:1]]
                used |= {each for each in names if isinstance(each, str)}
    assert set(conditions) <= used

    reached = {condition: set() for condition in conditions}
    for parameters in combinations(name):
        for partition in ("aws", "aws-cn"):
            one = stack(name, parameters, Partition=partition)
            if not one.refusals():
                for condition in conditions:
                    reached[condition].add(one.condition(condition))
    assert [condition for condition, values in reached.items() if values != {True, False}] == []


def test_every_accepted_combination_can_be_made(name, stack):
    # Whatever refers to a resource that its condition leaves out is found here.
    made = 0
    for parameters in combinations(name):
        one = stack(name, parameters)
        if not one.refusals():
            one.resources(), one.outputs()
            made += 1
    assert made > 1


@pytest.mark.parametrize(("what", "name_", "parameters"), IMPOSSIBLE, ids=[f"{n}: {what}" for what, n, _ in IMPOSSIBLE])
def test_the_impossible_is_refused(what, name_, parameters, stack):
    assert stack(name_, parameters).refusals() != []


def test_the_defaults_and_the_full_set_are_accepted(name, stack):
    assert stack(name).refusals() == []
    assert stack(name, FULL[name]).refusals() == []


@pytest.mark.parametrize("missing", [(n, p) for n, required in REQUIRED.items() for p in required])
def test_what_has_no_default_must_be_given(missing, documents):
    name, parameter = missing
    assert "Default" not in documents[name]["Parameters"][parameter]


def test_nothing_is_bound_to_one_partition(name, stack):
    for partition, region in (("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")):
        parameters = {
            key: value.replace("arn:aws:", f"arn:{partition}:").replace("eu-west-1", region)
            for key, value in (REQUIRED[name] | FULL[name]).items()
        }
        one = stack(name, parameters, Partition=partition, Region=region)
        assert one.refusals() == []
        texts = [value for _, value in walk([one.resources(), one.outputs()]) if isinstance(value, str)]
        assert [text for text in texts if "arn:aws:" in text] == []
        assert [text for text in texts if "eu-west-1" in text] == []


def test_the_endpoint_services_have_their_names_of_the_partition(stack):
    # Source of the exceptions: aws-cdk, aws-ec2/lib/vpc-endpoint.ts.
    usual = ["com.amazonaws.{}.eks", "com.amazonaws.{}.elasticloadbalancing", "com.amazonaws.{}.ec2", "com.amazonaws.{}.sts"]
    in_china = [name if "elastic" in name else f"cn.{name}" for name in usual]
    for partition, region, expected in (
        ("aws", "eu-west-1", usual),
        ("aws-us-gov", "us-gov-west-1", usual),
        ("aws-cn", "cn-north-1", in_china),
    ):
        endpoints = stack("template", FULL["template"], Partition=partition, Region=region).of_type(
            "AWS::EC2::VPCEndpoint"
        )
        services = [each["ServiceName"] for each in endpoints.values()]
        assert services == [service.format(region) for service in expected]
        assert all(each["PrivateDnsEnabled"] is True for each in endpoints.values())


@pytest.mark.parametrize(
    ("parameters", "further"),
    [
        ({}, {"ec2"}),
        ({"AssumeRoleArns": ROLE_ARN}, {"ec2", "sts"}),
        ({"MemberRoleName": "eks-nlb-sync", "OrganizationId": ORGANIZATION}, {"ec2", "sts"}),
        ({"AddressSource": "dns"}, set()),
        ({"AddressSource": "dns+eni"}, {"ec2"}),
    ],
)
def test_an_endpoint_is_made_for_each_api_that_is_called(parameters, further, stack):
    one = stack("template", VPC | {"InterfaceEndpoints": "true"} | parameters)
    services = {each["ServiceName"] for each in one.of_type("AWS::EC2::VPCEndpoint").values()}
    assert services == {f"com.amazonaws.eu-west-1.{name}" for name in {"eks", "elasticloadbalancing"} | further}


def test_an_endpoint_cuts_nobody_off(stack):
    # With private DNS, every client in the VPC uses it.
    one = stack("template", VPC | {"InterfaceEndpoints": "true"})
    made = {each["SecurityGroupIds"][0] for each in one.of_type("AWS::EC2::VPCEndpoint").values()}
    assert made == {one.resolve({"Fn::GetAtt": ["EndpointSecurityGroup", "GroupId"]})}
    group = one.of_type("AWS::EC2::SecurityGroup")["EndpointSecurityGroup"]
    admitted = [ipaddress.ip_network(rule["CidrIp"]) for rule in group["SecurityGroupIngress"]]
    assert {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in group["SecurityGroupIngress"]} == {
        ("tcp", 443, 443)
    }
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"):
        assert any(ipaddress.ip_network(network).subnet_of(each) for each in admitted), network
