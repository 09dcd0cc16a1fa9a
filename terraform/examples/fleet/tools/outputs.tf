output "kubeconfig" {
  description = "One kubeconfig for all clusters. A context is `<cluster>.<region>.<account>`, so none collides."
  value = yamlencode({
    apiVersion = "v1"
    kind       = "Config"
    clusters   = local.kubeconfigs[*].cluster
    users      = local.kubeconfigs[*].user
    contexts   = local.kubeconfigs[*].context
  })
}

output "function_role_arn" {
  description = "What the accounts' roles trust."
  value       = module.function.function_role_arn
}
