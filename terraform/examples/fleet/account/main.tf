# One account and Region with its clusters: an access for each, the role that the
# function assumes here, and what the tools' account needs to know. An account with
# clusters in two Regions applies this once in each.

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

data "aws_region" "this" {}

locals {
  partition = data.aws_partition.this.partition

  # ec2.<region>.<suffix>: the other attributes differ between the providers 5 and 6.
  region = split(".", data.aws_region.this.endpoint)[1]
}

module "access" {
  source   = "../../../cluster-access"
  for_each = var.cluster_names

  cluster_name       = each.value
  allowed_principals = [for account in var.consumer_account_ids : "arn:${local.partition}:iam::${account}:root"]
  supported_regions  = setsubtract(var.consumer_regions, [local.region])
}

# Roles are global: in the account's other Regions this one exists already.
module "member_role" {
  source = "../../../member-role"
  count  = var.create_member_role ? 1 : 0

  function_role_arn = var.function_role_arn
  external_id       = var.external_id
  role_name         = var.member_role_name
}

# For a tools' account that cannot read this state: shared by RAM, which takes
# parameters of the advanced tier only.
resource "aws_ssm_parameter" "client" {
  #checkov:skip=CKV2_AWS_34:Names, addresses and a public certificate; no secret.
  #checkov:skip=CKV_AWS_337:As above.
  for_each = module.access

  name        = "/eks-nlb-sync/${each.key}"
  description = "How to reach EKS cluster ${each.key}: client-access's client"
  type        = "String"
  tier        = "Advanced"
  value       = jsonencode(each.value.client)
}
