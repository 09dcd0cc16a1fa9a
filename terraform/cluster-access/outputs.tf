output "client" {
  description = "All that a consumer needs: client-access's `client`. By reference within one configuration, by remote state or an SSM parameter between two. It holds no secret. The certificate authority is the bundle of the last plan: EKS appends and activates successors by itself."
  value = {
    cluster_name          = var.cluster_name
    host                  = local.host
    port                  = var.port
    certificate_authority = local.cluster.certificate_authority
    account_id            = local.shared ? var.endpoint_service.account_id : split(":", aws_vpc_endpoint_service.this[0].arn)[4]
    region                = local.region
    service_name          = local.shared ? var.endpoint_service.service_name : aws_vpc_endpoint_service.this[0].service_name
    supported_regions     = local.shared ? var.endpoint_service.supported_regions : setunion(var.supported_regions, [local.region])
    zone_ids              = local.shared ? var.endpoint_service.zone_ids : sort([for zone in keys(local.subnets) : local.zone_ids[zone]])
  }
}

output "service_id" {
  description = "Id of the endpoint service, for `aws ec2 describe-vpc-endpoint-connections`."
  value       = local.shared ? var.endpoint_service.id : aws_vpc_endpoint_service.this[0].id
}

output "load_balancer_arn" {
  description = "ARN of the load balancer."
  value       = local.load_balancer_arn
}

output "load_balancer_name" {
  description = "Name of the load balancer."
  value       = local.shared ? var.load_balancer.name : aws_lb.this[0].name
}

output "load_balancer_dns_name" {
  description = "DNS name of the load balancer, for clients that reach its VPC without PrivateLink."
  value       = local.shared ? var.load_balancer.dns_name : aws_lb.this[0].dns_name
}

output "target_group_arn" {
  description = "ARN of the target group that eks-nlb-sync fills."
  value       = aws_lb_target_group.this.arn
}

output "listener_arn" {
  description = "ARN of the listener. A shared load balancer takes it in `listener_arns`."
  value       = aws_lb_listener.this.arn
}

output "security_group_id" {
  description = "Security group of the load balancer."
  value       = local.nlb_security_group_id
}
