# Two clusters, one tools' VPC, one far Region, all in one account.
#
#   tools' VPC (home) ── endpoint ──▶ payments (home)
#        └─ peering ─ hub (far) ── endpoint ──▶ ledger (far)
#
# With several accounts each module keeps its arguments and gets the provider of
# its account: docs/network.md.

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  tools_account = "arn:${data.aws_partition.this.partition}:iam::${data.aws_caller_identity.this.account_id}:root"
}

# --- The tools' VPC: where kubectl and the pipelines are ---------------------

resource "aws_vpc" "tools" {
  #checkov:skip=CKV2_AWS_11:Whether and where flow logs are kept is the account's baseline.
  cidr_block           = var.tools_vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # without it the VPC does not ask private hosted zones
  tags                 = { Name = "tools" }
}

resource "aws_default_security_group" "tools" {
  vpc_id = aws_vpc.tools.id
}

resource "aws_subnet" "tools" {
  for_each = var.home_subnets

  vpc_id            = aws_vpc.tools.id
  availability_zone = each.key
  cidr_block        = each.value
  tags              = { Name = "tools-${each.key}" }

  lifecycle {
    create_before_destroy = true # endpoints leave a subnet before it goes
  }
}

resource "aws_route_table" "tools" {
  vpc_id = aws_vpc.tools.id
  tags   = { Name = "tools" }
}

resource "aws_route_table_association" "tools" {
  for_each = aws_subnet.tools

  subnet_id      = each.value.id
  route_table_id = aws_route_table.tools.id
}

# --- The cluster at home: one endpoint ---------------------------------------

module "payments_access" {
  source = "../../cluster-access"

  cluster_name       = var.home_cluster_name
  allowed_principals = [local.tools_account]
}

module "payments_client" {
  source = "../../client-access"

  client        = module.payments_access.client
  vpc_id        = aws_vpc.tools.id
  subnet_ids    = values(aws_subnet.tools)[*].id
  allowed_cidrs = { tools = var.tools_vpc_cidr }
}

# --- The cluster in the far Region: a hub and an endpoint in it --------------

module "ledger_access" {
  source    = "../../cluster-access"
  providers = { aws = aws.far }

  cluster_name       = var.far_cluster_name
  allowed_principals = [local.tools_account]
}

module "far_hub" {
  source    = "../../region-hub"
  providers = { aws = aws.far, aws.tools = aws }

  vpc_cidr              = var.hub_vpc_cidr
  subnets               = var.far_subnets
  tools_vpc_id          = aws_vpc.tools.id
  tools_vpc_cidrs       = { primary = var.tools_vpc_cidr }
  tools_vpc_region      = var.home_region
  tools_route_table_ids = { tools = aws_route_table.tools.id }
}

module "ledger_client" {
  source    = "../../client-access"
  providers = { aws = aws.far }

  client           = module.ledger_access.client
  vpc_id           = module.far_hub.vpc_id
  subnet_ids       = module.far_hub.subnet_ids
  allowed_cidrs    = { tools = var.tools_vpc_cidr }
  hosted_zone_vpcs = module.far_hub.hosted_zone_vpcs
}

# --- The function: fills the target groups of both Regions -------------------

module "function" {
  source = "../../function"

  package = var.function_package
  fleet   = { far = { region = var.far_region, min_load_balancers = 1 } }
}
