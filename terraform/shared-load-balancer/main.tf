# One internal Network Load Balancer and one endpoint service for several clusters
# of a VPC. Each cluster brings its listener, target group and rules with
# cluster-access.

data "aws_region" "this" {}

data "aws_subnet" "this" {
  for_each = var.subnets
  id       = each.value
}

data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:A zone more changes nothing here: the list is a dictionary of names and ids.
  filter {
    name   = "zone-type"
    values = ["availability-zone"]
  }
}

locals {
  # ec2.<region>.<suffix>: the other attributes differ between the providers 5 and 6.
  region = split(".", data.aws_region.this.endpoint)[1]

  zone_ids         = zipmap(data.aws_availability_zones.this.names, data.aws_availability_zones.this.zone_ids)
  special_zones    = sort(setsubtract(keys(var.subnets), data.aws_availability_zones.this.names))
  foreign_subnets  = sort([for subnet in data.aws_subnet.this : subnet.id if subnet.vpc_id != var.vpc_id])
  outposts_subnets = sort([for subnet in data.aws_subnet.this : subnet.id if try(length(subnet.outpost_arn) > 0, false)])
  misplaced        = sort([for zone, subnet in data.aws_subnet.this : "${subnet.id} (${subnet.availability_zone}, not ${zone})" if subnet.availability_zone != zone])
}

# --- Memory of earlier applies -----------------------------------------------

# Terraform cannot read its own state while planning, so the zones that the load
# balancer is in are written on the security group as a tag once AWS has
# accepted them, and read in the next plan.
resource "terraform_data" "access" {
  input = {
    # Known while planning, in the first plan too, and no other call has it.
    key = substr(sha256(jsonencode([plantimestamp(), path.module, var.name, keys(var.subnets)])), 0, 16)
  }

  lifecycle {
    ignore_changes = [input]

    precondition {
      condition     = length(local.foreign_subnets) == 0
      error_message = "Subnets ${join(", ", local.foreign_subnets)} are not in ${var.vpc_id}: give subnets of that VPC, or the vpc_id that they belong to."
    }
    precondition {
      condition     = length(local.misplaced) == 0
      error_message = "The keys of subnets are Availability Zones, and these subnets are in others: ${join("; ", local.misplaced)}. Write each under its own zone."
    }
    precondition {
      condition     = length(local.special_zones) == 0
      error_message = "${join(", ", local.special_zones)}: not an Availability Zone of ${local.region}, and a Network Load Balancer cannot be in a Local Zone or a Wavelength Zone. Leave it out of subnets."
    }
    precondition {
      condition     = length(local.outposts_subnets) == 0
      error_message = "Subnets ${join(", ", local.outposts_subnets)} are on an Outpost, which Network Load Balancers do not support: give subnets in the Region's Availability Zones."
    }
  }
}

data "aws_security_groups" "standing" {
  tags = { "eks-nlb-sync/access" = local.access_key }
}

# One group, or two while a replacement is refused.
data "aws_security_group" "standing" {
  for_each = toset(data.aws_security_groups.standing.ids)
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
  taken_subnets = sort([for zone, subnet in local.standing_subnets : "${subnet} (${zone})" if lookup(var.subnets, zone, "") != subnet])
}

resource "aws_ec2_tag" "subnets" {
  resource_id = aws_security_group.nlb.id
  key         = "eks-nlb-sync/subnets"
  value       = join(" ", sort([for zone, subnet in var.subnets : "${zone}=${subnet}"]))

  # After the load balancer: a subnet that AWS refuses is never remembered.
  depends_on = [aws_lb.this]

  lifecycle {
    create_before_destroy = true
  }
}

# --- Load balancer -----------------------------------------------------------

# Without rules: each cluster-access adds those to and from its cluster.
resource "aws_security_group" "nlb" {
  name_prefix = "${var.name}-"
  description = "Load balancer in front of the API servers of several EKS clusters"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = var.name, "eks-nlb-sync/access" = terraform_data.access.input.key })

  lifecycle {
    create_before_destroy = true

    # Another name is a tag, never another group. The tag is aws_ec2_tag's.
    ignore_changes = [name_prefix, description, tags["eks-nlb-sync/subnets"], tags_all["eks-nlb-sync/subnets"]]
  }
}

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:A Network Load Balancer logs only TLS listeners; these pass TLS through, and the API server's audit log has the requests.
  #checkov:skip=CKV_AWS_150:deletion_protection is the caller's choice; AWS refuses to delete a load balancer that an endpoint service uses.
  name               = "${var.name}-${substr(uuid(), 0, 8)}"
  load_balancer_type = "network"
  internal           = true
  ip_address_type    = var.ip_address_type
  subnets            = values(var.subnets)
  security_groups    = [aws_security_group.nlb.id]

  # As in cluster-access, and for its reasons.
  enable_cross_zone_load_balancing                             = true
  enable_deletion_protection                                   = var.deletion_protection
  enable_zonal_shift                                           = var.zonal_shift
  enforce_security_group_inbound_rules_on_private_link_traffic = var.enforce_ingress_on_privatelink ? "on" : "off"

  # No cluster's name: each target group has its own.
  tags = merge(var.tags, { (var.selecting_tag.key) = var.selecting_tag.value })

  dynamic "timeouts" {
    for_each = var.timeouts == null ? [] : [var.timeouts]
    content {
      create = timeouts.value.create
      update = timeouts.value.update
      delete = timeouts.value.delete
    }
  }

  lifecycle {
    create_before_destroy = true
    ignore_changes        = [name]

    precondition {
      condition     = var.allow_replacement || length(setsubtract(local.standing_vpcs, [var.vpc_id])) == 0
      error_message = "The load balancer is in ${join(", ", local.standing_vpcs)} and cannot move to ${var.vpc_id} in place; AWS refuses to replace it while endpoints are connected. Make a second one and move the clusters' consumers, or, where no endpoint is connected, set allow_replacement for one apply."
    }
    precondition {
      condition     = var.allow_replacement || length(local.taken_subnets) == 0 || length(setsubtract(local.standing_vpcs, [var.vpc_id])) > 0
      error_message = "The load balancer is in ${join(", ", local.taken_subnets)}, which subnets leaves out. A subnet cannot be taken from a load balancer in place, and AWS refuses to replace it while endpoints are connected. Put it back, or make a second load balancer and move the clusters' consumers, or, where no endpoint is connected, set allow_replacement for one apply."
    }
  }
}

# --- Endpoint service --------------------------------------------------------

resource "aws_vpc_endpoint_service" "this" {
  #checkov:skip=CKV_AWS_123:acceptance_required is the caller's choice; allowed_principals admits named accounts only, never everyone.
  network_load_balancer_arns = [aws_lb.this.arn]
  allowed_principals         = var.allowed_principals
  acceptance_required        = var.acceptance_required
  supported_ip_address_types = ["ipv4"]

  # AWS wants the service's own Region in the list and returns it.
  supported_regions = length(var.supported_regions) == 0 ? null : setunion(var.supported_regions, [local.region])

  tags = merge(var.tags, { Name = var.name })

  # AWS refuses to delete a service while endpoints are connected, and then the
  # listeners stay.
  depends_on = [var.listener_arns, aws_ec2_tag.subnets]
}

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

# As in cluster-access: destroyed first, it refuses before anything is removed.
resource "terraform_data" "protection" {
  input = var.deletion_protection || length(var.accepted_endpoint_ids) > 0

  provisioner "local-exec" {
    when    = destroy
    command = self.input ? "echo turn deletion_protection off, and take the ids out of accepted_endpoint_ids, with an apply before the destroy. && exit 1" : "exit 0"
  }

  depends_on = [
    var.listener_arns,
    aws_lb.this,
    aws_vpc_endpoint_service.this,
    aws_vpc_endpoint_connection_accepter.this,
    aws_vpc_endpoint_connection_notification.this,
  ]
}
