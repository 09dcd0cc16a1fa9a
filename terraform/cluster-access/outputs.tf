output "client" {
  description = "All that a consumer needs: client-access's `client`. By reference within one configuration, by remote state or an SSM parameter between two. It holds no secret. The certificate authority is the bundle of the last plan: EKS appends and activates successors by itself."
  value = {
    cluster_name          = var.cluster_name
    host                  = local.host
    certificate_authority = local.cluster.certificate_authority
    account_id            = split(":", aws_vpc_endpoint_service.this.arn)[4]
    region                = local.region
    service_name          = aws_vpc_endpoint_service.this.service_name
    supported_regions     = setunion(var.supported_regions, [local.region])
    zone_ids              = sort([for zone in data.aws_availability_zone.this : zone.zone_id])
  }
}

output "service_id" {
  description = "Id of the endpoint service, for `aws ec2 describe-vpc-endpoint-connections`."
  value       = aws_vpc_endpoint_service.this.id
}

output "load_balancer_arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
}

output "load_balancer_name" {
  description = "Name of the load balancer."
  value       = aws_lb.this.name
}

output "load_balancer_dns_name" {
  description = "DNS name of the load balancer, for clients that reach its VPC without PrivateLink."
  value       = aws_lb.this.dns_name
}

output "target_group_arn" {
  description = "ARN of the target group that eks-nlb-sync fills."
  value       = aws_lb_target_group.this.arn
}

output "security_group_id" {
  description = "Security group of the load balancer."
  value       = aws_security_group.nlb.id
}
