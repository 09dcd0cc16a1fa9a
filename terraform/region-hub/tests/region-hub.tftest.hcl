mock_provider "aws" {}

mock_provider "aws" {
  alias = "tools"
}

variables {
  vpc_cidr              = "10.255.1.0/26"
  availability_zones    = ["eu-central-1a", "eu-central-1b"]
  tools_vpc_id          = "vpc-0a"
  tools_vpc_cidrs       = ["10.1.0.0/16", "100.64.0.0/16"]
  tools_vpc_region      = "eu-west-1"
  tools_route_table_ids = ["rtb-0a", "rtb-0b"]
}

run "makes_an_empty_vpc" {
  command = plan

  assert {
    condition     = aws_vpc.this.cidr_block == "10.255.1.0/26" && aws_vpc.this.enable_dns_support && aws_vpc.this.enable_dns_hostnames
    error_message = "with DNS on, for the hosted zones"
  }
  assert {
    condition     = { for zone, subnet in aws_subnet.this : zone => subnet.cidr_block } == { eu-central-1a = "10.255.1.0/27", eu-central-1b = "10.255.1.32/27" }
    error_message = "halves of the range"
  }
}

run "leaves_room_for_a_second_zone" {
  command = plan

  variables {
    availability_zones = ["eu-central-1a"]
  }

  assert {
    condition     = aws_subnet.this["eu-central-1a"].cidr_block == "10.255.1.0/27"
    error_message = "half of the range for one zone"
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
    condition     = [for route in aws_route.from_tools : "${route.route_table_id} ${route.destination_cidr_block}"] == ["rtb-0a 10.255.1.0/26", "rtb-0b 10.255.1.0/26"]
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
    tools_vpc_cidrs = ["10.1.0.0"]
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

run "refuses_a_range_too_small_for_its_subnets" {
  command         = plan
  expect_failures = [var.availability_zones]

  variables {
    vpc_cidr           = "10.255.1.0/27"
    availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  }
}

run "refuses_a_zone_twice" {
  command         = plan
  expect_failures = [var.availability_zones]

  variables {
    availability_zones = ["eu-central-1a", "eu-central-1a"]
  }
}

run "refuses_ids_of_other_things" {
  command         = plan
  expect_failures = [var.tools_vpc_id, var.tools_vpc_region, var.tools_vpc_account_id, var.tools_route_table_ids]

  variables {
    tools_vpc_id          = "10.1.0.0/16"
    tools_vpc_region      = "Ireland"
    tools_vpc_account_id  = "tools"
    tools_route_table_ids = []
  }
}
