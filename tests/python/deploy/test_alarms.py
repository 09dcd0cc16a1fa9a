"""The alarms of a stack: their names, their recipients, and the pages that their texts name."""

import re

import pytest
from cloudwatch import Alarm
from conftest import TOPIC_ARN
from logs_insights import query
from template import Stack
from watching import alarms, all_alarms, dashboard, saved_queries

PAGES = {"NoRunAlarm", "UnservedAlarm", "FailingAlarm"}
TICKETS = {"AttentionAlarm", "LoadBalancersAlarm", "PlannedAlarm"}


def test_the_alarms_are_few_and_there_with_every_schedule(stack):
    names = PAGES | TICKETS - {"PlannedAlarm"}
    for parameters in ({}, {"ScheduleState": "DISABLED"}, {"SyncPolicy": "add-only"}, {"ScheduleExpression": "rate(5 minutes)"}):
        assert set(alarms(stack, **parameters)) == names
    assert set(alarms(stack, MinLoadBalancers=0)) == names - {"LoadBalancersAlarm"}
    assert set(alarms(stack, DryRun="true")) == {"NoRunAlarm", "PlannedAlarm"}


def test_the_tolerances_of_an_alarm_are_its_parameters(stack):
    made = alarms(stack, NoRunMinutes=20, ToleratedUnserved=1, ToleratedFailures=2, ToleratedTickets=3, MinLoadBalancers=4)
    no_run = made["NoRunAlarm"]
    assert (no_run["Period"], no_run["EvaluationPeriods"], no_run["DatapointsToAlarm"]) == (60, "20", "20")
    thresholds = {name: alarm["Threshold"] for name, alarm in made.items()}
    assert thresholds == {"NoRunAlarm": 1, "UnservedAlarm": "1", "FailingAlarm": "2", "AttentionAlarm": "3", "LoadBalancersAlarm": "4"}


def test_every_alarm_is_about_this_stack(stack):
    one = stack("template")
    function = one.resolve({"Ref": "Function"})
    for alarm in one.of_type("AWS::CloudWatch::Alarm").values():
        assert Alarm(alarm).dimensions == {"FunctionName": function}


def test_no_alarm_says_ok_without_data(stack):
    for name, alarm in all_alarms(stack).items():
        assert alarm["TreatMissingData"] == ("missing" if name == "NoRunAlarm" else "ignore")


MADE_TOPIC = "arn:aws:sns:eu-west-1:111122223333:stack-AlarmTopic-1ABC"
TICKETS_ARN = "arn:aws:sns:eu-west-1:111122223333:tickets"


@pytest.mark.parametrize(
    ("parameters", "page", "ticket"),
    [
        ({}, [], []),
        ({"AlarmEmail": "platform@example.com"}, [MADE_TOPIC], [MADE_TOPIC]),
        ({"AlarmTopicArn": TOPIC_ARN}, [TOPIC_ARN], [TOPIC_ARN]),
        ({"CreateAlarmTopic": "true"}, [MADE_TOPIC], [MADE_TOPIC]),
        ({"TicketTopicArn": TICKETS_ARN}, [], [TICKETS_ARN]),
        ({"AlarmTopicArn": TOPIC_ARN, "TicketTopicArn": TICKETS_ARN}, [TOPIC_ARN], [TICKETS_ARN]),
    ],
)
def test_alarms_go_to_their_topic(parameters, page, ticket, stack):
    for name, alarm in all_alarms(stack, **parameters).items():
        is_ticket = alarm["AlarmDescription"].startswith("eks-nlb-sync, ticket:")
        assert is_ticket == (name in TICKETS)
        assert alarm["AlarmActions"] == alarm["OKActions"] == (ticket if is_ticket else page), name
        # NoRunAlarm fires by missing data.
        assert alarm.get("InsufficientDataActions", []) == (page if name == "NoRunAlarm" else []), name


@pytest.mark.parametrize("name", ["template", "fleet"])
def test_an_address_gets_the_alarms_from_the_first_command(name, stack):
    [topic] = stack(name, {"AlarmEmail": "platform@example.com"}).of_type("AWS::SNS::Topic").values()
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": "platform@example.com"}]
    [topic] = stack(name, {"CreateAlarmTopic": "true"}).of_type("AWS::SNS::Topic").values()
    assert "Subscription" not in topic
    assert stack(name, {"AlarmEmail": "platform"}).refusals()
    assert stack(name, {"AlarmEmail": "a@example.com", "AlarmTopicArn": TOPIC_ARN}).refusals()


@pytest.mark.parametrize(
    ("parameters", "topic"),
    [
        ({}, []),
        ({"AlarmTopicArn": TOPIC_ARN}, [TOPIC_ARN]),
        ({"CreateAlarmTopic": "true"}, [MADE_TOPIC]),
        ({"AlarmEmail": "platform@example.com"}, [MADE_TOPIC]),
    ],
)
def test_the_alarms_of_a_fleet_go_to_its_topic(parameters, topic, stack):
    for alarm in stack("fleet", parameters).of_type("AWS::CloudWatch::Alarm").values():
        assert alarm["AlarmActions"] == alarm["OKActions"] == topic


def test_every_alarm_leads_to_dashboard_query_and_chapter(stack):
    one = stack("template", {"RunbookUrl": "https://runbooks.example/eks-nlb-sync.md"})
    of_a_url, by_name = one.of_type("AWS::CloudWatch::Alarm"), all_alarms(stack)
    for page, (name, alarm) in [
        *(("https://runbooks.example/eks-nlb-sync.md", each) for each in of_a_url.items()),
        *(("docs/operations.md", each) for each in by_name.items()),
    ]:
        text = alarm["AlarmDescription"]
        assert text.rstrip().endswith(f"\nRead: {page}#{name.lower()}"), text
        assert "Dashboard: eks-nlb-sync-eu-west-1\n" in text
        [saved] = re.findall(r"Logs Insights query (\S+) on (\S+)", text)
        assert saved in {(query, group) for query, group, _ in saved_queries(one)}, name
    undrawn = stack("template", {"CreateDashboard": "false"}).of_type("AWS::CloudWatch::Alarm")
    assert all("Dashboard: none\n" in alarm["AlarmDescription"] for alarm in undrawn.values())


# CloudFormation, DescribeStacks: at most 128 characters. A name that CloudFormation
# makes up for a log group is the stack's, the resource's and 13 characters.
LONGEST = "s" * 128
LOG_GROUP = f"{LONGEST}-LogGroup-{'A' * 12}"
RUNBOOK = "https://" + "r" * 200


def test_the_texts_fit_at_the_longest_names(documents):
    """CloudWatch API Reference, PutMetricAlarm: AlarmDescription has at most 1,024 characters."""
    for dry_run in ("false", "true"):
        one = Stack(documents["template"], {"RunbookUrl": RUNBOOK, "DryRun": dry_run}, StackName=LONGEST, Region="ap-southeast-4")
        generated = one.resolve({"Ref": "LogGroup"})
        for name, alarm in one.of_type("AWS::CloudWatch::Alarm").items():
            text = alarm["AlarmDescription"].replace(f"on {generated}\n", f"on {LOG_GROUP}\n")
            assert len(text) <= 1024, f"{name}: {len(text)}"


def test_every_query_is_one(stack):
    one = stack("template")
    asked = [text for _, _, text in saved_queries(one)]
    asked += [widget["properties"]["query"] for widget in dashboard(one)["widgets"] if widget["type"] == "log"]
    assert len(asked) >= 10
    for text in asked:
        assert query(text, []) == [], text
