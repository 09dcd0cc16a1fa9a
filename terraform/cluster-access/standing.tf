# Memory of earlier applies. Terraform cannot read its own state while planning, so
# the zones that the load balancer is in, and its target group, are written on the
# security group as tags once AWS has accepted them, and read in the next plan.

data "aws_security_groups" "standing" {
  count = local.shared ? 0 : 1
  tags  = { "eks-nlb-sync/access" = local.access_key }
}

# One group, or two while a replacement is refused.
data "aws_security_group" "standing" {
  for_each = toset(flatten(data.aws_security_groups.standing[*].ids))
  id       = each.value
}

locals {
  # A data source that names a resource itself waits for every change of it; by way
  # of a local value it is read while planning.
  access_key = terraform_data.access.input.key

  # "eu-west-1a=subnet-0a eu-west-1b=subnet-0b"
  standing_subnets = merge([
    for group in data.aws_security_group.standing : {
      for pair in compact(split(" ", lookup(group.tags, "eks-nlb-sync/subnets", ""))) : split("=", pair)[0] => split("=", pair)[1]
    }
  ]...)
  standing_vpcs = toset([for group in data.aws_security_group.standing : group.vpc_id])

  # In this VPC: a load balancer that moves takes none along.
  kept_subnets = length(setsubtract(local.standing_vpcs, [local.vpc_id])) == 0 ? local.standing_subnets : {}

  # Subnets that this plan would take from the load balancer, which cannot be done in
  # place.
  taken_subnets = sort([for zone, subnet in local.standing_subnets : "${subnet} (${zone})" if lookup(local.subnets, zone, "") != subnet])

  standing_target_groups = toset(compact([for group in data.aws_security_group.standing : lookup(group.tags, "eks-nlb-sync/target-group", "")]))
}

# Read only where it matters: ELB's request rate is shared with the function.
data "aws_lb_target_group" "standing" {
  for_each = var.health_check.protocol == "TCP" ? local.standing_target_groups : []
  arn      = each.value
}

resource "aws_ec2_tag" "subnets" {
  count = local.shared ? 0 : 1

  resource_id = aws_security_group.nlb[0].id
  key         = "eks-nlb-sync/subnets"
  value       = join(" ", sort([for zone, subnet in local.subnets : "${zone}=${subnet}"]))

  # After the load balancer: a subnet that AWS refuses is never remembered.
  depends_on = [aws_lb.this]

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_ec2_tag" "target_group" {
  count = local.shared ? 0 : 1

  resource_id = aws_security_group.nlb[0].id
  key         = "eks-nlb-sync/target-group"
  value       = aws_lb_target_group.this.arn

  lifecycle {
    create_before_destroy = true
  }
}
