# The provider's side of one cluster: an internal Network Load Balancer in the
# zones of the control plane, its empty target group, and the endpoint service.
#
# Targets are not Terraform's business: eks-nlb-sync keeps them at the API
# server's addresses, and nothing here notices when they change.

data "aws_eks_cluster" "this" {
  name = var.cluster_name

  lifecycle {
    postcondition {
      condition     = length(self.vpc_config) > 0 && length(self.outpost_config) == 0
      error_message = "Cluster ${var.cluster_name} is a connected cluster or an Outposts local cluster, whose API server this design does not reach: give an EKS cluster that runs in a VPC of its Region."
    }
    postcondition {
      condition     = try(self.vpc_config[0].endpoint_private_access, false)
      error_message = "Cluster ${var.cluster_name} has no private access to its API endpoint, so it has no addresses to send traffic to: turn on endpoint_private_access (aws eks update-cluster-config --name ${var.cluster_name} --resources-vpc-config endpointPrivateAccess=true)."
    }
  }
}

data "aws_subnet" "control_plane" {
  for_each = data.aws_eks_cluster.this.vpc_config[0].subnet_ids
  id       = each.value
}

data "aws_subnet" "given" {
  for_each = toset(coalesce(var.subnet_ids, []))
  id       = each.value
}

locals {
  # arn:<partition>:eks:<region>:<account>:cluster/<name>. Read from here
  # because data.aws_region's attributes differ between the providers 5 and 6.
  region = split(":", data.aws_eks_cluster.this.arn)[3]

  cluster_vpc_id            = data.aws_eks_cluster.this.vpc_config[0].vpc_id
  vpc_id                    = coalesce(var.vpc_id, local.cluster_vpc_id)
  cluster_security_group_id = coalesce(var.cluster_security_group_id, data.aws_eks_cluster.this.vpc_config[0].cluster_security_group_id)

  # A load balancer takes one subnet per zone, a control plane any number: of
  # the control plane's own the first by id serves, for targets may be anywhere
  # in the VPC as long as their zone is enabled.
  candidates       = var.subnet_ids == null ? data.aws_subnet.control_plane : data.aws_subnet.given
  subnets_by_zone  = { for subnet in local.candidates : subnet.availability_zone => subnet.id... }
  subnet_ids       = [for zone, ids in local.subnets_by_zone : sort(ids)[0]]
  crowded_zones    = var.subnet_ids == null ? [] : [for zone, ids in local.subnets_by_zone : "${zone} (${join(", ", sort(ids))})" if length(ids) > 1]
  uncovered_zones  = sort(setsubtract([for subnet in data.aws_subnet.control_plane : subnet.availability_zone], keys(local.subnets_by_zone)))
  foreign_subnets  = sort([for subnet in local.candidates : subnet.id if subnet.vpc_id != local.vpc_id])
  outposts_subnets = sort([for subnet in local.candidates : subnet.id if try(length(subnet.outpost_arn) > 0, false)])
  special_zones    = sort([for zone in data.aws_availability_zone.this : "${zone.name} (${zone.zone_type})" if zone.zone_type != "availability-zone"])

  # ELB takes 32 letters, digits and hyphens; EKS 100 and underscores too.
  long_name    = "eks-${var.cluster_name}"
  default_name = can(regex("^[0-9A-Za-z-]{1,31}[0-9A-Za-z]$", local.long_name)) ? local.long_name : "eks-${trim(substr(replace(var.cluster_name, "_", "-"), 0, 19), "-")}-${substr(sha256(var.cluster_name), 0, 8)}"
  name         = coalesce(var.name, local.default_name)

  # On both: the function selects load balancers by the first tag and finds the
  # cluster by the second, and its policy lets it write only to target groups
  # that carry the first.
  function_tags = {
    (var.selecting_tag.key) = var.selecting_tag.value
    (var.cluster_name_tag)  = var.cluster_name
  }
}

data "aws_availability_zone" "this" {
  for_each = local.subnets_by_zone
  name     = each.key
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
  referenced_security_group_id = local.cluster_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "cluster_from_nlb" {
  security_group_id            = local.cluster_security_group_id
  description                  = "Load balancer ${local.name}: requests and health checks"
  referenced_security_group_id = aws_security_group.nlb.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  tags                         = var.tags
}

# --- Load balancer -----------------------------------------------------------

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:A Network Load Balancer logs only TLS listeners; this one passes TLS through, and the API server's audit log has the requests.
  #checkov:skip=CKV_AWS_150:deletion_protection is the caller's choice; AWS refuses to delete a load balancer that an endpoint service uses.
  name               = local.name
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

    precondition {
      condition     = length(local.foreign_subnets) == 0
      error_message = "Subnets ${join(", ", local.foreign_subnets)} are not in ${local.vpc_id}: give subnet_ids of that VPC, or the vpc_id that they belong to."
    }
    precondition {
      condition     = length(local.crowded_zones) == 0
      error_message = "A Network Load Balancer takes one subnet per Availability Zone, and subnet_ids has several in ${join("; ", local.crowded_zones)}: keep one of each."
    }
    precondition {
      condition     = length(local.special_zones) == 0
      error_message = "A Network Load Balancer cannot be in ${join(", ", local.special_zones)}: take the subnets in Local Zones and Wavelength Zones out of subnet_ids."
    }
    precondition {
      condition     = length(local.outposts_subnets) == 0
      error_message = "Subnets ${join(", ", local.outposts_subnets)} are on an Outpost, where there are no Network Load Balancers: give subnet_ids in the Region's Availability Zones."
    }
    precondition {
      condition     = length(local.uncovered_zones) == 0
      error_message = "The control plane may have addresses in ${join(", ", local.uncovered_zones)}, where the load balancer would have no subnet and leave them unused: add a subnet in each of these zones to subnet_ids."
    }
  }
}

# Its targets are eks-nlb-sync's: no aws_lb_target_group_attachment, here or
# elsewhere, and so no drift when the API server's addresses change.
resource "aws_lb_target_group" "this" {
  name        = local.name
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
    protocol            = "HTTPS"
    path                = "/readyz"
    port                = "traffic-port"
    matcher             = "200"
    interval            = var.health_check.interval
    timeout             = var.health_check.timeout
    healthy_threshold   = var.health_check.healthy_threshold
    unhealthy_threshold = var.health_check.unhealthy_threshold
  }

  tags = merge(var.tags, local.function_tags)

  lifecycle {
    create_before_destroy = true # a listener holds the old one
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
