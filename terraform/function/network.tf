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
    local.reads_interfaces ? { ec2 = local.service_prefix } : {},
    local.assumes_roles ? { sts = local.service_prefix } : {},
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

# The VPC's own resolver needs no rule; servers of your own do. As in
# template.yaml, which cannot take the ports out of its list: a list with a colon,
# for a port or an IPv6 address, opens them all.
locals {
  dns_ports = anytrue([for server in var.dns_servers : strcontains(server, ":")]) ? [1, 65535] : [53, 53]
  dns_rules = !local.makes_security_group || length(var.dns_servers) == 0 ? {} : merge(
    { udp = "0.0.0.0/0", tcp = "0.0.0.0/0" },
    local.dns_ports[0] == 1 ? { udp-ipv6 = "::/0", tcp-ipv6 = "::/0" } : {},
  )
}

resource "aws_vpc_security_group_egress_rule" "function_dns" {
  for_each = local.dns_rules

  security_group_id = aws_security_group.function[0].id
  description       = "dns_servers, over ${upper(split("-", each.key)[0])}${endswith(each.key, "ipv6") ? " and IPv6" : ""}"
  cidr_ipv4         = endswith(each.key, "ipv6") ? null : each.value
  cidr_ipv6         = endswith(each.key, "ipv6") ? each.value : null
  ip_protocol       = split("-", each.key)[0]
  from_port         = local.dns_ports[0]
  to_port           = local.dns_ports[1]
  tags              = var.tags
}

# With private DNS an endpoint answers for its API to the whole VPC. Whoever it
# does not admit is cut off from that API, the Load Balancer Controller first.
resource "aws_security_group" "endpoints" {
  count = var.interface_endpoints ? 1 : 0

  name_prefix = "${var.name}-endpoints-"
  description = "Interface endpoints of eks-nlb-sync, HTTPS in from the VPC"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-endpoints" })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = toset(var.interface_endpoints ? ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"] : [])

  security_group_id = aws_security_group.endpoints[0].id
  description       = each.value == "100.64.0.0/10" ? "Shared address space" : "Private networks"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
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
