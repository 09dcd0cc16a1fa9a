# One more listener on a load balancer that several clusters share.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { endpoint = "ec2.eu-west-1.amazonaws.com" }
  }
}

variables {
  cluster_name = "payments"
  port         = 444
  cluster = {
    endpoint              = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
    certificate_authority = "Q0E="
    vpc_id                = "vpc-0c"
    security_group_id     = "sg-0c"
  }
  load_balancer = {
    arn                = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/eks-shared/0a"
    name               = "eks-shared-0a"
    dns_name           = "eks-shared-0a.elb.eu-west-1.amazonaws.com"
    vpc_id             = "vpc-0c"
    security_group_id  = "sg-0b"
    availability_zones = ["eu-west-1a", "eu-west-1b"]
  }
  endpoint_service = {
    id                = "vpce-svc-0a"
    service_name      = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
    account_id        = "111122223333"
    supported_regions = ["eu-west-1"]
    zone_ids          = ["euw1-az1", "euw1-az3"]
  }
}

run "makes_listener_target_group_and_rules_only" {
  command = plan

  assert {
    condition     = length(aws_lb.this) + length(aws_vpc_endpoint_service.this) + length(aws_security_group.nlb) == 0
    error_message = "the rest is shared"
  }
  assert {
    condition     = aws_lb_listener.this.port == 444 && aws_lb_target_group.this.port == 443 && aws_lb_listener.this.load_balancer_arn == var.load_balancer.arn
    error_message = "the cluster's own listener port, to the API server's own port"
  }
  assert {
    condition     = aws_lb_target_group.this.tags["cluster_name"] == "payments" && aws_lb_target_group.this.tags["eks-nlb-sync"] == "enabled"
    error_message = "the target group names its cluster: the load balancer cannot"
  }
  assert {
    condition     = aws_vpc_security_group_egress_rule.nlb_to_cluster.security_group_id == "sg-0b" && aws_vpc_security_group_ingress_rule.cluster_from_nlb.referenced_security_group_id == "sg-0b"
    error_message = "both ways between the shared load balancer and the cluster"
  }
}

run "tells_the_consumer_its_port" {
  command = plan

  assert {
    condition     = output.client.port == 444 && output.client.service_name == var.endpoint_service.service_name && output.client.zone_ids == tolist(["euw1-az1", "euw1-az3"])
    error_message = "the shared service, and this cluster's port"
  }
}

run "refuses_half_of_what_is_shared" {
  command         = plan
  expect_failures = [var.endpoint_service]

  variables {
    endpoint_service = null
  }
}

run "refuses_what_the_shared_load_balancer_has" {
  command         = plan
  expect_failures = [var.vpc_id, var.subnets, var.allowed_principals, var.accepted_endpoint_ids, var.connection_topic_arn]

  variables {
    vpc_id                = "vpc-0c"
    subnets               = { eu-west-1a = "subnet-0a" }
    allowed_principals    = ["arn:aws:iam::111122223333:root"]
    accepted_endpoint_ids = { tools = "vpce-0a" }
    connection_topic_arn  = "arn:aws:sns:eu-west-1:111122223333:connections"
  }
}
