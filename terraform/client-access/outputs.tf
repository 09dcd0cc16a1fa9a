output "endpoint_id" {
  description = "Id of the interface endpoint, which the service's owner accepts where acceptance is required."
  value       = aws_vpc_endpoint.this.id
}

output "endpoint_dns_name" {
  description = "DNS name of the endpoint in all its zones."
  value       = aws_vpc_endpoint.this.dns_entry[0].dns_name
}

output "security_group_id" {
  description = "Security group of the endpoint."
  value       = aws_security_group.this.id
}

output "hosted_zone_id" {
  description = "Id of the private hosted zone; null without one."
  value       = one(aws_route53_zone.this[*].zone_id)
}

output "kubeconfig" {
  description = "A kubeconfig for this cluster through this endpoint. It holds no secret: tokens come from `aws eks get-token`."
  value = templatefile("${path.module}/kubeconfig.yaml.tftpl", {
    name                  = var.cluster_name
    region                = local.cluster_region
    server                = var.create_hosted_zone ? local.host : aws_vpc_endpoint.this.dns_entry[0].dns_name
    tls_server_name       = local.host
    certificate_authority = var.cluster_certificate_authority
    role_arn              = var.kubeconfig_role_arn
  })
}
