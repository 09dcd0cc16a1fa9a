# A load balancer takes one subnet per zone, a control plane any number. Which
# one serves is decided once and remembered: taking a subnet away would replace
# the load balancer, and a target may be anywhere in its VPC as long as its zone
# is enabled.
resource "terraform_data" "subnet" {
  for_each = local.shared || var.subnets != null ? {} : merge({ for zone, subnet in local.kept_subnets : zone => [subnet] }, local.control_plane_zones)

  input            = sort(each.value)[0]
  triggers_replace = local.vpc_id

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:A Network Load Balancer logs only TLS listeners; this one passes TLS through, and the API server's audit log has the requests.
  #checkov:skip=CKV_AWS_150:deletion_protection is the caller's choice; AWS refuses to delete a load balancer that an endpoint service uses.
  count = local.shared ? 0 : 1

  name               = local.unique_name
  load_balancer_type = "network"
  internal           = true
  ip_address_type    = var.ip_address_type
  subnets            = values(local.subnets)
  security_groups    = [aws_security_group.nlb[0].id]

  # The control plane has interfaces in two zones at least, seldom in all. With
  # cross-zone off, a client in a zone without one would not be served.
  enable_cross_zone_load_balancing = true
  enable_deletion_protection       = var.deletion_protection
  enable_zonal_shift               = var.zonal_shift

  # AWS's default is "on", and judges PrivateLink clients by their address in
  # the consumer's VPC. Such addresses overlap between consumers and mean
  # nothing here; who may connect is said by the service's principals and by the
  # endpoint's own security group. So: off, unless asked for with ranges.
  enforce_security_group_inbound_rules_on_private_link_traffic = var.enforce_ingress_on_privatelink ? "on" : "off"

  tags = merge(var.tags, local.function_tags)

  dynamic "timeouts" {
    for_each = var.timeouts == null ? [] : [var.timeouts]
    content {
      create = timeouts.value.create
      update = timeouts.value.update
      delete = timeouts.value.delete
    }
  }

  # The rules first: a load balancer that is imported is given this security group,
  # and one that begins to enforce ranges must have them. When it goes, they go
  # after it.
  depends_on = [
    aws_vpc_security_group_ingress_rule.nlb,
    aws_vpc_security_group_ingress_rule.nlb_prefix_list,
    aws_vpc_security_group_egress_rule.nlb_to_cluster,
    aws_vpc_security_group_ingress_rule.cluster_from_nlb,
  ]

  lifecycle {
    # The endpoint service must move to a replacement before the old one goes:
    # AWS refuses to delete a load balancer in use.
    create_before_destroy = true
    ignore_changes        = [name]

    precondition {
      condition     = var.allow_replacement || length(setsubtract(local.standing_vpcs, [local.vpc_id])) == 0
      error_message = "The load balancer is in ${join(", ", local.standing_vpcs)} and cannot move to ${local.vpc_id} in place; AWS refuses to replace it while endpoints are connected. Call the module a second time and move the consumers (README, Replacing), or, where no endpoint is connected, set allow_replacement for one apply."
    }
    precondition {
      condition     = var.allow_replacement || length(local.taken_subnets) == 0 || length(setsubtract(local.standing_vpcs, [local.vpc_id])) > 0
      error_message = "The load balancer is in ${join(", ", local.taken_subnets)}, which subnets leaves out. A subnet cannot be taken from a load balancer in place, and AWS refuses to replace it while endpoints are connected. Put it back, or call the module a second time and move the consumers (README, Replacing), or, where no endpoint is connected, set allow_replacement for one apply."
    }
  }
}

locals {
  load_balancer_arn = local.shared ? var.load_balancer.arn : aws_lb.this[0].arn
}

# Changes when the load balancer is replaced, and then only.
resource "terraform_data" "load_balancer" {
  input = local.load_balancer_arn
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

  target_health_state {
    enable_unhealthy_connection_termination = var.target_health_state.enable_unhealthy_connection_termination
    unhealthy_draining_interval             = var.target_health_state.unhealthy_draining_interval
  }

  # One healthy API server is enough, which the function's rules rely on. AWS's
  # defaults, stated so that nothing else sets them.
  target_group_health {
    dns_failover {
      minimum_healthy_targets_count      = "1"
      minimum_healthy_targets_percentage = "off"
    }
    unhealthy_state_routing {
      minimum_healthy_targets_count      = 1
      minimum_healthy_targets_percentage = "off"
    }
  }

  tags = merge(var.tags, local.function_tags, local.excluding_tag)

  lifecycle {
    create_before_destroy = true # a listener holds the old one
    ignore_changes        = [name]

    # A target group belongs to one load balancer: the old one keeps its own.
    replace_triggered_by = [terraform_data.load_balancer]

    precondition {
      condition     = alltrue([for group in data.aws_lb_target_group.standing : group.health_check[0].protocol == "TCP"])
      error_message = "The target group's health check is HTTPS. ELB changes it to TCP in place, the AWS provider does not. Change it yourself, then plan again: ${join("; ", [for group in data.aws_lb_target_group.standing : "aws elbv2 modify-target-group --health-check-protocol TCP --target-group-arn ${group.arn}"])}"
    }
  }
}

resource "aws_lb_listener" "this" {
  load_balancer_arn        = local.load_balancer_arn
  protocol                 = "TCP"
  port                     = var.port
  tcp_idle_timeout_seconds = var.tcp_idle_timeout_seconds
  tags                     = var.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }

  lifecycle {
    # With a load balancer that is replaced; on the same one AWS refuses two
    # listeners of a port, and the first stays.
    create_before_destroy = true
  }
}
