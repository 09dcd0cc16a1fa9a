"""terraform/function and template.yaml make the same function.

The module is applied to an emulator, the template is worked out with the same
parameters, and what comes out is compared: with every default, with everything
on, and with another team's resources given.
"""

import json
import re

import pytest

import module_docs
import template
from harness import ACCOUNT, ROOT
from settings import settings

pytestmark = pytest.mark.xdist_group("emulator")

REGION = "eu-west-1"
TEMPLATE = ROOT / "template.yaml"
MODULE = ROOT / "terraform" / "function"

# Where the code comes from is the deploying tool's business; CloudFormation has
# stacks and tags of its own; the template's fleet is fleet.yaml.
ONLY_IN_THE_MODULE = {"package", "package_sha256", "s3_bucket", "s3_key", "s3_object_version", "source_dir", "name", "environment", "fleet", "tags"}
# The dashboard is in the template only.
ONLY_IN_THE_TEMPLATE = {"CreateDashboard"}
# A list in Terraform, where a group that is made in the same run has no id yet
# and only the number of groups can be asked.
NAMED_OTHERWISE = {"security_group_ids": "SecurityGroupId"}

CASES = {
    "defaults": {},
    "everything": {
        "architecture": "x86_64",
        "nlb_tag": "team=platform,eks-nlb-sync=enabled",
        "cluster_name_tag": "eks",
        "address_source": "dns+eni",
        "allow_internet_facing": True,
        "cluster_tag": "eks-nlb-sync=allowed",
        "min_healthy_targets": 3,
        "allowed_cidrs": ["10.0.0.0/8", "fc00::/7"],
        "dns_servers": ["10.0.0.2", "10.0.0.3:5353", "[fd00::2]:5353"],
        "dns_timeout_ms": 2000,
        "max_concurrency": 8,
        "metrics_namespace": "Platform/EksNlbSync",
        "schedule_expression": "rate(5 minutes)",
        "watch_control_plane": True,
        "reserved_concurrency": 3,
        "assume_role_arns": ["arn:aws:iam::444455556666:role/eks-nlb-sync", "arn:aws:iam::777788889999:role/eks-nlb-sync"],
        "member_role_name": "eks-nlb-sync",
        "organization_id": "o-a1b2c3d4e5",
        "role_name": "eks-nlb-sync-function",
        "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
        "vpc_id": "VPC",
        "subnet_ids": ["SUBNET"],
        "interface_endpoints": True,
        "alarm_email": "platform@example.com",
        "ticket_topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:tickets",
        "no_run_minutes": 30,
        "min_load_balancers": 40,
        "tolerated_unserved": 1,
        "tolerated_failures": 2,
        "tolerated_tickets": 3,
        "runbook_url": "https://wiki.example.com/eks-nlb-sync",
        "detailed_metrics": True,
        "application_log_level": "DEBUG",
        "system_log_level": "INFO",
        "log_retention_days": 90,
        "tracing": "Active",
    },
    "given": {
        "nlb_tag": "managed",
        "address_source": "eni",
        "sync_policy": "add-only",
        "dns_servers": ["10.0.0.2", "fd00::2", "[fd00::3]"],
        "schedule_state": "DISABLED",
        "watch_control_plane": True,
        "min_load_balancers": 0,
        "write_scope": "any",
        "vpc_id": "VPC",
        "subnet_ids": ["SUBNET"],
        "security_group_ids": ["GROUP"],
        "interface_endpoints": True,
        "alarm_topic_arn": f"arn:aws:sns:{REGION}:{ACCOUNT}:pager",
    },
    "dry run": {"dry_run": True, "address_source": "dns", "kms_key_arn": "KEY", "vpc_id": "VPC", "subnet_ids": ["SUBNET"], "dns_servers": ["fd00::2", "[fd00::3]"]},
    "paused": {"paused": True, "watch_control_plane": True},
    "stopped": {"stopped": True, "reserved_concurrency": 3},
}


def parameter_name(variable):
    return NAMED_OTHERWISE.get(variable) or "".join(word.capitalize() for word in variable.split("_"))


def parameter_value(variable, value):
    """A variable's value as the template's parameter has it."""
    if value is None:
        return "none" if variable == "reserved_concurrency" else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(value)
    return str(value)


def variables():
    return dict(module_docs.blocks(MODULE, "variable"))


def default_of(variable):
    def plain(value):
        if isinstance(value, list):
            return [plain(item) for item in value]
        return value[1:-1] if isinstance(value, str) and value.startswith('"') else None if value == "null" else value

    return plain(variable["default"])


# --- Settings and defaults -----------------------------------------------------


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


# --- What is made --------------------------------------------------------------


class Deployed:
    """One module call as the emulator knows it, and the template worked out with the same parameters."""

    # What a deployment makes up, and the attribute of the module's own resource.
    MADE_UP = (
        ({"Fn::GetAtt": ["Function", "Arn"]}, "aws_lambda_function.this", "arn"),
        ({"Ref": "Function"}, "aws_lambda_function.this", "function_name"),
        ({"Fn::GetAtt": ["FunctionRole", "Arn"]}, "aws_iam_role.function", "arn"),
        ({"Ref": "FunctionRole"}, "aws_iam_role.function", "id"),
        ({"Fn::GetAtt": ["ScheduleRole", "Arn"]}, "aws_iam_role.scheduler", "arn"),
        ({"Fn::GetAtt": ["SecurityGroup", "GroupId"]}, "aws_security_group.function[0]", "id"),
        ({"Fn::GetAtt": ["EndpointSecurityGroup", "GroupId"]}, "aws_security_group.endpoints[0]", "id"),
        ({"Ref": "AlarmTopic"}, "aws_sns_topic.alarms[0]", "arn"),
        ({"Fn::GetAtt": ["ControlPlaneRuleRole", "Arn"]}, 'aws_iam_role.control_plane["rule"]', "arn"),
        ({"Fn::GetAtt": ["ControlPlaneWorkflowRole", "Arn"]}, 'aws_iam_role.control_plane["workflow"]', "arn"),
        ({"Ref": "ControlPlaneWorkflow"}, "aws_sfn_state_machine.control_plane[0]", "arn"),
    )

    def __init__(self, name, state, variables):
        prefix = f'module.{name}.'
        self._state = {address.removeprefix(prefix): values for address, values in state.items() if address.startswith(prefix)}
        parameters = {parameter_name(name): parameter_value(name, value) for name, value in variables.items()}
        self.stack = template.Stack(template.load(TEMPLATE), {**parameters, "CreateDashboard": "false"}, StackName=f"eks-nlb-sync-{name}")
        assert self.stack.refusals() == []

    def one(self, address):
        return self._state.get(address)

    def all(self, kind):
        return [values for address, values in self._state.items() if re.match(rf"{kind}\.", address)]

    @property
    def function(self):
        return self.one("aws_lambda_function.this")

    def expected(self, kind):
        """The template's resources of this type, with the module's names in place of generated ones."""
        text = json.dumps(self.stack.of_type(kind))
        made = self.stack.resources()
        for reference, address, attribute in self.MADE_UP:
            (target,) = reference.values()
            if (target if isinstance(target, str) else target[0]) in made:
                assert self.one(address), f"the module has no {address}"
                text = text.replace(self.stack.resolve(reference), self.one(address)[attribute])
        assert "-1ABC" not in text, text
        return json.loads(text)


@pytest.fixture(scope="module")
def deployed(emulator, tmp_path_factory):
    """The module applied once for each case."""
    ec2 = emulator.client("ec2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="given", Description="given", VpcId=vpc)["GroupId"]
    boundary = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    emulator.client("iam").create_policy(PolicyName="boundary", PolicyDocument=json.dumps(boundary))

    key = emulator.client("kms").create_key()["KeyMetadata"]["Arn"]

    cases = json.dumps({name.replace(" ", "-"): values for name, values in CASES.items()})
    for placeholder, value in (("VPC", vpc), ("SUBNET", subnet), ("GROUP", group), ("KEY", key)):
        cases = cases.replace(f'"{placeholder}"', f'"{value}"')
    cases = json.loads(cases)
    directory = tmp_path_factory.mktemp("function")
    (directory / "bootstrap.zip").write_bytes(b"any")
    calls = {
        case: {"source": str(MODULE), "name": f"eks-nlb-sync-{case}", "package": str(directory / "bootstrap.zip"), **values}
        for case, values in cases.items()
    }
    (directory / "main.tf.json").write_text(json.dumps({"provider": {"aws": {"region": REGION}}, "module": calls}))
    terraform = emulator.terraform(directory)
    terraform.init()
    terraform.apply()
    state = terraform.state()
    return lambda case: Deployed(case.replace(" ", "-"), state, cases[case.replace(" ", "-")])


every_case = pytest.mark.parametrize("case", CASES)


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


def alarm_of_the_module(alarm):
    metrics = sorted(alarm["metric_query"], key=lambda query: query["id"])
    return {
        "Namespace": alarm["namespace"] or None,
        "MetricName": alarm["metric_name"] or None,
        "Dimensions": alarm["dimensions"] or {},
        "Statistic": alarm["statistic"] or None,
        "Period": alarm["period"] or None,
        "EvaluationPeriods": int(alarm["evaluation_periods"]),
        "DatapointsToAlarm": int(alarm["datapoints_to_alarm"] or 0) or None,
        "Threshold": float(alarm["threshold"]),
        "ComparisonOperator": alarm["comparison_operator"],
        "TreatMissingData": alarm["treat_missing_data"],
        "AlarmActions": sorted(alarm["alarm_actions"] or []),
        "OKActions": sorted(alarm["ok_actions"] or []),
        "InsufficientDataActions": sorted(alarm["insufficient_data_actions"] or []),
        "Metrics": [
            {
                "Id": query["id"],
                "Label": query["label"] or None,
                "Expression": query["expression"] or None,
                "ReturnData": query["return_data"],
                "MetricStat": [(stat["namespace"], stat["metric_name"], stat["dimensions"], stat["stat"], stat["period"]) for stat in query["metric"]],
            }
            for query in metrics
        ],
    }


def alarm_of_the_template(alarm):
    dimensions = lambda pairs: {pair["Name"]: pair["Value"] for pair in pairs}
    stat = lambda one: (one["Metric"]["Namespace"], one["Metric"]["MetricName"], dimensions(one["Metric"]["Dimensions"]), one["Stat"], one["Period"])
    return {
        "Namespace": alarm.get("Namespace"),
        "MetricName": alarm.get("MetricName"),
        "Dimensions": dimensions(alarm.get("Dimensions", [])),
        "Statistic": alarm.get("Statistic"),
        "Period": alarm.get("Period"),
        "EvaluationPeriods": int(alarm["EvaluationPeriods"]),
        "DatapointsToAlarm": int(alarm.get("DatapointsToAlarm", 0)) or None,
        "Threshold": float(alarm["Threshold"]),
        "ComparisonOperator": alarm["ComparisonOperator"],
        "TreatMissingData": alarm["TreatMissingData"],
        "AlarmActions": sorted(alarm["AlarmActions"]),
        "OKActions": sorted(alarm["OKActions"]),
        "InsufficientDataActions": sorted(alarm.get("InsufficientDataActions", [])),
        "Metrics": [
            {
                "Id": query["Id"],
                "Label": query.get("Label"),
                "Expression": query.get("Expression"),
                "ReturnData": query.get("ReturnData", True),
                "MetricStat": [stat(query["MetricStat"])] if "MetricStat" in query else [],
            }
            for query in sorted(alarm.get("Metrics", []), key=lambda query: query["Id"])
        ],
    }


@every_case
def test_the_alarms_are_the_same(deployed, case):
    one = deployed(case)

    module = [alarm_of_the_module(alarm) for alarm in one.all("aws_cloudwatch_metric_alarm")]
    template = [alarm_of_the_template(alarm) for alarm in one.expected("AWS::CloudWatch::Alarm").values()]

    by_metric = lambda alarm: json.dumps(alarm, sort_keys=True)
    assert sorted(module, key=by_metric) == sorted(template, key=by_metric)
    # In the texts a variable is called what it is called where it is set.
    texts = sorted(alarm["alarm_description"] for alarm in one.all("aws_cloudwatch_metric_alarm"))
    parameters = {parameter_name(name): name for name in variables()}
    renamed = [re.sub(r"\w+", lambda word: parameters.get(word[0], word[0]), alarm["AlarmDescription"]) for alarm in one.expected("AWS::CloudWatch::Alarm").values()]
    assert texts == sorted(renamed)
    assert [alarm["alarm_name"] for alarm in one.all("aws_cloudwatch_metric_alarm") if len(alarm["alarm_description"]) > 1024] == []


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
