"""terraform/function and template.yaml make the same function.

The module is applied to an emulator, the template is worked out with the same
parameters, and what comes out is compared: with every default, with everything
on, and with another team's resources given.
"""

import json
import re

import pytest

import template
from function_cases import ONLY_IN_THE_MODULE, ONLY_IN_THE_TEMPLATE, TEMPLATE, default_of, every_case, parameter_name, parameter_value, variables
from settings import settings

pytestmark = pytest.mark.xdist_group("emulator")


def test_every_parameter_is_a_variable_with_the_same_default():
    shared = {name: variable for name, variable in variables().items() if name not in ONLY_IN_THE_MODULE}

    module = {parameter_name(name): parameter_value(name, default_of(variable)) for name, variable in shared.items()}

    parameters = template.load(TEMPLATE)["Parameters"]
    assert module == {name: str(parameter["Default"]) for name, parameter in parameters.items() if name not in ONLY_IN_THE_TEMPLATE}


def test_every_limit_is_the_same():
    parameters = template.load(TEMPLATE)["Parameters"]
    for name, variable in variables().items():
        if name in ONLY_IN_THE_MODULE:
            continue
        parameter = parameters[parameter_name(name)]
        conditions = " ".join(block["condition"] for block in variable.get("validation", []))
        allowed = re.search(rf"contains\(\[(.*?)\], var\.{name}\)", conditions)
        lowest = re.search(rf"var\.{name} >= (\d+)", conditions)
        highest = re.search(rf"var\.{name} <= (\d+)", conditions)

        if "AllowedValues" in parameter and parameter["AllowedValues"] != ["true", "false"]:
            assert allowed and json.loads(f"[{allowed[1]}]") == parameter["AllowedValues"], name
        if "MinValue" in parameter:
            assert lowest and int(lowest[1]) == parameter["MinValue"], name
            assert highest and int(highest[1]) == parameter["MaxValue"], name


def test_the_module_sets_every_setting_that_the_function_reads(deployed):
    assert set(deployed("everything").function["environment"][0]["variables"]) == set(settings())


@every_case
def test_the_function_is_the_same(deployed, case):
    one = deployed(case)
    (template,) = one.expected("AWS::Serverless::Function").values()
    function, invoke = one.function, one.one("aws_lambda_function_event_invoke_config.this")
    logging = function["logging_config"][0]
    vpc = function["vpc_config"]

    module = {
        "Description": function["description"],
        "Handler": function["handler"],
        "Runtime": function["runtime"],
        "Architectures": function["architectures"],
        "MemorySize": function["memory_size"],
        "Timeout": function["timeout"],
        "Role": function["role"],
        "Tracing": function["tracing_config"][0]["mode"],
        "Environment": {"Variables": function["environment"][0]["variables"]},
        "LoggingConfig": {
            "LogFormat": logging["log_format"],
            "LogGroup": logging["log_group"],
            "ApplicationLogLevel": logging["application_log_level"],
            "SystemLogLevel": logging["system_log_level"],
        },
        "EventInvokeConfig": {
            "MaximumRetryAttempts": invoke["maximum_retry_attempts"],
            "MaximumEventAgeInSeconds": invoke["maximum_event_age_in_seconds"],
        },
        **({} if function["reserved_concurrent_executions"] < 0 else {"ReservedConcurrentExecutions": function["reserved_concurrent_executions"]}),
        **({"VpcConfig": {"SubnetIds": vpc[0]["subnet_ids"], "SecurityGroupIds": vpc[0]["security_group_ids"]}} if vpc else {}),
    }

    expected = {key: value for key, value in template.items() if key not in ("CodeUri", "Events")}
    if "ReservedConcurrentExecutions" in expected:
        expected["ReservedConcurrentExecutions"] = int(expected["ReservedConcurrentExecutions"])
    assert module == expected


@every_case
def test_the_schedule_is_the_same(deployed, case):
    one = deployed(case)
    (template,) = one.expected("AWS::Serverless::Function").values()
    (event,) = template["Events"].values()
    schedule = one.one("aws_scheduler_schedule.own")
    (target,) = schedule["target"]

    assert {
        "ScheduleExpression": schedule["schedule_expression"],
        "State": schedule["state"],
        "FlexibleTimeWindow": {"Mode": schedule["flexible_time_window"][0]["mode"]},
        "RetryPolicy": {
            "MaximumRetryAttempts": target["retry_policy"][0]["maximum_retry_attempts"],
            "MaximumEventAgeInSeconds": target["retry_policy"][0]["maximum_event_age_in_seconds"],
        },
        "RoleArn": target["role_arn"],
    } == {key: value for key, value in event["Properties"].items() if key not in ("Description", "OmitName")}
    assert target["arn"] == one.function["arn"] and not target["input"]


def canonical(statements):
    """Statements that differ in order only are equal."""
    as_list = lambda value: sorted(value) if isinstance(value, list) else [value]
    return sorted(
        json.dumps({key: as_list(value) if key in ("Action", "Resource") else value for key, value in statement.items()}, sort_keys=True)
        for statement in statements
    )


ROLES = {
    "FunctionRole": "aws_iam_role.function",
    "ScheduleRole": "aws_iam_role.scheduler",
    "ControlPlaneRuleRole": 'aws_iam_role.control_plane["rule"]',
    "ControlPlaneWorkflowRole": 'aws_iam_role.control_plane["workflow"]',
}


@every_case
def test_the_permissions_are_the_same(deployed, case):
    one = deployed(case)
    roles, more = one.expected("AWS::IAM::Role"), one.expected("AWS::IAM::RolePolicy").values()

    assert len(one.all("aws_iam_role")) == len(roles)
    for name, role in roles.items():
        module = one.one(ROLES[name])
        documents = [policy["PolicyDocument"] for policy in role["Policies"]]
        documents += [policy["PolicyDocument"] for policy in more if policy["RoleName"] == module["id"]]
        documents = [json.loads(document) if isinstance(document, str) else document for document in documents]
        statements = [statement for policy in one.all("aws_iam_role_policy") if policy["role"] == module["id"] for statement in json.loads(policy["policy"])["Statement"]]

        assert canonical(statements) == canonical(statement for document in documents for statement in document["Statement"])
        assert json.loads(module["assume_role_policy"]) == role["AssumeRolePolicyDocument"]
        assert role.get("RoleName", module["name"]) == module["name"]
        assert (module["permissions_boundary"] or None) == role.get("PermissionsBoundary")


@every_case
def test_the_topic_and_the_log_are_the_same(deployed, case):
    one = deployed(case)
    (log,) = one.expected("AWS::Logs::LogGroup").values()
    module = one.one("aws_cloudwatch_log_group.this")

    key = {"KmsKeyId": module["kms_key_id"]} if module["kms_key_id"] else {}
    assert {"LogGroupName": module["name"], "RetentionInDays": str(module["retention_in_days"]), **key} == log
    topics = [{"KmsMasterKeyId": topic["kms_master_key_id"]} if topic["kms_master_key_id"] else {} for topic in one.all("aws_sns_topic")]
    subscriptions = [{"Protocol": each["protocol"], "Endpoint": each["endpoint"]} for each in one.all("aws_sns_topic_subscription")]
    expected = list(one.expected("AWS::SNS::Topic").values())
    assert subscriptions == [each for topic in expected for each in topic.pop("Subscription", [])]
    assert topics == expected


@every_case
def test_the_queries_and_metrics_of_the_log_are_the_same(deployed, case):
    one = deployed(case)

    queries = {query["name"]: (query["log_group_names"], query["query_string"]) for query in one.all("aws_cloudwatch_query_definition")}
    assert queries == {query["Name"]: (query["LogGroupNames"], query["QueryString"]) for query in one.expected("AWS::Logs::QueryDefinition").values()}
    filters = [(each["pattern"], each["log_group_name"], *(each["metric_transformation"][0][key] for key in ("namespace", "name", "value", "unit"))) for each in one.all("aws_cloudwatch_log_metric_filter")]
    assert sorted(filters) == sorted(
        (each["FilterPattern"], each["LogGroupName"], *(each["MetricTransformations"][0][key] for key in ("MetricNamespace", "MetricName", "MetricValue", "Unit")))
        for each in one.expected("AWS::Logs::MetricFilter").values()
    )


@every_case
def test_watching_the_control_plane_is_the_same(deployed, case):
    one = deployed(case)
    rules, workflows = one.expected("AWS::Events::Rule"), one.expected("AWS::StepFunctions::StateMachine")

    assert len(one.all("aws_cloudwatch_event_rule")) == len(rules)
    for rule, target in zip(one.all("aws_cloudwatch_event_rule"), one.all("aws_cloudwatch_event_target")):
        (template,) = rules.values()
        assert json.loads(rule["event_pattern"]) == template["EventPattern"]
        assert rule["state"] == template["State"]
        assert [
            {
                "Id": target["target_id"],
                "Arn": target["arn"],
                "RoleArn": target["role_arn"],
                "Input": target["input"],
                "RetryPolicy": {
                    "MaximumRetryAttempts": target["retry_policy"][0]["maximum_retry_attempts"],
                    "MaximumEventAgeInSeconds": target["retry_policy"][0]["maximum_event_age_in_seconds"],
                },
            }
        ] == template["Targets"]
    assert [
        {"StateMachineName": each["name"], "StateMachineType": each["type"], "RoleArn": each["role_arn"], "Definition": json.loads(each["definition"])}
        for each in one.all("aws_sfn_state_machine")
    ] == [
        {**{key: value for key, value in each.items() if key != "DefinitionString"}, "Definition": json.loads(each["DefinitionString"])}
        for each in workflows.values()
    ]


@every_case
def test_the_network_is_the_same(deployed, case):
    one = deployed(case)
    groups = one.expected("AWS::EC2::SecurityGroup")

    assert len(one.all("aws_security_group")) == len(groups)
    egress = sorted(
        (rule["protocol"], rule["from_port"], rule["to_port"], cidr)
        for group in one.all("aws_security_group")
        for rule in group["egress"]
        for cidr in rule["cidr_blocks"] + rule["ipv6_cidr_blocks"]
    )
    assert egress == sorted(
        (rule["IpProtocol"], int(rule["FromPort"]), int(rule["ToPort"]), rule.get("CidrIp") or rule.get("CidrIpv6"))
        for group in groups.values()
        for rule in group["SecurityGroupEgress"]
        # CloudFormation's way to say "none"; Terraform's is to omit it.
        if rule.get("CidrIp") != "255.255.255.255/32"
    )
    ingress = sorted((rule["ip_protocol"], rule["from_port"], rule["to_port"], rule["cidr_ipv4"]) for rule in one.all("aws_vpc_security_group_ingress_rule"))
    assert ingress == sorted(
        (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], rule["CidrIp"])
        for group in groups.values()
        for rule in group.get("SecurityGroupIngress", [])
    )
    endpoints = sorted(
        (endpoint["service_name"], endpoint["vpc_endpoint_type"], endpoint["private_dns_enabled"], endpoint["subnet_ids"], endpoint["security_group_ids"])
        for endpoint in one.all("aws_vpc_endpoint")
    )
    assert endpoints == sorted(
        (endpoint["ServiceName"], endpoint["VpcEndpointType"], endpoint["PrivateDnsEnabled"], endpoint["SubnetIds"], endpoint["SecurityGroupIds"])
        for endpoint in one.expected("AWS::EC2::VPCEndpoint").values()
    )
