output "endpoint_id" {
  description = "Id of the interface endpoint, which the service's owner accepts where acceptance is required."
  value       = aws_vpc_endpoint.this.id
}

output "endpoint_dns_name" {
  description = "DNS name of the endpoint in all its zones."
  value       = local.endpoint.dns_name
}

output "security_group_id" {
  description = "Security group of the endpoint."
  value       = aws_security_group.this.id
}

output "hosted_zone_ids" {
  description = "Ids of the private hosted zones, by the key of each cluster in `clients`; with `client` the key is `client`."
  value       = { for key, zone in aws_route53_zone.this : key => zone.zone_id }
}

output "kubeconfig" {
  description = "A kubeconfig for these clusters through this endpoint. It holds no secret: tokens come from `aws eks get-token`. Its certificate authorities are those of the last apply: write it again when they change."
  value = yamlencode(merge(
    { apiVersion = "v1", kind = "Config" },
    local.kubeconfig_parts,
    local.several ? {} : { current-context = local.kubeconfig["client"].name },
  ))
}

output "kubeconfig_parts" {
  description = "The same as lists `clusters`, `users` and `contexts`, to join several into one kubeconfig."
  value       = local.kubeconfig_parts
}
