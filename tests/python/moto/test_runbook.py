"""Every AWS command of docs/operations.md, run by AWS's own CLI against moto, and what some of them do."""

import io
import json
import os
import re
import subprocess
import zipfile

import pytest
from conftest import ACCOUNT, ROOT, client

# A command that continues on the next line is joined to one line.
TEXT = re.sub(r"\s*\\\n\s*", " ", (ROOT / "docs" / "operations.md").read_text())
CLI = ROOT / "target" / "venv" / "awscli" / "bin"

# moto 5.2.5 does not have the call; the CLI still checks its form.
NOT_IN_MOTO = {"aws cloudtrail lookup-events", "QUERY_STRING=$(aws logs describe-query-definitions"}

TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def commands():
    """Every line of the guide that calls AWS."""
    found = []
    for block in re.findall(r"^ *```sh\n(.*?)^ *```", TEXT, re.MULTILINE | re.DOTALL):
        found += [line.strip() for line in block.splitlines() if re.match(r"\s*(\w+=\$\()?aws ", line)]
    return list(dict.fromkeys(found))


class Shell:
    """An account with everything that the guide names, and a shell in it."""

    def __init__(self, aws, directory):
        self.aws, self.directory = aws, directory
        aws.cluster("payments")
        self.load_balancer = aws.load_balancer("payments", {"eks-nlb-sync": "enabled", "cluster_name": "payments"})
        self.group = aws.target_group("payments", self.load_balancer)
        aws.register(self.group, "10.0.9.99:443")
        self.interface("Amazon EKS payments", "10.0.1.10")
        self.interface("Amazon EKS ledger", "10.0.1.20")
        self.interface("aws-K8S-i-0123456789abcdef0", "10.0.1.30")
        self.function = "eks-nlb-sync-Function-1ABC"
        self.make_function()
        self.make_stack()
        topic = self.client("sns").create_topic(Name="pages")["TopicArn"]
        self.client("events").put_rule(Name="old", ScheduleExpression="rate(15 minutes)")
        self.client("scheduler").create_schedule(
            Name="eks-nlb-sync",
            ScheduleExpression="rate(1 minute)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": topic, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/schedule", "Input": "{}"},
        )
        self.client("logs").create_log_group(logGroupName="/aws/lambda/eks-nlb-sync")
        self.client("s3").create_bucket(Bucket="fleet", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.client("s3").put_object(Bucket="fleet", Key="report.json", Body=b"{}")
        workflow = self.client("stepfunctions").create_state_machine(
            name="fleet",
            definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
            roleArn=f"arn:aws:iam::{ACCOUNT}:role/workflow",
        )["stateMachineArn"]
        (directory / "fleet.json").write_text("[]")
        self.variables = {
            "BUCKET": "fleet",
            "CLUSTER": "payments",
            "FUNCTION": self.function,
            "GROUP": self.group,
            "GROUP_NAME": "payments",
            "LOAD_BALANCER": self.load_balancer,
            "LOG_GROUP": "/aws/lambda/eks-nlb-sync",
            "OLD_RULE": "old",
            "QUERY_NAME": "eks-nlb-sync/unserved",
            "QUERY_STRING": "fields @timestamp",
            "SCHEDULE": "eks-nlb-sync",
            "TOPIC": topic,
            "WORKFLOW": workflow,
        }

    def client(self, service):
        return client(service, self.aws.url)

    def interface(self, description, address):
        self.aws.ec2.create_network_interface(
            SubnetId=self.aws.subnets[0], Description=description, PrivateIpAddress=address
        )

    def make_function(self):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as code:
            code.writestr("bootstrap", "")
        role = self.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        self.client("lambda").create_function(
            FunctionName=self.function,
            Runtime="provided.al2023",
            Role=role,
            Handler="bootstrap",
            Code={"ZipFile": archive.getvalue()},
        )

    def make_stack(self):
        template = {
            "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
            "Outputs": {"FunctionName": {"Value": self.function}, "LogGroupName": {"Value": "/aws/lambda/eks-nlb-sync"}},
        }
        self.client("cloudformation").create_stack(StackName="eks-nlb-sync", TemplateBody=json.dumps(template))

    def run(self, *lines):
        environment = os.environ | self.variables | {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_MAX_ATTEMPTS": "1",
            "PATH": f"{CLI}:{os.environ['PATH']}",
        }
        # The CLI's version 2 takes a payload as base64 unless told so; 1 never does.
        script = "\n".join(lines).replace(" --cli-binary-format raw-in-base64-out", "")
        return subprocess.run(
            ["bash", "-ec", script], env=environment, cwd=self.directory, capture_output=True, text=True
        )


@pytest.fixture
def shell(aws, tmp_path):
    return Shell(aws, tmp_path)


def command(beginning):
    """The one command of the guide that begins so."""
    [found] = [line for line in commands() if line.startswith(beginning)]
    return found


def test_the_commands_are_found():
    assert len(commands()) >= 20
    named = {variable for line in commands() for variable in re.findall(r"\$(\w+)", line)}
    assert "GROUP" in named


def test_every_command_runs(shell):
    # One of two lines: the second takes what the first answers.
    variables = [line for line in commands() if re.match(r"\w+=", line)]
    for line in commands():
        if line in variables:
            name = line.partition("=")[0]
            run = shell.run(line, f'test -n "${name}"', f'echo "${name}"')
            shell.variables.setdefault(name, run.stdout.strip())
        else:
            run = shell.run(line)
        if any(line.startswith(each) for each in NOT_IN_MOTO):
            assert "An error occurred (500)" in run.stderr, run.stderr
        else:
            assert run.returncode == 0, f"{line}\n{run.stdout}{run.stderr}"


def test_stop_and_start_again(shell):
    functions = shell.client("lambda")
    shell.run(command("aws lambda put-function-concurrency"))
    assert functions.get_function_concurrency(FunctionName=shell.function)["ReservedConcurrentExecutions"] == 0
    shell.run(command("aws lambda delete-function-concurrency"))
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName=shell.function)


def test_one_target_group_is_left_alone_and_taken_up_again(shell):
    def tags():
        [described] = shell.aws.elb.describe_tags(ResourceArns=[shell.group])["TagDescriptions"]
        return {tag["Key"]: tag["Value"] for tag in described["Tags"]}

    [leave] = [line for line in commands() if line.endswith("Key=eks-nlb-sync,Value=disabled")]
    shell.run(leave)
    assert tags()["eks-nlb-sync"] == "disabled"
    shell.run(leave.replace("disabled", "enabled"))
    assert tags()["eks-nlb-sync"] == "enabled"
    assert leave.replace("disabled", "enabled") in commands()


def test_by_hand_is_what_the_function_would_do(shell):
    found = shell.run(command("aws ec2 describe-network-interfaces")).stdout
    assert [line.split()[0] for line in found.splitlines()] == ["10.0.1.10"]
    shell.run(command("aws elbv2 register-targets"))
    assert shell.aws.targets(shell.group) == ["10.0.1.10:443", "10.0.2.11:443", "10.0.9.99:443"]
    shell.run(command("aws elbv2 deregister-targets"))
    assert shell.aws.targets(shell.group) == ["10.0.1.10:443", "10.0.2.11:443"]


def test_a_load_balancer_that_lost_its_tag_is_found_with_its_cluster(shell):
    find = command("aws resourcegroupstaggingapi get-resources")
    assert shell.run(find).stdout.strip() in ("", "None")
    shell.aws.elb.remove_tags(ResourceArns=[shell.load_balancer], TagKeys=["eks-nlb-sync"])
    assert shell.run(find).stdout.split() == [shell.load_balancer, "payments"]
    [tag] = [line for line in commands() if "$LOAD_BALANCER" in line]
    shell.run(tag)
    assert shell.run(find).stdout.strip() in ("", "None")


def test_the_health_of_targets_is_one_line_each(shell):
    found = shell.run(command("aws elbv2 describe-target-health")).stdout
    assert found.split()[:2] == ["10.0.9.99", "443"]


def test_the_function_is_found_by_the_stack(shell):
    [line] = [line for line in commands() if line.startswith("FUNCTION=")]
    assert shell.run(line, 'echo "$FUNCTION"').stdout.strip() == shell.function
