# The function, its schedules and its log. Permissions are in iam.tf, the VPC in
# network.tf, alarms in alarms.tf.

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  # Of eks-nlb-sync. `eks-nlb version` and `doctor` read it in the function's description.
  version = "0.1.0"

  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition

  # ec2.<region>.<suffix>: the other attributes differ between the providers 5 and 6.
  # Known while planning, so that no interface endpoint is replaced with the log group.
  region = split(".", data.aws_region.this.endpoint)[1]

  in_vpc = length(var.subnet_ids) > 0

  # Of every schedule and of the event rule.
  schedule_state = var.paused ? "DISABLED" : var.schedule_state

  # What the build depends on; a change of it builds and deploys again.
  sources     = var.source_dir == null ? [] : sort(setunion(fileset(var.source_dir, "{Cargo.toml,Cargo.lock,rust-toolchain.toml}"), fileset(var.source_dir, "src/**"), fileset(var.source_dir, "core/**")))
  source_hash = base64sha256(join("", [for file in local.sources : filesha256("${var.source_dir}/${file}")]))
}

# --- Code --------------------------------------------------------------------

resource "terraform_data" "build" {
  count = var.source_dir == null ? 0 : 1

  triggers_replace = [local.source_hash, var.architecture]

  provisioner "local-exec" {
    working_dir = var.source_dir
    command     = "cargo lambda build --release --locked --bin eks-nlb-sync --output-format zip ${var.architecture == "arm64" ? "--arm64" : "--x86-64"}"
  }
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_116:A lost event is not worth keeping; the next run does the same work.
  #checkov:skip=CKV_AWS_117:A private-only endpoint resolves anywhere, so the VPC is a choice (vpc_id).
  #checkov:skip=CKV_AWS_173:No setting is a secret.
  #checkov:skip=CKV_AWS_272:Code signing is the account's policy; the zip is built from this source.
  function_name = var.name
  description   = "eks-nlb-sync ${local.version}: keeps NLB target groups at the private addresses of EKS API servers"
  role          = aws_iam_role.function.arn

  filename          = var.s3_bucket != null ? null : var.package != null ? var.package : "${var.source_dir}/target/lambda/eks-nlb-sync/bootstrap.zip"
  s3_bucket         = var.s3_bucket
  s3_key            = var.s3_key
  s3_object_version = var.s3_object_version
  source_code_hash  = var.package_sha256 != null ? var.package_sha256 : var.package != null ? filebase64sha256(var.package) : local.source_hash
  runtime           = "provided.al2023"
  handler           = "bootstrap"
  architectures     = [var.architecture]

  memory_size = 128
  # Less than the schedule's interval, so that a run has ended before the next one
  # is due.
  timeout                        = 55
  reserved_concurrent_executions = var.stopped ? 0 : coalesce(var.reserved_concurrency, -1)

  environment {
    variables = merge(
      var.environment,
      local.settings,
      { for name, value in local.optional_settings : name => value if value != null },
    )
  }

  logging_config {
    log_format            = "JSON"
    log_group             = aws_cloudwatch_log_group.this.name
    application_log_level = var.application_log_level
    system_log_level      = var.system_log_level
  }

  tracing_config {
    mode = var.tracing
  }

  dynamic "vpc_config" {
    for_each = local.in_vpc ? [1] : []

    content {
      subnet_ids         = var.subnet_ids
      security_group_ids = local.security_group_ids
    }
  }

  tags = var.tags

  # Without its permissions the first runs would fail.
  depends_on = [terraform_data.build, aws_iam_role_policy.function, aws_iam_role_policy.interfaces]
}

# The next run is the retry, and an event older than that is worthless.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60
}

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:Your key by kms_key_arn; the lines hold ARNs, host names and addresses, no secret.
  #checkov:skip=CKV_AWS_338:log_retention_days is the caller's choice; the report of a run is of no use a year later.
  name              = "/aws/lambda/${var.name}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days
  tags              = var.tags
}

# --- Schedules ---------------------------------------------------------------

# Reads every frontend of this account and Region, whatever events were lost.
resource "aws_scheduler_schedule" "own" {
  #checkov:skip=CKV_AWS_297:The input is empty; there is nothing to encrypt with a key of one's own.
  name                = var.name
  description         = "Runs ${var.name} for this account and Region"
  schedule_expression = var.schedule_expression
  state               = local.schedule_state

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.scheduler.arn

    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }
}

# One for each other Region or account, with its constant input.
resource "aws_scheduler_schedule" "fleet" {
  #checkov:skip=CKV_AWS_297:Regions, role ARNs and external ids are not secrets (IAM User Guide, How to use an external ID).
  for_each = var.fleet

  name                = "${var.name}-${each.key}"
  description         = "Runs ${var.name} for ${join(" as ", compact([each.value.region, each.value.role_arn]))}"
  schedule_expression = var.schedule_expression
  state               = local.schedule_state

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.scheduler.arn

    # Absent rather than null: the function refuses a key without a value.
    input = jsonencode({
      for key, value in {
        region           = each.value.region
        roleArn          = each.value.role_arn
        externalId       = each.value.external_id
        minLoadBalancers = each.value.min_load_balancers
      } : key => value if value != null
    })

    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }
}
