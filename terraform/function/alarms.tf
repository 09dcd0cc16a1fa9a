# The same alarms as template.yaml, each explained in docs/operations.md. A
# *page* means that clients of some zone of some cluster reach no healthy target,
# or will when the control plane moves; everything else is a *ticket*. Where data
# are missing an alarm keeps its state (`ignore`): no alarm says OK without having
# seen it.

locals {
  makes_topic = var.create_alarm_topic || var.alarm_email != null
  pages       = concat(aws_sns_topic.alarms[*].arn, compact([var.alarm_topic_arn]))
  tickets     = var.ticket_topic_arn != null ? [var.ticket_topic_arn] : local.pages
  runbook     = coalesce(var.runbook_url, "https://github.com/eks-nlb-sync/eks-nlb-sync/blob/v${local.version}/docs/operations.md")

  writes = !var.dry_run
  # Then the alarms count minutes; otherwise five minutes, and a fleet's members
  # come at any minute of them.
  runs_every_minute = var.schedule_expression == "rate(1 minute)" && var.schedule_state == "ENABLED"

  # Alarms name them, Logs Insights lists them.
  queries = {
    unserved  = "filter message = 'unserved' or ispresent(unwritten) | parse loadBalancer '*/net/*/*' as a, loadBalancerName, b | parse targetGroup '*:targetgroup/*/*' as c, targetGroupName, d | stats count(*) as runs, latest(zones) as lastZones, latest(because) as lastCause, latest(code) as lastCode, latest(error) as lastError by cluster, loadBalancerName, targetGroupName, span.region, span.account | sort runs desc"
    failing   = "filter message in ['failed', 'discovery failed', 'event refused', 'stopped'] | parse loadBalancer '*/net/*/*' as a, loadBalancerName, b | stats count(*) as times, latest(error) as lastError by cluster, code, loadBalancerName, span.region, span.account, span.role | sort times desc"
    attention = "filter message in ['failed', 'untagged'] or (message = 'waiting' and minutes >= 30) | parse loadBalancer '*/net/*/*' as a, loadBalancerName, b | parse targetGroup '*:targetgroup/*/*' as c, targetGroupName, d | stats count(*) as runs, latest(error) as lastError, latest(reason) as lastReason by message, cluster, code, loadBalancerName, targetGroupName, span.region, span.account | sort runs desc"
    stopped   = "filter level in ['ERROR', 'FATAL'] or record.status in ['failure', 'timeout'] or @message like /Runtime exited|Runtime.ExitError|Task timed out|Status: timeout|exec format|InvalidEntrypoint/ | fields @timestamp, level, message, code, error, record.status, record.errorType, @message | sort @timestamp desc | limit 20"
    planned   = "filter message in ['planned', 'failed'] | parse loadBalancer '*/net/*/*' as a, loadBalancerName, b | stats count(*) as runs, latest(registered) as toRegister, latest(deregistered) as toDeregister, latest(error) as lastError by cluster, code, loadBalancerName, span.region, span.account | sort runs desc"
    changed   = "filter message = 'changed' | parse targetGroup '*:targetgroup/*/*' as a, targetGroupName, b | fields @timestamp, cluster, registered, deregistered, withheld, targetGroupName, span.requestId | sort @timestamp desc | limit 50"
    runs      = "filter message = 'report' | fields @timestamp, account, region, summary.loadBalancers, summary.frontends, summary.failed, summary.waiting, requestId | sort @timestamp desc | limit 50"
  }

  alarms = {
    # Failing is written by each full run, even by one that lists nothing. No data
    # is INSUFFICIENT_DATA, in which a new alarm begins without an action;
    # `breaching` would fire on a new stack before its first run.
    no-run = {
      made      = true
      kind      = "page"
      text      = <<-EOT
        no run has ended for no_run_minutes: the schedule is off, no concurrency is left, the time is not
        enough, or the program does not start. Nothing is kept up to date. The state is INSUFFICIENT_DATA.
      EOT
      query     = "stopped"
      metric    = "Failing"
      statistic = "SampleCount"
      period    = 60
      windows   = var.no_run_minutes
      of        = var.no_run_minutes
      is        = "LessThanThreshold"
      threshold = 1
      missing   = "missing"
    }

    # One run that sees it is not enough, and a run is due every minute: three
    # minutes after clients were cut off.
    unserved = {
      made      = local.writes
      kind      = "page"
      text      = <<-EOT
        clients of some zone of more than tolerated_unserved frontends reach no healthy target, or will in a
        moment: a control plane moved, and its new targets could not be registered.
      EOT
      query     = "unserved"
      metric    = "Unserved"
      statistic = "Maximum"
      period    = local.runs_every_minute ? 60 : 300
      windows   = 3
      of        = local.runs_every_minute ? 3 : 2
      is        = "GreaterThanThreshold"
      threshold = var.tolerated_unserved
      missing   = "ignore"
    }

    # What waits for a person is not counted, so that it does not hide what cannot
    # wait.
    failing = {
      made      = local.writes
      kind      = "page"
      text      = <<-EOT
        for most of a quarter of an hour, more than tolerated_failures frontends have failed, or load balancers
        could not be listed, or event or setting were refused. Targets stay as they are; when a control plane moves,
        its clients are cut off.
      EOT
      query     = "failing"
      metric    = "Failing"
      statistic = "Maximum"
      period    = local.runs_every_minute ? 60 : 300
      windows   = local.runs_every_minute ? 15 : 4
      of        = local.runs_every_minute ? 12 : 3
      is        = "GreaterThanThreshold"
      threshold = var.tolerated_failures
      missing   = "ignore"
    }

    # A quarter of the last hour: a new process counts a stale target only after
    # half an hour.
    attention = {
      made      = local.writes
      kind      = "ticket"
      text      = <<-EOT
        more than tolerated_tickets frontends wait for a person: a tag or a cluster is wrong, a load balancer
        lost its tag, or a stale target has been kept for half an hour. All others are served.
      EOT
      query     = "attention"
      metric    = "Attention"
      statistic = "Maximum"
      period    = 300
      windows   = 12
      of        = 3
      is        = "GreaterThanThreshold"
      threshold = var.tolerated_tickets
      missing   = "ignore"
    }

    # A deleted load balancer fails no frontend: only the number of load balancers falls.
    load-balancers = {
      made      = local.writes && var.min_load_balancers > 0
      kind      = "ticket"
      text      = <<-EOT
        fewer load balancers than min_load_balancers are managed. One was deleted, or lost all of its tags, and
        then its targets stay as they are.
      EOT
      query     = "runs"
      metric    = "LoadBalancers"
      statistic = "Minimum"
      period    = 300
      windows   = 3
      of        = 3
      is        = "LessThanThreshold"
      threshold = var.min_load_balancers
      missing   = "ignore"
    }

    planned = {
      made      = var.dry_run
      kind      = "ticket"
      text      = <<-EOT
        the stack is in dry run, and for a day has had something to do or has failed. Its plans are not
        applied: deploy with dry_run=false, or remove the tag.
      EOT
      query     = "planned"
      metric    = "Planned"
      statistic = "Maximum"
      period    = 3600
      windows   = 24
      of        = 24
      is        = "GreaterThanOrEqualToThreshold"
      threshold = 1
      missing   = "ignore"
    }
  }
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:Your key by kms_key_arn. CloudWatch cannot use the service's own, and an alarm's text is no secret.
  count = local.makes_topic ? 1 : 0

  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_sns_topic_subscription" "email" {
  count = var.alarm_email != null ? 1 : 0

  topic_arn = aws_sns_topic.alarms[0].arn
  protocol  = "email"
  endpoint  = var.alarm_email
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for name, alarm in local.alarms : name => alarm if alarm.made }

  alarm_name = "${var.name}-${each.key}"
  alarm_description = join("\n", [
    "eks-nlb-sync, ${each.value.kind}:",
    trimspace(each.value.text),
    "Logs Insights query ${var.name}/${each.value.query} on ${aws_cloudwatch_log_group.this.name}",
    "Dashboard: none",
    "Read: ${local.runbook}#${replace(each.key, "-", "")}alarm",
  ])

  namespace           = var.metrics_namespace
  metric_name         = each.value.metric
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.windows
  datapoints_to_alarm = each.value.of
  comparison_operator = each.value.is
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = each.value.kind == "page" ? local.pages : local.tickets
  ok_actions          = each.value.kind == "page" ? local.pages : local.tickets
  # The alarm for missing runs fires by missing data.
  insufficient_data_actions = each.value.missing == "missing" ? local.pages : []
  tags                      = var.tags
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = local.queries

  name            = "${var.name}/${each.key}"
  log_group_names = [aws_cloudwatch_log_group.this.name]
  query_string    = each.value
}

# Numbers of the report line as metrics, for graphs over months: Logs Insights
# reads no further back than log_retention_days.
resource "aws_cloudwatch_log_metric_filter" "detailed" {
  for_each = toset(var.detailed_metrics ? ["converged", "waiting", "changed", "skipped", "failed", "registered", "deregistered", "withheld"] : [])

  name           = "${var.name}-${each.key}"
  log_group_name = aws_cloudwatch_log_group.this.name
  pattern        = "{ $.message = \"report\" && $.dryRun IS FALSE }"

  metric_transformation {
    namespace = "${var.metrics_namespace}/${var.name}"
    name      = title(each.key)
    value     = "$.summary.${each.key}"
    unit      = "Count"
  }
}
