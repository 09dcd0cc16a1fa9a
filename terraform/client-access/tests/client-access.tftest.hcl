# A VPC in eu-west-1 with a subnet in each of zones a and b; the service is in
# both.

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

run "connects_the_subnets_to_the_service" {
  command = apply

  assert {
    condition     = aws_vpc_endpoint.this.vpc_endpoint_type == "Interface" && aws_vpc_endpoint.this.service_name == "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
    error_message = "an interface endpoint to the service"
  }
  assert {
    condition     = aws_vpc_endpoint.this.subnet_ids == toset(["subnet-0a", "subnet-0b"]) && !aws_vpc_endpoint.this.private_dns_enabled
    error_message = "in the given subnets, without a private name of its own"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.cidr["tools"].from_port == 443 && aws_vpc_security_group_ingress_rule.cidr["tools"].to_port == 443 && length(aws_vpc_security_group_ingress_rule.group) == 0
    error_message = "the clients may come in on 443"
  }
}

run "names_the_endpoint_by_the_whole_host_name" {
  command = apply

  assert {
    condition     = aws_route53_zone.this["client"].name == "0123456789abcdef.gr7.eu-west-1.eks.amazonaws.com"
    error_message = "the zone's apex is the host, so that no other cluster's name is shadowed"
  }
  assert {
    condition     = aws_route53_record.this["client"].name == aws_route53_zone.this["client"].name && aws_route53_record.this["client"].type == "A"
    error_message = "the record is at the apex"
  }
  assert {
    condition     = aws_route53_record.this["client"].alias[0].name == "vpce-0a.vpce-svc-0a.eu-west-1.vpce.amazonaws.com"
    error_message = "the alias has the addresses of all zones"
  }
}

run "writes_a_kubeconfig_for_the_clusters_own_name" {
  command = apply

  assert {
    condition     = yamldecode(output.kubeconfig).clusters[0].cluster == { server = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com", certificate-authority-data = "Q0E=" }
    error_message = "server and certificate authority, nothing else"
  }
  assert {
    condition     = yamldecode(output.kubeconfig).users[0].user.exec.args == ["eks", "get-token", "--cluster-name", "payments", "--region", "eu-west-1"]
    error_message = "the token is the cluster's, in its Region"
  }
  assert {
    condition     = yamldecode(output.kubeconfig).current-context == yamldecode(output.kubeconfig).contexts[0].name
    error_message = "the context is current"
  }
  assert {
    condition     = yamldecode(output.kubeconfig).contexts[0].name == "payments.eu-west-1.444455556666"
    error_message = "no two clusters have one name, Region and account"
  }
}

run "writes_a_kubeconfig_without_a_hosted_zone" {
  command = apply

  variables {
    create_hosted_zone = false
    kubeconfig         = { role_arn = "arn:aws:iam::111122223333:role/deploy", profile = "platform", context = "pay" }
  }

  assert {
    condition     = length(aws_route53_zone.this) + length(aws_route53_record.this) == 0 && output.hosted_zone_ids == {}
    error_message = "no zone, no record"
  }
  assert {
    condition = yamldecode(output.kubeconfig).clusters[0].cluster == {
      server                     = "https://vpce-0a.vpce-svc-0a.eu-west-1.vpce.amazonaws.com"
      tls-server-name            = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      certificate-authority-data = "Q0E="
    }
    error_message = "the endpoint's name to connect to, the cluster's to check the certificate by"
  }
  assert {
    condition     = slice(yamldecode(output.kubeconfig).users[0].user.exec.args, 6, 8) == ["--role-arn", "arn:aws:iam::111122223333:role/deploy"]
    error_message = "the role as given"
  }
  assert {
    condition     = yamldecode(output.kubeconfig).users[0].user.exec.env == [{ name = "AWS_PROFILE", value = "platform" }] && yamldecode(output.kubeconfig).current-context == "pay"
    error_message = "profile and context as given"
  }
}

run "reaches_another_region" {
  command = plan

  variables {
    subnet_ids = ["subnet-0a"]
    client = {
      cluster_name          = "payments"
      host                  = "0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com"
      certificate_authority = "Q0E="
      account_id            = "444455556666"
      region                = "eu-central-1"
      service_name          = "com.amazonaws.vpce.eu-central-1.vpce-svc-0a"
      supported_regions     = ["eu-central-1", "eu-west-1"]
      zone_ids              = ["euc1-az1"]
    }
  }

  assert {
    condition     = aws_vpc_endpoint.this.service_region == "eu-central-1"
    error_message = "across Regions, and zones need not match"
  }
}

run "lets_other_vpcs_resolve_the_name" {
  command = plan

  variables {
    hosted_zone_vpcs = { tools = { vpc_id = "vpc-0b", region = "eu-central-1" } }
  }

  assert {
    condition     = toset([for vpc in aws_route53_zone.this["client"].vpc : vpc.vpc_id]) == toset(["vpc-0a"]) && aws_route53_zone_association.this["client/tools"].vpc_id == "vpc-0b"
    error_message = "the endpoint's VPC with the zone, the given one by an association"
  }
}

run "admits_security_groups" {
  command = plan

  variables {
    allowed_cidrs              = {}
    allowed_security_group_ids = { ci = "sg-0c" }
    allowed_prefix_list_ids    = { offices = "pl-0c" }
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.group["ci"].referenced_security_group_id == "sg-0c" && aws_vpc_security_group_ingress_rule.prefix_list["offices"].prefix_list_id == "pl-0c"
    error_message = "a rule for each group and list"
  }
}

# Two clusters behind one load balancer, a listener port each.
run "shares_one_endpoint_among_clusters" {
  command = apply

  variables {
    client           = null
    hosted_zone_vpcs = { hub = { vpc_id = "vpc-0b", region = "eu-central-1" } }
    clients = {
      payments = {
        cluster_name          = "payments"
        host                  = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
        port                  = 6443
        certificate_authority = "Q0E="
        account_id            = "444455556666"
        region                = "eu-west-1"
        service_name          = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
        supported_regions     = ["eu-west-1"]
        zone_ids              = ["euw1-az1", "euw1-az2"]
      }
      search = {
        cluster_name          = "search"
        host                  = "FEDCBA9876543210.gr7.eu-west-1.eks.amazonaws.com"
        certificate_authority = "Q0I="
        account_id            = "444455556666"
        region                = "eu-west-1"
        service_name          = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
        supported_regions     = ["eu-west-1"]
        zone_ids              = ["euw1-az1", "euw1-az2"]
      }
    }
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.cidr["tools"].from_port == 443 && aws_vpc_security_group_ingress_rule.cidr["tools"].to_port == 6443
    error_message = "one rule for a range of clients, over all ports"
  }
  assert {
    condition     = keys(aws_route53_record.this) == ["payments", "search"] && length(distinct(values(aws_route53_record.this)[*].alias[0].name)) == 1
    error_message = "a name for each cluster, all to one endpoint"
  }
  assert {
    condition     = keys(aws_route53_zone_association.this) == ["payments/hub", "search/hub"]
    error_message = "every name in the other VPC too"
  }
  assert {
    condition = yamldecode(output.kubeconfig).clusters == [
      { name = "payments.eu-west-1.444455556666", cluster = { server = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com:6443", certificate-authority-data = "Q0E=" } },
      { name = "search.eu-west-1.444455556666", cluster = { server = "https://FEDCBA9876543210.gr7.eu-west-1.eks.amazonaws.com", certificate-authority-data = "Q0I=" } },
    ]
    error_message = "each with its port; 443 is not written"
  }
  assert {
    condition     = !contains(keys(yamldecode(output.kubeconfig)), "current-context") && length(output.kubeconfig_parts.contexts) == 2
    error_message = "none of several is current"
  }
}

# --- Bad input ---------------------------------------------------------------

run "refuses_a_url_as_a_host" {
  command         = plan
  expect_failures = [var.clients]

  variables {
    client = {
      cluster_name          = "payments"
      host                  = "https://10.0.1.10"
      certificate_authority = "Q0E="
      account_id            = "444455556666"
      region                = "eu-west-1"
      service_name          = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
      supported_regions     = ["eu-west-1"]
      zone_ids              = ["euw1-az1", "euw1-az2", "euw1-az3"]
    }
  }
}

run "refuses_what_is_no_cluster" {
  command         = plan
  expect_failures = [var.clients]

  variables {
    client = {
      cluster_name          = "-payments"
      host                  = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      certificate_authority = "Q0E="
      account_id            = "444455556666"
      region                = "eu-west-1"
      service_name          = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
      supported_regions     = ["eu-west-1"]
      zone_ids              = ["euw1-az1", "euw1-az2", "euw1-az3"]
    }
  }
}

run "refuses_a_decoded_certificate" {
  command         = plan
  expect_failures = [var.clients]

  variables {
    client = {
      cluster_name          = "payments"
      host                  = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      certificate_authority = "-----BEGIN CERTIFICATE-----"
      account_id            = "444455556666"
      region                = "eu-west-1"
      service_name          = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
      supported_regions     = ["eu-west-1"]
      zone_ids              = ["euw1-az1", "euw1-az2", "euw1-az3"]
    }
  }
}

run "refuses_services_of_aws" {
  command         = plan
  expect_failures = [var.clients]

  variables {
    client = {
      cluster_name          = "payments"
      host                  = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      certificate_authority = "Q0E="
      account_id            = "444455556666"
      region                = "eu-west-1"
      service_name          = "com.amazonaws.eu-west-1.eks"
      supported_regions     = ["eu-west-1"]
      zone_ids              = ["euw1-az1", "euw1-az2", "euw1-az3"]
    }
  }
}

run "refuses_a_region_that_is_not_the_services" {
  command         = plan
  expect_failures = [var.clients]

  variables {
    client = {
      cluster_name          = "payments"
      host                  = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      certificate_authority = "Q0E="
      account_id            = "444455556666"
      region                = "eu-central-1"
      service_name          = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
      supported_regions     = ["eu-west-1"]
      zone_ids              = ["euw1-az1", "euw1-az2", "euw1-az3"]
    }
  }
}

run "refuses_a_service_that_does_not_admit_this_region" {
  command         = plan
  expect_failures = [data.aws_vpc_endpoint_service.this]

  variables {
    client = {
      cluster_name          = "payments"
      host                  = "0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com"
      certificate_authority = "Q0E="
      account_id            = "444455556666"
      region                = "eu-central-1"
      service_name          = "com.amazonaws.vpce.eu-central-1.vpce-svc-0a"
      supported_regions     = ["eu-central-1"]
      zone_ids              = ["euw1-az1", "euw1-az2", "euw1-az3"]
    }
  }
}

run "refuses_it_where_aws_is_not_asked_too" {
  command         = plan
  expect_failures = [aws_vpc_endpoint.this]

  variables {
    check_service = false
    client = {
      cluster_name          = "payments"
      host                  = "0123456789ABCDEF.gr7.eu-central-1.eks.amazonaws.com"
      certificate_authority = "Q0E="
      account_id            = "444455556666"
      region                = "eu-central-1"
      service_name          = "com.amazonaws.vpce.eu-central-1.vpce-svc-0a"
      supported_regions     = ["eu-central-1"]
      zone_ids              = ["euw1-az1", "euw1-az2", "euw1-az3"]
    }
  }
}

run "refuses_a_port_that_is_none" {
  command         = plan
  expect_failures = [var.clients]

  variables {
    client = {
      cluster_name          = "payments"
      host                  = "0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"
      port                  = 0
      certificate_authority = "Q0E="
      account_id            = "444455556666"
      region                = "eu-west-1"
      service_name          = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
      supported_regions     = ["eu-west-1"]
      zone_ids              = ["euw1-az1", "euw1-az2", "euw1-az3"]
    }
  }
}

run "refuses_two_clusters_on_one_port" {
  command         = plan
  expect_failures = [var.clients]

  variables {
    client = null
    clients = {
      for name, host in { payments = "0123456789ABCDEF", search = "FEDCBA9876543210" } : name => {
        cluster_name               = name
        host                       = "${host}.gr7.eu-west-1.eks.amazonaws.com"
        certificate_authority      = "Q0E="
        account_id                 = "444455556666"
        region                     = "eu-west-1"
        service_name               = "com.amazonaws.vpce.eu-west-1.vpce-svc-0a"
        supported_regions          = ["eu-west-1"]
        zone_ids                   = ["euw1-az1", "euw1-az2", "euw1-az3"]
      }
    }
  }
}

run "refuses_two_services_behind_one_endpoint" {
  command         = plan
  expect_failures = [var.clients]

  variables {
    client = null
    clients = {
      for name, port in { payments = 443, search = 444 } : name => {
        cluster_name               = name
        host                       = "${name}.gr7.eu-west-1.eks.amazonaws.com"
        port                       = port
        certificate_authority      = "Q0E="
        account_id                 = "444455556666"
        region                     = "eu-west-1"
        service_name               = "com.amazonaws.vpce.eu-west-1.vpce-svc-${port}"
        supported_regions          = ["eu-west-1"]
        zone_ids                   = ["euw1-az1", "euw1-az2", "euw1-az3"]
      }
    }
  }
}

run "refuses_to_connect_to_no_service" {
  command         = plan
  expect_failures = [var.clients]

  variables {
    client = null
  }
}

run "refuses_to_admit_nobody" {
  command         = plan
  expect_failures = [var.allowed_cidrs]

  variables {
    allowed_cidrs = {}
  }
}

run "refuses_ranges_that_are_none" {
  command         = plan
  expect_failures = [var.allowed_cidrs]

  variables {
    allowed_cidrs = { tools = "10.1.0.1/16" }
  }
}

run "refuses_one_range_under_two_names" {
  command         = plan
  expect_failures = [var.allowed_cidrs]

  variables {
    allowed_cidrs = { tools = "10.1.0.0/16", ci = "10.1.0.0/16" }
  }
}

run "refuses_ids_of_other_things" {
  command         = plan
  expect_failures = [var.vpc_id, var.subnet_ids, var.allowed_security_group_ids, var.allowed_prefix_list_ids, var.kubeconfig]

  variables {
    vpc_id                     = "subnet-0a"
    subnet_ids                 = []
    allowed_security_group_ids = { ci = "ci" }
    allowed_prefix_list_ids    = { offices = "offices" }
    kubeconfig                 = { role_arn = "deploy" }
  }
}

run "refuses_vpcs_for_a_zone_that_is_not_made" {
  command         = plan
  expect_failures = [var.hosted_zone_vpcs]

  variables {
    create_hosted_zone = false
    hosted_zone_vpcs   = { tools = { vpc_id = "vpc-0b", region = "eu-central-1" } }
  }
}

run "refuses_a_zone_where_the_service_is_not" {
  command         = plan
  expect_failures = [aws_vpc_endpoint.this]

  override_data {
    target = data.aws_subnet.this[1]
    values = { id = "subnet-0b", vpc_id = "vpc-0a", availability_zone = "eu-west-1d", availability_zone_id = "euw1-az4" }
  }
}

run "refuses_a_zone_where_aws_does_not_offer_the_service" {
  command         = plan
  expect_failures = [aws_vpc_endpoint.this]

  override_data {
    target = data.aws_vpc_endpoint_service.this[0]
    values = { availability_zones = ["eu-west-1a"] }
  }
}

run "goes_by_the_zones_in_client_where_aws_is_not_asked" {
  command = plan

  variables {
    check_service = false
  }

  assert {
    condition     = length(data.aws_vpc_endpoint_service.this) == 0 && length(local.unserved_zones) == 0
    error_message = "both subnets are in zones of the service"
  }
}

run "refuses_other_zones_than_those_in_client_where_aws_is_not_asked" {
  command         = plan
  expect_failures = [aws_vpc_endpoint.this]

  variables {
    check_service = false
  }

  override_data {
    target = data.aws_subnet.this[1]
    values = { id = "subnet-0b", vpc_id = "vpc-0a", availability_zone = "eu-west-1b", availability_zone_id = "euw1-az9" }
  }
}

run "refuses_two_subnets_of_one_zone" {
  command         = plan
  expect_failures = [aws_vpc_endpoint.this]

  override_data {
    target = data.aws_subnet.this[1]
    values = { id = "subnet-0b", vpc_id = "vpc-0a", availability_zone = "eu-west-1a", availability_zone_id = "euw1-az1" }
  }
}

run "refuses_subnets_of_another_vpc" {
  command         = plan
  expect_failures = [aws_vpc_endpoint.this]

  override_data {
    target = data.aws_subnet.this[1]
    values = { id = "subnet-0b", vpc_id = "vpc-0b", availability_zone = "eu-west-1b", availability_zone_id = "euw1-az2" }
  }
}

run "refuses_a_vpc_that_asks_no_private_zones" {
  command         = plan
  expect_failures = [aws_route53_zone.this]

  override_data {
    target = data.aws_vpc.this
    values = {
      arn                  = "arn:aws:ec2:eu-west-1:111122223333:vpc/vpc-0a"
      enable_dns_support   = true
      enable_dns_hostnames = false
    }
  }
}
