# What a second plan refuses of an access that stands.

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
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/eks/0a" }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/eks/0a" }
  }
  mock_resource "aws_vpc_endpoint_service" {
    defaults = { arn = "arn:aws:ec2:eu-west-1:111122223333:vpc-endpoint-service/vpce-svc-0a" }
  }
}

override_data {
  target = data.aws_subnet.given["eu-west-1a"]
  values = { id = "subnet-0a", vpc_id = "vpc-0c", availability_zone = "eu-west-1a", outpost_arn = "" }
}

override_data {
  target = data.aws_subnet.given["eu-west-1b"]
  values = { id = "subnet-0b", vpc_id = "vpc-0c", availability_zone = "eu-west-1b", outpost_arn = "" }
}

variables {
  cluster_name       = "payments"
  allowed_principals = ["arn:aws:iam::111122223333:root"]
  subnets            = { eu-west-1a = "subnet-0a", eu-west-1b = "subnet-0b" }
  cluster = {
    endpoint              = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
    certificate_authority = "Q0E="
    vpc_id                = "vpc-0c"
    security_group_id     = "sg-0c"
  }
}

run "stands" {
  assert {
    condition     = aws_ec2_tag.subnets[0].value == "eu-west-1a=subnet-0a eu-west-1b=subnet-0b"
    error_message = "the zones are remembered"
  }
}

run "refuses_another_cluster" {
  command         = plan
  expect_failures = [aws_vpc_security_group_egress_rule.nlb_to_cluster]

  variables {
    cluster_name = "ledger"
  }
}

run "refuses_another_port" {
  command         = plan
  expect_failures = [aws_vpc_security_group_egress_rule.nlb_to_cluster]

  variables {
    port = 8443
  }
}

run "refuses_a_zone_less" {
  command         = plan
  expect_failures = [aws_lb.this]

  variables {
    subnets = { eu-west-1a = "subnet-0a" }
  }

  override_data {
    target = data.aws_security_groups.standing[0]
    values = { ids = ["sg-0b"] }
  }
  override_data {
    target = data.aws_security_group.standing["sg-0b"]
    values = { vpc_id = "vpc-0c", tags = { "eks-nlb-sync/subnets" = "eu-west-1a=subnet-0a eu-west-1b=subnet-0b" } }
  }
}

run "takes_a_zone_less_with_consent" {
  command = plan

  variables {
    subnets           = { eu-west-1a = "subnet-0a" }
    allow_replacement = true
  }

  override_data {
    target = data.aws_security_groups.standing[0]
    values = { ids = ["sg-0b"] }
  }
  override_data {
    target = data.aws_security_group.standing["sg-0b"]
    values = { vpc_id = "vpc-0c", tags = { "eks-nlb-sync/subnets" = "eu-west-1a=subnet-0a eu-west-1b=subnet-0b" } }
  }

  assert {
    condition     = aws_lb.this[0].subnets == toset(["subnet-0a"])
    error_message = "as given"
  }
}

run "refuses_another_vpc" {
  command         = plan
  expect_failures = [aws_lb.this]

  override_data {
    target = data.aws_security_groups.standing[0]
    values = { ids = ["sg-0b"] }
  }
  override_data {
    target = data.aws_security_group.standing["sg-0b"]
    values = { vpc_id = "vpc-0d", tags = { "eks-nlb-sync/subnets" = "eu-west-1a=subnet-0d" } }
  }
}

run "names_the_command_for_a_check_that_the_provider_cannot_change" {
  command         = plan
  expect_failures = [aws_lb_target_group.this]

  variables {
    health_check = { protocol = "TCP" }
  }

  override_data {
    target = data.aws_security_groups.standing[0]
    values = { ids = ["sg-0b"] }
  }
  override_data {
    target = data.aws_security_group.standing["sg-0b"]
    values = { vpc_id = "vpc-0c", tags = { "eks-nlb-sync/target-group" = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/eks/0a" } }
  }
  override_data {
    target = data.aws_lb_target_group.standing["arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/eks/0a"]
    values = { health_check = [{ protocol = "HTTPS" }] }
  }
}
