variable "name" {
  description = "Name tag of what this module makes, and the beginning of the load balancer's name, which ends in eight letters or digits of its own. Existing resources keep their names."
  type        = string
  default     = "eks-shared"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z]([0-9A-Za-z-]{0,21}[0-9A-Za-z])?$", var.name)) && !startswith(var.name, "internal-")
    error_message = "name is \"${var.name}\", which ELB refuses: give at most 23 letters, digits and hyphens that neither begin nor end with a hyphen, and do not begin with \"internal-\"."
  }
}

variable "vpc_id" {
  description = "VPC of the load balancer: that of the clusters, or one that is peered with theirs within the Region."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id is \"${var.vpc_id}\", which is not a VPC id: give one such as vpc-0a1b2c3d4e5f67890."
  }
}

variable "subnets" {
  description = "Subnets of the load balancer by Availability Zone, such as `{ eu-west-1a = \"subnet-0a1b2c3d4e5f67890\" }`: one in every zone that a control plane may be in. A zone may be added later, none taken away. The zones must be known while planning, the ids need not be."
  type        = map(string)

  validation {
    condition     = length(var.subnets) > 0 && alltrue([for id in values(var.subnets) : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "subnets must hold at least one subnet id such as { eu-west-1a = \"subnet-0a1b2c3d4e5f67890\" }."
  }
}

variable "allowed_principals" {
  description = "ARNs of the accounts, roles or users that may create an endpoint to the service, such as `arn:aws:iam::111122223333:root` for a whole account. They reach every cluster that shares the load balancer."
  type        = set(string)

  validation {
    condition = alltrue([
      for principal in var.allowed_principals :
      can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|role/.+|user/.+)$", principal))
    ])
    error_message = "allowed_principals must be IAM ARNs; change ${join(", ", [
      for principal in var.allowed_principals : "\"${principal}\""
      if !can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(root|role/.+|user/.+)$", principal))
    ])} to the form arn:aws:iam::111122223333:root (an account), …:role/NAME or …:user/NAME."
  }
}

variable "listener_arns" {
  description = "`listener_arn` of each cluster-access that joins in the same configuration. The endpoint service waits for them, so that a destroy which AWS refuses leaves them, too."
  type        = list(string)
  default     = []
  nullable    = false
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
}

variable "connection_topic_arn" {
  description = "SNS topic for endpoint requests, acceptances, rejections and deletions. Its policy must let `vpce.amazonaws.com` publish."
  type        = string
  default     = null

  validation {
    condition     = var.connection_topic_arn == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\\w-]+$", var.connection_topic_arn))
    error_message = "connection_topic_arn must be the ARN of an SNS topic."
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

variable "enforce_ingress_on_privatelink" {
  description = "Whether the `ingress_cidrs` of each cluster-access also judge connections that arrive through an endpoint, by the client's address in the consumer's VPC."
  type        = bool
  default     = false
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether load balancer and module refuse to be deleted: a destroy fails before anything is removed. Off by default: AWS already refuses to delete an endpoint service to which endpoints are connected, and everything else waits for that."
  type        = bool
  default     = false
  nullable    = false
}

variable "allow_replacement" {
  description = "Whether a load balancer that cannot be changed in place may be replaced: a zone or subnet taken from `subnets`, another VPC. AWS still refuses while endpoints are connected; the old path then stays as it is. Off, the plan refuses."
  type        = bool
  default     = false
  nullable    = false
}

variable "zonal_shift" {
  description = "Whether a zonal shift may be started for the load balancer. AWS asks for `target_health_state = { enable_unhealthy_connection_termination = false }` in every cluster-access that joins: give that first, and this in a second apply."
  type        = bool
  default     = false
  nullable    = false
}

variable "ip_address_type" {
  description = "`dualstack` gives the load balancer IPv6 addresses for clients that reach it without PrivateLink; its subnets need IPv6 ranges. Targets and endpoints stay IPv4."
  type        = string
  default     = "ipv4"
  nullable    = false

  validation {
    condition     = contains(["ipv4", "dualstack"], var.ip_address_type)
    error_message = "ip_address_type must be \"ipv4\" or \"dualstack\"."
  }
}

variable "timeouts" {
  description = "How long Terraform waits for the load balancer, such as `{ create = \"20m\" }`. Default: the provider's 10 minutes."
  type = object({
    create = optional(string)
    update = optional(string)
    delete = optional(string)
  })
  default = null
}

variable "selecting_tag" {
  description = "Tag that makes eks-nlb-sync manage the load balancer: the function's `NLB_TAG`."
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

variable "tags" {
  description = "Tags of everything this module makes. The tag that the function reads wins over these."
  type        = map(string)
  default     = {}
  nullable    = false
}
