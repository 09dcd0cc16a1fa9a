# The provider's side of one cluster: an internal Network Load Balancer in the
# zones of the control plane, its empty target group, and the endpoint service.
#
# Targets are not Terraform's business: eks-nlb-sync keeps them at the API
# server's addresses, and nothing here notices when they change.

data "aws_region" "this" {}

# Nothing here has a condition, and nothing is read that the caller gives. A data
# source with a condition waits for every change upstream of it, of a tag of the
# cluster's role even, and then the zones are not known while planning.

# Looked up by name before it is read: a cluster that is gone must not stop a
# destroy.
data "aws_eks_clusters" "this" {
  count = var.cluster == null ? 1 : 0
}

data "aws_eks_cluster" "this" {
  count = var.cluster == null && contains(flatten(data.aws_eks_clusters.this[*].names), var.cluster_name) ? 1 : 0
  name  = var.cluster_name
}

data "aws_subnet" "control_plane" {
  for_each = toset(try(data.aws_eks_cluster.this[0].vpc_config[0].subnet_ids, []))
  id       = each.value
}

data "aws_subnet" "given" {
  for_each = coalesce(var.subnets, {})
  id       = each.value
}

data "aws_availability_zone" "this" {
  for_each = toset(var.subnets != null ? keys(var.subnets) : keys(local.control_plane_zones))
  name     = each.key
}

locals {
  # ec2.<region>.<suffix>: the other attributes differ between the providers 5 and 6.
  region = split(".", data.aws_region.this.endpoint)[1]

  read    = one(data.aws_eks_cluster.this)
  network = try(local.read.vpc_config[0], null)

  # As given or as read. Where there is no such cluster, values of the right form:
  # a destroy is planned with them, and every other plan is refused by the load
  # balancer's conditions.
  cluster = var.cluster != null ? var.cluster : {
    endpoint                = try(coalesce(local.read.endpoint), "https://none.invalid")
    certificate_authority   = try(coalesce(local.read.certificate_authority[0].data), "bm9uZQ==")
    vpc_id                  = try(coalesce(local.network.vpc_id), "vpc-0")
    security_group_id       = try(coalesce(local.network.cluster_security_group_id), "sg-0")
    endpoint_private_access = try(local.network.endpoint_private_access, null)
    endpoint_public_access  = try(local.network.endpoint_public_access, null)
  }

  # https://HOST, HOST:443, HOST/ → HOST
  host = regex("^(?:https://)?([0-9A-Za-z.-]+)", local.cluster.endpoint)[0]

  missing        = var.cluster == null && local.read == null
  in_region      = local.missing || var.cluster != null || try(local.network != null && length(local.read.outpost_config) == 0, false)
  vpc_id         = coalesce(var.vpc_id, local.cluster.vpc_id)
  security_group = coalesce(var.cluster_security_group_id, local.cluster.security_group_id)

  control_plane_zones = { for subnet in data.aws_subnet.control_plane : subnet.availability_zone => subnet.id... }
  subnet_ids          = var.subnets != null ? values(var.subnets) : [for choice in terraform_data.subnet : choice.input]

  # What the load balancer's conditions are about.
  candidates       = var.subnets != null ? data.aws_subnet.given : data.aws_subnet.control_plane
  foreign_subnets  = sort([for subnet in local.candidates : subnet.id if subnet.vpc_id != local.vpc_id])
  outposts_subnets = sort([for subnet in local.candidates : subnet.id if try(length(subnet.outpost_arn) > 0, false)])
  misplaced        = sort([for zone, subnet in data.aws_subnet.given : "${subnet.id} (${subnet.availability_zone}, not ${zone})" if subnet.availability_zone != zone])
  special_zones    = sort([for zone in data.aws_availability_zone.this : "${zone.name} (${zone.zone_type})" if zone.zone_type != "availability-zone"])

  # Only targets inside the load balancer's own VPC have a zone.
  uncovered_zones = var.vpc_id == null || var.vpc_id == local.cluster.vpc_id ? sort(setsubtract(keys(local.control_plane_zones), keys(data.aws_availability_zone.this))) : []

  # ELB takes 32 letters, digits and hyphens; EKS 100 and underscores too.
  long_name    = "eks-${var.cluster_name}"
  default_name = can(regex("^[0-9A-Za-z-]{1,31}[0-9A-Za-z]$", local.long_name)) ? local.long_name : "eks-${trim(substr(replace(var.cluster_name, "_", "-"), 0, 19), "-")}-${substr(sha256(var.cluster_name), 0, 8)}"
  name         = coalesce(var.name, local.default_name)

  # What must be made before its predecessor goes needs a name of its own, each
  # time. One that stands keeps the name that it has.
  unique_name = "${trim(substr(local.name, 0, 27), "-")}-${substr(uuid(), 0, 4)}"

  # On both: the function selects load balancers by the first tag and finds the
  # cluster by the second, and its policy lets it write only to target groups
  # that carry the first.
  function_tags = {
    (var.selecting_tag.key) = var.selecting_tag.value
    (var.cluster_name_tag)  = var.cluster_name
  }
}

# A cluster that is public and private shows its private addresses to nobody
# outside its VPC: what asks DNS from elsewhere gets public ones, and a target
# group takes none of them.
check "private_addresses" {
  assert {
    condition = (
      !coalesce(local.cluster.endpoint_public_access, false) || var.address_source == "eni" ||
      try(var.function_vpc_id == local.cluster.vpc_id, false)
    )
    error_message = "Cluster ${var.cluster_name} has a public endpoint too, so its private addresses resolve in its own VPC only and the function ends in AddressNotAllowed elsewhere. Either run it with ADDRESS_SOURCE=eni (function: address_source = \"eni\") and say so in address_source here, or run it in the cluster's VPC and name that in function_vpc_id, or turn endpoint_public_access off."
  }
}

# --- Security groups ---------------------------------------------------------

# Made with the load balancer because one created without a security group can
# never be given one. `name_prefix` lets a replacement exist beside the old one.
resource "aws_security_group" "nlb" {
  name_prefix = "${local.name}-"
  description = "Load balancer in front of the API server of EKS cluster ${var.cluster_name}"
  vpc_id      = local.vpc_id
  tags        = merge(var.tags, { Name = local.name })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "nlb" {
  for_each = var.ingress_cidrs

  security_group_id = aws_security_group.nlb.id
  description       = "Clients of the API server"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  tags              = var.tags
}

# Health checks leave by this rule as well.
resource "aws_vpc_security_group_egress_rule" "nlb_to_cluster" {
  security_group_id            = aws_security_group.nlb.id
  description                  = "API server of EKS cluster ${var.cluster_name}"
  referenced_security_group_id = local.security_group
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "cluster_from_nlb" {
  security_group_id            = local.security_group
  description                  = "Load balancer ${local.name}: requests and health checks"
  referenced_security_group_id = aws_security_group.nlb.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags
}

# --- Load balancer -----------------------------------------------------------

# A load balancer takes one subnet per zone, a control plane any number. Which
# one serves is decided once and remembered: taking a subnet away would replace
# the load balancer, and a target may be anywhere in its VPC as long as its zone
# is enabled.
resource "terraform_data" "subnet" {
  for_each = var.subnets != null ? {} : local.control_plane_zones

  input            = sort(each.value)[0]
  triggers_replace = local.vpc_id

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:A Network Load Balancer logs only TLS listeners; this one passes TLS through, and the API server's audit log has the requests.
  #checkov:skip=CKV_AWS_150:deletion_protection is the caller's choice; AWS refuses to delete a load balancer that an endpoint service uses.
  name               = local.unique_name
  load_balancer_type = "network"
  internal           = true
  ip_address_type    = "ipv4"
  subnets            = local.subnet_ids
  security_groups    = [aws_security_group.nlb.id]

  # The control plane has interfaces in two zones at least, seldom in all. With
  # cross-zone off, a client in a zone without one would find nobody.
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.deletion_protection

  # AWS's default is "on", and judges PrivateLink clients by their address in
  # the consumer's VPC. Such addresses overlap between consumers and mean
  # nothing here; who may connect is said by the service's principals and by the
  # endpoint's own security group. So: off, unless asked for with ranges.
  enforce_security_group_inbound_rules_on_private_link_traffic = var.enforce_ingress_on_privatelink ? "on" : "off"

  tags = merge(var.tags, local.function_tags)

  lifecycle {
    # The endpoint service must move to a replacement before the old one goes:
    # AWS refuses to delete a load balancer in use.
    create_before_destroy = true
    ignore_changes        = [name]

    precondition {
      condition     = !local.missing
      error_message = "There is no EKS cluster ${var.cluster_name} in ${local.region} of this account. Where it is made in the same configuration, give `cluster` and `subnets`, so that nothing is read."
    }
    precondition {
      condition     = local.in_region
      error_message = "Cluster ${var.cluster_name} is a connected cluster or an Outposts local cluster, whose API server this design does not reach: give an EKS cluster that runs in a VPC of its Region."
    }
    precondition {
      condition     = local.missing || !local.in_region || coalesce(local.cluster.endpoint_private_access, true)
      error_message = "Cluster ${var.cluster_name} has no private access to its API endpoint, so it has no addresses to send traffic to: turn on endpoint_private_access (aws eks update-cluster-config --name ${var.cluster_name} --resources-vpc-config endpointPrivateAccess=true)."
    }
    precondition {
      condition     = length(local.foreign_subnets) == 0
      error_message = "Subnets ${join(", ", local.foreign_subnets)} are not in ${local.vpc_id}: give subnets of that VPC, or the vpc_id that they belong to."
    }
    precondition {
      condition     = length(local.misplaced) == 0
      error_message = "The keys of subnets are Availability Zones, and these subnets are in others: ${join("; ", local.misplaced)}. Write each under its own zone."
    }
    precondition {
      condition     = length(local.special_zones) == 0
      error_message = "A Network Load Balancer cannot be in ${join(", ", local.special_zones)}: leave Local Zones and Wavelength Zones out of subnets."
    }
    precondition {
      condition     = length(local.outposts_subnets) == 0
      error_message = "Subnets ${join(", ", local.outposts_subnets)} are on an Outpost, where there are no Network Load Balancers: give subnets in the Region's Availability Zones."
    }
    precondition {
      condition     = length(local.uncovered_zones) == 0
      error_message = "The control plane may have addresses in ${join(", ", local.uncovered_zones)}, where the load balancer would have no subnet and leave them unused: add a subnet in each of these zones to subnets."
    }
  }
}

# Its targets are eks-nlb-sync's: no aws_lb_target_group_attachment, here or
# elsewhere, and so no drift when the API server's addresses change.
resource "aws_lb_target_group" "this" {
  name        = local.unique_name
  vpc_id      = local.vpc_id
  target_type = "ip"
  protocol    = "TCP" # TLS is between kubectl and the API server alone
  port        = 443

  # Off is the default for `ip` and TCP, and stated because the one rule on the
  # cluster's security group relies on it: every packet comes from the load
  # balancer. PrivateLink never shows the client's address, on or off.
  preserve_client_ip = false
  proxy_protocol_v2  = false # the API server does not speak it

  # A target is deregistered once the API server has left its address. 60 s is
  # its own limit for an ordinary request, so these finish. What lasts longer
  # (watch, exec, port-forward) would hang on a dead address until TCP gives up:
  # closing it makes clients come back, to an API server that is there.
  deregistration_delay   = var.deregistration_delay_seconds
  connection_termination = true

  # /readyz answers anonymous requests on every EKS version, and fails first
  # while an API server shuts down. In after two checks, since a new address is
  # wanted quickly; out after three, since one slow answer is not a failure.
  # The load balancer does not verify the certificate.
  health_check {
    protocol            = var.health_check.protocol
    path                = var.health_check.protocol == "TCP" ? null : var.health_check.path
    port                = "traffic-port"
    matcher             = var.health_check.protocol == "TCP" ? null : var.health_check.matcher
    interval            = var.health_check.interval
    timeout             = var.health_check.timeout
    healthy_threshold   = var.health_check.healthy_threshold
    unhealthy_threshold = var.health_check.unhealthy_threshold
  }

  tags = merge(var.tags, local.function_tags)

  lifecycle {
    create_before_destroy = true # a listener holds the old one
    ignore_changes        = [name]
  }
}

resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "TCP"
  port              = 443
  tags              = var.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

# --- Endpoint service --------------------------------------------------------

resource "aws_vpc_endpoint_service" "this" {
  #checkov:skip=CKV_AWS_123:acceptance_required is the caller's choice; allowed_principals admits named accounts only, never everyone.
  network_load_balancer_arns = [aws_lb.this.arn]
  allowed_principals         = var.allowed_principals
  acceptance_required        = var.acceptance_required
  supported_ip_address_types = ["ipv4"]

  # AWS wants the service's own Region in the list and returns it, so leaving it
  # out would be a difference in every plan.
  supported_regions = length(var.supported_regions) == 0 ? null : setunion(var.supported_regions, [local.region])

  tags = merge(var.tags, { Name = local.name })
}

# With acceptance required: who is admitted, and whom to tell that somebody waits.
resource "aws_vpc_endpoint_connection_accepter" "this" {
  for_each = var.accepted_endpoint_ids

  vpc_endpoint_service_id = aws_vpc_endpoint_service.this.id
  vpc_endpoint_id         = each.value
}

resource "aws_vpc_endpoint_connection_notification" "this" {
  count = var.connection_topic_arn == null ? 0 : 1

  vpc_endpoint_service_id     = aws_vpc_endpoint_service.this.id
  connection_notification_arn = var.connection_topic_arn
  connection_events           = ["Connect", "Accept", "Reject", "Delete"]
}
