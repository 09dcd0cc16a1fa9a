"""The function's settings, times and schedule in template.yaml."""

import json

import pytest
import template
from conftest import FULL, ROOT, VPC
from event_pattern import matches
from lambda_host import LambdaHost, program
from settings import parameter_of, settings

# Values that a parameter accepts must be values that the function accepts: a
# setting that does not parse stops its start, which a deployment does not see.
# Those of a parameter with a list or a range of values follow from it.
ACCEPTED = {
    "NlbTag": ["eks-nlb-sync=enabled", "team", "a=b c,d", "platform/eks:sync=on,team=a+b@c"],
    "ClusterNameTag": ["cluster_name", "platform/eks:cluster-name"],
    "ClusterTag": ["team", "eks-nlb-sync=allowed", "platform/eks:sync=a b"],
    "AllowedCidrs": ["10.0.0.0/8", "10.1.0.0/16,fd00::/8"],
    "DnsServers": ["10.0.0.2", "10.0.0.2:5353,[fd00::2]:53,fd00::3"],
    "MetricsNamespace": ["EksNlbSync", "Platform/Eks.Nlb-Sync"],
}

# Values that the function does not accept, the template refuses before: they
# would be found out only when the function does not start.
REFUSED = {
    "NlbTag": ["", "=enabled", "a,,b", "a;b"],
    "ClusterNameTag": ["", "a=b", "a,b"],
    "ClusterTag": ["=allowed", "a,b", "a;b"],
    "AllowedCidrs": ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/8,", "10.0.0.0/8;fc00::/7", "fc00::/129", "10.0.0.256/8"],
    "DnsServers": ["dns.example", "10.0.0.2:", "10.0.0.2:0", "10.0.0.256", "10.0.0.2,", "[fd00::2"],
    "MetricsNamespace": ["", ":a", "AWS/EKS"],
}

for setting in map(parameter_of, settings()):
    declared = template.load(ROOT / "template.yaml")["Parameters"][setting]
    if "AllowedValues" in declared:
        ACCEPTED[setting] = declared["AllowedValues"]
        REFUSED[setting] = ["", "1", *(value.upper() for value in declared["AllowedValues"])]
    elif "MinValue" in declared:
        ACCEPTED[setting] = [str(declared["MinValue"]), str(declared["MaxValue"])]
        REFUSED[setting] = ["", "0", "-1", "5s"]


def the_function(one):
    [function] = one.of_type("AWS::Lambda::Function").values()
    return function


def test_the_settings_are_found():
    assert settings()["NLB_TAG"] == "eks-nlb-sync=enabled"
    assert settings()["DNS_SERVERS"] is None
    assert settings()["CLUSTER_TAG"] is None


def test_each_setting_is_a_parameter_with_the_same_default(documents, stack):
    variables = the_function(stack("template", FULL["template"]))["Environment"]["Variables"]
    assert set(variables) == set(settings())
    for variable, default in settings().items():
        declared = documents["template"]["Parameters"][parameter_of(variable)]
        assert str(declared["Default"]) == (default or ""), variable
        assert variable in declared["Description"]
    # And each reaches the function under its own name.
    named = {parameter_of(variable): variable for variable in settings()}
    changed = {parameter: values[-1] for parameter, values in ACCEPTED.items()}
    one = stack("template", changed)
    variables = the_function(one)["Environment"]["Variables"]
    assert {parameter: variables[variable] for parameter, variable in named.items()} == changed


def test_a_setting_without_a_value_is_absent(stack):
    # The function would refuse an empty one.
    assert not {"CLUSTER_TAG", "DNS_SERVERS"} & set(the_function(stack("template"))["Environment"]["Variables"])


@pytest.mark.parametrize(
    ("parameter", "value"), [(parameter, value) for parameter, values in ACCEPTED.items() for value in values]
)
def test_the_function_starts_with_what_a_parameter_accepts(parameter, value, stack):
    one = stack("template", {parameter: value})
    assert one.refusals() == []
    variables = the_function(one)["Environment"]["Variables"]
    with LambdaHost(program(), variables, timeout_seconds=20) as function:
        function.wait_until_ready()


@pytest.mark.parametrize(
    ("parameter", "value"), [(parameter, value) for parameter, values in REFUSED.items() for value in values]
)
def test_a_parameter_refuses_what_the_function_would_stop_at(parameter, value, stack):
    assert stack("template", {parameter: value}).refusals() != []
    [variable] = [each for each in settings() if parameter_of(each) == parameter]
    with LambdaHost(program(), {variable: value}, timeout_seconds=20) as function:
        with pytest.raises(RuntimeError, match=variable):
            function.wait_until_ready()


def test_the_runtime_is_the_one_the_artifact_is_built_for(documents, stack):
    resource = documents["template"]["Resources"]["Function"]
    assert resource["Metadata"]["BuildMethod"] == "rust-cargolambda"
    function = the_function(stack("template"))
    assert (function["Runtime"], function["Architectures"], function["MemorySize"]) == (
        "provided.al2023",
        ["arm64"],
        128,
    )
    assert the_function(stack("template", {"Architecture": "x86_64"}))["Architectures"] == ["x86_64"]


def test_a_silent_name_server_leaves_time_for_the_report(documents, stack):
    timeout_seconds = the_function(stack("template"))["Timeout"]
    slowest_dns_ms = documents["template"]["Parameters"]["DnsTimeoutMs"]["MaxValue"]
    assert slowest_dns_ms <= timeout_seconds * 1000 / 2


def test_a_run_has_ended_before_the_next_and_none_is_repeated(stack):
    one = stack("template")
    function = the_function(one)
    [retries] = one.of_type("AWS::Lambda::EventInvokeConfig").values()
    assert (retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]) == (0, 60)
    [schedule] = one.of_type("AWS::Scheduler::Schedule").values()
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert "Name" not in schedule
    # Nothing of an account's concurrency is taken away for that.
    assert "ReservedConcurrentExecutions" not in function
    assert function["Timeout"] < 60


def test_concurrency_can_be_reserved(stack):
    assert the_function(stack("template", {"ReservedConcurrency": "1"}))["ReservedConcurrentExecutions"] == "1"


def test_logs_are_json_and_end(stack):
    function = the_function(stack("template"))
    assert function["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": "/aws/lambda/eks-nlb-sync",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "WARN",
    }
    [group] = stack("template").of_type("AWS::Logs::LogGroup").values()
    assert group["RetentionInDays"] == "30"


def test_the_function_is_outside_any_vpc_unless_asked(stack):
    one = stack("template")
    assert "VpcConfig" not in the_function(one)
    assert not any(resource["Type"].startswith("AWS::EC2::") for resource in one.resources().values())


def test_a_security_group_is_made_unless_given(stack):
    made = the_function(stack("template", FULL["template"]))["VpcConfig"]
    assert len(made["SubnetIds"]) == 2
    assert stack("template", FULL["template"]).of_type("AWS::EC2::SecurityGroup").keys() == {
        "SecurityGroup",
        "EndpointSecurityGroup",
    }
    given = stack("template", FULL["template"] | {"SecurityGroupId": "sg-0123456789abcdef0"})
    assert the_function(given)["VpcConfig"]["SecurityGroupIds"] == ["sg-0123456789abcdef0"]
    assert given.of_type("AWS::EC2::SecurityGroup").keys() == {"EndpointSecurityGroup"}


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ("", set()),
        ("10.0.0.2", {("10.0.0.2/32", 53)}),
        ("10.0.0.2,10.0.0.3", {("10.0.0.2/32", 53), ("10.0.0.3/32", 53)}),
        ("10.0.0.2:5353", {("10.0.0.2/32", 5353)}),
        ("10.0.0.2,10.0.0.3:5353", {("10.0.0.2/32", 53), ("10.0.0.3/32", 5353)}),
        ("fd00::2", {("fd00::2/128", 53)}),
        ("[fd00::2]:5353", {("fd00::2/128", 5353)}),
    ],
)
def test_dns_goes_out_only_to_servers_of_your_own(servers, expected, stack):
    groups = stack("template", VPC | {"DnsServers": servers}).of_type("AWS::EC2::SecurityGroup")
    [group] = groups.values()
    rules = {
        (rule["IpProtocol"], int(rule["FromPort"]), int(rule["ToPort"]), rule.get("CidrIp") or rule["CidrIpv6"])
        for rule in group["SecurityGroupEgress"]
    }
    https = {("tcp", 443, 443, "0.0.0.0/0"), ("tcp", 443, 443, "::/0")}
    dns = {(protocol, port, port, address) for protocol in ("udp", "tcp") for address, port in expected}
    assert rules == https | dns


def control_plane_pattern(stack):
    [rule] = stack("template", {"WatchControlPlane": "true"}).of_type("AWS::Events::Rule").values()
    return rule["EventPattern"]


def changed(event, **detail):
    """The event with other details; None takes one away."""
    merged = event["detail"] | detail
    return event | {"detail": {key: value for key, value in merged.items() if value is not None}}


def test_the_control_plane_is_watched_by_what_eks_itself_calls(stack):
    pattern = control_plane_pattern(stack)
    made, removed = (
        json.loads((ROOT / "events" / f"network-interface{case}.json").read_text()) for case in ("", ".removed")
    )
    assert matches(pattern, made)
    assert matches(pattern, removed)
    # Of 1,161 calls of EKS in one account 1,152 were dry runs.
    for event in (made, removed):
        assert not matches(pattern, changed(event, errorCode="Client.DryRunOperation"))
        assert not matches(pattern, changed(event, sourceIPAddress="198.51.100.7"))
        assert not matches(pattern, changed(event, eventName="ModifyNetworkInterfaceAttribute"))
    # Interfaces of nodes and pods, which EKS makes, too.
    for description in ("aws-K8S-i-0123456789abcdef0", "Amazon EKS", "Amazon EKSpayments", ""):
        response = {"networkInterface": {"description": description}}
        assert not matches(pattern, changed(made, responseElements=response)), description
    assert not matches(pattern, changed(made, responseElements=None))


def test_the_rule_starts_the_workflow_and_nothing_else_does(stack):
    one = stack("template", {"WatchControlPlane": "true"})
    [rule] = one.of_type("AWS::Events::Rule").values()
    [target] = rule["Targets"]
    assert target["Arn"] == one.resolve({"Ref": "ControlPlaneWorkflow"})
    assert target["RoleArn"] == one.resolve({"Fn::GetAtt": ["ControlPlaneRuleRole", "Arn"]})
    # The workflow tells its own executions from an event's by their input.
    assert target["Input"] == "{}"
    assert one.of_type("AWS::Lambda::Permission") == {}
    quiet = stack("template")
    assert quiet.of_type("AWS::Events::Rule") == quiet.of_type("AWS::StepFunctions::StateMachine") == {}
