variable "cluster_names" {
  description = "EKS clusters of this account and Region, with private access."
  type        = set(string)
}

variable "tools_account_id" {
  description = "Account of the tools' VPC, and of the function."
  type        = string
}

variable "function_role_arn" {
  description = "Role of the function in the tools' account."
  type        = string
}

variable "external_id" {
  description = "What the function presents when it assumes the role here."
  type        = string
}
