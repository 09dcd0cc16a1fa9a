# The role that the function of another account assumes here: the same as
# fleet-member.yaml makes.

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition

  # arn:<partition>:iam::<account>:role/<name>
  function_account_id = split(":", var.function_role_arn)[4]

  # The tag that a target group must carry to be written to: the first of
  # nlb_tag, with any value where none is asked for.
  write_tag   = split("=", split(",", var.nlb_tag)[0])
  write_key   = local.write_tag[0]
  write_value = length(local.write_tag) > 1 ? local.write_tag[1] : "*"

  policies = merge(
    {
      Read = [
        {
          Sid    = "DescribeKnowsNoResources"
          Effect = "Allow"
          Action = [
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetHealth",
          ]
          Resource = "*"
        },
        {
          Sid    = "ClustersOfThisAccount"
          Effect = "Allow"
          Action = [
            "eks:DescribeCluster",
          ]
          Resource = "arn:${local.partition}:eks:*:${local.account_id}:cluster/*"
        },
      ]
      Write = [
        merge(
          {
            Sid    = var.write_scope == "tagged" ? "TargetGroupsWithTheTag" : "TargetGroupsOfThisAccount"
            Effect = "Allow"
            Action = [
              "elasticloadbalancing:DeregisterTargets",
              "elasticloadbalancing:RegisterTargets",
            ]
            Resource = "arn:${local.partition}:elasticloadbalancing:*:${local.account_id}:targetgroup/*/*"
          },
          var.write_scope == "tagged" ? { Condition = { StringLike = { "aws:ResourceTag/${local.write_key}" = local.write_value } } } : {},
        ),
      ]
    },
    var.address_source == "dns" ? {} : {
      ReadInterfaces = [
        {
          Sid    = "ReadInterfaces"
          Effect = "Allow"
          Action = [
            "ec2:DescribeNetworkInterfaces",
          ]
          Resource = "*"
        },
      ]
    },
  )
}

# The account and a condition rather than the role itself as principal: IAM keeps
# a principal by its internal id, so a function role that was deleted and made
# again under its name would not be trusted.
resource "aws_iam_role" "this" {
  name                 = var.role_name
  description          = "Assumed by eks-nlb-sync to keep this account's target groups at the addresses of its EKS API servers"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "FunctionWithExternalId"
      Effect    = "Allow"
      Principal = { AWS = "arn:${local.partition}:iam::${local.function_account_id}:root" }
      Action    = "sts:AssumeRole"
      Condition = {
        ArnEquals = { "aws:PrincipalArn" = var.function_role_arn }
        StringEquals = merge(
          { "sts:ExternalId" = var.external_id },
          var.organization_id == null ? {} : { "aws:PrincipalOrgID" = var.organization_id },
        )
      }
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "this" {
  for_each = local.policies

  name   = each.key
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}
