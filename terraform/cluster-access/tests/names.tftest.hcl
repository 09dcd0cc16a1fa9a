# What is known after an apply only; the other tests plan.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { endpoint = "ec2.eu-west-1.amazonaws.com" }
  }
  mock_data "aws_eks_clusters" {
    defaults = { names = ["ledger", "payments", "platform_production-payments-eu-west-1"] }
  }
  mock_data "aws_eks_cluster" {
    defaults = {
      arn      = "arn:aws:eks:eu-west-1:111122223333:cluster/payments"
      endpoint = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      vpc_config = [{
        vpc_id                    = "vpc-0c"
        subnet_ids                = ["subnet-0a", "subnet-0b1", "subnet-0b2"]
        cluster_security_group_id = "sg-0c"
        endpoint_private_access   = true
        endpoint_public_access    = false
      }]
      outpost_config        = []
      certificate_authority = [{ data = "Q0E=" }]
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
  mock_data "aws_availability_zones" {
    defaults = {
      names    = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
      zone_ids = ["euw1-az3", "euw1-az1", "euw1-az2"]
    }
  }
}

override_data {
  target = data.aws_subnet.control_plane["subnet-0a"]
  values = { id = "subnet-0a", vpc_id = "vpc-0c", availability_zone = "eu-west-1a", outpost_arn = "" }
}

override_data {
  target = data.aws_subnet.control_plane["subnet-0b1"]
  values = { id = "subnet-0b1", vpc_id = "vpc-0c", availability_zone = "eu-west-1b", outpost_arn = "" }
}

override_data {
  target = data.aws_subnet.control_plane["subnet-0b2"]
  values = { id = "subnet-0b2", vpc_id = "vpc-0c", availability_zone = "eu-west-1b", outpost_arn = "" }
}

variables {
  cluster_name       = "payments"
  allowed_principals = ["arn:aws:iam::111122223333:root"]
}

run "names_what_it_makes" {
  assert {
    condition     = can(regex("^eks-payments-[0-9a-f]{8}$", aws_lb.this[0].name)) && can(regex("^eks-payments-[0-9a-f]{8}$", aws_lb_target_group.this.name))
    error_message = "after the cluster, with an end of its own"
  }
}

run "keeps_the_names_of_what_stands" {
  variables {
    name = "another"
  }

  assert {
    condition     = aws_lb.this[0].name == run.names_what_it_makes.load_balancer_name
    error_message = "another name is no replacement"
  }
}

run "hands_one_object_to_the_consumer" {
  assert {
    condition = jsonencode(output.client) == jsonencode({
      cluster_name          = "payments"
      host                  = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      port                  = 443
      certificate_authority = "Q0E="
      account_id            = "111122223333"
      region                = "eu-west-1"
      service_name          = aws_vpc_endpoint_service.this[0].service_name
      supported_regions     = toset(["eu-west-1"])
      zone_ids              = ["euw1-az1", "euw1-az3"]
    })
    error_message = "name, host, certificate authority, account, Region, service and zones by id"
  }
}
