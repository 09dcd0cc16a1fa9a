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
  description = "A kubeconfig for this cluster through this endpoint. It holds no secret: tokens come from `aws eks get-token`. Its certificate authority is the bundle in `client`: write it anew when that changes."
  value = yamlencode({
    apiVersion      = "v1"
    kind            = "Config"
    clusters        = [local.kubeconfig.cluster]
    users           = [local.kubeconfig.user]
    contexts        = [local.kubeconfig.context]
    current-context = local.context
  })
}

output "kubeconfig_parts" {
  description = "The same as `cluster`, `user` and `context`, to merge several into one kubeconfig."
  value       = local.kubeconfig
}
