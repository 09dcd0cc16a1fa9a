variable "client" {
  description = "What [cluster-access](../cluster-access/README.md) outputs as `client`: by reference, or by remote state or an SSM parameter where it is applied elsewhere."
  type = object({
    cluster_name          = string
    host                  = string
    certificate_authority = string
    account_id            = string
    region                = string
    service_name          = string
    supported_regions     = set(string)
    zone_ids              = list(string)
  })

  validation {
    condition     = can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", var.client.cluster_name))
    error_message = "client.cluster_name is \"${var.client.cluster_name}\", which is not an EKS cluster name: give 1 to 100 letters, digits, hyphens and underscores, beginning with a letter or digit."
  }

  validation {
    condition     = can(regex("^([0-9A-Za-z-]+\\.)+[a-z]+$", var.client.host))
    error_message = "client.host is \"${var.client.host}\", which is not an API endpoint's host name: give one such as 0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com."
  }

  validation {
    condition     = can(regex("^[0-9A-Za-z+/]+={0,2}$", var.client.certificate_authority))
    error_message = "client.certificate_authority is not base64: give certificateAuthority.data as `aws eks describe-cluster` shows it, not the decoded certificate."
  }

  validation {
    condition     = can(regex("^(cn\\.)?com\\.amazonaws\\.vpce\\.[a-z0-9-]+\\.vpce-svc-[0-9a-f]+$", var.client.service_name))
    error_message = "client.service_name is \"${var.client.service_name}\", which is not an endpoint service of your own: give one such as com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b2c3d4e5f67890."
  }

  validation {
    condition     = strcontains(var.client.service_name, ".vpce.${var.client.region}.")
    error_message = "client.region is \"${var.client.region}\", but ${var.client.service_name} is a service of another Region: give the Region that is in its name."
  }
}

variable "vpc_id" {
  description = "VPC of the endpoint, in the provider's Region: the tools' VPC, or the hub of a far Region. Where the service is in another Region, the endpoint is a cross-Region one."
  type        = string

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "vpc_id is \"${var.vpc_id}\", which is not a VPC id: give one such as vpc-0a1b2c3d4e5f67890."
  }
}

variable "subnet_ids" {
  description = "Subnets of the endpoint, one per Availability Zone; each zone is paid by the hour. Two are enough for kubectl."
  type        = list(string)

  validation {
    condition     = length(var.subnet_ids) > 0 && alltrue([for id in var.subnet_ids : can(regex("^subnet-[0-9a-f]+$", id))])
    error_message = "subnet_ids must hold at least one subnet id such as subnet-0a1b2c3d4e5f67890."
  }
}

variable "allowed_cidrs" {
  description = "Address ranges of the clients. Ranges and not groups for clients behind a peering with another Region."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "allowed_cidrs must be IPv4 ranges written with their first address, such as \"10.1.0.0/16\"; change ${join(", ", [for cidr in var.allowed_cidrs : "\"${cidr}\"" if !(can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false))])}."
  }

  validation {
    condition     = length(var.allowed_cidrs) + length(var.allowed_security_group_ids) > 0
    error_message = "Nobody could use this endpoint: list the clients in allowed_cidrs, in allowed_security_group_ids, or in both."
  }
}

variable "allowed_security_group_ids" {
  description = "Security groups of the clients, by a name of your choice that the rule is kept under, in this VPC or one peered with it in the same Region."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.allowed_security_group_ids) : can(regex("^([0-9]{12}/)?sg-[0-9a-f]+$", id))])
    error_message = "allowed_security_group_ids must map a name to a security group id such as { ci = \"sg-0a1b2c3d4e5f67890\" }."
  }
}

variable "create_hosted_zone" {
  description = "Whether to make the private hosted zone. Without it the kubeconfig names the endpoint as the server and the cluster's host in `tls-server-name`."
  type        = bool
  default     = true
  nullable    = false
}

variable "hosted_zone_vpcs" {
  description = "Other VPCs of this account that resolve the cluster's name to this endpoint, with the Region of each: the tools' VPC, when the endpoint is in a hub. VPCs that others associate stay."
  type = map(object({
    vpc_id = string
    region = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.hosted_zone_vpcs) == 0 || var.create_hosted_zone
    error_message = "hosted_zone_vpcs has no use without a hosted zone: turn create_hosted_zone on or leave hosted_zone_vpcs out."
  }
}

variable "name" {
  description = "Name tag of what this module makes. Default: `eks-<cluster_name>`."
  type        = string
  default     = null
}

variable "kubeconfig" {
  description = "How kubectl authenticates, by an AWS profile, a role, or both; default: as whoever runs it. `context` names the context; default: `<cluster>.<region>.<account>`, which no other cluster has."
  type = object({
    context  = optional(string)
    profile  = optional(string)
    role_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.kubeconfig.role_arn == null || can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", var.kubeconfig.role_arn))
    error_message = "kubeconfig.role_arn is \"${coalesce(var.kubeconfig.role_arn, "-")}\", which is not a role's ARN: give one such as arn:aws:iam::111122223333:role/deploy."
  }
}

variable "tags" {
  description = "Tags of everything this module makes."
  type        = map(string)
  default     = {}
  nullable    = false
}
