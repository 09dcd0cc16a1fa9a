"""The function's settings, times and schedule in template.yaml."""

import json
import re

import pytest
from conftest import FULL, ROOT
from lambda_host import LambdaHost, program

SETTINGS_RS = (ROOT / "src" / "settings.rs").read_text()

# Values that a parameter accepts must be values that the function accepts: a
# setting that does not parse stops its start, which a deployment does not see.
ACCEPTED = {
    "NlbTag": ["eks-nlb-sync=enabled", "team", "a=b c,d", "platform/eks:sync=on,team=a+b@c"],
    "ClusterNameTag": ["cluster_name", "platform/eks:cluster-name"],
    "SyncPolicy": ["sync", "add-only"],
    "DryRun": ["true", "false"],
    "MinHealthyTargets": ["1", "1000"],
    "AllowedCidrs": ["10.0.0.0/8", "10.1.0.0/16,fd00::/8"],
    "DnsServers": ["10.0.0.2", "10.0.0.2:5353,[fd00::2]:53,fd00::3"],
    "DnsTimeoutMs": ["100", "30000"],
    "MaxConcurrency": ["1", "1000"],
    "MetricsNamespace": ["EksNlbSync", "Platform/Eks.Nlb-Sync"],
}

# Values that the function does not accept, the template refuses before: they
# would be found out only when the function does not start.
REFUSED = {
    "NlbTag": ["", "=enabled", "a,,b", "a;b"],
    "ClusterNameTag": ["", "a=b", "a,b"],
    "SyncPolicy": ["", "Sync", "add_only"],
    "DryRun": ["", "1", "True"],
    "MinHealthyTargets": ["", "0", "-1", "one"],
    "AllowedCidrs": ["", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/8,", "10.0.0.0/8;fc00::/7", "fc00::/129", "10.0.0.256/8"],
    "DnsServers": ["dns.example", "10.0.0.2:", "10.0.0.2:0", "10.0.0.256", "10.0.0.2,", "[fd00::2"],
    "DnsTimeoutMs": ["", "0", "-5", "5s"],
    "MaxConcurrency": ["", "0", "-1", "many"],
    "MetricsNamespace": ["", ":a", "AWS/EKS"],
}


def settings():
    """Every setting that the function reads, with its default; None is no default."""
    constants = dict(re.findall(r'pub const (\w+): (?:&str|u16) = "?([^";]+)"?;', SETTINGS_RS))
    found = {}
    for variable, default in re.findall(r'\.or\(\s*"([A-Z_]+)",\s*("[^"]*"|[A-Z_]+)', SETTINGS_RS):
        found[variable] = default.strip('"') if default.startswith('"') else constants[default]
    for variable in re.findall(r'\.optional\(\s*"([A-Z_]+)"', SETTINGS_RS):
        found[variable] = constants.get(variable)
    return found


def parameter_of(variable):
    return "".join(part.capitalize() for part in variable.split("_"))


def the_function(one):
    [function] = one.of_type("AWS::Lambda::Function").values()
    return function


def test_the_settings_are_found():
    assert len(settings()) == 10
    assert settings()["NLB_TAG"] == "eks-nlb-sync=enabled"
    assert settings()["DNS_SERVERS"] is None


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
    # An empty DNS_SERVERS would be refused by the function.
    assert "DNS_SERVERS" not in the_function(stack("template"))["Environment"]["Variables"]


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


def test_one_run_at_a_time_and_none_twice(stack):
    one = stack("template")
    function = the_function(one)
    assert function["ReservedConcurrentExecutions"] == "1"
    [retries] = one.of_type("AWS::Lambda::EventInvokeConfig").values()
    assert (retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]) == (0, 60)
    [schedule] = one.of_type("AWS::Scheduler::Schedule").values()
    assert schedule["ScheduleExpression"] == "rate(1 minute)"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert "Name" not in schedule
    # A run that is still going when the next is due ends before the event does.
    assert function["Timeout"] <= retries["MaximumEventAgeInSeconds"]


def test_concurrency_need_not_be_reserved(stack):
    assert "ReservedConcurrentExecutions" not in the_function(stack("template", {"ReservedConcurrency": "none"}))


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
    [group] = given.of_type("AWS::EC2::SecurityGroup").values()
    assert group["SecurityGroupIngress"][0]["SourceSecurityGroupId"] == "sg-0123456789abcdef0"


def test_dns_goes_out_only_to_servers_of_your_own(stack):
    vpc = {key: FULL["template"][key] for key in ("VpcId", "SubnetIds")}
    assert stack("template", vpc).of_type("AWS::EC2::SecurityGroupEgress") == {}
    rules = stack("template", vpc | {"DnsServers": "10.0.0.2"}).of_type("AWS::EC2::SecurityGroupEgress").values()
    assert sorted((rule["IpProtocol"], rule["FromPort"]) for rule in rules) == [("tcp", 53), ("udp", 53)]


def test_the_control_plane_is_watched_by_what_eks_itself_calls(stack):
    one = stack("template", {"WatchControlPlane": "true"})
    [rule] = one.of_type("AWS::Events::Rule").values()
    event = json.loads((ROOT / "events" / "network-interface.json").read_text())
    pattern = rule["EventPattern"]
    assert event["source"] in pattern["source"]
    assert event["detail-type"] in pattern["detail-type"]
    for key, values in pattern["detail"].items():
        assert event["detail"][key] in values, key
    assert pattern["detail"]["eventName"] == ["CreateNetworkInterface", "DeleteNetworkInterface"]
    [permission] = one.of_type("AWS::Lambda::Permission").values()
    assert permission["SourceArn"] == one.resolve({"Fn::GetAtt": ["ControlPlaneRule", "Arn"]})
    assert stack("template").of_type("AWS::Events::Rule") == {}
