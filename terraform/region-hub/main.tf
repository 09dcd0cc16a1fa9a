# A far Region's empty VPC: a place for interface endpoints to the clusters
# there, peered with the tools' VPC. No gateway, no instance, no other route.

locals {
  # As many equal subnets as zones, rounded up to a power of two, and two at
  # least so that a second zone can come later without moving the first.
  newbits = ceil(log(max(2, length(var.availability_zones)), 2))
  subnets = { for index, zone in var.availability_zones : zone => cidrsubnet(var.vpc_cidr, local.newbits, index) }
}

# --- VPC ---------------------------------------------------------------------

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:Whether and where flow logs are kept is the account's baseline; vpc_id is an output to attach them to.
  cidr_block = var.vpc_cidr

  # Both on: the hub's own resolver shall answer from the clusters' hosted zones.
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = merge(var.tags, { Name = var.name })
}

# AWS makes it with everything allowed among its members; nobody is to be one.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-unused" })
}

resource "aws_subnet" "this" {
  for_each = local.subnets

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = var.name })
}

resource "aws_route_table_association" "this" {
  for_each = aws_subnet.this

  subnet_id      = each.value.id
  route_table_id = aws_route_table.this.id
}

# --- Peering -----------------------------------------------------------------

resource "aws_vpc_peering_connection" "this" {
  vpc_id        = aws_vpc.this.id
  peer_vpc_id   = var.tools_vpc_id
  peer_region   = var.tools_vpc_region
  peer_owner_id = var.tools_vpc_account_id
  auto_accept   = false # AWS allows it within one Region and account only
  tags          = merge(var.tags, { Name = var.name })
}

resource "aws_vpc_peering_connection_accepter" "tools" {
  provider = aws.tools

  vpc_peering_connection_id = aws_vpc_peering_connection.this.id
  auto_accept               = true
  tags                      = merge(var.tags, { Name = var.name })
}

# Each side sets its own option. By the accepter's id, because there is nothing
# to set before the peering is active.
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
  for_each = toset(var.tools_vpc_cidrs)

  route_table_id            = aws_route_table.this.id
  destination_cidr_block    = each.value
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.tools.id
}

# `count` and not `for_each`: route tables that are made in the same run have no
# ids yet, but their number is known.
resource "aws_route" "from_tools" {
  provider = aws.tools
  count    = length(var.tools_route_table_ids)

  route_table_id            = var.tools_route_table_ids[count.index]
  destination_cidr_block    = var.vpc_cidr
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.tools.id
}
