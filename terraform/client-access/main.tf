# The consumer's side of one cluster: an interface endpoint to its endpoint
# service, and the name under which kubectl finds it.

data "aws_region" "this" {}

data "aws_vpc" "this" {
  id = var.vpc_id
}

# `count` and not `for_each`: subnets that are made in the same run have no ids
# yet, but their number is known.
data "aws_subnet" "this" {
  count = length(var.subnet_ids)
  id    = var.subnet_ids[count.index]
}

locals {
  # ec2.<region>.<suffix>: the other attributes differ between the providers 5 and 6.
  region       = split(".", data.aws_region.this.endpoint)[1]
  cross_region = var.client.region != local.region

  name = coalesce(var.name, "eks-${var.client.cluster_name}")
  host = var.client.host

  subnets_by_zone = { for subnet in data.aws_subnet.this : subnet.availability_zone => subnet.id... }
  crowded_zones   = [for zone, ids in local.subnets_by_zone : "${zone} (${join(", ", sort(ids))})" if length(ids) > 1]
  foreign_subnets = sort([for subnet in data.aws_subnet.this : subnet.id if subnet.vpc_id != var.vpc_id])

  # By id: a name such as eu-west-1a means another zone in another account. Across
  # Regions AWS connects any zone with any.
  unserved_zones = local.cross_region ? [] : sort([
    for subnet in data.aws_subnet.this : "${subnet.availability_zone} (${subnet.availability_zone_id})"
    if !contains(var.client.zone_ids, subnet.availability_zone_id)
  ])
}

# --- Endpoint ----------------------------------------------------------------

resource "aws_security_group" "this" {
  name_prefix = "${local.name}-"
  description = "Endpoint to the API server of EKS cluster ${var.client.cluster_name}"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = local.name })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "cidr" {
  for_each = var.allowed_cidrs

  security_group_id = aws_security_group.this.id
  description       = "Clients of the API server"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "group" {
  for_each = var.allowed_security_group_ids

  security_group_id            = aws_security_group.this.id
  description                  = "Clients of the API server: ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags
}

# No egress rule: an endpoint opens no connections.

resource "aws_vpc_endpoint" "this" {
  vpc_endpoint_type  = "Interface"
  vpc_id             = var.vpc_id
  subnet_ids         = var.subnet_ids
  security_group_ids = [aws_security_group.this.id]
  service_name       = var.client.service_name
  service_region     = local.cross_region ? var.client.region : null

  # An endpoint service may carry a private DNS name only of a domain that its
  # owner can prove to own, and eks.amazonaws.com is AWS's. The hosted zone
  # below does what this cannot.
  private_dns_enabled = false

  tags = merge(var.tags, { Name = local.name })

  lifecycle {
    # Another service is another endpoint: the name moves to it, and then the old
    # one goes.
    create_before_destroy = true

    precondition {
      condition     = !local.cross_region || contains(var.client.supported_regions, local.region)
      error_message = "The endpoint service is in ${var.client.region} and admits no endpoint from ${local.region}: add \"${local.region}\" to supported_regions of cluster-access, or put the endpoint into a hub in ${var.client.region}."
    }
    precondition {
      condition     = length(local.foreign_subnets) == 0
      error_message = "Subnets ${join(", ", local.foreign_subnets)} are not in ${var.vpc_id}: give subnet_ids of that VPC."
    }
    precondition {
      condition     = length(local.crowded_zones) == 0
      error_message = "An interface endpoint takes one subnet per Availability Zone, and subnet_ids has several in ${join("; ", local.crowded_zones)}: keep one of each."
    }
    precondition {
      condition     = length(local.unserved_zones) == 0
      error_message = "The endpoint service is not in ${join(", ", local.unserved_zones)}, only in ${join(", ", var.client.zone_ids)}: take the subnets in the other zones out of subnet_ids."
    }
  }
}

# --- Name --------------------------------------------------------------------

# The apex is the endpoint's whole host name. A zone for the domain above it
# (gr7.eu-west-1.eks.amazonaws.com) would answer for every other cluster there,
# and hide those that this VPC reaches in another way.
resource "aws_route53_zone" "this" {
  #checkov:skip=CKV2_AWS_38:Route 53 does not sign private hosted zones.
  #checkov:skip=CKV2_AWS_39:Route 53 logs the queries of private zones at the resolver of the VPC, which is not this module's.
  count = var.create_hosted_zone ? 1 : 0

  name    = lower(local.host)
  comment = "API server of EKS cluster ${var.client.cluster_name}, by PrivateLink"

  vpc {
    vpc_id = var.vpc_id
  }

  tags = merge(var.tags, { Name = local.name })

  lifecycle {
    # A zone must be made with a VPC. All others, and those of other accounts, are
    # associations, which this must not take away.
    ignore_changes = [vpc]

    precondition {
      condition     = data.aws_vpc.this.enable_dns_support && data.aws_vpc.this.enable_dns_hostnames
      error_message = "${var.vpc_id} does not ask private hosted zones: turn on its enable_dns_support and enable_dns_hostnames, or set create_hosted_zone = false and use tls-server-name."
    }
  }
}

resource "aws_route53_record" "this" {
  count = var.create_hosted_zone ? 1 : 0

  zone_id = aws_route53_zone.this[0].zone_id
  name    = lower(local.host)
  type    = "A"

  # The endpoint's first DNS entry is the one with the addresses of all zones.
  alias {
    name                   = aws_vpc_endpoint.this.dns_entry[0].dns_name
    zone_id                = aws_vpc_endpoint.this.dns_entry[0].hosted_zone_id
    evaluate_target_health = false
  }
}

resource "aws_route53_zone_association" "this" {
  for_each = var.hosted_zone_vpcs

  zone_id    = aws_route53_zone.this[0].zone_id
  vpc_id     = each.value.vpc_id
  vpc_region = each.value.region
}
