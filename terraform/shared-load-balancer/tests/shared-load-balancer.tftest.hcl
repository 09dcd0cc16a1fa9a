mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { endpoint = "ec2.eu-west-1.amazonaws.com" }
  }
  mock_data "aws_availability_zones" {
    defaults = {
      names    = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
      zone_ids = ["euw1-az3", "euw1-az1", "euw1-az2"]
    }
  }
  mock_resource "aws_lb" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/eks-shared/0a" }
  }
  mock_resource "aws_vpc_endpoint_service" {
    defaults = { arn = "arn:aws:ec2:eu-west-1:111122223333:vpc-endpoint-service/vpce-svc-0a" }
  }
}

override_data {
  target = data.aws_subnet.this["eu-west-1a"]
  values = { id = "subnet-0a", vpc_id = "vpc-0c", availability_zone = "eu-west-1a", outpost_arn = "" }
}

override_data {
  target = data.aws_subnet.this["eu-west-1b"]
  values = { id = "subnet-0b", vpc_id = "vpc-0c", availability_zone = "eu-west-1b", outpost_arn = "" }
}

variables {
  vpc_id             = "vpc-0c"
  subnets            = { eu-west-1a = "subnet-0a", eu-west-1b = "subnet-0b" }
  allowed_principals = ["arn:aws:iam::111122223333:root"]
}

run "makes_one_load_balancer_and_one_service" {
  assert {
    condition     = can(regex("^eks-shared-[0-9a-f]{8}$", aws_lb.this.name)) && aws_lb.this.internal && aws_lb.this.enable_cross_zone_load_balancing
    error_message = "internal, cross-zone, a name of its own"
  }
  assert {
    condition     = aws_lb.this.tags["eks-nlb-sync"] == "enabled" && !contains(keys(aws_lb.this.tags), "cluster_name")
    error_message = "managed, but no one cluster's"
  }
  assert {
    condition     = aws_lb.this.enforce_security_group_inbound_rules_on_private_link_traffic == "off" && aws_vpc_endpoint_service.this.allowed_principals == toset(["arn:aws:iam::111122223333:root"])
    error_message = "PrivateLink clients are judged by the principals"
  }
  assert {
    condition     = output.load_balancer.availability_zones == toset(["eu-west-1a", "eu-west-1b"]) && output.endpoint_service.zone_ids == tolist(["euw1-az1", "euw1-az3"]) && output.endpoint_service.account_id == "111122223333"
    error_message = "what cluster-access needs"
  }
  assert {
    condition     = aws_ec2_tag.subnets.value == "eu-west-1a=subnet-0a eu-west-1b=subnet-0b"
    error_message = "the zones are remembered"
  }
}

run "keeps_its_name" {
  variables {
    name = "another"
  }

  assert {
    condition     = aws_lb.this.name == run.makes_one_load_balancer_and_one_service.load_balancer.name
    error_message = "another name is no replacement"
  }
}

run "admits_and_tells" {
  command = plan

  variables {
    acceptance_required   = true
    accepted_endpoint_ids = { tools = "vpce-0a" }
    connection_topic_arn  = "arn:aws:sns:eu-west-1:111122223333:connections"
    supported_regions     = ["eu-central-1"]
  }

  assert {
    condition     = aws_vpc_endpoint_connection_accepter.this["tools"].vpc_endpoint_id == "vpce-0a" && length(aws_vpc_endpoint_connection_notification.this) == 1
    error_message = "the endpoint as given, and who is told"
  }
  assert {
    condition     = aws_vpc_endpoint_service.this.supported_regions == toset(["eu-central-1", "eu-west-1"])
    error_message = "AWS returns the own Region too"
  }
}

run "refuses_a_zone_less" {
  command         = plan
  expect_failures = [aws_lb.this]

  variables {
    subnets = { eu-west-1a = "subnet-0a" }
  }

  override_data {
    target = data.aws_security_groups.standing
    values = { ids = ["sg-0b"] }
  }
  override_data {
    target = data.aws_security_group.standing["sg-0b"]
    values = { vpc_id = "vpc-0c", tags = { "eks-nlb-sync/subnets" = "eu-west-1a=subnet-0a eu-west-1b=subnet-0b" } }
  }
}

run "refuses_another_vpc" {
  command         = plan
  expect_failures = [aws_lb.this]

  override_data {
    target = data.aws_security_groups.standing
    values = { ids = ["sg-0b"] }
  }
  override_data {
    target = data.aws_security_group.standing["sg-0b"]
    values = { vpc_id = "vpc-0d", tags = {} }
  }
}

run "refuses_subnets_of_another_vpc" {
  command         = plan
  expect_failures = [terraform_data.access]

  variables {
    vpc_id = "vpc-0d"
  }
}

run "refuses_what_is_none" {
  command         = plan
  expect_failures = [var.name, var.vpc_id, var.subnets, var.allowed_principals, var.accepted_endpoint_ids, var.connection_topic_arn, var.supported_regions, var.ip_address_type]

  variables {
    name                  = "internal-api"
    vpc_id                = "subnet-0a"
    subnets               = {}
    allowed_principals    = ["*"]
    accepted_endpoint_ids = { tools = "vpc-0a" }
    connection_topic_arn  = "connections"
    supported_regions     = ["eu-central-1a"]
    ip_address_type       = "ipv6"
  }
}
