variable "cluster_name" {
  description = "Name of an EKS cluster in the provider's account and Region. It must exist, and is read while planning, unless `cluster` is given."
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
  description = "ARNs of the accounts, roles or users that may create an endpoint to the service, such as `arn:aws:iam::111122223333:root` for a whole account."
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

variable "acceptance_required" {
  description = "Whether each endpoint must be accepted by hand. Off by default: `allowed_principals` already names who may connect, and a pending endpoint stops the consumer's apply."
  type        = bool
  default     = false
  nullable    = false
}

variable "accepted_endpoint_ids" {
  description = "With `acceptance_required`: the endpoints that are accepted, by a name of your choice, such as `{ tools = \"vpce-0a1b2c3d4e5f67890\" }`. One that is taken out is rejected."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.accepted_endpoint_ids) : can(regex("^vpce-[0-9a-f]+$", id))])
    error_message = "accepted_endpoint_ids must map a name to an endpoint's id such as { tools = \"vpce-0a1b2c3d4e5f67890\" }."
  }

  validation {
    condition     = length(var.accepted_endpoint_ids) == 0 || var.acceptance_required
    error_message = "accepted_endpoint_ids has a meaning only with acceptance_required."
  }
}

variable "connection_topic_arn" {
  description = "SNS topic that is told when an endpoint asks, is accepted, rejected or deleted. Its policy must let `vpce.amazonaws.com` publish."
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

variable "name" {
  description = "Beginning of the names of load balancer and target group, which end in four letters or digits of their own, and Name tag of the rest. Default: `eks-<cluster_name>`, shortened with a hash where it would not be a valid name. What stands keeps its name."
  type        = string
  default     = null

  validation {
    condition     = var.name == null || can(regex("^[0-9A-Za-z]([0-9A-Za-z-]{0,30}[0-9A-Za-z])?$", var.name))
    error_message = "name is \"${coalesce(var.name, "-")}\", which ELB refuses: give at most 32 letters, digits and hyphens that neither begin nor end with a hyphen."
  }

  validation {
    condition     = var.name == null || !startswith(coalesce(var.name, "-"), "internal-")
    error_message = "name must not begin with \"internal-\": ELB keeps that prefix for itself."
  }
}

variable "vpc_id" {
  description = "VPC of the load balancer. Default: the cluster's. Another one must reach the cluster's VPC by peering within the Region."
  type        = string
  default     = null

  validation {
    condition     = var.vpc_id == null || can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id is \"${coalesce(var.vpc_id, "-")}\", which is not a VPC id: give one such as vpc-0a1b2c3d4e5f67890, or leave it out to use the cluster's VPC."
  }
}

variable "subnets" {
  description = "Subnets of the load balancer by Availability Zone, such as `{ eu-west-1a = \"subnet-0a1b2c3d4e5f67890\" }`. Default: of the control plane's subnets one in each zone, chosen once and kept."
  type        = map(string)
  default     = null

  validation {
    condition     = var.subnets == null || (length(coalesce(var.subnets, {})) > 0 && alltrue([for id in values(coalesce(var.subnets, {})) : can(regex("^subnet-[0-9a-f]+$", id))]))
    error_message = "subnets must hold at least one subnet id such as { eu-west-1a = \"subnet-0a1b2c3d4e5f67890\" }; leave it out to use the control plane's subnets."
  }

  validation {
    condition     = var.subnets != null || var.cluster == null
    error_message = "With cluster nothing is read: give subnets too, one in each zone of the control plane, by zone."
  }
}

variable "cluster_security_group_id" {
  description = "Security group of the API server's interfaces, to which the rule for the load balancer is added. Default: the one EKS made for the cluster."
  type        = string
  default     = null

  validation {
    condition     = var.cluster_security_group_id == null || can(regex("^sg-[0-9a-f]+$", var.cluster_security_group_id))
    error_message = "cluster_security_group_id is \"${coalesce(var.cluster_security_group_id, "-")}\", which is not a security group id: give one such as sg-0a1b2c3d4e5f67890, or leave it out to use the cluster's own."
  }
}

variable "ingress_cidrs" {
  description = "Address ranges that may open connections to the load balancer: clients that reach it without PrivateLink and, with `enforce_ingress_on_privatelink`, those behind an endpoint."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.ingress_cidrs : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "ingress_cidrs must be IPv4 ranges written with their first address, such as \"10.1.0.0/16\"; change ${join(", ", [for cidr in var.ingress_cidrs : "\"${cidr}\"" if !(can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false))])}."
  }
}

variable "enforce_ingress_on_privatelink" {
  description = "Whether `ingress_cidrs` also judges connections that arrive through an endpoint, by the client's address in the consumer's VPC."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.enforce_ingress_on_privatelink || length(var.ingress_cidrs) > 0
    error_message = "enforce_ingress_on_privatelink without ingress_cidrs would refuse every client: list the consumers' address ranges in ingress_cidrs, or turn it off."
  }
}

variable "health_check" {
  description = "How an API server is checked: `GET` of `path` over HTTPS, answered by a status in `matcher`, or `protocol = \"TCP\"`, a connection only, for servers that speak TLS 1.3 alone or refuse anonymous requests. Timing in seconds and in checks in a row."
  type = object({
    protocol            = optional(string, "HTTPS")
    path                = optional(string, "/readyz")
    matcher             = optional(string, "200")
    interval            = optional(number, 10)
    timeout             = optional(number, 5)
    healthy_threshold   = optional(number, 2)
    unhealthy_threshold = optional(number, 3)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.health_check.interval >= 5 && var.health_check.interval <= 300 && var.health_check.timeout >= 2 && var.health_check.timeout <= min(120, var.health_check.interval)
    error_message = "health_check: interval must be 5 to 300 seconds and timeout 2 to 120 seconds and no longer than the interval."
  }

  validation {
    condition     = alltrue([for threshold in [var.health_check.healthy_threshold, var.health_check.unhealthy_threshold] : threshold >= 2 && threshold <= 10])
    error_message = "health_check: healthy_threshold and unhealthy_threshold must each be 2 to 10 checks."
  }

  validation {
    condition     = contains(["HTTPS", "TCP"], var.health_check.protocol) && startswith(var.health_check.path, "/") && can(regex("^[2-5][0-9]{2}([,-][2-5][0-9]{2})*$", var.health_check.matcher))
    error_message = "health_check: protocol must be \"HTTPS\" or \"TCP\", path must begin with /, and matcher must be statuses such as \"200\", \"200-399\" or \"200,401\"."
  }
}

variable "deregistration_delay_seconds" {
  description = "How long connections to a deregistered API server may live on before the load balancer closes them."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.deregistration_delay_seconds >= 0 && var.deregistration_delay_seconds <= 3600
    error_message = "deregistration_delay_seconds must be 0 to 3600."
  }
}

variable "deletion_protection" {
  description = "Whether the load balancer refuses to be deleted. Off by default: AWS already refuses while the endpoint service uses it."
  type        = bool
  default     = false
  nullable    = false
}

variable "address_source" {
  description = "The function's `ADDRESS_SOURCE` for this cluster. Only a check reads it, which warns where the function could not see the cluster's private addresses."
  type        = string
  default     = "dns"
  nullable    = false

  validation {
    condition     = contains(["dns", "eni", "dns+eni"], var.address_source)
    error_message = "address_source must be \"dns\", \"eni\" or \"dns+eni\"."
  }
}

variable "function_vpc_id" {
  description = "VPC in which the function runs, for the same check."
  type        = string
  default     = null
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
