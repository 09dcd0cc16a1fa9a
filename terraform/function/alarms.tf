# The same alarms as template.yaml, each explained in docs/operations.md. A
# *page* means that somebody is cut off, or will be; a *ticket* can wait until
# morning.

locals {
  pages   = concat(aws_sns_topic.alarms[*].arn, compact([var.alarm_topic_arn]))
  tickets = var.ticket_topic_arn != null ? [var.ticket_topic_arn] : local.pages

  writes      = !var.dry_run
  deregisters = local.writes && var.sync_policy == "sync" # under add-only every stale target is withheld for ever, on purpose

  # Alarms name them, Logs Insights lists them.
  queries = {
    failed    = "filter message in ['failed', 'discovery failed'] | stats count(*) as times, latest(error) as lastError by cluster, code, loadBalancer, span.region, span.account, span.role | sort times desc"
    unhealthy = "filter message = 'unhealthy' | stats count(*) as runs, latest(@timestamp) as lastSeen by cluster, targetGroup, span.region, span.account | sort runs desc"
    waiting   = "filter message = 'waiting' | stats count(*) as runs, latest(reason) as lastReason by cluster, targetGroup, span.region, span.account | sort runs desc"
    planned   = "filter message = 'planned' | stats count(*) as runs, latest(registered) as toRegister, latest(deregistered) as toDeregister by cluster, targetGroup, span.region, span.account | sort runs desc"
    changed   = "filter message = 'changed' | fields @timestamp, cluster, registered, deregistered, withheld, targetGroup, span.requestId | sort @timestamp desc | limit 50"
    runs      = "filter message = 'report' | fields @timestamp, account, region, summary.loadBalancers, summary.frontends, summary.failed, summary.waiting, requestId | sort @timestamp desc | limit 50"
  }

  alarms = {
    # LoadBalancers is written by each run that looked at all of them, and only by
    # those, so the number of its samples is the heartbeat.
    no-run = {
      made      = true
      kind      = "page"
      text      = <<-EOT
        no run has looked at all load balancers for no_run_minutes. Either the function does not run
        (schedule, concurrency, time-out, a setting that does not parse), or it cannot list load balancers.
      EOT
      query     = "failed"
      metric    = "LoadBalancers"
      statistic = "SampleCount"
      period    = 60
      windows   = var.no_run_minutes
      of        = var.no_run_minutes
      is        = "LessThanThreshold"
      threshold = 1
      missing   = "breaching"
    }

    # Three windows: a single bad run is the next run's business. What waits for a
    # person is not counted, so that it does not hide what cannot wait.
    failed = {
      made      = local.writes
      kind      = "page"
      text      = <<-EOT
        for a quarter of an hour, runs have failed for more than tolerated_failures frontends. The targets of
        these frontends stay as they are; when their control plane moves, clients are cut off.
      EOT
      query     = "failed"
      metric    = "Failed"
      statistic = "Maximum"
      period    = 300
      windows   = 3
      of        = null
      is        = "GreaterThanThreshold"
      threshold = var.tolerated_failures
      missing   = "notBreaching"
    }

    # Lambda counts every run with any failure. A dry run is given a day.
    errors = {
      made      = true
      kind      = "ticket"
      text      = <<-EOT
        runs end with an error again and again. Without FailedAlarm it is a tag or a cluster that waits for
        a person; all other frontends are served.
      EOT
      query     = "failed"
      metric    = "Errors"
      statistic = "Sum"
      period    = var.dry_run ? 3600 : 300
      windows   = var.dry_run ? 24 : 3
      of        = null
      is        = "GreaterThanThreshold"
      threshold = 0
      missing   = "notBreaching"
    }

    # The ages begin anew with each process of the function. Three windows: an
    # alarm does not go off and on again with it.
    unhealthy = {
      made      = local.writes
      kind      = "page"
      text      = <<-EOT
        a target group has had no healthy target for unhealthy_minutes. Clients of that cluster cannot reach
        it through its load balancer, or reach it by luck.
      EOT
      query     = "unhealthy"
      metric    = "UnhealthyAge"
      statistic = null
      label     = "Minutes without a healthy target"
      period    = 300
      windows   = 3
      of        = 1
      is        = "GreaterThanOrEqualToThreshold"
      threshold = var.unhealthy_minutes
      missing   = "notBreaching"
    }

    withheld = {
      made      = local.deregisters
      kind      = "ticket"
      text      = <<-EOT
        a stale target has been kept for withheld_minutes, because too few of its replacements are healthy.
        The cluster may be served by old addresses only.
      EOT
      query     = "waiting"
      metric    = "WithheldAge"
      statistic = null
      label     = "Minutes withheld"
      period    = 300
      windows   = 3
      of        = 1
      is        = "GreaterThanOrEqualToThreshold"
      threshold = var.withheld_minutes
      missing   = "notBreaching"
    }

    # A load balancer that loses its tag is not failed, it is gone.
    load-balancers = {
      made      = local.writes && var.min_load_balancers > 0
      kind      = "page"
      text      = <<-EOT
        fewer load balancers than min_load_balancers are managed. One was deleted or has lost its tag, and
        then its targets stay as they are until clients are cut off.
      EOT
      query     = "runs"
      metric    = "LoadBalancers"
      statistic = "Minimum"
      period    = 300
      windows   = 3
      of        = null
      is        = "LessThanThreshold"
      threshold = var.min_load_balancers
      missing   = "notBreaching"
    }

    planned = {
      made      = var.dry_run
      kind      = "ticket"
      text      = <<-EOT
        the stack is in dry run, and has had something to do for a day. Nobody does it: deploy with
        dry_run=false, or take the tag away.
      EOT
      query     = "planned"
      metric    = "Planned"
      statistic = "Maximum"
      period    = 3600
      windows   = 24
      of        = null
      is        = "GreaterThanOrEqualToThreshold"
      threshold = 1
      missing   = "notBreaching"
    }
  }
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:Your key by kms_key_arn. CloudWatch cannot use the service's own, and an alarm's text is no secret.
  count = var.create_alarm_topic ? 1 : 0

  name              = "${var.name}-alarms"
  kms_master_key_id = var.kms_key_arn
  tags              = var.tags
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = { for name, alarm in local.alarms : name => alarm if alarm.made }

  alarm_name = "${var.name}-${each.key}"
  alarm_description = join("\n", [
    "eks-nlb-sync, ${each.value.kind}:",
    trimspace(each.value.text),
    "Logs Insights query ${var.name}/${each.value.query} on ${aws_cloudwatch_log_group.this.name}: ${local.queries[each.value.query]}",
    "Dashboard: none",
    "Read: ${coalesce(var.runbook_url, "docs/operations.md")}#${replace(each.key, "-", "")}alarm",
  ])

  # An age is shown in minutes, by an expression; anything else is a metric.
  namespace   = each.value.statistic == null ? null : each.value.metric == "Errors" ? "AWS/Lambda" : var.metrics_namespace
  metric_name = each.value.statistic == null ? null : each.value.metric
  dimensions  = each.value.statistic == null ? null : { FunctionName = aws_lambda_function.this.function_name }
  statistic   = each.value.statistic
  period      = each.value.statistic == null ? null : each.value.period

  dynamic "metric_query" {
    for_each = each.value.statistic == null ? [each.value] : []

    content {
      id          = "minutes"
      label       = metric_query.value.label
      expression  = "seconds / 60"
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.statistic == null ? [each.value] : []

    content {
      id          = "seconds"
      return_data = false

      metric {
        namespace   = var.metrics_namespace
        metric_name = metric_query.value.metric
        dimensions  = { FunctionName = aws_lambda_function.this.function_name }
        stat        = "Maximum"
        period      = metric_query.value.period
      }
    }
  }

  evaluation_periods  = each.value.windows
  datapoints_to_alarm = each.value.of
  comparison_operator = each.value.is
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = each.value.kind == "page" ? local.pages : local.tickets
  ok_actions          = each.value.kind == "page" ? local.pages : local.tickets
  tags                = var.tags
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
