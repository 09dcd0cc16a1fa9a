# The tools' account: an endpoint and a name for each cluster of each account,
# one kubeconfig for all of them, and one function.

data "terraform_remote_state" "account" {
  for_each = var.states

  backend = each.value.backend
  config  = each.value.config
}

locals {
  # Names of clusters repeat between accounts, so the account is part of the key.
  clients = merge([
    for account, state in data.terraform_remote_state.account : {
      for name, client in state.outputs.clients : "${account}/${name}" => client
      if !contains(var.retired, "${account}/${name}")
    }
  ]...)
  kubeconfigs = [for client in values(module.client) : client.kubeconfig_parts]
}

module "client" {
  source   = "../../../client-access"
  for_each = local.clients

  client        = each.value
  name          = "eks-${replace(each.key, "/", "-")}"
  vpc_id        = var.vpc_id
  subnet_ids    = var.subnet_ids
  allowed_cidrs = var.client_cidrs
  kubeconfig    = { profile = split("/", each.key)[0] }
}

module "function" {
  source = "../../../function"

  package          = var.function_package
  assume_role_arns = [for account in data.terraform_remote_state.account : account.outputs.role_arn]
  fleet = {
    for name, account in data.terraform_remote_state.account : name => {
      role_arn    = account.outputs.role_arn
      external_id = var.external_ids[name]
    }
  }
  min_load_balancers = 0 # none is in this account itself
}
