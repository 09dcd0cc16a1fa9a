variable "name" {
  description = "Name tag of what this module makes, and the beginning of the names of load balancer and target group, which end in eight letters or digits of their own. Default: `eks-<cluster_name>`. One longer than 23 characters is shortened in the middle, with a hash. Existing resources keep their names."
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

  validation {
    condition     = var.vpc_id == null || var.load_balancer == null
    error_message = "A shared load balancer is in its own VPC: leave vpc_id out."
  }
}

variable "subnets" {
  description = "Subnets of the load balancer by Availability Zone, such as `{ eu-west-1a = \"subnet-0a1b2c3d4e5f67890\" }`. The zones must be known while planning, the ids need not be. Default: of the control plane's subnets one in each zone, chosen once and kept, even where the cluster leaves the zone."
  type        = map(string)
  default     = null

  validation {
    condition     = var.subnets == null || (length(coalesce(var.subnets, {})) > 0 && alltrue([for id in values(coalesce(var.subnets, {})) : can(regex("^subnet-[0-9a-f]+$", id))]))
    error_message = "subnets must hold at least one subnet id such as { eu-west-1a = \"subnet-0a1b2c3d4e5f67890\" }; leave it out to use the control plane's subnets."
  }

  validation {
    condition     = var.subnets != null || var.cluster == null || var.load_balancer != null
    error_message = "With cluster nothing is read: give subnets too, one in each zone of the control plane, by zone."
  }

  validation {
    condition     = var.subnets == null || var.load_balancer == null
    error_message = "A shared load balancer has its subnets already: leave subnets out, or add to those of shared-load-balancer."
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
  description = "Address ranges that may open connections to the load balancer, IPv4 or IPv6, by a name of your choice that the rule is kept under, such as `{ office = \"10.1.0.0/16\" }`: clients that reach it without PrivateLink and, with `enforce_ingress_on_privatelink`, those behind an endpoint. A range may be unknown while planning."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for cidr in values(var.ingress_cidrs) : can(cidrhost(cidr, 0)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "ingress_cidrs must map a name to a range written with its first address, such as { office = \"10.1.0.0/16\" }; change ${join(", ", [for name, cidr in var.ingress_cidrs : "${name} = \"${cidr}\"" if !(can(cidrhost(cidr, 0)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false))])}."
  }

  validation {
    condition     = length(distinct(values(var.ingress_cidrs))) == length(var.ingress_cidrs)
    error_message = "ingress_cidrs has a range twice, and AWS refuses the second rule of a range: name each range once."
  }
}

variable "ingress_prefix_list_ids" {
  description = "As `ingress_cidrs`, by managed prefix list: `{ offices = \"pl-0a1b2c3d4e5f67890\" }`. Each counts as its maximum number of entries towards the security group's 60 rules."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.ingress_prefix_list_ids) : can(regex("^pl-[0-9a-f]+$", id))])
    error_message = "ingress_prefix_list_ids must map a name to a prefix list's id such as { offices = \"pl-0a1b2c3d4e5f67890\" }."
  }
}

variable "enforce_ingress_on_privatelink" {
  description = "Whether `ingress_cidrs` also judges connections that arrive through an endpoint, by the client's address in the consumer's VPC."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.enforce_ingress_on_privatelink || length(var.ingress_cidrs) + length(var.ingress_prefix_list_ids) > 0
    error_message = "enforce_ingress_on_privatelink without ingress_cidrs would refuse every client: list the consumers' address ranges in ingress_cidrs or ingress_prefix_list_ids, or turn it off."
  }
}

variable "health_check" {
  description = "How an API server is checked: `GET` of `path` over HTTPS, answered by a status in `matcher`, or `protocol = \"TCP\"`, a connection only, for servers that speak TLS 1.3 alone. To `TCP` an existing target group is first changed by a command that the plan names. Timing in seconds and in checks in a row."
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

variable "target_health_state" {
  description = "What happens to connections to an API server that fails its checks. By default, which is AWS's too, they are reset after `unhealthy_threshold` failed checks, so that clients reconnect to another one: also when `/readyz` fails while the server still answers. `enable_unhealthy_connection_termination = false` lets them go on, and new ones stop after `unhealthy_draining_interval` seconds."
  type = object({
    enable_unhealthy_connection_termination = optional(bool, true)
    unhealthy_draining_interval             = optional(number, 0)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.target_health_state.unhealthy_draining_interval >= 0 && var.target_health_state.unhealthy_draining_interval <= 360000 && (var.target_health_state.unhealthy_draining_interval == 0 || !var.target_health_state.enable_unhealthy_connection_termination)
    error_message = "target_health_state: unhealthy_draining_interval must be 0 to 360000 seconds, and has a meaning only with enable_unhealthy_connection_termination = false."
  }
}

variable "zonal_shift" {
  description = "Whether a zonal shift may be started for the load balancer (Application Recovery Controller). AWS asks for `target_health_state = { enable_unhealthy_connection_termination = false }` on a target group that stands: give that first, and this in a second apply."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.zonal_shift || !var.target_health_state.enable_unhealthy_connection_termination
    error_message = "zonal_shift with cross-zone balancing needs target_health_state = { enable_unhealthy_connection_termination = false }: AWS refuses it otherwise."
  }
}

variable "tcp_idle_timeout_seconds" {
  description = "How long the load balancer remembers a connection without traffic, 60 to 6000 seconds. PrivateLink's endpoint forgets after 350, whatever this is."
  type        = number
  default     = 350
  nullable    = false

  validation {
    condition     = var.tcp_idle_timeout_seconds >= 60 && var.tcp_idle_timeout_seconds <= 6000
    error_message = "tcp_idle_timeout_seconds must be 60 to 6000."
  }
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
