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

# An address without a port is asked on 53. The VPC's own resolver needs no rule.
locals {
  dns_servers = [
    for server in var.dns_servers : strcontains(server, ".") ? {
      cidr = "${split(":", server)[0]}/32" # 10.0.0.2, 10.0.0.2:5353
      port = try(split(":", server)[1], "53")
      } : {
      cidr = "${trimprefix(split("]", server)[0], "[")}/128" # fd00::2, [fd00::2], [fd00::2]:5353
      port = try(regex("\\]:(.+)", server)[0], "53")
    }
  ]
}

# The rules are part of the group: as resources of their own they would need keys,
# and an address in dns_servers may be unknown while planning.
resource "aws_security_group" "function" {
  #checkov:skip=CKV_AWS_382:Ports 443 only, and those of dns_servers.
  count = local.makes_security_group ? 1 : 0

  name_prefix = "${var.name}-"
  description = "eks-nlb-sync function, nothing in, AWS APIs out"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = var.name })

  egress {
    description = "AWS APIs, over IPv4"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }

  egress {
    description      = "AWS APIs, over IPv6"
    protocol         = "tcp"
    from_port        = 443
    to_port          = 443
    ipv6_cidr_blocks = ["::/0"]
  }

  dynamic "egress" {
    for_each = [for rule in setproduct(["udp", "tcp"], range(length(local.dns_servers))) : { protocol = rule[0], server = local.dns_servers[rule[1]] }]

    content {
      description      = "dns_servers, over ${upper(egress.value.protocol)}"
      protocol         = egress.value.protocol
      from_port        = egress.value.server.port
      to_port          = egress.value.server.port
      cidr_blocks      = endswith(egress.value.server.cidr, "/32") ? [egress.value.server.cidr] : null
      ipv6_cidr_blocks = endswith(egress.value.server.cidr, "/32") ? null : [egress.value.server.cidr]
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# With private DNS an endpoint answers for its API to the whole VPC. A client that
# it does not admit cannot reach that API, the Load Balancer Controller first.
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
