# One account with its clusters: an access for each, the role that the function
# assumes here, and what the tools' account needs to know.

module "access" {
  source   = "../../../cluster-access"
  for_each = var.cluster_names

  cluster_name       = each.value
  allowed_principals = [for account in var.consumer_account_ids : "arn:${data.aws_partition.this.partition}:iam::${account}:root"]
}

module "member_role" {
  source = "../../../member-role"

  function_role_arn = var.function_role_arn
  external_id       = var.external_id
}

data "aws_partition" "this" {}

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
