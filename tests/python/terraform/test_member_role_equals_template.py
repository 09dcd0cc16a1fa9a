"""terraform/member-role and fleet-member.yaml make the same role.

Compared as in test_function_equals_template.py, planned only: a policy is known
before anything is made.
"""

import json

import pytest

import module_docs
import template
from harness import ACCOUNT, ROOT
from function_cases import default_of, parameter_name, parameter_value
from test_function_equals_template import canonical

pytestmark = pytest.mark.xdist_group("emulator")

TEMPLATE = ROOT / "fleet-member.yaml"
MODULE = ROOT / "terraform" / "member-role"

GIVEN = {"function_role_arn": "arn:aws:iam::999988887777:role/function", "external_id": "secret"}
CASES = {
    "defaults": {},
    "everything": {
        "organization_id": "o-a1b2c3d4e5",
        "nlb_tag": "team=platform,eks-nlb-sync=enabled",
        "address_source": "dns+eni",
        "role_name": "sync",
        "permissions_boundary_arn": f"arn:aws:iam::{ACCOUNT}:policy/boundary",
    },
    "any": {"nlb_tag": "managed", "write_scope": "any", "address_source": "dns"},
}


def test_every_parameter_is_a_variable_with_the_same_default():
    variables = {name: variable for name, variable in module_docs.blocks(MODULE, "variable") if name != "tags"}
    parameters = template.load(TEMPLATE)["Parameters"]

    assert {parameter_name(name) for name in variables} == set(parameters)
    for name, variable in variables.items():
        parameter = parameters[parameter_name(name)]
        assert ("default" in variable) == ("Default" in parameter), name
        if "default" in variable:
            assert parameter_value(name, default_of(variable)) == str(parameter["Default"]), name


@pytest.fixture(scope="module")
def planned(emulator, tmp_path_factory):
    directory = tmp_path_factory.mktemp("member-role")
    calls = {case: {"source": str(MODULE), **GIVEN, **values} for case, values in CASES.items()}
    (directory / "main.tf.json").write_text(json.dumps({"provider": {"aws": {"region": "eu-west-1"}}, "module": calls}))
    terraform = emulator.terraform(directory)
    terraform.init()
    terraform("plan", "-input=false", "-out=plan")
    changes = json.loads(terraform("show", "-json", "plan").stdout)["resource_changes"]
    return {change["address"]: change["change"]["after"] for change in changes}


@pytest.mark.parametrize("case", CASES)
def test_the_role_is_the_same(planned, case):
    parameters = {parameter_name(name): parameter_value(name, value) for name, value in {**GIVEN, **CASES[case]}.items()}
    stack = template.Stack(template.load(TEMPLATE), parameters)
    assert stack.refusals() == []
    (role,) = stack.of_type("AWS::IAM::Role").values()
    documents = [policy["PolicyDocument"] for policy in [*role["Policies"], *stack.of_type("AWS::IAM::RolePolicy").values()]]
    documents = [json.loads(document) if isinstance(document, str) else document for document in documents]
    module = {address.removeprefix(f"module.{case}."): values for address, values in planned.items() if address.startswith(f"module.{case}.")}
    made = module.pop("aws_iam_role.this")

    assert (made["name"], made["description"]) == (role["RoleName"], role["Description"])
    assert made["permissions_boundary"] == role.get("PermissionsBoundary")
    assert json.loads(made["assume_role_policy"]) == role["AssumeRolePolicyDocument"]
    statements = [statement for policy in module.values() for statement in json.loads(policy["policy"])["Statement"]]
    assert canonical(statements) == canonical(statement for document in documents for statement in document["Statement"])
