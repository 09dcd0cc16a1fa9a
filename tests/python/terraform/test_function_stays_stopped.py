"""What an operator stopped stays stopped, and what members trust stays the same.

One function in an emulator, applied as its owner would after an incident.
"""

import json

import pytest

from harness import ACCOUNT, ROOT

pytestmark = pytest.mark.xdist_group("emulator")

REGION = "eu-west-1"
NAME = "eks-nlb-sync-stays-stopped"
ROLE = "eks-nlb-sync-trusted-by-members"


class Function:
    """The module, applied again and again with other values."""

    def __init__(self, emulator, directory):
        self.emulator = emulator
        self.directory = directory
        (directory / "bootstrap.zip").write_bytes(b"any")
        self.terraform = emulator.terraform(directory)
        self.write()
        self.terraform.init()

    def write(self, **values):
        call = {
            "source": str(ROOT / "terraform" / "function"),
            "name": NAME,
            "package": str(self.directory / "bootstrap.zip"),
            "role_name": ROLE,
            "watch_control_plane": True,
            "fleet": {"far": {"region": "eu-central-1", "min_load_balancers": 2}},
            **values,
        }
        output = {"role": {"value": "${module.function.function_role_arn}"}}
        configuration = {"provider": {"aws": {"region": REGION}}, "module": {"function": call}, "output": output}
        (self.directory / "main.tf.json").write_text(json.dumps(configuration))

    def apply(self, **values):
        self.write(**values)
        self.terraform.apply()

    def client(self, service):
        return self.emulator.client(service, REGION)

    def reserved(self):
        """The reserved concurrency, or None."""
        return self.client("lambda").get_function(FunctionName=NAME).get("Concurrency", {}).get("ReservedConcurrentExecutions")

    def starts(self):
        """The state of everything that invokes the function."""
        schedules = [self.client("scheduler").get_schedule(Name=name)["State"] for name in (NAME, f"{NAME}-far")]
        return [*schedules, self.client("events").describe_rule(Name=f"{NAME}-control-plane")["State"]]


@pytest.fixture(scope="module")
def function(emulator, tmp_path_factory):
    function = Function(emulator, tmp_path_factory.mktemp("stays-stopped"))
    function.apply()
    return function


def test_1_it_starts_with_everything_on(function):
    assert (function.reserved(), function.starts()) == (None, ["ENABLED"] * 3)


def test_2_paused_turns_off_whatever_invokes_it(function):
    function.apply(paused=True)

    assert (function.reserved(), function.starts()) == (None, ["DISABLED"] * 3)
    assert function.terraform.plan() == {}


def test_3_the_event_rule_follows_the_schedule(function):
    function.apply(schedule_state="DISABLED")

    assert function.starts() == ["DISABLED"] * 3


def test_4_an_apply_does_not_start_what_was_stopped_by_hand(function):
    # As the runbook stops it at once.
    function.client("lambda").put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=0)

    function.write(stopped=True, reserved_concurrency=5)
    assert not any("aws_lambda_function" in address for address in function.terraform.plan())
    function.terraform.apply()
    assert function.reserved() == 0


def test_5_it_starts_again_as_it_was(function):
    function.apply()

    assert (function.reserved(), function.starts()) == (None, ["ENABLED"] * 3)


def test_6_members_trust_the_role_after_everything_was_made_again(function):
    before = function.terraform.stored("outputs")["role"]["value"]
    function.terraform.destroy()
    function.terraform.apply()

    assert function.terraform.stored("outputs")["role"]["value"] == before == f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"


def test_7_another_role_is_made_before_the_old_one_goes(function):
    function.write(role_name=None)
    plan = function.terraform.plan()

    assert plan["module.function.aws_iam_role.function"] == "replace"
    done = function.terraform("plan", "-no-color", "-input=false")
    assert "+/- create replacement and then destroy" in done.stdout and "-/+" not in done.stdout
