# A far Region's empty VPC: a place for interface endpoints to the clusters
# there, peered with the tools' VPC. No gateway, no instance, no other route.

# What a hub was made with. Endpoints in it serve clients, so a change of these is
# refused while planning and replaces nothing.
resource "terraform_data" "made_with" {
  input = {
    vpc_cidr     = var.vpc_cidr
    tools_vpc_id = var.tools_vpc_id
  }

  lifecycle {
    ignore_changes = [input]
  }
}

resource "terraform_data" "subnet" {
  for_each = var.subnets

  input = each.value

  lifecycle {
    ignore_changes = [input]
  }
}

# --- VPC ---------------------------------------------------------------------

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:Whether and where flow logs are kept is the account's baseline; vpc_id is an output to attach them to.
  cidr_block = var.vpc_cidr

  # Both on: the hub's own resolver answers from the clusters' hosted zones.
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = merge(var.tags, { Name = var.name })

  lifecycle {
    precondition {
      condition     = terraform_data.made_with.output.vpc_cidr == var.vpc_cidr
      error_message = "This hub has the range ${try(terraform_data.made_with.output.vpc_cidr, "")} and cannot change it to ${var.vpc_cidr}: add another hub, move the endpoints there, and remove this one."
    }
  }
}

# AWS makes it with everything allowed among its members; the hub has none.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-unused" })
}

# All subnets use the VPC's main route table. An association of its own would go
# before its subnet does, and AWS refuses to delete a subnet with endpoints.
resource "aws_subnet" "this" {
  for_each = var.subnets

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = merge(var.tags, { Name = "${var.name}-${each.key}" })

  lifecycle {
    # Endpoints leave a subnet before it goes.
    create_before_destroy = true

    precondition {
      condition     = terraform_data.subnet[each.key].output == each.value
      error_message = "The hub's subnet in ${each.key} has the range ${try(terraform_data.subnet[each.key].output, "")} and cannot change it to ${each.value}: use another zone for that range, move the endpoints there, and remove this one."
    }
  }
}

# --- Peering -----------------------------------------------------------------

resource "aws_vpc_peering_connection" "this" {
  vpc_id        = aws_vpc.this.id
  peer_vpc_id   = var.tools_vpc_id
  peer_region   = var.tools_vpc_region
  peer_owner_id = var.tools_vpc_account_id
  auto_accept   = false # AWS allows it within one Region and account only
  tags          = merge(var.tags, { Name = var.name })

  lifecycle {
    precondition {
      condition     = terraform_data.made_with.output.tools_vpc_id == var.tools_vpc_id
      error_message = "This hub is peered with ${try(terraform_data.made_with.output.tools_vpc_id, "")} and cannot move to ${var.tools_vpc_id}: add another hub for that VPC."
    }
  }
}

resource "aws_vpc_peering_connection_accepter" "tools" {
  provider = aws.tools

  vpc_peering_connection_id = aws_vpc_peering_connection.this.id
  auto_accept               = true
  tags                      = merge(var.tags, { Name = var.name })
}

# Each side sets its own option, by the accepter's id: options can be set only once
# the peering is active.
resource "aws_vpc_peering_connection_options" "hub" {
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.tools.id

  requester {
    allow_remote_vpc_dns_resolution = var.dns_resolution
  }
}

resource "aws_vpc_peering_connection_options" "tools" {
  provider = aws.tools

  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.tools.id

  accepter {
    allow_remote_vpc_dns_resolution = var.dns_resolution
  }
}

resource "aws_route" "to_tools" {
  for_each = var.tools_vpc_cidrs

  route_table_id            = aws_vpc.this.main_route_table_id
  destination_cidr_block    = each.value
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.tools.id
}

resource "aws_route" "from_tools" {
  provider = aws.tools
  for_each = var.tools_route_table_ids

  route_table_id            = each.value
  destination_cidr_block    = var.vpc_cidr
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.tools.id
}
