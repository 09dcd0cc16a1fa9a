variable "vpc_cidr" {
  description = "Address range of the hub's VPC. It holds endpoints only, so /26 is plenty: 16 addresses in each of up to four zones."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(cidrhost(var.vpc_cidr, 0) == split("/", var.vpc_cidr)[0], false)
    error_message = "vpc_cidr is \"${var.vpc_cidr}\", which is not an IPv4 range written with its first address: give one such as \"10.255.1.0/26\"."
  }

  # AWS accepts the request and then fails the peering. Two ranges overlap when
  # they are equal under the shorter of their masks.
  validation {
    condition = alltrue([
      for other in concat(var.tools_vpc_cidrs, var.reserved_cidrs) : try(
        cidrhost("${split("/", var.vpc_cidr)[0]}/${min(split("/", var.vpc_cidr)[1], split("/", other)[1])}", 0)
        != cidrhost("${split("/", other)[0]}/${min(split("/", var.vpc_cidr)[1], split("/", other)[1])}", 0),
        true # not a range at all: its own validation says so
      )
    ])
    error_message = "vpc_cidr ${var.vpc_cidr} overlaps ${join(", ", [
      for other in concat(var.tools_vpc_cidrs, var.reserved_cidrs) : other if try(
        cidrhost("${split("/", var.vpc_cidr)[0]}/${min(split("/", var.vpc_cidr)[1], split("/", other)[1])}", 0)
        == cidrhost("${split("/", other)[0]}/${min(split("/", var.vpc_cidr)[1], split("/", other)[1])}", 0),
        false
      )
    ])}, and overlapping VPCs cannot be peered: choose a vpc_cidr outside tools_vpc_cidrs and reserved_cidrs, or use cross-Region PrivateLink, which does not mind."
  }
}

variable "availability_zones" {
  description = "Zones of the hub's subnets, one subnet each. Choose zones of the endpoint services that the hub shall reach."
  type        = list(string)

  validation {
    condition     = length(var.availability_zones) > 0 && length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "availability_zones must name at least one zone, and none twice."
  }

  validation {
    condition     = try(tonumber(split("/", var.vpc_cidr)[1]) + ceil(log(max(2, length(var.availability_zones)), 2)) <= 28, true)
    error_message = "vpc_cidr ${var.vpc_cidr} is too small for ${length(var.availability_zones)} subnets, which AWS wants to be /28 at least: give a larger vpc_cidr or fewer availability_zones."
  }
}

variable "tools_vpc_id" {
  description = "The tools' VPC, whose clients use the endpoints in the hub."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.tools_vpc_id))
    error_message = "tools_vpc_id is \"${var.tools_vpc_id}\", which is not a VPC id: give one such as vpc-0a1b2c3d4e5f67890."
  }
}

variable "tools_vpc_cidrs" {
  description = "Address ranges of the tools' VPC: what the hub routes back to."
  type        = list(string)

  validation {
    condition     = length(var.tools_vpc_cidrs) > 0 && alltrue([for cidr in var.tools_vpc_cidrs : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "tools_vpc_cidrs must hold at least one IPv4 range written with its first address, such as \"10.1.0.0/16\"."
  }
}

variable "tools_vpc_region" {
  description = "Region of the tools' VPC, that of the provider `aws.tools`."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,}(-[a-z]+)+-[0-9]+$", var.tools_vpc_region))
    error_message = "tools_vpc_region is \"${var.tools_vpc_region}\", which is not a Region code: give one such as \"eu-west-1\"."
  }
}

variable "tools_vpc_account_id" {
  description = "Account of the tools' VPC. Default: the hub's own."
  type        = string
  default     = null

  validation {
    condition     = var.tools_vpc_account_id == null || can(regex("^[0-9]{12}$", var.tools_vpc_account_id))
    error_message = "tools_vpc_account_id is \"${coalesce(var.tools_vpc_account_id, "-")}\", which is not an account: give its twelve digits, as a string."
  }
}

variable "tools_route_table_ids" {
  description = "Route tables of the clients' subnets in the tools' VPC, which get a route to the hub."
  type        = list(string)

  validation {
    condition     = length(var.tools_route_table_ids) > 0 && alltrue([for id in var.tools_route_table_ids : can(regex("^rtb-[0-9a-f]+$", id))])
    error_message = "tools_route_table_ids must hold at least one route table id such as rtb-0a1b2c3d4e5f67890: without a route no client reaches the hub."
  }
}

variable "reserved_cidrs" {
  description = "Ranges that the tools' VPC reaches in other ways, such as the hubs of other Regions: the hub must not overlap them either."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.reserved_cidrs : can(cidrnetmask(cidr))])
    error_message = "reserved_cidrs must be IPv4 ranges such as \"10.255.0.0/26\"."
  }
}

variable "dns_resolution" {
  description = "Whether each side resolves the other's public DNS host names to private addresses. The clusters' hosted zones do not need it; names of instances do."
  type        = bool
  default     = true
  nullable    = false
}

variable "name" {
  description = "Name tag of what this module makes."
  type        = string
  default     = "eks-hub"
  nullable    = false
}

variable "tags" {
  description = "Tags of everything this module makes."
  type        = map(string)
  default     = {}
  nullable    = false
}
