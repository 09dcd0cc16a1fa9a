# What the module makes of its variables. That it makes the same as
# template.yaml is tested against an emulator.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { endpoint = "ec2.eu-west-1.amazonaws.com" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/eks-nlb-sync" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/eks-nlb-sync" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:111122223333:function:eks-nlb-sync" }
  }
  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:eks-nlb-sync-control-plane" }
  }
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:111122223333:eks-nlb-sync-alarms" }
  }
}

variables {
  package = "versions.tf" # any file: nothing is deployed
}

run "refuses_a_tag_value_that_ends_in_a_space" {
  command         = plan
  expect_failures = [var.nlb_tag]

  variables {
    nlb_tag = "a=b ,c"
  }
}

run "runs_small_and_every_minute" {
  command = apply

  assert {
    condition = (
      aws_lambda_function.this.runtime == "provided.al2023" && aws_lambda_function.this.architectures == tolist(["arm64"]) &&
      aws_lambda_function.this.memory_size == 128 && aws_lambda_function.this.reserved_concurrent_executions == -1
    )
    error_message = "provided.al2023 on arm64 with 128 MB, none reserved"
  }
  assert {
    condition     = aws_lambda_function_event_invoke_config.this.maximum_retry_attempts == 0 && aws_lambda_function_event_invoke_config.this.maximum_event_age_in_seconds == 60
    error_message = "the next run is the retry"
  }
  assert {
    condition     = aws_scheduler_schedule.own.schedule_expression == "rate(1 minute)" && aws_scheduler_schedule.own.target[0].input == null && length(aws_scheduler_schedule.fleet) == 0
    error_message = "one schedule, without an input"
  }
  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "JSON" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "JSON lines, kept for 30 days"
  }
  assert {
    condition     = !contains(keys(aws_lambda_function.this.environment[0].variables), "DNS_SERVERS") && length(aws_lambda_function.this.vpc_config) == 0
    error_message = "the system's resolver, no VPC"
  }
}

run "gives_every_other_region_and_account_its_schedule" {
  command = apply

  variables {
    assume_role_arns     = ["arn:aws:iam::444455556666:role/eks-nlb-sync"]
    reserved_concurrency = 2
    fleet = {
      far   = { region = "eu-central-1", min_load_balancers = 3 }
      other = { role_arn = "arn:aws:iam::444455556666:role/eks-nlb-sync", external_id = "7" }
    }
  }

  assert {
    condition     = jsondecode(aws_scheduler_schedule.fleet["far"].target[0].input) == { region = "eu-central-1", minLoadBalancers = 3 }
    error_message = "a Region and a minimum, and no key without a value"
  }
  assert {
    condition     = jsondecode(aws_scheduler_schedule.fleet["other"].target[0].input) == { roleArn = "arn:aws:iam::444455556666:role/eks-nlb-sync", externalId = "7" }
    error_message = "a role with its external id"
  }
  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Resource if statement.Sid == "GivenRoles"]) == ["arn:aws:iam::444455556666:role/eks-nlb-sync"]
    error_message = "only the given roles"
  }
}

run "reads_interfaces_by_default" {
  command = apply

  assert {
    condition     = length(aws_iam_role_policy.interfaces) == 1 && aws_lambda_function.this.environment[0].variables.ADDRESS_SOURCE == "auto"
    error_message = "the source is auto, and the role may read what it needs"
  }
}

run "reads_no_interfaces_with_dns_alone" {
  command = apply

  variables {
    address_source = "dns"
  }

  assert {
    condition     = length(aws_iam_role_policy.interfaces) == 0
    error_message = "no permission that is not used"
  }
}

run "asks_for_the_consent_of_the_clusters_owner" {
  command = apply

  variables {
    cluster_tag           = "eks-nlb-sync=allowed"
    allow_internet_facing = true
    environment           = { HTTPS_PROXY = "http://10.0.0.9:3128" }
  }

  assert {
    condition = (
      aws_lambda_function.this.environment[0].variables.CLUSTER_TAG == "eks-nlb-sync=allowed" &&
      aws_lambda_function.this.environment[0].variables.ALLOW_INTERNET_FACING == "true" &&
      aws_lambda_function.this.environment[0].variables.HTTPS_PROXY == "http://10.0.0.9:3128"
    )
    error_message = "as given, and what the SDK reads by itself"
  }
}

run "may_be_paused" {
  command = apply

  variables {
    paused              = true
    watch_control_plane = true
    fleet               = { far = { region = "eu-central-1" } }
  }

  assert {
    condition = (
      aws_scheduler_schedule.own.state == "DISABLED" && aws_scheduler_schedule.fleet["far"].state == "DISABLED" &&
      aws_cloudwatch_event_rule.control_plane[0].state == "DISABLED" && aws_lambda_function.this.reserved_concurrent_executions == -1
    )
    error_message = "nothing invokes it, and it still answers"
  }
}

run "may_be_stopped" {
  command = apply

  variables {
    stopped              = true
    reserved_concurrency = 3
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 0
    error_message = "no invocation runs"
  }
}

run "may_have_a_role_of_a_fixed_name" {
  command = apply

  variables {
    role_name = "eks-nlb-sync-function"
  }

  assert {
    condition     = aws_iam_role.function.name == "eks-nlb-sync-function"
    error_message = "as given"
  }
}

run "asks_each_dns_server_on_its_own_port_only" {
  command = apply

  variables {
    vpc_id      = "vpc-0a"
    subnet_ids  = ["subnet-0a"]
    dns_servers = ["10.0.0.2", "10.0.0.3:5353", "fd00::2", "[fd00::3]", "[fd00::4]:5353"]
  }

  assert {
    condition = toset([for rule in aws_security_group.function[0].egress : "${rule.protocol} ${rule.from_port}-${rule.to_port} ${join(",", concat(coalesce(rule.cidr_blocks, []), coalesce(rule.ipv6_cidr_blocks, [])))}"]) == toset(concat(
      ["tcp 443-443 0.0.0.0/0", "tcp 443-443 ::/0"],
      flatten([for protocol in ["udp", "tcp"] : [
        "${protocol} 53-53 10.0.0.2/32", "${protocol} 5353-5353 10.0.0.3/32",
        "${protocol} 53-53 fd00::2/128", "${protocol} 53-53 fd00::3/128", "${protocol} 5353-5353 fd00::4/128",
      ]]),
    ))
    error_message = "HTTPS to anywhere; each server on its port, over both protocols"
  }
}

run "writes_only_to_target_groups_with_the_first_tag" {
  command = apply

  variables {
    nlb_tag = "team=platform,eks-nlb-sync"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Condition if statement.Sid == "TargetGroupsWithTheTag"]) == { StringLike = { "aws:ResourceTag/team" = "platform" } }
    error_message = "key and value of the first tag"
  }
}

run "writes_to_target_groups_with_any_value_of_a_bare_key" {
  command = apply

  variables {
    nlb_tag = "managed"
  }

  assert {
    condition     = one([for statement in jsondecode(aws_iam_role_policy.function.policy).Statement : statement.Condition if statement.Sid == "TargetGroupsWithTheTag"]) == { StringLike = { "aws:ResourceTag/managed" = "*" } }
    error_message = "any value"
  }
}

run "reserves_concurrency" {
  command = apply

  variables {
    reserved_concurrency = 1
  }

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == 1
    error_message = "as given"
  }
}

run "takes_the_zip_from_a_bucket" {
  command = plan

  variables {
    package        = null
    s3_bucket      = "artifacts"
    s3_key         = "eks-nlb-sync/bootstrap.zip"
    package_sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
  }

  assert {
    condition     = aws_lambda_function.this.s3_bucket == "artifacts" && aws_lambda_function.this.filename == null && aws_lambda_function.this.source_code_hash == "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    error_message = "no file, and the given checksum"
  }
}

run "plans_without_the_file_whose_checksum_is_known" {
  command = plan

  variables {
    package        = "tests/nowhere.zip"
    package_sha256 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
  }

  assert {
    condition     = aws_lambda_function.this.filename == "tests/nowhere.zip"
    error_message = "the file is needed by the apply only"
  }
}

run "takes_an_existing_topic" {
  command = apply

  variables {
    alarm_topic_arn = "arn:aws:sns:eu-west-1:111122223333:pager"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.this["failing"].alarm_actions == toset(["arn:aws:sns:eu-west-1:111122223333:pager"]) && output.alarm_topic_arn == "arn:aws:sns:eu-west-1:111122223333:pager"
    error_message = "the topic as given"
  }
}

# --- Bad input ---------------------------------------------------------------

run "refuses_a_zip_that_is_not_there" {
  command         = plan
  expect_failures = [var.package]

  variables {
    package = "tests/nowhere.zip"
  }
}

run "refuses_two_sources_of_code" {
  command         = plan
  expect_failures = [var.package]

  variables {
    source_dir = "../.."
  }
}

run "refuses_settings_that_the_function_would_refuse" {
  command         = plan
  expect_failures = [var.nlb_tag, var.cluster_name_tag, var.address_source, var.cluster_tag, var.environment, var.sync_policy, var.min_healthy_targets, var.allowed_cidrs, var.dns_servers, var.dns_timeout_ms, var.max_concurrency, var.metrics_namespace]

  variables {
    nlb_tag             = "a=b=c"
    cluster_name_tag    = ""
    address_source      = "interfaces"
    cluster_tag         = "a=b,c"
    environment         = { DRY_RUN = "true" }
    sync_policy         = "add"
    min_healthy_targets = 0
    allowed_cidrs       = []
    dns_servers         = ["dns.example"]
    dns_timeout_ms      = 60000
    max_concurrency     = 0
    metrics_namespace   = "AWS/EKS"
  }
}

run "refuses_a_vpc_without_subnets" {
  command         = plan
  expect_failures = [var.subnet_ids]

  variables {
    vpc_id = "vpc-0a"
  }
}

run "refuses_endpoints_without_a_vpc" {
  command         = plan
  expect_failures = [var.interface_endpoints]

  variables {
    interface_endpoints = true
  }
}

run "refuses_a_vpc_that_is_none" {
  command         = plan
  expect_failures = [var.vpc_id]

  variables {
    vpc_id     = "10.0.0.0/8"
    subnet_ids = ["subnet-0a"]
  }
}

run "refuses_subnets_without_a_vpc" {
  command         = plan
  expect_failures = [var.subnet_ids]

  variables {
    subnet_ids = ["subnet-0a"]
  }
}

run "refuses_security_groups_without_a_vpc" {
  command         = plan
  expect_failures = [var.security_group_ids]

  variables {
    security_group_ids = ["sg-0a"]
  }
}

run "refuses_a_fleet_that_queues" {
  command         = plan
  expect_failures = [var.reserved_concurrency]

  variables {
    reserved_concurrency = 1
    fleet                = { far = { region = "eu-central-1" } }
  }
}

run "refuses_a_fleet_of_nowhere" {
  command         = plan
  expect_failures = [var.fleet]

  variables {
    reserved_concurrency = 2
    fleet                = { nowhere = {} }
  }
}

run "refuses_an_external_id_without_a_role" {
  command         = plan
  expect_failures = [var.fleet]

  variables {
    reserved_concurrency = 2
    fleet                = { secret = { region = "eu-central-1", external_id = "7" } }
  }
}

run "refuses_a_role_that_may_not_be_assumed" {
  command         = plan
  expect_failures = [var.fleet]

  variables {
    reserved_concurrency = 2
    fleet                = { forbidden = { role_arn = "arn:aws:iam::444455556666:role/eks-nlb-sync" } }
  }
}

run "refuses_a_key_that_names_no_schedule" {
  command         = plan
  expect_failures = [var.fleet]

  variables {
    reserved_concurrency = 2
    fleet                = { "no space" = { region = "eu-central-1" } }
  }
}

run "refuses_subnets_that_are_none" {
  command         = plan
  expect_failures = [var.subnet_ids]

  variables {
    vpc_id     = "vpc-0a"
    subnet_ids = ["vpc-0a"]
  }
}

run "refuses_security_groups_that_are_none" {
  command         = plan
  expect_failures = [var.security_group_ids]

  variables {
    vpc_id             = "vpc-0a"
    subnet_ids         = ["subnet-0a"]
    security_group_ids = ["default"]
  }
}

run "refuses_no_source_of_code" {
  command         = plan
  expect_failures = [var.package]

  variables {
    package = null
  }
}

run "refuses_a_bucket_without_a_checksum" {
  command         = plan
  expect_failures = [var.s3_bucket]

  variables {
    package   = null
    s3_bucket = "artifacts"
  }
}

run "refuses_a_checksum_in_hexadecimal" {
  command         = plan
  expect_failures = [var.package_sha256]

  variables {
    package_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  }
}

# One variable at a time: what refers to a variable that is refused is not checked.
run "refuses_what_names_no_role" {
  command         = plan
  expect_failures = [var.member_role_name]

  variables {
    member_role_name = "no space"
    organization_id  = "o-0123456789"
  }
}

run "refuses_what_names_no_organization" {
  command         = plan
  expect_failures = [var.organization_id]

  variables {
    member_role_name = "eks-nlb-sync"
    organization_id  = "organisation"
  }
}

run "refuses_a_role_of_any_account" {
  command         = plan
  expect_failures = [var.member_role_name]

  variables {
    member_role_name = "eks-nlb-sync"
  }
}

run "refuses_a_minimum_that_no_run_could_miss" {
  command         = plan
  expect_failures = [var.fleet]

  variables {
    fleet = { far = { region = "eu-central-1", min_load_balancers = 0 } }
  }
}

run "refuses_a_path_for_a_name" {
  command         = plan
  expect_failures = [var.role_name]

  variables {
    role_name = "team/eks-nlb-sync"
  }
}

run "refuses_any_role" {
  command         = plan
  expect_failures = [var.assume_role_arns, var.permissions_boundary_arn, var.kms_key_arn]

  variables {
    kms_key_arn              = "alias/logs"
    assume_role_arns         = ["arn:aws:iam::444455556666:role/*"]
    permissions_boundary_arn = "boundary"
  }
}

run "refuses_two_topics" {
  command         = plan
  expect_failures = [var.create_alarm_topic]

  variables {
    create_alarm_topic = true
    alarm_topic_arn    = "arn:aws:sns:eu-west-1:111122223333:pager"
  }
}

run "refuses_an_address_that_is_none" {
  command         = plan
  expect_failures = [var.alarm_email]

  variables {
    alarm_email = "platform"
  }
}

run "refuses_an_address_beside_a_topic" {
  command         = plan
  expect_failures = [var.alarm_email]

  variables {
    alarm_email     = "platform@example.com"
    alarm_topic_arn = "arn:aws:sns:eu-west-1:111122223333:pager"
  }
}

run "refuses_values_that_lambda_and_cloudwatch_do_not_know" {
  command = plan
  expect_failures = [
    var.name, var.architecture, var.schedule_expression, var.schedule_state, var.reserved_concurrency, var.write_scope, var.alarm_topic_arn,
    var.ticket_topic_arn, var.no_run_minutes, var.min_load_balancers, var.tolerated_unserved, var.tolerated_failures, var.tolerated_tickets, var.runbook_url, var.application_log_level, var.system_log_level, var.log_retention_days, var.tracing,
  ]

  variables {
    name                  = "eks nlb sync"
    architecture          = "arm"
    schedule_expression   = "1 minute"
    schedule_state        = "off"
    reserved_concurrency  = 0
    write_scope           = "all"
    alarm_topic_arn       = "pager"
    ticket_topic_arn      = "tickets"
    no_run_minutes        = 1
    min_load_balancers    = -1
    tolerated_failures    = -1
    runbook_url           = "http://wiki"
    tolerated_unserved    = -1
    tolerated_tickets     = -1
    application_log_level = "WARN"
    system_log_level      = "ERROR"
    log_retention_days    = 31
    tracing               = "On"
  }
}
