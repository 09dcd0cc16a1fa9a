# Runs when EKS makes or removes an interface of a control plane.

# An event starts a run; its content is not read. Failed calls are left out, because
# EKS makes a thousand dry runs. CloudTrail records the description of a new
# interface; of a removed one it records only who removed it.
resource "aws_cloudwatch_event_rule" "control_plane" {
  count = var.watch_control_plane ? 1 : 0

  name        = "${var.name}-control-plane"
  description = "EKS makes or removes an interface of a control plane"
  state       = local.schedule_state
  event_pattern = jsonencode({
    source      = ["aws.ec2"]
    detail-type = ["AWS API Call via CloudTrail"]
    detail = {
      eventSource     = ["ec2.amazonaws.com"]
      sourceIPAddress = ["eks.amazonaws.com"]
      errorCode       = [{ exists = false }]
      "$or" = [
        {
          eventName        = ["CreateNetworkInterface"]
          responseElements = { networkInterface = { description = [{ prefix = "Amazon EKS " }] } }
        },
        { eventName = ["DeleteNetworkInterface"] },
      ]
    }
  })
  tags = var.tags
}

resource "aws_cloudwatch_event_target" "control_plane" {
  count = var.watch_control_plane ? 1 : 0

  rule      = aws_cloudwatch_event_rule.control_plane[0].name
  target_id = "Workflow"
  arn       = aws_sfn_state_machine.control_plane[0].arn
  role_arn  = aws_iam_role.control_plane["rule"].arn
  input     = "{}"

  retry_policy {
    maximum_retry_attempts       = 0
    maximum_event_age_in_seconds = 60
  }
}

# A burst of events makes one run at once, and one more when it is over: the first
# event of a minute starts the execution that is named after the minute, the
# others of that minute find the name taken.
locals {
  run = {
    Type           = "Task"
    Resource       = "arn:${local.partition}:states:::lambda:invoke"
    Parameters     = { FunctionName = aws_lambda_function.this.arn, Payload = {} }
    ResultPath     = null
    TimeoutSeconds = 65
  }

  control_plane_workflow_arn = "arn:${local.partition}:states:${local.region}:${local.account_id}:stateMachine:${var.name}-control-plane"

  control_plane_roles = !var.watch_control_plane ? {} : {
    workflow = {
      service = "states.amazonaws.com"
      statements = [
        { Sid = "Function", Effect = "Allow", Action = "lambda:InvokeFunction", Resource = aws_lambda_function.this.arn },
        { Sid = "Itself", Effect = "Allow", Action = "states:StartExecution", Resource = local.control_plane_workflow_arn },
      ]
    }
    rule = {
      service = "events.amazonaws.com"
      statements = [
        { Sid = "Workflow", Effect = "Allow", Action = "states:StartExecution", Resource = local.control_plane_workflow_arn },
      ]
    }
  }
}

resource "aws_sfn_state_machine" "control_plane" {
  #checkov:skip=CKV_AWS_284:Its executions are a minute long and log nothing of their own.
  #checkov:skip=CKV_AWS_285:As above.
  count = var.watch_control_plane ? 1 : 0

  name     = "${var.name}-control-plane"
  type     = "STANDARD"
  role_arn = aws_iam_role.control_plane["workflow"].arn
  definition = jsonencode({
    Comment        = "Runs eks-nlb-sync once for a burst of events, and once after it"
    StartAt        = "IsNamed"
    TimeoutSeconds = 300
    States = {
      IsNamed = {
        Type    = "Choice"
        Choices = [{ Variable = "$.named", IsPresent = true, Next = "RunAtOnce" }]
        Default = "SplitTime"
      }
      SplitTime = {
        Comment    = "A name holds no colon"
        Type       = "Pass"
        Parameters = { "time.$" = "States.StringSplit($$.Execution.StartTime, ':')" }
        Next       = "StartNamed"
      }
      StartNamed = {
        Type     = "Task"
        Resource = "arn:${local.partition}:states:::aws-sdk:sfn:startExecution"
        Parameters = {
          "StateMachineArn.$" = "$$.StateMachine.Id"
          "Name.$"            = "States.Format('{}-{}', $.time[0], $.time[1])"
          Input               = "{\"named\": true}"
        }
        Catch = [{ ErrorEquals = ["Sfn.ExecutionAlreadyExistsException"], Next = "Done" }]
        Next  = "Done"
      }
      RunAtOnce = merge(local.run, {
        Catch = [{ ErrorEquals = ["States.ALL"], ResultPath = null, Next = "EndOfMinute" }]
        Next  = "EndOfMinute"
      })
      EndOfMinute = {
        Comment = "No later event finds this name taken"
        Type    = "Wait"
        Seconds = 60
        Next    = "RunAfterwards"
      }
      RunAfterwards = merge(local.run, { End = true })
      Done          = { Type = "Succeed" }
    }
  })
  tags = var.tags

  depends_on = [aws_iam_role_policy.control_plane]
}

resource "aws_iam_role" "control_plane" {
  for_each = local.control_plane_roles

  name_prefix          = "${substr(var.name, 0, 24)}-${each.key}-"
  description          = "Lets the ${each.key} of the control plane run ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = each.value.service }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "control_plane" {
  for_each = local.control_plane_roles

  name   = each.key
  role   = aws_iam_role.control_plane[each.key].id
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value.statements })
}
