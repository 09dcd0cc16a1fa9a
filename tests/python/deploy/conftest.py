"""The templates, translated to CloudFormation and taken apart.

What SAM makes of `template.yaml` is looked at rather than its text: cfn-lint,
for one, does not look into a SAM function's policies.
"""

import contextlib
import json
import os
import pathlib
import subprocess

import pytest
from cfnlint.api import ManualArgs, lint
from samtranslator.translator.transform import transform
from simulated import Simulated
from template import Stack, load

ROOT = pathlib.Path(__file__).parents[3]
VENV = ROOT / "target" / "venv"
TEMPLATES = ("template", "fleet", "fleet-member")

FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111122223333:function:eks-nlb-sync"
ROLE_ARN = "arn:aws:iam::111122223333:role/eks-nlb-sync"
TOPIC_ARN = "arn:aws:sns:eu-west-1:111122223333:pages"
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
ORGANIZATION = "o-0123456789"

# What has no default.
REQUIRED = {
    "template": {},
    "fleet": {"FunctionArn": FUNCTION_ARN, "ExternalId": "platform"},
    "fleet-member": {"FunctionRoleArn": ROLE_ARN, "ExternalId": "platform"},
}

# With everything on that can be on at the same time.
VPC = {"VpcId": "vpc-0123456789abcdef0", "SubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1"}
FULL = {
    "template": VPC
    | {
        "InterfaceEndpoints": "true",
        "AddressSource": "dns+eni",
        "AssumeRoleArns": f"{ROLE_ARN},{ROLE_ARN}-2",
        "ClusterTag": "eks-nlb-sync=allowed",
        "MemberRoleName": "eks-nlb-sync",
        "OrganizationId": ORGANIZATION,
        "WatchControlPlane": "true",
        "CreateAlarmTopic": "true",
        "DetailedMetrics": "true",
        "DnsServers": "10.0.0.2",
        "KmsKeyArn": KEY_ARN,
        "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/boundary",
        "ReservedConcurrency": "1",
        "Tracing": "Active",
    },
    "fleet": {
        "CreateAlarmTopic": "true",
        "KmsKeyArn": KEY_ARN,
        "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/boundary",
    },
    "fleet-member": {
        "AddressSource": "eni",
        "OrganizationId": ORGANIZATION,
        "PermissionsBoundaryArn": "arn:aws:iam::111122223333:policy/boundary",
    },
}


class _NoManagedPolicies:
    def load(self):
        return {}


def translated(name):
    """The template as CloudFormation gets it, its code already uploaded."""
    document = load(ROOT / f"{name}.yaml")
    if "Transform" not in document:
        return document
    for resource in document["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            assert resource["Properties"]["CodeUri"] == "."
            resource["Properties"]["CodeUri"] = "s3://artifacts/eks-nlb-sync.zip"
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-west-1")
    return transform(document, {}, _NoManagedPolicies())


@pytest.fixture(scope="session")
def documents():
    return {name: translated(name) for name in TEMPLATES}


@pytest.fixture(scope="session")
def stack(documents):
    """Makes the stack of a template with some parameters."""

    def make(name, parameters=None, **pseudo):
        return Stack(documents[name], REQUIRED[name] | (parameters or {}), **pseudo)

    return make


def linted(document, **options):
    """cfn-lint's findings in a document, in this process: its schemas take seconds to load."""
    return [str(match) for match in lint(json.dumps(document), config=ManualArgs(**options))]


# `sam validate --lint` for each line, a template's path; answers with status and output.
VALIDATE = """
import contextlib, io, json, sys
from samcli.cli.main import cli
for line in sys.stdin:
    status, said = 0, io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            cli(["validate", "--lint", "--region", "eu-west-1", "--template", line.strip()])
        except SystemExit as end:
            status = end.code
    print(json.dumps([status, said.getvalue()]), flush=True)
"""


@pytest.fixture(scope="session")
def validated():
    """Has a template validated by the SAM CLI, which takes seconds to start."""
    command, variables = [VENV / "sam/bin/python", "-c", VALIDATE], os.environ | {"SAM_CLI_TELEMETRY": "0"}
    with subprocess.Popen(command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sam:

        def validate(path):
            print(path, file=sam.stdin, flush=True)
            return json.loads(sam.stdout.readline())

        yield validate
        sam.stdin.close()


@pytest.fixture(params=TEMPLATES)
def name(request):
    return request.param


@pytest.fixture
def simulator():
    """The variables that point AWS clients at a fresh simulated account."""
    with Simulated() as simulated:
        yield simulated.variables


@pytest.fixture(scope="session")
def troubles():
    """The same for an account with a cluster for each failure."""
    with Simulated("--troubles") as simulated:
        yield simulated.variables
