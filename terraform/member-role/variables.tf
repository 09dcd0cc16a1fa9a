# Variables that fleet-member.yaml has as parameters carry the same names,
# defaults and limits; a test compares them.

variable "function_role_arn" {
  description = "Role of the function: output `function_role_arn` of [function](../function/README.md) in the account that runs it."
  type        = string

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\w+=,.@/-]+$", var.function_role_arn))
    error_message = "function_role_arn must be the ARN of an IAM role, such as arn:aws:iam::111122223333:role/eks-nlb-sync-1abc."
  }
}

variable "external_id" {
  description = "What the function must present: `external_id` of this account's entries in its `fleet`."
  type        = string

  validation {
    condition     = can(regex("^[\\w+=,.@:/-]+$", var.external_id)) && length(var.external_id) >= 2 && length(var.external_id) <= 1224
    error_message = "external_id must be 2 to 1224 letters, digits or any of _+=,.@:/-."
  }
}

variable "organization_id" {
  description = "The AWS organisation that the function's account must belong to. Default: any."
  type        = string
  default     = null

  validation {
    condition     = var.organization_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id must be the id of an organisation, such as o-a1b2c3d4e5."
  }
}

variable "nlb_tag" {
  description = "The function's `nlb_tag`. Target groups must carry the first of these tags (see `write_scope`)."
  type        = string
  default     = "eks-nlb-sync=enabled"
  nullable    = false

  validation {
    condition     = can(regex("^[\\w.:/+@-]+(=[\\w .:/+@-]+)?(,[\\w.:/+@-]+(=[\\w .:/+@-]+)?)*$", var.nlb_tag))
    error_message = "nlb_tag must be key or key=value; several separated by commas, without spaces around the commas."
  }
}

variable "write_scope" {
  description = "`tagged` lets the role write only to target groups that carry the first tag of `nlb_tag`; `any` is for target groups that cannot be tagged."
  type        = string
  default     = "tagged"
  nullable    = false

  validation {
    condition     = contains(["tagged", "any"], var.write_scope)
    error_message = "write_scope must be \"tagged\" or \"any\"."
  }
}

variable "address_source" {
  description = "The function's `address_source`. With any but `dns` the role may also read network interfaces."
  type        = string
  default     = "auto"
  nullable    = false

  validation {
    condition     = contains(["auto", "dns", "eni", "dns+eni"], var.address_source)
    error_message = "address_source must be \"auto\", \"dns\", \"eni\" or \"dns+eni\"."
  }
}

variable "role_name" {
  description = "Name of the role. Give it the same name in every account."
  type        = string
  default     = "eks-nlb-sync"
  nullable    = false

  validation {
    condition     = can(regex("^[\\w+=.@-]{1,64}$", var.role_name))
    error_message = "role_name must be the name of an IAM role."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the role."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\\w+=,.@/-]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy."
  }
}

variable "tags" {
  description = "Tags of everything this module makes."
  type        = map(string)
  default     = {}
  nullable    = false
}
