# Conditions that are refused before anything is made, and warnings.

# Remembers what this access was made for. A second plan compares: most of it
# cannot change while clients are connected.
resource "terraform_data" "access" {
  input = {
    # By this the security group is found again (standing.tf). Known while planning,
    # in the first plan too, where ids of subnets may not be; no other call has it.
    key = substr(sha256(jsonencode([plantimestamp(), path.module, local.name, keys(coalesce(var.subnets, {}))])), 0, 16)

    cluster_name = var.cluster_name
    port         = var.port
    shared       = local.shared
  }

  lifecycle {
    ignore_changes = [input]

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
      error_message = "${join(", ", local.special_zones)}: not an Availability Zone of ${local.region}, and a Network Load Balancer cannot be in a Local Zone or a Wavelength Zone. Leave it out of subnets."
    }
    precondition {
      condition     = length(local.outposts_subnets) == 0
      error_message = "Subnets ${join(", ", local.outposts_subnets)} are on an Outpost, which Network Load Balancers do not support: give subnets in the Region's Availability Zones."
    }
    precondition {
      condition     = length(local.uncovered_zones) == 0
      error_message = "The control plane may have addresses in ${join(", ", local.uncovered_zones)}, where the load balancer would have no subnet and leave them unused: add a subnet in each of these zones to ${local.shared ? "the shared load balancer" : "subnets"}."
    }
  }
}

# The private addresses of a public-and-private cluster resolve in its own VPC
# only. Elsewhere DNS returns public ones, which a target group refuses.
check "private_addresses" {
  assert {
    condition = (
      !coalesce(local.cluster.endpoint_public_access, false) || contains(["auto", "eni"], var.address_source) ||
      try(var.function_vpc_id == local.cluster.vpc_id, false)
    )
    error_message = "Cluster ${var.cluster_name} has a public endpoint too, so its private addresses resolve in its own VPC only and a function with ADDRESS_SOURCE=${var.address_source} ends in AddressNotAllowed elsewhere. Either run it with ADDRESS_SOURCE=auto (function: address_source = \"auto\") and say so in address_source here, or run it in the cluster's VPC and name that in function_vpc_id, or turn endpoint_public_access off."
  }
}

# Terraform deletes the load balancer last, after listener and endpoint service:
# when AWS then refuses, nothing is left that serves. An acceptance that is
# destroyed is a rejection. This resource is destroyed before all of them, and
# refuses instead.
resource "terraform_data" "protection" {
  input = var.deletion_protection || length(var.accepted_endpoint_ids) > 0

  provisioner "local-exec" {
    when    = destroy
    command = self.input ? "echo turn deletion_protection off, and take the ids out of accepted_endpoint_ids, with an apply before the destroy. && exit 1" : "exit 0"
  }

  depends_on = [
    aws_lb.this,
    aws_lb_listener.this,
    aws_lb_target_group.this,
    aws_vpc_endpoint_service.this,
    aws_vpc_endpoint_connection_accepter.this,
    aws_vpc_endpoint_connection_notification.this,
    aws_vpc_security_group_egress_rule.nlb_to_cluster,
    aws_vpc_security_group_ingress_rule.cluster_from_nlb,
    aws_vpc_security_group_ingress_rule.nlb,
    aws_vpc_security_group_ingress_rule.nlb_prefix_list,
  ]
}
