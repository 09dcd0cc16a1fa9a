# What the function may do, and its place in a VPC.

variable "write_scope" {
  description = "`tagged` lets the function write only to target groups that carry the first tag of `nlb_tag`; `any` is for target groups that cannot be tagged."
  type        = string
  default     = "tagged"
  nullable    = false

  validation {
    condition     = contains(["tagged", "any"], var.write_scope)
    error_message = "write_scope must be \"tagged\" or \"any\"."
  }
}

variable "assume_role_arns" {
  description = "Roles of other accounts that an event may name. Without wildcards."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.assume_role_arns : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\\w+=.@/-]+$", arn))])
    error_message = "assume_role_arns must be ARNs of IAM roles without wildcards, such as arn:aws:iam::111122223333:role/eks-nlb-sync."
  }
}

variable "member_role_name" {
  description = "Lets an event name the role of this name in every account of `organization_id`, however many there are ([member-role](../member-role/README.md) makes them)."
  type        = string
  default     = null

  validation {
    condition     = var.member_role_name == null || can(regex("^[\\w+=.@-]{1,64}$", var.member_role_name))
    error_message = "member_role_name must be the name of an IAM role."
  }

  validation {
    condition     = (var.member_role_name == null) == (var.organization_id == null)
    error_message = "member_role_name and organization_id go together, or the role of that name in any account could be assumed."
  }
}

variable "organization_id" {
  description = "The AWS organisation whose accounts `member_role_name` is for."
  type        = string
  default     = null

  validation {
    condition     = var.organization_id == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "organization_id must be the id of an organisation, such as o-a1b2c3d4e5."
  }
}

variable "role_name" {
  description = "Name of the function's role. Give one where roles of other accounts trust this role: a role that is destroyed and made again then has the same ARN. Roles are global, so each Region of an account needs its own name. Default: a generated name."
  type        = string
  default     = null

  validation {
    condition     = var.role_name == null || can(regex("^[\\w+=,.@-]{1,64}$", var.role_name))
    error_message = "role_name must be 1 to 64 letters, digits or any of _+=,.@-."
  }
}

variable "kms_key_arn" {
  description = "Your key for the log group and the alarm topic. Its policy must let CloudWatch and CloudWatch Logs use it. Default: AWS's own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[\\w-]+$", var.kms_key_arn))
    error_message = "kms_key_arn must be the ARN of a KMS key."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of every role made here."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[\\w+=,.@/-]+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be the ARN of an IAM policy."
  }
}

variable "vpc_id" {
  description = "Puts the function into this VPC. Needed for DNS servers inside the VPC and, with `address_source = \"dns\"` or `\"dns+eni\"`, for clusters whose endpoint is public and private."
  type        = string
  default     = null

  validation {
    condition     = var.vpc_id == null || can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id must be the id of a VPC, such as vpc-0a1b2c3d4e5f67890."
  }
}

variable "subnet_ids" {
  description = "Subnets of `vpc_id`; private ones, with a NAT gateway or `interface_endpoints`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "subnet_ids must be ids of subnets, such as subnet-0a1b2c3d4e5f67890."
  }

  validation {
    condition     = (length(var.subnet_ids) > 0) == (var.vpc_id != null)
    error_message = "vpc_id and subnet_ids go together, the VPC and the subnets in it that the function's interfaces are made in; give ${var.vpc_id == null ? "vpc_id too, or no subnet_ids" : "subnet_ids too, or no vpc_id"}."
  }
}

variable "security_group_ids" {
  description = "The function's security groups in `vpc_id`. Default: one that allows HTTPS to anywhere, and DNS to each of `dns_servers` on its port."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.security_group_ids : can(regex("^sg-[0-9a-f]+$", id))])
    error_message = "security_group_ids must be ids of security groups, such as sg-0a1b2c3d4e5f67890."
  }

  validation {
    condition     = length(var.security_group_ids) == 0 || length(var.subnet_ids) > 0
    error_message = "security_group_ids has a meaning only with vpc_id and subnet_ids."
  }
}

variable "interface_endpoints" {
  description = "Make the interface endpoints (`eks`, `elasticloadbalancing`, `ec2` unless `address_source` is `dns`, `sts` when roles are given) that subnets without a NAT gateway need. They answer for the whole VPC and admit all of it. One subnet for each zone; the VPC needs DNS support and DNS host names. Not in China, where ELB has no interface endpoint: use a NAT gateway."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.interface_endpoints || length(var.subnet_ids) > 0
    error_message = "interface_endpoints needs vpc_id and subnet_ids, where the endpoints are made."
  }
}
