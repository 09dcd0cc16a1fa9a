# The tools' account: an endpoint and a name for each cluster of each account and
# Region, one kubeconfig for all of them, and one function.

data "terraform_remote_state" "account" {
  for_each = var.states

  backend = each.value.backend
  config  = each.value.config
}

locals {
  # By state and cluster, because names of clusters repeat between accounts.
  clients = merge([
    for account, state in data.terraform_remote_state.account : {
      for name, client in state.outputs.clients : "${account}/${name}" => client
      if !contains(var.retired, "${account}/${name}")
    }
  ]...)
}

module "client" {
  source   = "../../../client-access"
  for_each = local.clients

  client        = each.value
  name          = "eks-${replace(each.key, "/", "-")}"
  vpc_id        = var.vpc_id
  subnet_ids    = var.subnet_ids
  allowed_cidrs = var.client_cidrs
  kubeconfig    = { profile = coalesce(var.states[split("/", each.key)[0]].profile, split("/", each.key)[0]) }
}

# A schedule for each account and Region. Where fewer load balancers than these
# clusters' are managed, its run fails: one has lost its tag.
module "function" {
  source = "../../../function"

  package          = var.function_package
  role_name        = var.function_role_name
  assume_role_arns = distinct([for account in data.terraform_remote_state.account : account.outputs.role_arn])
  fleet = {
    for name, account in data.terraform_remote_state.account : name => {
      region             = account.outputs.region
      role_arn           = account.outputs.role_arn
      external_id        = var.external_ids[name]
      min_load_balancers = length([for client in keys(local.clients) : client if startswith(client, "${name}/")])
    }
    if anytrue([for client in keys(local.clients) : startswith(client, "${name}/")])
  }
  min_load_balancers = 0 # this account has none itself
}
