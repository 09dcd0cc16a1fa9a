output "kubeconfigs" {
  description = "A kubeconfig for each cluster, to use in the tools' VPC."
  value = {
    (var.home_cluster_name) = module.payments_client.kubeconfig
    (var.far_cluster_name)  = module.ledger_client.kubeconfig
  }
}

output "hosts" {
  description = "The name of each cluster's API server."
  value = {
    (var.home_cluster_name) = module.payments_access.client.host
    (var.far_cluster_name)  = module.ledger_access.client.host
  }
}

output "host_id" {
  description = "The host to try it from; null without one."
  value       = one(aws_instance.host[*].id)
}

output "target_group_arns" {
  description = "The target groups that the function fills, by cluster."
  value = {
    (var.home_cluster_name) = module.payments_access.target_group_arn
    (var.far_cluster_name)  = module.ledger_access.target_group_arn
  }
}

output "function_name" {
  description = "For a first run by hand: `aws lambda invoke`."
  value       = module.function.function_name
}
