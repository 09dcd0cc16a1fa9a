"""Every outage raises an alarm, and nothing else does: minute by minute, from the binary's own metrics to a person.

Each row is an incident of simulator/src/bin/incidents. Its metrics are evaluated
against the alarms of template.yaml, over sliding and over aligned windows; its
log lines are what the alarm's query finds.
"""

import re

import pytest
from cloudwatch import ALARM, INSUFFICIENT_DATA, OK, Alarm, fired
from incidents import CRASH, KILLED, Incident, incidents
from logs_insights import query
from test_docs import section
from watching import alarms, saved_queries

PAGES, TICKETS = "arn:aws:sns:eu-west-1:111122223333:pages", "arn:aws:sns:eu-west-1:111122223333:tickets"
FLEET = {"ScheduleState": "DISABLED", "MinLoadBalancers": 0}


def incident(name):
    if own := {"crash": CRASH, "killed": KILLED}.get(name):
        # Only Lambda's own lines reach the log.
        return Incident(60, [own | {"timestamp": "2026-11-24T00:05:00Z"}])
    return incidents()[name]


def messages(stack, played, parameters, aligned):
    """What reaches a person: minute, alarm, state. A new alarm in a good state sends no message."""
    made = alarms(stack, AlarmTopicArn=PAGES, TicketTopicArn=TICKETS, **parameters)
    sent, quiet = [], set(made)
    for at, name, state, topics in fired(made, played.metrics, played.until, aligned):
        assert topics == [TICKETS if name in ("AttentionAlarm", "LoadBalancersAlarm", "PlannedAlarm") else PAGES]
        if not (state == OK and name in quiet):
            sent.append((at // 60, name, state))
        quiet.discard(name)
    return sent


# Name, parameters, and each message: alarm, state, the minutes between which it
# comes. Incidents happen at minute 20 or as the comment says.
ROWS = [
    ("quiet", {}, []),
    ("five-minutes", {"ScheduleExpression": "rate(5 minutes)"}, []),
    ("short-lives", {}, []),
    ("new-versions", {}, []),
    ("dry-run", {"DryRun": "true"}, []),
    ("new-stack", {}, []),
    ("new-stack-without-load-balancers", {}, [("LoadBalancersAlarm", ALARM, 1, 16)]),
    ("new-stack-without-load-balancers", {"MinLoadBalancers": 0}, []),
    ("upgrade", {}, []),
    ("by-hand", {}, []),
    ("lookups-fail-once", {}, []),
    ("lookups-fail-once-short-lives", {}, []),
    # Cut off at 60.
    ("tag-lost", {}, [("AttentionAlarm", ALARM, 21, 36), ("UnservedAlarm", ALARM, 61, 65)]),
    ("name-misspelt", {}, [("AttentionAlarm", ALARM, 21, 36), ("UnservedAlarm", ALARM, 61, 65)]),
    ("private-access-off", {}, [("AttentionAlarm", ALARM, 21, 36), ("UnservedAlarm", ALARM, 61, 65)]),
    # Another one is known from the start; the second is at 40.
    ("name-misspelt-while-red", {}, [("AttentionAlarm", ALARM, 1, 16), ("UnservedAlarm", ALARM, 61, 65)]),
    (
        "name-misspelt-while-red",
        {"ToleratedTickets": 1},
        [("AttentionAlarm", ALARM, 41, 56), ("UnservedAlarm", ALARM, 61, 65)],
    ),
    # Cut off at 40.
    ("excluded", {}, [("UnservedAlarm", ALARM, 41, 45)]),
    ("pending", {}, [("UnservedAlarm", ALARM, 41, 45)]),
    ("untagged-sibling", {}, [("UnservedAlarm", ALARM, 21, 25)]),
    ("one-zone", {}, [("UnservedAlarm", ALARM, 21, 25)]),
    # The second at 60.
    ("second-outage", {}, [("UnservedAlarm", ALARM, 1, 5)]),
    ("second-outage", {"ToleratedUnserved": 1}, [("UnservedAlarm", ALARM, 61, 65)]),
    # Cut off at 26.
    ("writes-refused", {}, [("UnservedAlarm", ALARM, 21, 25), ("FailingAlarm", ALARM, 26, 36)]),
    (
        "cut-off-then-listing-fails",
        {},
        [("UnservedAlarm", ALARM, 21, 25), ("FailingAlarm", ALARM, 41, 56), ("FailingAlarm", OK, 71, 76)],
    ),
    ("cut-off-then-tag-breaks", {}, [("UnservedAlarm", ALARM, 21, 25), ("AttentionAlarm", ALARM, 41, 56)]),
    ("listing-fails", {}, [("FailingAlarm", ALARM, 21, 36)]),
    ("lookup-denied", {}, [("FailingAlarm", ALARM, 21, 36)]),
    ("bad-setting", {}, [("FailingAlarm", ALARM, 1, 16)]),
    ("poisoned-event", {}, [("FailingAlarm", ALARM, 21, 36)]),
    ("stops", {}, [("NoRunAlarm", INSUFFICIENT_DATA, 35, 45)]),
    ("stale-target", {}, [("AttentionAlarm", ALARM, 31, 46)]),
    ("stale-target-processes-of-an-hour", {}, [("AttentionAlarm", ALARM, 31, 46)]),
    ("fleet-quiet", FLEET, []),
    ("fleet-member-not-listed", FLEET, [("FailingAlarm", ALARM, 21, 41), ("FailingAlarm", OK, 81, 101)]),
    ("fleet-member-cut-off", FLEET, [("UnservedAlarm", ALARM, 21, 36)]),
    ("fleet-name-missing", FLEET, [("AttentionAlarm", ALARM, 21, 41)]),
]


@pytest.mark.parametrize("aligned", [False, True], ids=["sliding", "aligned"])
@pytest.mark.parametrize(("name", "parameters", "expected"), ROWS, ids=[f"{row[0]} {row[1] or ''}" for row in ROWS])
def test_what_reaches_a_person(name, parameters, expected, aligned, stack):
    sent = messages(stack, incident(name), parameters, aligned)
    # Aligned windows of five minutes end up to as much later.
    later = 5 * aligned
    assert [(alarm, state) for _, alarm, state in sent] == [(alarm, state) for alarm, state, *_ in expected], sent
    for (minute, alarm, _), (_, _, earliest, latest) in zip(sent, expected, strict=True):
        assert earliest <= minute <= latest + (later if alarm != "UnservedAlarm" or parameters == FLEET else 0), sent


def test_no_outage_is_left_without_data(stack):
    """An alarm of an outage keeps its state when the function stops."""
    played = incident("one-zone")
    metrics = {name: {at: values for at, values in of.items() if at < 40 * 60} for name, of in played.metrics.items()}
    made = alarms(stack)
    assert Alarm(made["UnservedAlarm"]).states(metrics, 240 * 60)[-1][1] == ALARM
    assert Alarm(made["NoRunAlarm"]).states(metrics, 240 * 60)[-1][1] == INSUFFICIENT_DATA


# Alarm, incident, what the rows of the alarm's query hold, and what the chapter
# says of it. Of each: cluster or setting, event, role; Region; account; cause.
HOME, REGION = "111122223333", "eu-west-1"
FINDS = [
    ("UnservedAlarm", "tag-lost", {"cluster": "payments", "lastCause": "untagged", "lastZones": "all"}, "untagged"),
    ("UnservedAlarm", "name-misspelt", {"cluster": "paymnets", "lastCause": "ClusterNotFound"}, "ClusterNotFound"),
    ("UnservedAlarm", "private-access-off", {"cluster": "payments", "lastCause": "PrivateAccessDisabled"}, "code"),
    ("UnservedAlarm", "excluded", {"cluster": "payments", "lastCause": "excludedByTag"}, "excludedByTag"),
    ("UnservedAlarm", "pending", {"cluster": "payments", "lastCause": "clusterNotReady"}, "clusterNotReady"),
    ("UnservedAlarm", "untagged-sibling", {"cluster": "payments", "lastCause": "notTagged"}, "notTagged"),
    ("UnservedAlarm", "one-zone", {"cluster": "payments", "lastCause": "converged", "lastZones": "eu-west-1b"}, "converged"),
    ("UnservedAlarm", "writes-refused", {"cluster": "payments", "lastCode": "AccessDenied"}, "AccessDenied"),
    ("UnservedAlarm", "fleet-member-cut-off", {"cluster": "member-3", "span.account": "444455556603"}, "converged"),
    ("FailingAlarm", "lookup-denied", {"cluster": "payments", "code": "AccessDenied"}, "permission"),
    ("FailingAlarm", "listing-fails", {"code": "AccessDenied", "lastError": "DescribeLoadBalancers"}, "listed"),
    ("FailingAlarm", "poisoned-event", {"code": "InvalidEvent", "lastError": "dry_run"}, "InvalidEvent"),
    ("FailingAlarm", "bad-setting", {"lastError": "SYNC_POLICY"}, "SYNC_POLICY"),
    (
        "FailingAlarm",
        "fleet-member-not-listed",
        {"code": "AccessDenied", "span.account": "444455556603", "span.role": "role/eks-nlb-sync", "lastError": "sts:AssumeRole"},
        "role",
    ),
    ("NoRunAlarm", "crash", {"record.errorType": "Runtime.ExitError"}, "Runtime.ExitError"),
    ("NoRunAlarm", "killed", {"record.status": "timeout"}, "`timeout`"),
    ("AttentionAlarm", "tag-lost", {"message": "untagged", "cluster": "payments"}, "untagged"),
    ("AttentionAlarm", "name-misspelt", {"message": "failed", "cluster": "paymnets", "code": "ClusterNotFound"}, "failed"),
    ("AttentionAlarm", "stale-target", {"message": "waiting", "cluster": "payments", "lastReason": "healthy"}, "waiting"),
    (
        "AttentionAlarm",
        "fleet-name-missing",
        {"code": "MissingClusterName", "loadBalancerName": "nlb-member-3", "span.account": "444455556603"},
        "failed",
    ),
    ("LoadBalancersAlarm", "new-stack-without-load-balancers", {"summary.loadBalancers": "0"}, "none is tagged yet"),
]


@pytest.mark.parametrize(("alarm", "name", "holds", "said"), FINDS, ids=[f"{row[0]} {row[1]}" for row in FINDS])
def test_the_alarm_leads_to_the_cause_and_its_remedy(alarm, name, holds, said, stack):
    played = incident(name)
    [saved] = re.findall(r"Logs Insights query (\S+) on", alarms(stack)[alarm]["AlarmDescription"])
    [text] = [text for query_name, _, text in saved_queries(stack("template")) if query_name == saved]
    rows = query(text, played.lines)
    found = [row for row in rows if all(part in str(row.get(field, "")) for field, part in holds.items())]
    assert found, rows
    if alarm not in ("NoRunAlarm", "LoadBalancersAlarm") and name != "bad-setting":
        account = holds.get("span.account", HOME)
        assert all((row["span.region"], row["span.account"]) == (REGION, account) for row in found)
    chapter = section("Alarms").partition(f"### {alarm}\n")[2].partition("\n### ")[0]
    assert said in chapter


def test_a_quiet_run_is_short():
    played = incident("quiet")
    assert len(played.lines) == 2 * played.minutes, "the report and the metrics"
    last = [line for line in played.lines if line["@timestamp"] == (played.minutes - 1) * 60]
    assert sum(len(str(line)) for line in last) < 1000


def test_no_external_id_is_logged():
    assert all("platform" not in str(line) for line in incident("fleet-member-not-listed").lines)
