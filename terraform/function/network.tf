# The function's place in a VPC, if it has one.

locals {
  makes_security_group = local.in_vpc && length(var.security_group_ids) == 0
  security_group_ids   = local.makes_security_group ? aws_security_group.function[*].id : var.security_group_ids

  # In China the names of some endpoint services begin differently.
  service_prefix = local.partition == "aws-cn" ? "cn.com.amazonaws" : "com.amazonaws"
  endpoint_services = !var.interface_endpoints ? {} : merge(
    {
      eks                  = local.service_prefix
      elasticloadbalancing = "com.amazonaws"
    },
    length(var.assume_role_arns) == 0 ? {} : { sts = local.service_prefix },
  )
}

resource "aws_security_group" "function" {
  count = local.makes_security_group ? 1 : 0

  name_prefix = "${var.name}-"
  description = "eks-nlb-sync function, nothing in, AWS APIs out"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "function_https" {
  for_each = local.makes_security_group ? { ipv4 = "0.0.0.0/0", ipv6 = "::/0" } : {}

  security_group_id = aws_security_group.function[0].id
  description       = "AWS APIs, over ${each.key == "ipv4" ? "IPv4" : "IPv6"}"
  cidr_ipv4         = each.key == "ipv4" ? each.value : null
  cidr_ipv6         = each.key == "ipv6" ? each.value : null
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

# The VPC's own resolver needs no rule; servers of your own do.
resource "aws_vpc_security_group_egress_rule" "function_dns" {
  for_each = toset(local.makes_security_group && length(var.dns_servers) > 0 ? ["udp", "tcp"] : [])

  security_group_id = aws_security_group.function[0].id
  description       = "dns_servers, over ${upper(each.value)}"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = each.value
  from_port         = 53
  to_port           = 53
  tags              = var.tags
}

resource "aws_security_group" "endpoints" {
  count = var.interface_endpoints ? 1 : 0

  name_prefix = "${var.name}-endpoints-"
  description = "Interface endpoints of eks-nlb-sync, HTTPS in from the function"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-endpoints" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  count = var.interface_endpoints ? 1 : 0

  security_group_id            = aws_security_group.endpoints[0].id
  description                  = "The function"
  referenced_security_group_id = local.security_group_ids[0]
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags
}

resource "aws_vpc_endpoint" "this" {
  for_each = local.endpoint_services

  vpc_endpoint_type   = "Interface"
  vpc_id              = var.vpc_id
  subnet_ids          = var.subnet_ids
  security_group_ids  = aws_security_group.endpoints[*].id
  service_name        = "${each.value}.${local.region}.${each.key}"
  private_dns_enabled = true
  tags                = merge(var.tags, { Name = "${var.name}-${each.key}" })
}
