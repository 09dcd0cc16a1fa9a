# Endpoints that do not connect, each made by its own apply: an endpoint that exists
# keeps the state that it was made with.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { endpoint = "ec2.eu-west-1.amazonaws.com" }
  }
  mock_data "aws_vpc" {
    defaults = {
      arn                  = "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0a"
      enable_dns_support   = true
      enable_dns_hostnames = true
    }
  }
  mock_data "aws_vpc_endpoint_service" {
    defaults = { availability_zones = ["eu-west-1a", "eu-west-1b"] }
  }
  mock_resource "aws_vpc_endpoint" {
    defaults = {
      id    = "vpce-0a"
      state = "available"
      dns_entry = [
        { dns_name = "vpce-0a.vpce-svc-0a.eu-west-1.vpce.amazonaws.com", hosted_zone_id = "Z1REGIONAL" },
        { dns_name = "vpce-0a-eu-west-1a.vpce-svc-0a.eu-west-1.vpce.amazonaws.com", hosted_zone_id = "Z1REGIONAL" },
      ]
    }
  }
}

override_data {
  target = data.aws_subnet.this[0]
  values = { id = "subnet-0a", vpc_id = "vpc-0a", availability_zone = "eu-west-1a", availability_zone_id = "euw1-az1" }
}

override_data {
  target = data.aws_subnet.this[1]
  values = { id = "subnet-0b", vpc_id = "vpc-0a", availability_zone = "eu-west-1b", availability_zone_id = "euw1-az2" }
}

variables {
  client = {
    cluster_name          = "payments"
    host                  = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
    certificate_authority = "Q0E="
    account_id            = "444455556666"
    region                = "eu-west-1"
    service_name          = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
    supported_regions     = ["eu-west-1"]
    zone_ids              = ["euw1-az1", "euw1-az2", "euw1-az3"]
  }
  vpc_id        = "vpc-0a"
  subnet_ids    = ["subnet-0a", "subnet-0b"]
  allowed_cidrs = { tools = "10.1.0.0/16" }
}

run "warns_of_an_endpoint_that_was_rejected" {
  command         = apply
  expect_failures = [check.connection]

  override_resource {
    target = aws_vpc_endpoint.this
    values = { id = "vpce-0a", state = "rejected", dns_entry = [{ dns_name = "vpce-0a", hosted_zone_id = "Z1" }] }
  }
}

run "refuses_an_endpoint_that_waits_for_acceptance" {
  state_key       = "waits"
  command         = apply
  expect_failures = [aws_vpc_endpoint.this]

  override_resource {
    target = aws_vpc_endpoint.this
    values = { id = "vpce-0a", state = "pendingAcceptance", dns_entry = [] }
  }
}
