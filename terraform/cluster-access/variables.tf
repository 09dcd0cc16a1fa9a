variable "cluster_name" {
  description = "Name of an EKS cluster in the provider's account and Region. It must exist, and is read while planning, unless `cluster` is given. Known while planning in any case: a cluster's `name`, not its `id`. Another name is another access: the plan refuses."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", var.cluster_name))
    error_message = "cluster_name is \"${var.cluster_name}\", which is not an EKS cluster name: give 1 to 100 letters, digits, hyphens and underscores, beginning with a letter or digit."
  }
}

variable "cluster" {
  description = "The cluster's attributes, for a cluster that is made in the same configuration: then nothing is read, and both are made in one apply. Needs `subnets`."
  type = object({
    endpoint                = string
    certificate_authority   = string
    vpc_id                  = string
    security_group_id       = string
    endpoint_private_access = optional(bool)
    endpoint_public_access  = optional(bool)
  })
  default = null
}

variable "allowed_principals" {
  description = "ARNs of the accounts, roles or users that may create an endpoint to the service, such as `arn:aws:iam::111122223333:root` for a whole account. Required, but on a shared load balancer, whose service has its own."
  type        = set(string)
  default     = null

  validation {
    condition     = (var.allowed_principals == null) == (var.load_balancer != null)
    error_message = "Give allowed_principals, the accounts, roles or users that may create an endpoint; on a shared load balancer give them to shared-load-balancer instead, whose service serves every cluster."
  }

  validation {
    condition = alltrue([
      for principal in coalesce(var.allowed_principals, []) :
      can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|role/.+|user/.+)$", principal))
    ])
    error_message = "allowed_principals must be IAM ARNs; change ${join(", ", [
      for principal in coalesce(var.allowed_principals, []) : "\"${principal}\""
      if !can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|role/.+|user/.+)$", principal))
    ])} to the form arn:aws:iam::111122223333:root (an account), …:role/NAME or …:user/NAME."
  }
}

variable "acceptance_required" {
  description = "Whether each endpoint must be accepted by hand. Off by default: `allowed_principals` already names who may connect, and a pending endpoint stops the consumer's apply."
  type        = bool
  default     = false
  nullable    = false
}

variable "accepted_endpoint_ids" {
  description = "With `acceptance_required`: the endpoints that are accepted, by a name of your choice, such as `{ tools = \"vpce-0a1b2c3d4e5f67890\" }`. One that is taken out is rejected. They stay accepted when `acceptance_required` is turned off, and may stay listed."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.accepted_endpoint_ids) : can(regex("^vpce-[0-9a-f]+$", id))])
    error_message = "accepted_endpoint_ids must map a name to an endpoint's id such as { tools = \"vpce-0a1b2c3d4e5f67890\" }."
  }

  validation {
    condition     = length(var.accepted_endpoint_ids) == 0 || var.load_balancer == null
    error_message = "accepted_endpoint_ids belongs to an endpoint service, and that of a shared load balancer is shared-load-balancer's: give it there."
  }
}

variable "connection_topic_arn" {
  description = "SNS topic for endpoint requests, acceptances, rejections and deletions. Its policy must let `vpce.amazonaws.com` publish."
  type        = string
  default     = null

  validation {
    condition     = var.connection_topic_arn == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\\w-]+$", var.connection_topic_arn))
    error_message = "connection_topic_arn must be the ARN of an SNS topic."
  }

  validation {
    condition     = var.connection_topic_arn == null || var.load_balancer == null
    error_message = "connection_topic_arn belongs to an endpoint service, and that of a shared load balancer is shared-load-balancer's: give it there."
  }
}

variable "supported_regions" {
  description = "Other Regions whose consumers may connect directly (cross-Region PrivateLink). The service's own Region is always included."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for region in var.supported_regions : can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", region))])
    error_message = "supported_regions must be Region codes such as \"eu-central-1\", not ${join(", ", [for region in var.supported_regions : "\"${region}\"" if !can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", region))])}; Availability Zones and long names are not Regions."
  }
}

variable "address_source" {
  description = "The function's `ADDRESS_SOURCE` for this cluster. Only a check reads it, which warns where the function could not see the cluster's private addresses."
  type        = string
  default     = "auto"
  nullable    = false

  validation {
    condition     = contains(["auto", "dns", "eni", "dns+eni"], var.address_source)
    error_message = "address_source must be \"auto\", \"dns\", \"eni\" or \"dns+eni\"."
  }
}

variable "function_vpc_id" {
  description = "VPC in which the function runs, for the same check."
  type        = string
  default     = null
}

variable "excluded" {
  description = "Whether eks-nlb-sync leaves this target group alone: it is tagged `eks-nlb-sync=disabled`, and its targets stay as they are until this is false again. Unlike a tag set by hand, it survives an apply."
  type        = bool
  default     = false
  nullable    = false
}

variable "selecting_tag" {
  description = "Tag that makes eks-nlb-sync manage the load balancer and lets it write to the target group: the function's `NLB_TAG`."
  type = object({
    key   = string
    value = string
  })
  default = {
    key   = "eks-nlb-sync"
    value = "enabled"
  }
  nullable = false
}

variable "cluster_name_tag" {
  description = "Key of the load balancer's tag that holds the cluster's name: the function's `CLUSTER_NAME_TAG`."
  type        = string
  default     = "cluster_name"
  nullable    = false

  validation {
    condition     = var.cluster_name_tag != var.selecting_tag.key
    error_message = "cluster_name_tag and selecting_tag.key are both \"${var.cluster_name_tag}\": one tag cannot hold both, choose different keys."
  }
}

variable "tags" {
  description = "Tags of everything this module makes. The two tags that the function reads win over these."
  type        = map(string)
  default     = {}
  nullable    = false
}
