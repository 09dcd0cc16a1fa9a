# The consumer's side of an endpoint service: one interface endpoint, and for each
# cluster behind the service the name under which kubectl finds it.

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

# In which zones of this account and Region the service can be consumed.
data "aws_vpc_endpoint_service" "this" {
  count = var.check_service ? 1 : 0

  service_name    = local.service.service_name
  service_regions = local.cross_region ? [local.service.region] : null

  lifecycle {
    precondition {
      condition     = local.admits_region
      error_message = local.region_refused
    }
  }
}

locals {
  # ec2.<region>.<suffix>: the other attributes differ between the providers 5 and 6.
  region = split(".", data.aws_region.this.endpoint)[1]

  # By `clients` and not by `client`, which may be unknown while planning. All are
  # behind one endpoint service, which is therefore that of the first one.
  several      = length(var.clients) > 0
  clients      = local.several ? var.clients : tomap({ client = var.client })
  service      = values(local.clients)[0]
  ports        = values(local.clients)[*].port
  cross_region = local.service.region != local.region

  admits_region  = !local.cross_region || contains(local.service.supported_regions, local.region)
  region_refused = "The endpoint service is in ${local.service.region} and admits no endpoint from ${local.region}: add \"${local.region}\" to supported_regions of cluster-access, or put the endpoint into a hub in ${local.service.region}."

  name = coalesce(var.name, local.several ? "eks-api-servers" : "eks-${local.service.cluster_name}")

  subnets_by_zone = { for subnet in data.aws_subnet.this : subnet.availability_zone => subnet.id... }
  crowded_zones   = [for zone, ids in local.subnets_by_zone : "${zone} (${join(", ", sort(ids))})" if length(ids) > 1]
  foreign_subnets = sort([for subnet in data.aws_subnet.this : subnet.id if subnet.vpc_id != var.vpc_id])

  # As AWS answers; without that, in the service's own Region as `client` says, by
  # id, because a name such as eu-west-1a means another zone in another account.
  offered_zones = one(data.aws_vpc_endpoint_service.this[*].availability_zones)
  unserved_zones = sort([
    for subnet in data.aws_subnet.this : "${subnet.availability_zone} (${subnet.availability_zone_id})"
    if !(local.offered_zones != null ? contains(local.offered_zones, subnet.availability_zone) : local.cross_region || contains(local.service.zone_ids, subnet.availability_zone_id))
  ])
}

check "connection" {
  assert {
    condition     = contains(["available", "pending", "pendingAcceptance"], aws_vpc_endpoint.this.state)
    error_message = "Endpoint ${aws_vpc_endpoint.this.id} to ${local.service.service_name} is ${aws_vpc_endpoint.this.state}: no client reaches its clusters. Where the owner of the service rejected it, ask for access and replace it, or remove this call."
  }
}

# --- Endpoint ----------------------------------------------------------------

resource "aws_security_group" "this" {
  name_prefix = "${local.name}-"
  description = local.several ? "Endpoint to the API servers of EKS clusters" : "Endpoint to the API server of EKS cluster ${local.service.cluster_name}"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = local.name })

  lifecycle {
    create_before_destroy = true
    # Neither can be changed in place, and neither is worth a replacement.
    ignore_changes = [name, name_prefix, description]
  }
}

locals {
  # From the lowest port to the highest, and not a rule for each: a security group
  # takes 60 rules, and behind the other ports no listener answers.
  ingress = {
    ip_protocol = "tcp"
    from_port   = min(local.ports...)
    to_port     = max(local.ports...)
  }
}

resource "aws_vpc_security_group_ingress_rule" "cidr" {
  for_each = var.allowed_cidrs

  security_group_id = aws_security_group.this.id
  description       = "Clients of the API server: ${each.key}"
  cidr_ipv4         = each.value
  ip_protocol       = local.ingress.ip_protocol
  from_port         = local.ingress.from_port
  to_port           = local.ingress.to_port
  tags              = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "group" {
  for_each = var.allowed_security_group_ids

  security_group_id            = aws_security_group.this.id
  description                  = "Clients of the API server: ${each.key}"
  referenced_security_group_id = each.value
  ip_protocol                  = local.ingress.ip_protocol
  from_port                    = local.ingress.from_port
  to_port                      = local.ingress.to_port
  tags                         = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "prefix_list" {
  for_each = var.allowed_prefix_list_ids

  security_group_id = aws_security_group.this.id
  description       = "Clients of the API server: ${each.key}"
  prefix_list_id    = each.value
  ip_protocol       = local.ingress.ip_protocol
  from_port         = local.ingress.from_port
  to_port           = local.ingress.to_port
  tags              = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

# No egress rule: an endpoint opens no connections.

# An endpoint and a hosted zone stay in the VPC that they were made in.
resource "terraform_data" "vpc" {
  input = var.vpc_id

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_vpc_endpoint" "this" {
  vpc_endpoint_type  = "Interface"
  vpc_id             = var.vpc_id
  subnet_ids         = var.subnet_ids
  security_group_ids = [aws_security_group.this.id]
  service_name       = local.service.service_name
  service_region     = local.cross_region ? local.service.region : null

  # An endpoint service may carry a private DNS name only of a domain that its
  # owner can prove to own, and eks.amazonaws.com is AWS's. The hosted zones
  # below do what this cannot.
  private_dns_enabled = false

  tags = merge(var.tags, { Name = local.name })

  # Where the group is replaced, the rules of the new one are in place before the
  # endpoint moves to it, and those of the old one go afterwards.
  depends_on = [
    aws_vpc_security_group_ingress_rule.cidr,
    aws_vpc_security_group_ingress_rule.group,
    aws_vpc_security_group_ingress_rule.prefix_list,
  ]

  lifecycle {
    # Another service is another endpoint: the names move to it, and then the old
    # one goes.
    create_before_destroy = true

    precondition {
      condition     = terraform_data.vpc.output == var.vpc_id
      error_message = "This endpoint is in ${coalesce(terraform_data.vpc.output, "another VPC")} and cannot move to ${var.vpc_id}: keep this call, add another one for the other VPC, and remove this one when its clients have moved."
    }
    precondition {
      condition     = local.admits_region
      error_message = local.region_refused
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
      error_message = "${local.service.service_name} cannot be consumed in ${join(", ", local.unserved_zones)}, only in ${join(", ", sort(coalesce(local.offered_zones, local.service.zone_ids)))}: take the subnets in the other zones out of subnet_ids."
    }
    # No name may lead to an endpoint that does not connect. Where one endpoint
    # takes the place of another, the old one serves until this holds.
    postcondition {
      condition     = self.state != "pendingAcceptance" && length(self.dns_entry) > 0
      error_message = "Endpoint ${self.id} waits until the owner of ${local.service.service_name} accepts it: give them this id (accepted_endpoint_ids of cluster-access), and apply again afterwards."
    }
  }
}

# --- Names -------------------------------------------------------------------

locals {
  # The first entry is the one with the addresses of all zones. An endpoint that
  # waits has none: a destroy is planned with values of the right form, and every
  # other plan is refused by the endpoint's condition.
  endpoint = try(aws_vpc_endpoint.this.dns_entry[0], { dns_name = "none.invalid", hosted_zone_id = "Z0" })
}

# The apex is the whole host name of a cluster's endpoint. A zone for the domain
# above it (gr7.eu-west-1.eks.amazonaws.com) would answer for every other cluster
# there, and hide clusters that this VPC reaches in another way.
resource "aws_route53_zone" "this" {
  #checkov:skip=CKV2_AWS_38:Route 53 does not sign private hosted zones.
  #checkov:skip=CKV2_AWS_39:Route 53 logs the queries of private zones at the resolver of the VPC, which is not this module's.
  for_each = var.create_hosted_zone ? local.clients : {}

  name    = lower(each.value.host)
  comment = "API server of EKS cluster ${each.value.cluster_name}, by PrivateLink"

  vpc {
    vpc_id = var.vpc_id
  }

  tags = merge(var.tags, { Name = local.name })

  lifecycle {
    create_before_destroy = true
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
  for_each = aws_route53_zone.this

  zone_id = each.value.zone_id
  name    = each.value.name
  type    = "A"

  alias {
    name                   = local.endpoint.dns_name
    zone_id                = local.endpoint.hosted_zone_id
    evaluate_target_health = false
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_route53_zone_association" "this" {
  for_each = merge([
    for client in keys(aws_route53_zone.this) : { for name, vpc in var.hosted_zone_vpcs : "${client}/${name}" => merge(vpc, { client = client }) }
  ]...)

  zone_id    = aws_route53_zone.this[each.value.client].zone_id
  vpc_id     = each.value.vpc_id
  vpc_region = each.value.region

  lifecycle {
    create_before_destroy = true
  }
}

moved {
  from = aws_route53_zone.this[0]
  to   = aws_route53_zone.this["client"]
}

moved {
  from = aws_route53_record.this[0]
  to   = aws_route53_record.this["client"]
}
