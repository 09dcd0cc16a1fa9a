# A page only when it matters: the same alarms as template.yaml.

locals {
  alarm_actions = concat(aws_sns_topic.alarms[*].arn, compact([var.alarm_topic_arn]))

  # The metrics of a run carry the Region that it acted in: this one, and those
  # of the fleet.
  watched_regions = merge(
    { own = local.region },
    { for scope in values(var.fleet) : scope.region => scope.region if scope.region != null },
  )
}

resource "aws_sns_topic" "alarms" {
  #checkov:skip=CKV_AWS_26:CloudWatch cannot use the service's own key, and an alarm's text is no secret.
  count = var.create_alarm_topic ? 1 : 0

  name = "${var.name}-alarms"
  tags = var.tags
}

# Two of three windows: a single bad run is the next run's business.
resource "aws_cloudwatch_metric_alarm" "errors" {
  alarm_name          = "${var.name}-errors"
  alarm_description   = "eks-nlb-sync: runs fail again and again. Frontends that did not fail are still served. Look for the log line with level ERROR, its code is explained in docs/operations.md, Troubleshooting."
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.this.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  tags                = var.tags
}

resource "aws_cloudwatch_metric_alarm" "no_success" {
  for_each = var.schedule_state == "ENABLED" ? local.watched_regions : {}

  alarm_name          = "${var.name}-no-success-${each.key}"
  alarm_description   = "eks-nlb-sync: not a single run succeeded for no_success_minutes. Either every run has a failed frontend, or the function is not run at all: schedule, concurrency, time-out, metrics."
  namespace           = var.metrics_namespace
  metric_name         = "RunsSucceeded"
  dimensions          = { Region = each.value }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = var.no_success_minutes
  datapoints_to_alarm = var.no_success_minutes
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  tags                = var.tags
}

# Under add-only every stale target is withheld for ever, on purpose.
resource "aws_cloudwatch_metric_alarm" "withheld" {
  for_each = var.sync_policy == "sync" ? local.watched_regions : {}

  alarm_name          = "${var.name}-withheld-${each.key}"
  alarm_description   = "eks-nlb-sync: a stale target has been withheld for withheld_minutes, because too few of its replacements are healthy or could not be registered. The cluster may be served by old addresses only."
  evaluation_periods  = 1
  threshold           = var.withheld_minutes
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  tags                = var.tags

  metric_query {
    id          = "minutes"
    label       = "Minutes withheld"
    expression  = "seconds / 60"
    return_data = true
  }

  metric_query {
    id          = "seconds"
    return_data = false

    metric {
      namespace   = var.metrics_namespace
      metric_name = "OldestWithheldAge"
      dimensions  = { Region = each.value }
      stat        = "Maximum"
      period      = 300
    }
  }
}

# Minimum: only when every run of both windows saw one. A new frontend has no
# healthy target for its first 3 to 5 minutes.
resource "aws_cloudwatch_metric_alarm" "unhealthy" {
  for_each = local.watched_regions

  alarm_name          = "${var.name}-unhealthy-${each.key}"
  alarm_description   = "eks-nlb-sync: a frontend has had no healthy desired target for ten minutes. Clients of that cluster may not reach it. Look at the target group's health checks and at the cluster's security group."
  namespace           = var.metrics_namespace
  metric_name         = "FrontendsWithoutHealthyTarget"
  dimensions          = { Region = each.value }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 2
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
  tags                = var.tags
}
