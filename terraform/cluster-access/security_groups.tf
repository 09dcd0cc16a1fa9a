# Every rule is made before its predecessor is deleted, so that no change interrupts
# clients.

# Made with the load balancer because one created without a security group can
# never be given one. `name_prefix` lets a replacement exist at the same time as the old one.
resource "aws_security_group" "nlb" {
  count = local.shared ? 0 : 1

  name_prefix = "${local.short_name}-"
  description = "Load balancer in front of the API server of EKS cluster ${var.cluster_name}"
  vpc_id      = local.vpc_id
  tags        = merge(var.tags, { Name = local.name, "eks-nlb-sync/access" = terraform_data.access.input.key })

  lifecycle {
    create_before_destroy = true

    # Another name is a tag, never another group. The two tags are aws_ec2_tag's.
    ignore_changes = [
      name_prefix, description,
      tags["eks-nlb-sync/subnets"], tags_all["eks-nlb-sync/subnets"],
      tags["eks-nlb-sync/target-group"], tags_all["eks-nlb-sync/target-group"],
    ]
  }
}

locals {
  nlb_security_group_id = local.shared ? var.load_balancer.security_group_id : aws_security_group.nlb[0].id
}

resource "aws_vpc_security_group_ingress_rule" "nlb" {
  for_each = var.ingress_cidrs

  security_group_id = local.nlb_security_group_id
  description       = "Clients of the API server: ${each.key}"
  cidr_ipv4         = strcontains(each.value, ":") ? null : each.value
  cidr_ipv6         = strcontains(each.value, ":") ? each.value : null
  ip_protocol       = "tcp"
  from_port         = var.port
  to_port           = var.port
  tags              = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "nlb_prefix_list" {
  for_each = var.ingress_prefix_list_ids

  security_group_id = local.nlb_security_group_id
  description       = "Clients of the API server: ${each.key}"
  prefix_list_id    = each.value
  ip_protocol       = "tcp"
  from_port         = var.port
  to_port           = var.port
  tags              = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

# Health checks leave by this rule as well.
resource "aws_vpc_security_group_egress_rule" "nlb_to_cluster" {
  security_group_id            = local.nlb_security_group_id
  description                  = "API server of EKS cluster ${var.cluster_name}"
  referenced_security_group_id = local.security_group
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags

  lifecycle {
    create_before_destroy = true

    # Here, because all that serves comes after this rule, shared or not: it is
    # refused first, and in these words.
    precondition {
      condition     = terraform_data.access.input.cluster_name == var.cluster_name
      error_message = "This access was made for cluster ${terraform_data.access.input.cluster_name}; ${var.cluster_name} is another one, to which every connected client would be led. Call the module a second time for it."
    }
    precondition {
      condition     = terraform_data.access.input.shared == local.shared
      error_message = "An access cannot move between a load balancer of its own and a shared one in place: its clients are connected to the endpoint service that it has. Call the module a second time, move the clients, and remove the first call."
    }
    precondition {
      condition     = terraform_data.access.input.port == var.port
      error_message = "The listener is on port ${terraform_data.access.input.port}, to which the clients connect: they would not find it on ${var.port}. Call the module a second time with that port, move the clients, and remove the first call."
    }
  }
}

resource "aws_vpc_security_group_ingress_rule" "cluster_from_nlb" {
  security_group_id            = local.security_group
  description                  = "Load balancer ${local.name}: requests and health checks"
  referenced_security_group_id = local.nlb_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags

  lifecycle {
    create_before_destroy = true
  }
}
