# The provider's side of one cluster: an internal Network Load Balancer in the
# zones of the control plane, its empty target group, and the endpoint service.
# Or, on a load balancer that several clusters share, one more listener.
#
# Terraform does not manage targets: eks-nlb-sync keeps them at the API server's
# addresses, and a change of them makes no plan here.

data "aws_region" "this" {}

# No data source has a condition, and nothing is read that the caller gives. A data
# source with a condition waits for every change upstream of it, of a tag of the
# cluster's role even, and then the zones are not known while planning.

# Looked up by name before it is read: a cluster that is gone must not stop a
# destroy.
data "aws_eks_clusters" "this" {
  count = var.cluster == null ? 1 : 0
}

data "aws_eks_cluster" "this" {
  count = var.cluster != null ? 0 : contains(flatten(data.aws_eks_clusters.this[*].names), var.cluster_name) ? 1 : 0
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

# The zones of the Region that a load balancer can be in, in one call.
data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:A zone more changes nothing here: the list is a dictionary of names and ids.
  count = local.shared ? 0 : 1

  filter {
    name   = "zone-type"
    values = ["availability-zone"]
  }
}

locals {
  # A load balancer of its own, or one that others made and share.
  shared = var.load_balancer != null

  # ec2.<region>.<suffix>: the other attributes differ between the providers 5 and 6.
  region = split(".", data.aws_region.this.endpoint)[1]

  read    = one(data.aws_eks_cluster.this)
  network = try(local.read.vpc_config[0], null)

  # As given or as read. Without such a cluster, values of the right form:
  # a destroy is planned with them, and every other plan is refused by the
  # conditions of terraform_data.access.
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
  vpc_id         = local.shared ? var.load_balancer.vpc_id : coalesce(var.vpc_id, local.cluster.vpc_id)
  security_group = coalesce(var.cluster_security_group_id, local.cluster.security_group_id)

  control_plane_zones = { for subnet in data.aws_subnet.control_plane : subnet.availability_zone => subnet.id... }

  # The load balancer's subnets by zone: the control plane's, as chosen once, and
  # every subnet that the load balancer already has. A zone that the cluster leaves
  # stays, because taking it away would replace the load balancer.
  subnets = local.shared ? {} : var.subnets != null ? var.subnets : merge({ for zone, choice in terraform_data.subnet : zone => choice.input }, local.kept_subnets)

  zone_ids = local.shared ? {} : zipmap(data.aws_availability_zones.this[0].names, data.aws_availability_zones.this[0].zone_ids)

  # What the conditions are about.
  candidates       = local.shared ? {} : var.subnets != null ? data.aws_subnet.given : data.aws_subnet.control_plane
  foreign_subnets  = sort([for subnet in local.candidates : subnet.id if subnet.vpc_id != local.vpc_id])
  outposts_subnets = sort([for subnet in local.candidates : subnet.id if try(length(subnet.outpost_arn) > 0, false)])
  misplaced        = sort([for zone, subnet in data.aws_subnet.given : "${subnet.id} (${subnet.availability_zone}, not ${zone})" if subnet.availability_zone != zone])
  given_zones      = local.shared ? var.load_balancer.availability_zones : toset(var.subnets != null ? keys(var.subnets) : keys(local.control_plane_zones))
  special_zones    = local.shared ? [] : sort(setsubtract(local.given_zones, data.aws_availability_zones.this[0].names))

  # Only targets inside the load balancer's own VPC have a zone.
  uncovered_zones = local.vpc_id == local.cluster.vpc_id ? sort(setsubtract(keys(local.control_plane_zones), local.given_zones)) : []
}

# --- Names and tags ----------------------------------------------------------

locals {
  name = coalesce(var.name, "eks-${var.cluster_name}")

  # ELB takes 32 letters, digits and hyphens; EKS 100 and underscores too. Names
  # that differ do so at their end more often than at their beginning, so a long
  # one keeps both, and a hash.
  plain_name = replace(local.name, "_", "-")
  short_name = (
    length(local.name) <= 23 && local.plain_name == local.name ? trim(local.name, "-") :
    "${trim(substr(local.plain_name, 0, 8), "-")}-${trim(strrev(substr(strrev(local.plain_name), 0, 8)), "-")}-${substr(sha256(local.name), 0, 5)}"
  )

  # A resource that is made before its predecessor is deleted needs another name each
  # time. Existing resources keep their names.
  unique_name = "${local.short_name}-${substr(uuid(), 0, 8)}"

  # On both: the function selects load balancers by the first tag and finds the
  # cluster by the second, and its policy lets it write only to target groups
  # that carry the first.
  function_tags = {
    (var.selecting_tag.key) = var.selecting_tag.value
    (var.cluster_name_tag)  = var.cluster_name
  }

  # The function's own constant, whatever its settings are.
  excluding_tag = var.excluded ? { eks-nlb-sync = "disabled" } : {}
}
