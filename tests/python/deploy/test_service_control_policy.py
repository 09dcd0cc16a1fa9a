"""docs/service-control-policy.json keeps the tags that decide what is managed to the platform's role."""

import json

import iam
import parliament
import pytest
from conftest import ROOT

POLICY = json.loads((ROOT / "docs" / "service-control-policy.json").read_text())

PLATFORM = "arn:aws:iam::444455556666:role/platform"
TEAM = "arn:aws:iam::444455556666:role/team"
# A role of that name in a foreign account, and names that only begin or end like it.
LIKE_IT = [
    "arn:aws:iam::111122223333:role/platform",
    "arn:aws:iam::444455556666:role/platform-2",
    "arn:aws:iam::444455556666:role/team/platform",
    "arn:aws:iam::444455556666:user/platform",
]

TAGGING = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags", "elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
OF_CLUSTERS = ["eks:TagResource", "eks:UntagResource", "eks:CreateCluster"]


def denied(action, keys, principal=TEAM):
    context = {"aws:PrincipalArn": principal}
    # A request without tags has no aws:TagKeys.
    return iam.denied(POLICY, action, context | ({"aws:TagKeys": keys} if keys else {}))


@pytest.mark.parametrize(
    ("actions", "keys"),
    [
        (TAGGING, ["eks-nlb-sync"]),
        (TAGGING, ["cluster_name"]),
        (TAGGING, ["team", "cluster_name", "Name"]),
        # IAM compares tag keys in `aws:ResourceTag` without case, so another spelling would count there.
        (TAGGING, ["EKS-NLB-Sync"]),
        (OF_CLUSTERS, ["eks-nlb-sync"]),
        (OF_CLUSTERS, ["team", "eks-nlb-sync"]),
    ],
)
def test_only_the_platform_may_set_these_tags(actions, keys):
    for action in actions:
        assert denied(action, keys), action
        assert not denied(action, keys, PLATFORM), action
        for principal in LIKE_IT:
            assert denied(action, keys, principal), f"{principal}: {action}"
        # A request whose principal IAM does not name is denied, too.
        assert iam.denied(POLICY, action, {"aws:TagKeys": keys}), action


@pytest.mark.parametrize(
    ("actions", "keys"),
    [
        (TAGGING, []),
        (TAGGING, ["team", "Name"]),
        (TAGGING, ["eks-nlb-sync-not", "my_cluster_name"]),
        (OF_CLUSTERS, []),
        (OF_CLUSTERS, ["team"]),
        # The cluster's name is a tag of load balancers only.
        (OF_CLUSTERS, ["cluster_name"]),
        # Terraform and the function keep working.
        (["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeleteLoadBalancer", "eks:DescribeCluster"], ["eks-nlb-sync"]),
    ],
)
def test_everything_else_is_left_alone(actions, keys):
    for action in actions:
        assert not denied(action, keys), action


def test_every_action_has_these_condition_keys():
    """By AWS's Service Authorization Reference, as parliament holds it: a key that an action does not have would never match."""
    keys = {
        f"{service['prefix']}:{privilege['privilege']}": {key for kind in privilege["resource_types"] for key in kind["condition_keys"]}
        for service in parliament.iam_definition
        for privilege in service["privileges"]
        if service["prefix"] in ("elasticloadbalancing", "eks")
    }
    for statement in POLICY["Statement"]:
        for action in statement["Action"]:
            assert "aws:TagKeys" in keys[action], action


def test_it_fits_a_service_control_policy():
    # AWS Organizations User Guide, Quotas for AWS Organizations, read in November 2026: 5,120 characters.
    assert len(json.dumps(POLICY)) < 5120
    assert parliament.analyze_policy_string(json.dumps(POLICY)).findings == []


def test_the_function_would_read_these_keys():
    """The keys are the defaults of the settings, and the page names the others."""
    keys = {key for statement in POLICY["Statement"] for key in statement["Condition"]["ForAnyValue:StringEqualsIgnoreCase"]["aws:TagKeys"]}
    reference = (ROOT / "docs" / "reference.md").read_text()
    assert "| `NLB_TAG` | `eks-nlb-sync=enabled`" in reference
    assert "| `CLUSTER_NAME_TAG` | `cluster_name`" in reference
    assert keys == {"eks-nlb-sync", "cluster_name"}
