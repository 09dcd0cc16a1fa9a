mock_provider "aws" {}

mock_provider "aws" {
  alias = "tools"
}

variables {
  vpc_cidr              = "10.255.1.0/26"
  subnets               = { eu-central-1a = "10.255.1.0/28", eu-central-1b = "10.255.1.16/28" }
  tools_vpc_id          = "vpc-0a"
  tools_vpc_cidrs       = { primary = "10.1.0.0/16", pods = "100.64.0.0/16" }
  tools_vpc_region      = "eu-west-1"
  tools_route_table_ids = { private-a = "rtb-0a", private-b = "rtb-0b" }
}

run "makes_an_empty_vpc" {
  command = plan

  assert {
    condition     = aws_vpc.this.cidr_block == "10.255.1.0/26" && aws_vpc.this.enable_dns_support && aws_vpc.this.enable_dns_hostnames
    error_message = "with DNS on, for the hosted zones"
  }
  assert {
    condition     = { for zone, subnet in aws_subnet.this : zone => subnet.cidr_block } == { eu-central-1a = "10.255.1.0/28", eu-central-1b = "10.255.1.16/28" }
    error_message = "as given"
  }
}

run "peers_and_routes_both_ways" {
  command = apply

  assert {
    condition     = aws_vpc_peering_connection.this.peer_vpc_id == "vpc-0a" && aws_vpc_peering_connection.this.peer_region == "eu-west-1" && !aws_vpc_peering_connection.this.auto_accept
    error_message = "the hub requests"
  }
  assert {
    condition     = aws_vpc_peering_connection_accepter.tools.auto_accept && aws_vpc_peering_connection_accepter.tools.vpc_peering_connection_id == aws_vpc_peering_connection.this.id
    error_message = "the tools' side accepts"
  }
  assert {
    condition     = toset([for route in aws_route.to_tools : route.destination_cidr_block]) == toset(["10.1.0.0/16", "100.64.0.0/16"])
    error_message = "the hub knows the way back to every range of the tools' VPC"
  }
  assert {
    condition     = [for route in values(aws_route.from_tools) : "${route.route_table_id} ${route.destination_cidr_block}"] == ["rtb-0a 10.255.1.0/26", "rtb-0b 10.255.1.0/26"]
    error_message = "every route table of the clients knows the way to the hub"
  }
  assert {
    condition     = aws_vpc_peering_connection_options.hub.requester[0].allow_remote_vpc_dns_resolution && aws_vpc_peering_connection_options.tools.accepter[0].allow_remote_vpc_dns_resolution
    error_message = "DNS resolution on both sides"
  }
}

run "can_leave_dns_resolution_off" {
  command = plan

  variables {
    dns_resolution       = false
    tools_vpc_account_id = "444455556666"
  }

  assert {
    condition     = !aws_vpc_peering_connection_options.hub.requester[0].allow_remote_vpc_dns_resolution && aws_vpc_peering_connection.this.peer_owner_id == "444455556666"
    error_message = "off, and with another account"
  }
}

# --- Bad input ---------------------------------------------------------------

run "refuses_a_hub_inside_the_tools_vpc" {
  command         = plan
  expect_failures = [var.vpc_cidr]

  variables {
    vpc_cidr = "10.1.255.0/26"
  }
}

run "refuses_a_hub_around_the_tools_vpc" {
  command         = plan
  expect_failures = [var.vpc_cidr]

  variables {
    vpc_cidr = "10.0.0.0/8"
  }
}

run "refuses_a_hub_over_the_tools_second_range" {
  command         = plan
  expect_failures = [var.vpc_cidr]

  variables {
    vpc_cidr = "100.64.9.0/24"
  }
}

run "refuses_a_hub_over_another_regions_hub" {
  command         = plan
  expect_failures = [var.vpc_cidr]

  variables {
    reserved_cidrs = ["10.255.0.0/23"]
  }
}

run "takes_a_neighbour_of_a_reserved_range" {
  command = plan

  variables {
    reserved_cidrs = ["10.255.0.0/24", "10.255.1.64/26"]
  }
}

run "refuses_ranges_that_are_none" {
  command         = plan
  expect_failures = [var.tools_vpc_cidrs, var.reserved_cidrs]

  variables {
    tools_vpc_cidrs = { primary = "10.1.0.0" }
    reserved_cidrs  = ["hub"]
  }
}

run "refuses_a_range_that_begins_elsewhere" {
  command         = plan
  expect_failures = [var.vpc_cidr]

  variables {
    vpc_cidr = "10.255.1.1/26"
  }
}

run "refuses_subnets_outside_the_hub" {
  command         = plan
  expect_failures = [var.subnets]

  variables {
    subnets = { eu-central-1a = "10.255.1.64/28" }
  }
}

run "refuses_subnets_that_aws_finds_too_small" {
  command         = plan
  expect_failures = [var.subnets]

  variables {
    subnets = { eu-central-1a = "10.255.1.0/29" }
  }
}

run "refuses_a_hub_without_subnets" {
  command         = plan
  expect_failures = [var.subnets]

  variables {
    subnets = {}
  }
}

run "refuses_another_range_for_a_hub_that_stands" {
  command         = plan
  expect_failures = [aws_vpc.this]

  variables {
    vpc_cidr = "10.255.1.0/25"
  }
}

run "refuses_another_range_for_a_subnet_that_stands" {
  command         = plan
  expect_failures = [aws_subnet.this]

  variables {
    subnets = { eu-central-1a = "10.255.1.32/28", eu-central-1b = "10.255.1.16/28" }
  }
}

run "refuses_another_tools_vpc_for_a_hub_that_stands" {
  command         = plan
  expect_failures = [aws_vpc_peering_connection.this]

  variables {
    tools_vpc_id = "vpc-0b"
  }
}

run "refuses_ids_of_other_things" {
  command         = plan
  expect_failures = [var.tools_vpc_id, var.tools_vpc_region, var.tools_vpc_account_id, var.tools_route_table_ids]

  variables {
    tools_vpc_id          = "10.1.0.0/16"
    tools_vpc_region      = "Ireland"
    tools_vpc_account_id  = "tools"
    tools_route_table_ids = {}
  }
}
