output "service_name" {
  description = "Name of the endpoint service: client-access's `service_name`."
  value       = aws_vpc_endpoint_service.this.service_name
}

output "region" {
  description = "Region of the cluster and of the endpoint service: client-access's `service_region`, when the consumer is in another."
  value       = local.region
}

output "service_availability_zones" {
  description = "Zones of the endpoint service, by their names in this account. A consumer's endpoint in the same Region must be in some of them (in another account compare zone ids)."
  value       = aws_vpc_endpoint_service.this.availability_zones
}

output "cluster_name" {
  description = "Name of the cluster: client-access's `cluster_name`."
  value       = var.cluster_name
}

output "cluster_endpoint" {
  description = "URL of the API server: client-access's `cluster_endpoint`."
  value       = data.aws_eks_cluster.this.endpoint
}

output "cluster_certificate_authority" {
  description = "Certificate authority of the API server, base64: client-access's `cluster_certificate_authority`."
  value       = data.aws_eks_cluster.this.certificate_authority[0].data
}

output "load_balancer_arn" {
  description = "ARN of the load balancer."
  value       = aws_lb.this.arn
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
