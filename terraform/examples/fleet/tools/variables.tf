variable "states" {
  description = "Where the state of each account and Region is, by a name of your choice: `{ search = { backend = \"s3\", config = { bucket = \"…\", key = \"…\", region = \"…\" } } }`. `profile` is the AWS profile of its clusters' users, by default the same name."
  type = map(object({
    backend = string
    config  = map(string)
    profile = optional(string)
  }))

  validation {
    condition     = alltrue([for name in keys(var.states) : can(regex("^[0-9A-Za-z_-]{1,31}$", name))])
    error_message = "The names in states name schedules and endpoints: use at most 31 letters, digits, hyphens and underscores, not ${join(", ", [for name in keys(var.states) : "\"${name}\"" if !can(regex("^[0-9A-Za-z_-]{1,31}$", name))])}."
  }
}

variable "external_ids" {
  description = "The external id that the role of each account asks for, by the names of `states`."
  type        = map(string)

  validation {
    condition     = alltrue([for name in keys(var.states) : contains(keys(var.external_ids), name)])
    error_message = "external_ids has no external id for ${join(", ", [for name in keys(var.states) : name if !contains(keys(var.external_ids), name)])}: give the external_id with which that account's part of the example was applied."
  }
}

variable "retired" {
  description = "Clusters that are about to go, as `<state>/<cluster>`: their endpoints go first."
  type        = set(string)
  default     = []
}

variable "vpc_id" {
  description = "The tools' VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the endpoints, one per zone."
  type        = list(string)
}

variable "client_cidrs" {
  description = "Address ranges of kubectl and the pipelines, each by a name of your choice: `{ ci = \"10.1.0.0/16\" }`."
  type        = map(string)
}

variable "function_role_name" {
  description = "Name of the function's role, which the accounts' roles trust."
  type        = string
  default     = "eks-nlb-sync-function"
}

variable "function_package" {
  description = "Zip of the function."
  type        = string
  default     = "../../../../target/lambda/eks-nlb-sync/bootstrap.zip"
}
