output "kubeconfig" {
  description = "One kubeconfig for all clusters. A context is `<cluster>.<region>.<account>`, which is unique."
  value = yamlencode({
    apiVersion = "v1"
    kind       = "Config"
    clusters   = flatten(values(module.client)[*].kubeconfig_parts.clusters)
    users      = flatten(values(module.client)[*].kubeconfig_parts.users)
    contexts   = flatten(values(module.client)[*].kubeconfig_parts.contexts)
  })
}

output "function_role_arn" {
  description = "What the accounts' roles trust."
  value       = module.function.function_role_arn
}
