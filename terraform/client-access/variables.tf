variable "client" {
  description = "What [cluster-access](../cluster-access/README.md) outputs as `client`: by reference, or by remote state or an SSM parameter where it is applied elsewhere. Either this or `clients`."
  type = object({
    cluster_name          = string
    host                  = string
    port                  = optional(number, 443)
    certificate_authority = string
    account_id            = string
    region                = string
    service_name          = string
    supported_regions     = set(string)
    zone_ids              = list(string)
  })
  default = null
}

variable "clients" {
  description = "Several clusters behind one endpoint service, each with its `client` by a key of your choice: they share this endpoint, and each has its own port and name. Either this or `client`."
  type = map(object({
    cluster_name          = string
    host                  = string
    port                  = optional(number, 443)
    certificate_authority = string
    account_id            = string
    region                = string
    service_name          = string
    supported_regions     = set(string)
    zone_ids              = list(string)
  }))
  default  = {}
  nullable = false

  # The next six hold for `client` too.
  validation {
    condition     = alltrue([for client in concat(values(var.clients), [for client in [var.client] : client if client != null]) : can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", client.cluster_name))])
    error_message = "cluster_name is ${join(", ", [for client in concat(values(var.clients), [for client in [var.client] : client if client != null]) : "\"${client.cluster_name}\"" if !(can(regex("^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$", client.cluster_name)))])}, which is not an EKS cluster name: give 1 to 100 letters, digits, hyphens and underscores, beginning with a letter or digit."
  }

  validation {
    condition     = alltrue([for client in concat(values(var.clients), [for client in [var.client] : client if client != null]) : can(regex("^([0-9A-Za-z-]+\\.)+[a-z]+$", client.host))])
    error_message = "host is ${join(", ", [for client in concat(values(var.clients), [for client in [var.client] : client if client != null]) : "\"${client.host}\"" if !(can(regex("^([0-9A-Za-z-]+\\.)+[a-z]+$", client.host)))])}, which is not an API endpoint's host name: give one such as 0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com, and its port in port."
  }

  validation {
    condition     = alltrue([for client in concat(values(var.clients), [for client in [var.client] : client if client != null]) : client.port >= 1 && client.port <= 65535 && floor(client.port) == client.port])
    error_message = "port must be a whole number from 1 to 65535, that of the cluster's listener."
  }

  validation {
    condition     = alltrue([for client in concat(values(var.clients), [for client in [var.client] : client if client != null]) : can(regex("^[0-9A-Za-z+/]+={0,2}$", client.certificate_authority))])
    error_message = "certificate_authority is not base64: give certificateAuthority.data as `aws eks describe-cluster` shows it, not the decoded certificate."
  }

  validation {
    condition     = alltrue([for client in concat(values(var.clients), [for client in [var.client] : client if client != null]) : can(regex("^(cn\\.)?com\\.amazonaws\\.vpce\\.[a-z0-9-]+\\.vpce-svc-[0-9a-f]+$", client.service_name))])
    error_message = "service_name is ${join(", ", [for client in concat(values(var.clients), [for client in [var.client] : client if client != null]) : "\"${client.service_name}\"" if !(can(regex("^(cn\\.)?com\\.amazonaws\\.vpce\\.[a-z0-9-]+\\.vpce-svc-[0-9a-f]+$", client.service_name)))])}, which is not an endpoint service of your own: give one such as com.amazonaws.vpce.eu-west-1.vpce-svc-0a1b2c3d4e5f67890."
  }

  validation {
    condition     = alltrue([for client in concat(values(var.clients), [for client in [var.client] : client if client != null]) : strcontains(client.service_name, ".vpce.${client.region}.")])
    error_message = "region is not that of service_name in ${join(", ", [for client in concat(values(var.clients), [for client in [var.client] : client if client != null]) : "${client.region}, ${client.service_name}" if !(strcontains(client.service_name, ".vpce.${client.region}."))])}: give the Region that is in the service's name."
  }

  validation {
    condition     = length(distinct(values(var.clients)[*].service_name)) <= 1
    error_message = "clients are behind one endpoint service, and these are several: ${join(", ", distinct(values(var.clients)[*].service_name))}. Give a call of this module for each."
  }

  validation {
    condition     = length(distinct(values(var.clients)[*].port)) == length(var.clients) && length(distinct(values(var.clients)[*].host)) == length(var.clients)
    error_message = "Behind one endpoint each cluster has its own host and port, and these are not all different: ${join(", ", [for key, client in var.clients : "${key} is ${client.host}:${client.port}"])}."
  }

  validation {
    condition     = (var.client == null) == (length(var.clients) > 0)
    error_message = "Give either client, for one cluster, or clients, for several behind one endpoint service."
  }
}

variable "vpc_id" {
  description = "VPC of the endpoint, in the provider's Region: the tools' VPC, or the hub of a far Region. Where the service is in another Region, the endpoint is a cross-Region one. It cannot be changed later."
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

variable "check_service" {
  description = "Whether AWS is asked, while planning, in which zones the service can be consumed. Turn it off where the service is gone or no longer admits this account: planning fails with `reading EC2 VPC Endpoint Services: couldn't find resource`."
  type        = bool
  default     = true
  nullable    = false
}

variable "allowed_cidrs" {
  description = "Address ranges of the clients, each by a name of your choice under which its rule is kept, such as `{ ci = \"10.1.0.0/16\" }`. Ranges and not groups for clients behind a peering with another Region."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for cidr in values(var.allowed_cidrs) : can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false)])
    error_message = "allowed_cidrs must be IPv4 ranges written with their first address, such as \"10.1.0.0/16\"; change ${join(", ", [for cidr in values(var.allowed_cidrs) : "\"${cidr}\"" if !(can(cidrnetmask(cidr)) && try(cidrhost(cidr, 0) == split("/", cidr)[0], false))])}."
  }

  validation {
    condition     = length(distinct(values(var.allowed_cidrs))) == length(var.allowed_cidrs)
    error_message = "allowed_cidrs has a range under two names, which AWS refuses: keep one of them."
  }

  validation {
    condition     = length(var.allowed_cidrs) + length(var.allowed_security_group_ids) + length(var.allowed_prefix_list_ids) > 0
    error_message = "No client could use this endpoint: list the clients in allowed_cidrs, allowed_security_group_ids or allowed_prefix_list_ids."
  }
}

variable "allowed_security_group_ids" {
  description = "Security groups of the clients, each by a name of your choice under which its rule is kept, in this VPC or one peered with it in the same Region."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.allowed_security_group_ids) : can(regex("^([0-9]{12}/)?sg-[0-9a-f]+$", id))])
    error_message = "allowed_security_group_ids must map a name to a security group id such as { ci = \"sg-0a1b2c3d4e5f67890\" }."
  }
}

variable "allowed_prefix_list_ids" {
  description = "Prefix lists with the clients' address ranges, each by a name of your choice. A list counts as its maximum number of entries in the security group's quota of 60 rules."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for id in values(var.allowed_prefix_list_ids) : can(regex("^pl-[0-9a-f]+$", id))])
    error_message = "allowed_prefix_list_ids must map a name to a prefix list's id such as { offices = \"pl-0a1b2c3d4e5f67890\" }."
  }
}

variable "create_hosted_zone" {
  description = "Whether to make a private hosted zone for each cluster. Without it the kubeconfig names the endpoint as the server and the cluster's host in `tls-server-name`."
  type        = bool
  default     = true
  nullable    = false
}

variable "hosted_zone_vpcs" {
  description = "Other VPCs of this account that resolve the clusters' names to this endpoint, with the Region of each: the tools' VPC, when the endpoint is in a hub. VPCs that others associate stay."
  type = map(object({
    vpc_id = string
    region = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.hosted_zone_vpcs) == 0 || var.create_hosted_zone
    error_message = "hosted_zone_vpcs needs hosted zones: turn create_hosted_zone on or leave hosted_zone_vpcs out."
  }
}

variable "name" {
  description = "Name tag of what this module makes. Default: `eks-<cluster_name>`, and with `clients` `eks-api-servers`."
  type        = string
  default     = null
}

variable "kubeconfig" {
  description = "How kubectl authenticates, by an AWS profile, a role, or both; default: with the credentials of its user. `context` names the context of `client`; default: `<cluster>.<region>.<account>`, which is unique."
  type = object({
    context  = optional(string)
    profile  = optional(string)
    role_arn = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.kubeconfig.context == null || var.client != null
    error_message = "kubeconfig.context names one context, and clients are several: leave it out."
  }

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
