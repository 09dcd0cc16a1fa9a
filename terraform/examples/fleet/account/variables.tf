variable "cluster_names" {
  description = "EKS clusters of this account and Region, with private access."
  type        = set(string)
}

variable "consumer_account_ids" {
  description = "Accounts that may make endpoints to these clusters: that of the tools, and any other."
  type        = set(string)
}

variable "function_role_arn" {
  description = "Role of the function in the tools' account."
  type        = string
}

variable "external_id" {
  description = "What the function presents when it assumes the role here."
  type        = string
}
