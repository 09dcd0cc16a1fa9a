resource "aws_vpc_endpoint_service" "this" {
  #checkov:skip=CKV_AWS_123:acceptance_required is the caller's choice; allowed_principals admits named accounts only, never everyone.
  count = local.shared ? 0 : 1

  network_load_balancer_arns = [aws_lb.this[0].arn]
  allowed_principals         = var.allowed_principals
  acceptance_required        = var.acceptance_required
  supported_ip_address_types = ["ipv4"]

  # AWS wants the service's own Region in the list and returns it, so leaving it
  # out would be a difference in every plan.
  supported_regions = length(var.supported_regions) == 0 ? null : setunion(var.supported_regions, [local.region])

  tags = merge(var.tags, { Name = local.name })

  # AWS refuses to delete or move a service while endpoints are connected. All
  # that carries their traffic waits for this, and stays when it is refused.
  depends_on = [
    aws_lb_listener.this,
    aws_vpc_security_group_ingress_rule.nlb,
    aws_vpc_security_group_ingress_rule.nlb_prefix_list,
    aws_vpc_security_group_egress_rule.nlb_to_cluster,
    aws_vpc_security_group_ingress_rule.cluster_from_nlb,
    aws_ec2_tag.subnets,
    aws_ec2_tag.target_group,
  ]
}

# With acceptance required: the accepted endpoints, and the topic for requests.
resource "aws_vpc_endpoint_connection_accepter" "this" {
  for_each = var.accepted_endpoint_ids

  vpc_endpoint_service_id = aws_vpc_endpoint_service.this[0].id
  vpc_endpoint_id         = each.value
}

resource "aws_vpc_endpoint_connection_notification" "this" {
  count = var.connection_topic_arn == null ? 0 : 1

  vpc_endpoint_service_id     = aws_vpc_endpoint_service.this[0].id
  connection_notification_arn = var.connection_topic_arn
  connection_events           = ["Connect", "Accept", "Reject", "Delete"]
}
