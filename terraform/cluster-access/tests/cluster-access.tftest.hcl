# A cluster with subnets in zones a and b, two of them in b.

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

run "finds_the_network_from_the_cluster_name" {
  command = plan

  assert {
    condition     = aws_lb.this[0].subnets == toset(["subnet-0a", "subnet-0b1"])
    error_message = "one subnet of each zone, the first by id"
  }
  assert {
    condition     = aws_lb_target_group.this.vpc_id == "vpc-0c" && aws_security_group.nlb[0].vpc_id == "vpc-0c"
    error_message = "the cluster's VPC"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.cluster_from_nlb.security_group_id == "sg-0c" && aws_vpc_security_group_egress_rule.nlb_to_cluster.referenced_security_group_id == "sg-0c"
    error_message = "both ways between the load balancer and the cluster's own security group"
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.nlb) == 0
    error_message = "nobody reaches the load balancer past PrivateLink unless asked for"
  }
}

run "makes_a_load_balancer_fit_for_an_api_server" {
  command = plan

  assert {
    condition     = aws_lb.this[0].internal && aws_lb.this[0].load_balancer_type == "network" && aws_lb.this[0].enable_cross_zone_load_balancing
    error_message = "internal, network, cross-zone"
  }
  assert {
    condition     = aws_lb.this[0].enforce_security_group_inbound_rules_on_private_link_traffic == "off"
    error_message = "PrivateLink clients are not judged by their address"
  }
  assert {
    condition     = aws_lb_listener.this.protocol == "TCP" && aws_lb_listener.this.port == 443
    error_message = "TCP 443, TLS passes through"
  }
  assert {
    condition     = aws_lb_target_group.this.target_type == "ip" && aws_lb_target_group.this.protocol == "TCP" && aws_lb_target_group.this.port == 443
    error_message = "addresses on TCP 443"
  }
  assert {
    condition     = aws_lb_target_group.this.preserve_client_ip == "false" && !aws_lb_target_group.this.proxy_protocol_v2
    error_message = "neither client-address preservation nor proxy protocol"
  }
  assert {
    condition     = aws_lb_target_group.this.deregistration_delay == "60" && aws_lb_target_group.this.connection_termination
    error_message = "60 s for requests to finish, then the rest is closed"
  }
  assert {
    condition = (
      aws_lb_target_group.this.health_check[0].protocol == "HTTPS" && aws_lb_target_group.this.health_check[0].path == "/readyz" &&
      aws_lb_target_group.this.health_check[0].matcher == "200" && aws_lb_target_group.this.health_check[0].interval == 10 &&
      aws_lb_target_group.this.health_check[0].healthy_threshold == 2 && aws_lb_target_group.this.health_check[0].unhealthy_threshold == 3
    )
    error_message = "GET /readyz over HTTPS every 10 s, in after two, out after three"
  }
}

run "tags_load_balancer_and_target_group_for_the_function" {
  command = plan

  variables {
    tags = { team = "platform", cluster_name = "another" }
  }

  assert {
    condition     = aws_lb.this[0].tags["eks-nlb-sync"] == "enabled" && aws_lb.this[0].tags["cluster_name"] == "payments" && aws_lb.this[0].tags["team"] == "platform"
    error_message = "the function's tags win over the caller's"
  }
  assert {
    condition     = aws_lb_target_group.this.tags["eks-nlb-sync"] == "enabled"
    error_message = "without the tag the function may not write to the target group"
  }
}

run "publishes_the_service_to_the_named_accounts" {
  command = plan

  assert {
    condition     = aws_vpc_endpoint_service.this[0].allowed_principals == toset(["arn:aws:iam::111122223333:root"]) && !aws_vpc_endpoint_service.this[0].acceptance_required
    error_message = "the principals, without acceptance"
  }
}

run "publishes_the_service_to_other_regions_and_its_own" {
  command = plan

  variables {
    supported_regions   = ["eu-central-1"]
    acceptance_required = true
  }

  assert {
    condition     = aws_vpc_endpoint_service.this[0].supported_regions == toset(["eu-central-1", "eu-west-1"])
    error_message = "AWS returns the own Region too"
  }
  assert {
    condition     = aws_vpc_endpoint_service.this[0].acceptance_required
    error_message = "acceptance by variable"
  }
}

run "lets_everything_be_overridden" {
  command = plan

  variables {
    name                           = "api"
    vpc_id                         = "vpc-0d"
    subnets                        = { eu-west-1a = "subnet-0d1", eu-west-1b = "subnet-0d2" }
    cluster_security_group_id      = "sg-0d"
    ingress_cidrs                  = { office = "10.1.0.0/16", six = "fd00:1::/64" }
    ingress_prefix_list_ids        = { offices = "pl-0a" }
    enforce_ingress_on_privatelink = true
    selecting_tag                  = { key = "sync", value = "yes" }
    cluster_name_tag               = "eks"
  }

  override_data {
    target = data.aws_subnet.given["eu-west-1a"]
    values = { id = "subnet-0d1", vpc_id = "vpc-0d", availability_zone = "eu-west-1a", outpost_arn = "" }
  }
  override_data {
    target = data.aws_subnet.given["eu-west-1b"]
    values = { id = "subnet-0d2", vpc_id = "vpc-0d", availability_zone = "eu-west-1b", outpost_arn = "" }
  }

  assert {
    condition     = aws_lb.this[0].subnets == toset(["subnet-0d1", "subnet-0d2"]) && aws_lb_target_group.this.vpc_id == "vpc-0d" && length(terraform_data.subnet) == 0
    error_message = "subnets and VPC as given"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.cluster_from_nlb.security_group_id == "sg-0d"
    error_message = "security group as given"
  }
  assert {
    condition     = aws_lb.this[0].enforce_security_group_inbound_rules_on_private_link_traffic == "on" && aws_vpc_security_group_ingress_rule.nlb["office"].from_port == 443 && aws_vpc_security_group_ingress_rule.nlb["six"].cidr_ipv6 == "fd00:1::/64" && aws_vpc_security_group_ingress_rule.nlb_prefix_list["offices"].prefix_list_id == "pl-0a"
    error_message = "inbound rules, also for PrivateLink"
  }
  assert {
    condition     = aws_lb.this[0].tags["sync"] == "yes" && aws_lb.this[0].tags["eks"] == "payments"
    error_message = "tags under other keys"
  }
}

run "reads_nothing_of_a_cluster_that_is_given" {
  command = plan

  variables {
    cluster_name = "made-with-it"
    subnets      = { eu-west-1a = "subnet-0a" }
    cluster = {
      endpoint              = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      certificate_authority = "Q0E="
      vpc_id                = "vpc-0c"
      security_group_id     = "sg-0c"
    }
  }

  override_data {
    target = data.aws_subnet.given["eu-west-1a"]
    values = { id = "subnet-0a", vpc_id = "vpc-0c", availability_zone = "eu-west-1a", outpost_arn = "" }
  }

  assert {
    condition     = length(data.aws_eks_cluster.this) + length(data.aws_eks_clusters.this) + length(data.aws_subnet.control_plane) == 0
    error_message = "no data source is about the cluster"
  }
  assert {
    condition     = aws_lb_target_group.this.vpc_id == "vpc-0c" && aws_vpc_security_group_ingress_rule.cluster_from_nlb.security_group_id == "sg-0c"
    error_message = "VPC and security group as given"
  }
}

run "a_vpc_of_its_own_needs_no_zone_of_the_control_plane" {
  command = plan

  variables {
    vpc_id  = "vpc-0d"
    subnets = { eu-west-1c = "subnet-0d" }
  }

  override_data {
    target = data.aws_subnet.given["eu-west-1c"]
    values = { id = "subnet-0d", vpc_id = "vpc-0d", availability_zone = "eu-west-1c", outpost_arn = "" }
  }

  assert {
    condition     = aws_lb.this[0].subnets == toset(["subnet-0d"])
    error_message = "targets outside the load balancer's VPC have no zone"
  }
}

run "shortens_a_name_that_elb_would_refuse" {
  command = plan

  variables {
    cluster_name = "platform_production-payments-eu-west-1"
  }

  assert {
    condition     = aws_security_group.nlb[0].name_prefix == "eks-plat-u-west-1-${substr(sha256("eks-platform_production-payments-eu-west-1"), 0, 5)}-"
    error_message = "no underscore, short, beginning and end, still distinct"
  }
}

run "accepts_the_endpoints_that_are_listed" {
  command = plan

  variables {
    acceptance_required   = true
    accepted_endpoint_ids = { tools = "vpce-0a" }
    connection_topic_arn  = "arn:aws:sns:eu-west-1:111122223333:connections"
  }

  assert {
    condition     = aws_vpc_endpoint_connection_accepter.this["tools"].vpc_endpoint_id == "vpce-0a"
    error_message = "the endpoint as given"
  }
  assert {
    condition     = contains(aws_vpc_endpoint_connection_notification.this[0].connection_events, "Connect")
    error_message = "the notification of waiting endpoints is missing"
  }
}

run "refuses_endpoints_that_are_none" {
  command         = plan
  expect_failures = [var.accepted_endpoint_ids, var.connection_topic_arn]

  variables {
    accepted_endpoint_ids = { tools = "vpc-0a" }
    connection_topic_arn  = "connections"
  }
}

run "warns_of_a_cluster_that_is_public_too" {
  command         = plan
  expect_failures = [check.private_addresses]

  variables {
    address_source = "dns"
  }

  override_data {
    target = data.aws_eks_cluster.this[0]
    values = {
      arn                   = "arn:aws:eks:eu-west-1:111122223333:cluster/payments"
      endpoint              = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      vpc_config            = [{ vpc_id = "vpc-0c", subnet_ids = ["subnet-0a"], cluster_security_group_id = "sg-0c", endpoint_private_access = true, endpoint_public_access = true }]
      outpost_config        = []
      certificate_authority = [{ data = "Q0E=" }]
    }
  }
}

run "accepts_a_cluster_that_is_public_too_by_its_interfaces" {
  command = plan

  variables {
    address_source = "eni"
  }

  override_data {
    target = data.aws_eks_cluster.this[0]
    values = {
      arn                   = "arn:aws:eks:eu-west-1:111122223333:cluster/payments"
      endpoint              = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      vpc_config            = [{ vpc_id = "vpc-0c", subnet_ids = ["subnet-0a"], cluster_security_group_id = "sg-0c", endpoint_private_access = true, endpoint_public_access = true }]
      outpost_config        = []
      certificate_authority = [{ data = "Q0E=" }]
    }
  }
}

run "accepts_a_cluster_that_is_public_too_from_inside_its_vpc" {
  command = plan

  variables {
    address_source  = "dns"
    function_vpc_id = "vpc-0c"
  }

  override_data {
    target = data.aws_eks_cluster.this[0]
    values = {
      arn                   = "arn:aws:eks:eu-west-1:111122223333:cluster/payments"
      endpoint              = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      vpc_config            = [{ vpc_id = "vpc-0c", subnet_ids = ["subnet-0a"], cluster_security_group_id = "sg-0c", endpoint_private_access = true, endpoint_public_access = true }]
      outpost_config        = []
      certificate_authority = [{ data = "Q0E=" }]
    }
  }
}

run "checks_connections_only" {
  command = plan

  variables {
    health_check = { protocol = "TCP" }
  }

  assert {
    condition     = aws_lb_target_group.this.health_check[0].protocol == "TCP" && aws_lb_target_group.this.health_check[0].interval == 10
    error_message = "TCP, at the same pace"
  }
}

run "checks_another_path" {
  command = plan

  variables {
    health_check = { path = "/livez", matcher = "200,401" }
  }

  assert {
    condition     = aws_lb_target_group.this.health_check[0].path == "/livez" && aws_lb_target_group.this.health_check[0].matcher == "200,401"
    error_message = "path and matcher as given"
  }
}

# --- Bad input ---------------------------------------------------------------

run "refuses_a_name_that_is_no_cluster" {
  command         = plan
  expect_failures = [var.cluster_name]

  variables {
    cluster_name = "payments/../ledger"
  }
}

run "refuses_a_principal_that_is_not_an_arn" {
  command         = plan
  expect_failures = [var.allowed_principals]

  variables {
    allowed_principals = ["arn:aws:iam::111122223333:root", "111122223333"]
  }
}

run "refuses_everyone_as_a_principal" {
  command         = plan
  expect_failures = [var.allowed_principals]

  variables {
    allowed_principals = ["*"]
  }
}

run "refuses_a_zone_as_a_region" {
  command         = plan
  expect_failures = [var.supported_regions]

  variables {
    supported_regions = ["eu-central-1a"]
  }
}

run "refuses_enforcement_that_admits_nobody" {
  command         = plan
  expect_failures = [var.enforce_ingress_on_privatelink]

  variables {
    enforce_ingress_on_privatelink = true
  }
}

run "refuses_ranges_that_are_none" {
  command         = plan
  expect_failures = [var.ingress_cidrs, var.ingress_prefix_list_ids]

  variables {
    ingress_cidrs           = { office = "10.1.0.1/16" }
    ingress_prefix_list_ids = { offices = "10.1.0.0/16" }
  }
}

run "refuses_a_name_that_elb_keeps_for_itself" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "internal-api"
  }
}

run "refuses_a_name_that_elb_cannot_write" {
  command         = plan
  expect_failures = [var.name]

  variables {
    name = "payments_api"
  }
}

run "refuses_a_health_check_that_outlasts_its_interval" {
  command         = plan
  expect_failures = [var.health_check]

  variables {
    health_check = { interval = 5, timeout = 6 }
  }
}

run "refuses_a_health_check_without_tls" {
  command         = plan
  expect_failures = [var.health_check]

  variables {
    health_check = { protocol = "HTTP" }
  }
}

run "refuses_a_matcher_that_is_none" {
  command         = plan
  expect_failures = [var.health_check]

  variables {
    health_check = { matcher = "OK" }
  }
}

run "refuses_an_unknown_source" {
  command         = plan
  expect_failures = [var.address_source]

  variables {
    address_source = "interfaces"
  }
}

run "refuses_a_single_check" {
  command         = plan
  expect_failures = [var.health_check]

  variables {
    health_check = { healthy_threshold = 1 }
  }
}

run "refuses_one_tag_for_two_meanings" {
  command         = plan
  expect_failures = [var.cluster_name_tag]

  variables {
    cluster_name_tag = "eks-nlb-sync"
  }
}

run "refuses_ids_of_other_things" {
  command         = plan
  expect_failures = [var.vpc_id, var.subnets, var.cluster_security_group_id, var.deregistration_delay_seconds]

  variables {
    vpc_id                       = "subnet-0a"
    subnets                      = {}
    cluster_security_group_id    = "default"
    deregistration_delay_seconds = 3601
  }
}

run "refuses_a_cluster_without_private_access" {
  command         = plan
  expect_failures = [terraform_data.access]

  override_data {
    target = data.aws_eks_cluster.this[0]
    values = {
      arn                   = "arn:aws:eks:eu-west-1:111122223333:cluster/payments"
      vpc_config            = [{ vpc_id = "vpc-0c", subnet_ids = ["subnet-0a"], cluster_security_group_id = "sg-0c", endpoint_private_access = false }]
      outpost_config        = []
      certificate_authority = [{ data = "Q0E=" }]
    }
  }
}

run "refuses_a_local_cluster" {
  command         = plan
  expect_failures = [terraform_data.access]

  override_data {
    target = data.aws_eks_cluster.this[0]
    values = {
      arn                   = "arn:aws:eks:eu-west-1:111122223333:cluster/payments"
      vpc_config            = [{ vpc_id = "vpc-0c", subnet_ids = ["subnet-0a"], cluster_security_group_id = "sg-0c", endpoint_private_access = true }]
      outpost_config        = [{ control_plane_instance_type = "m5.large" }]
      certificate_authority = [{ data = "Q0E=" }]
    }
  }
}

run "refuses_a_zone_without_a_subnet" {
  command         = plan
  expect_failures = [terraform_data.access]

  variables {
    subnets = { eu-west-1a = "subnet-0a" }
  }

  override_data {
    target = data.aws_subnet.given["eu-west-1a"]
    values = { id = "subnet-0a", vpc_id = "vpc-0c", availability_zone = "eu-west-1a", outpost_arn = "" }
  }
}

run "refuses_a_subnet_under_another_zone" {
  command         = plan
  expect_failures = [terraform_data.access]

  variables {
    subnets = { eu-west-1a = "subnet-0a", eu-west-1b = "subnet-0c" }
  }

  override_data {
    target = data.aws_subnet.given["eu-west-1a"]
    values = { id = "subnet-0a", vpc_id = "vpc-0c", availability_zone = "eu-west-1a", outpost_arn = "" }
  }
  override_data {
    target = data.aws_subnet.given["eu-west-1b"]
    values = { id = "subnet-0c", vpc_id = "vpc-0c", availability_zone = "eu-west-1c", outpost_arn = "" }
  }
}

run "refuses_a_cluster_that_is_not_there" {
  command         = plan
  expect_failures = [terraform_data.access]

  variables {
    cluster_name = "gone"
  }
}

run "refuses_a_given_cluster_without_subnets" {
  command         = plan
  expect_failures = [var.subnets]

  variables {
    cluster = {
      endpoint              = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      certificate_authority = "Q0E="
      vpc_id                = "vpc-0c"
      security_group_id     = "sg-0c"
    }
  }
}

run "refuses_a_local_zone" {
  command         = plan
  expect_failures = [terraform_data.access]

  override_data {
    target = data.aws_availability_zones.this[0]
    values = { names = ["eu-west-1a"], zone_ids = ["euw1-az3"] }
  }
}

run "refuses_an_outpost" {
  command         = plan
  expect_failures = [terraform_data.access]

  override_data {
    target = data.aws_subnet.control_plane["subnet-0a"]
    values = { id = "subnet-0a", vpc_id = "vpc-0c", availability_zone = "eu-west-1a", outpost_arn = "arn:aws:outposts:eu-west-1:111122223333:outpost/op-0a" }
  }
}

run "refuses_subnets_of_another_vpc" {
  command         = plan
  expect_failures = [terraform_data.access]

  variables {
    vpc_id = "vpc-0d"
  }
}

run "refuses_what_is_out_of_range" {
  command         = plan
  expect_failures = [var.target_health_state, var.tcp_idle_timeout_seconds, var.ip_address_type, var.port]

  variables {
    target_health_state      = { unhealthy_draining_interval = 60 }
    tcp_idle_timeout_seconds = 10
    ip_address_type          = "ipv6"
    port                     = 0
  }
}

run "refuses_a_range_twice" {
  command         = plan
  expect_failures = [var.ingress_cidrs]

  variables {
    ingress_cidrs = { office = "10.1.0.0/16", again = "10.1.0.0/16" }
  }
}

run "refuses_an_access_that_nobody_may_use" {
  command         = plan
  expect_failures = [var.allowed_principals]

  variables {
    allowed_principals = null
  }
}

run "refuses_a_zonal_shift_that_aws_would_refuse" {
  command         = plan
  expect_failures = [var.zonal_shift]

  variables {
    zonal_shift = true
  }
}

run "leaves_the_target_group_alone" {
  command = plan

  variables {
    excluded = true
  }

  assert {
    condition     = aws_lb_target_group.this.tags["eks-nlb-sync"] == "disabled" && aws_lb.this[0].tags["eks-nlb-sync"] == "enabled"
    error_message = "the target group is excluded, the load balancer still managed"
  }
}
