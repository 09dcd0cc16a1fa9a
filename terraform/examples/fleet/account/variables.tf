variable "cluster_names" {
  description = "EKS clusters of this account and Region, with private access."
  type        = set(string)
}

variable "consumer_account_ids" {
  description = "Accounts that may make endpoints to these clusters: that of the tools, and any other."
  type        = set(string)
}

variable "consumer_regions" {
  description = "Regions of the VPCs that these endpoints are in, where they are not this one."
  type        = set(string)
  default     = []
}

variable "function_role_arn" {
  description = "Role of the function in the tools' account. Its name is fixed there, so the ARN is known before the role exists."
  type        = string
}

variable "external_id" {
  description = "What the function presents when it assumes the role here."
  type        = string
}

variable "member_role_name" {
  description = "Name of the role that the function assumes, the same in each Region of this account."
  type        = string
  default     = "eks-nlb-sync"
}

variable "create_member_role" {
  description = "Whether to make that role here. False in all Regions of this account but one."
  type        = bool
  default     = true
}
