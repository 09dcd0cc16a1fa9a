variable "vpc_cidr" {
  description = "Address range of the hub's VPC, which cannot be changed later. It holds endpoints only, so a /26 is enough: 16 addresses in each of four zones."
  type        = string

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && try(cidrhost(var.vpc_cidr, 0) == split("/", var.vpc_cidr)[0], false)
    error_message = "vpc_cidr is \"${var.vpc_cidr}\", which is not an IPv4 range written with its first address: give one such as \"10.255.1.0/26\"."
  }

  # AWS accepts the request and then fails the peering. Two ranges overlap when
  # they are equal under the shorter of their masks.
  validation {
    condition = alltrue([
      for other in concat(values(var.tools_vpc_cidrs), var.reserved_cidrs) : try(
        cidrhost("${split("/", var.vpc_cidr)[0]}/${min(split("/", var.vpc_cidr)[1], split("/", other)[1])}", 0)
        != cidrhost("${split("/", other)[0]}/${min(split("/", var.vpc_cidr)[1], split("/", other)[1])}", 0),
        true # not a range at all: its own validation says so
      )
    ])
    error_message = "vpc_cidr ${var.vpc_cidr} overlaps ${join(", ", [
      for other in concat(values(var.tools_vpc_cidrs), var.reserved_cidrs) : other if try(
        cidrhost("${split("/", var.vpc_cidr)[0]}/${min(split("/", var.vpc_cidr)[1], split("/", other)[1])}", 0)
        == cidrhost("${split("/", other)[0]}/${min(split("/", var.vpc_cidr)[1], split("/", other)[1])}", 0),
        false
      )
    ])}, and overlapping VPCs cannot be peered: choose a vpc_cidr outside tools_vpc_cidrs and reserved_cidrs, or use cross-Region PrivateLink, which allows overlapping ranges."
  }
}

variable "subnets" {
  description = "Ranges of the hub's subnets by Availability Zone, such as `{ eu-central-1a = \"10.255.1.0/28\" }`. Choose zones of the endpoint services that the hub reaches. A range cannot be changed later."
  type        = map(string)

  validation {
    condition     = length(var.subnets) > 0
    error_message = "subnets must have at least one zone with its range, such as { eu-central-1a = \"10.255.1.0/28\" }."
  }

  validation {
    condition = alltrue([for cidr in values(var.subnets) : try(
      tonumber(split("/", cidr)[1]) >= tonumber(split("/", var.vpc_cidr)[1]) && tonumber(split("/", cidr)[1]) <= 28
      && cidrhost("${split("/", cidr)[0]}/${split("/", var.vpc_cidr)[1]}", 0) == split("/", var.vpc_cidr)[0] && cidrhost(cidr, 0) == split("/", cidr)[0],
      false
    )])
    error_message = "subnets must be ranges inside vpc_cidr ${var.vpc_cidr}, written with their first address and no smaller than /28, which is AWS's minimum: ${join(", ", [for zone, cidr in var.subnets : "${zone} has ${cidr}"])}."
  }
}

variable "tools_vpc_id" {
  description = "The tools' VPC, whose clients use the endpoints in the hub. It cannot be changed later."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.tools_vpc_id))
    error_message = "tools_vpc_id is \"${var.tools_vpc_id}\", which is not a VPC id: give one such as vpc-0a1b2c3d4e5f67890."
  }
}

variable "tools_vpc_cidrs" {
  description = "Address ranges of the tools' VPC, to which the hub routes back, each by a name of your choice under which its route is kept: `{ primary = \"10.1.0.0/16\" }`."
  type        = map(string)

  validation {
    condition     = length(var.tools_vpc_cidrs) > 0 && alltrue([for cidr in values(var.tools_vpc_cidrs) : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "tools_vpc_cidrs must hold at least one IPv4 range written with its first address, such as { primary = \"10.1.0.0/16\" }."
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
  description = "Route tables of the clients' subnets in the tools' VPC, which get a route to the hub, each by a name of your choice under which its route is kept: `{ private-a = \"rtb-0a1b2c3d4e5f67890\" }`."
  type        = map(string)

  validation {
    condition     = length(var.tools_route_table_ids) > 0 && alltrue([for id in values(var.tools_route_table_ids) : can(regex("^rtb-[0-9a-f]+$", id))])
    error_message = "tools_route_table_ids must hold at least one route table id such as { private-a = \"rtb-0a1b2c3d4e5f67890\" }: without a route no client reaches the hub."
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
