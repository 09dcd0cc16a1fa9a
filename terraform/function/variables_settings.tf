# What to sync: the function's settings. Here, too, is the environment that they make.

locals {
  settings = {
    NLB_TAG               = var.nlb_tag
    CLUSTER_NAME_TAG      = var.cluster_name_tag
    ADDRESS_SOURCE        = var.address_source
    ALLOW_INTERNET_FACING = tostring(var.allow_internet_facing)
    SYNC_POLICY           = var.sync_policy
    DRY_RUN               = tostring(var.dry_run)
    MIN_HEALTHY_TARGETS   = tostring(var.min_healthy_targets)
    ALLOWED_CIDRS         = join(",", var.allowed_cidrs)
    DNS_TIMEOUT_MS        = tostring(var.dns_timeout_ms)
    MAX_CONCURRENCY       = tostring(var.max_concurrency)
    METRICS_NAMESPACE     = var.metrics_namespace
  }

  # Absent if null: the function refuses an empty value.
  optional_settings = {
    CLUSTER_TAG = var.cluster_tag
    DNS_SERVERS = length(var.dns_servers) == 0 ? null : join(",", var.dns_servers)
  }
}

variable "nlb_tag" {
  description = "`NLB_TAG`, the tags that select load balancers: `key` or `key=value`, several separated by commas. Target groups must carry the first of them too (see `write_scope`)."
  type        = string
  default     = "eks-nlb-sync=enabled"
  nullable    = false

  validation {
    # Narrower than the setting: no `=` in a value and no space at its end,
    # because the permission to write is made from the first of these tags.
    condition     = can(regex("^[\\w.:/+@-]{1,128}(=[\\w .:/+@-]*[\\w.:/+@-])?(,[\\w.:/+@-]{1,128}(=[\\w .:/+@-]*[\\w.:/+@-])?)*$", var.nlb_tag))
    error_message = "nlb_tag must be key or key=value; several separated by commas, without spaces around the commas."
  }
}

variable "cluster_name_tag" {
  description = "`CLUSTER_NAME_TAG`, key of the tag, on target group or load balancer, that names the EKS cluster."
  type        = string
  default     = "cluster_name"
  nullable    = false

  validation {
    condition     = can(regex("^[\\w.:/+@-]{1,128}$", var.cluster_name_tag))
    error_message = "cluster_name_tag must be a tag key."
  }
}

variable "address_source" {
  description = "`ADDRESS_SOURCE`, where the API servers' addresses come from: `auto`, `dns`, `eni` or `dns+eni`. With any but `dns` the role may also read network interfaces."
  type        = string
  default     = "auto"
  nullable    = false

  validation {
    condition     = contains(["auto", "dns", "eni", "dns+eni"], var.address_source)
    error_message = "address_source must be \"auto\", \"dns\", \"eni\" or \"dns+eni\"."
  }
}

variable "allow_internet_facing" {
  description = "`ALLOW_INTERNET_FACING`, whether a load balancer that is not internal may get API servers' addresses."
  type        = bool
  default     = false
  nullable    = false
}

variable "cluster_tag" {
  description = "`CLUSTER_TAG`, `key` or `key=value`: a tag that the EKS cluster must carry, too, as the consent of the cluster's owner. Default: none."
  type        = string
  default     = null

  validation {
    condition     = var.cluster_tag == null || can(regex("^[\\w.:/+@-]+(=[\\w .:/+@-]+)?$", var.cluster_tag))
    error_message = "cluster_tag must be key or key=value."
  }
}

variable "sync_policy" {
  description = "`SYNC_POLICY`; `add-only` never deregisters."
  type        = string
  default     = "sync"
  nullable    = false

  validation {
    condition     = contains(["sync", "add-only"], var.sync_policy)
    error_message = "sync_policy must be \"sync\" or \"add-only\"."
  }
}

variable "dry_run" {
  description = "`DRY_RUN`, plan and report but write nothing. Right for the first days."
  type        = bool
  default     = false
  nullable    = false
}

variable "min_healthy_targets" {
  description = "`MIN_HEALTHY_TARGETS`, healthy desired targets required before a stale target that still serves is deregistered."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.min_healthy_targets >= 1 && var.min_healthy_targets <= 1000 && floor(var.min_healthy_targets) == var.min_healthy_targets
    error_message = "min_healthy_targets must be a whole number from 1 to 1000."
  }
}

variable "allowed_cidrs" {
  description = "`ALLOWED_CIDRS`, where every resolved address must lie."
  type        = list(string)
  default     = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"]
  nullable    = false

  validation {
    condition     = length(var.allowed_cidrs) > 0 && alltrue([for cidr in var.allowed_cidrs : can(cidrhost(cidr, 0))])
    error_message = "allowed_cidrs must hold at least one network in CIDR notation; \"10.0.0.0/8\" is one."
  }
}

variable "dns_servers" {
  description = "`DNS_SERVERS`, name servers as `ip` or `ip:port`; none for the system's resolver. From within a VPC IPv4 only: Lambda sends no IPv6 there."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for server in var.dns_servers : can(regex("^([0-9]{1,3}(\\.[0-9]{1,3}){3}(:[1-9][0-9]{0,4})?|[0-9a-fA-F]*:[0-9a-fA-F:]+|\\[[0-9a-fA-F]*:[0-9a-fA-F:]+\\](:[1-9][0-9]{0,4})?)$", server))])
    error_message = "dns_servers must be addresses such as \"10.0.0.2\", \"10.0.0.2:53\" or \"[fd00::2]:53\"."
  }
}

variable "dns_timeout_ms" {
  description = "`DNS_TIMEOUT_MS`, budget for resolving one host, in milliseconds."
  type        = number
  default     = 5000
  nullable    = false

  validation {
    # Less than half of the function's time-out: a silent name server must leave
    # time for the report.
    condition     = var.dns_timeout_ms >= 100 && var.dns_timeout_ms <= 25000
    error_message = "dns_timeout_ms must be 100 to 25000 milliseconds: a silent name server must leave time for the report."
  }
}

variable "max_concurrency" {
  description = "`MAX_CONCURRENCY`, AWS calls in flight at once."
  type        = number
  default     = 64
  nullable    = false

  validation {
    condition     = var.max_concurrency >= 1 && var.max_concurrency <= 1000 && floor(var.max_concurrency) == var.max_concurrency
    error_message = "max_concurrency must be a whole number from 1 to 1000."
  }
}

variable "metrics_namespace" {
  description = "`METRICS_NAMESPACE`, CloudWatch namespace of the metrics and the alarms."
  type        = string
  default     = "EksNlbSync"
  nullable    = false

  validation {
    condition     = can(regex("^[\\w./#-][\\w./#:-]{0,254}$", var.metrics_namespace)) && !startswith(var.metrics_namespace, "AWS/")
    error_message = "metrics_namespace must be a CloudWatch namespace that does not begin with AWS/."
  }
}

variable "environment" {
  description = "Further environment variables, for what the AWS SDK reads by itself: `HTTPS_PROXY`, `NO_PROXY`, `AWS_CA_BUNDLE`, `AWS_USE_FIPS_ENDPOINT`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(setintersection(keys(var.environment), [
      "NLB_TAG", "CLUSTER_NAME_TAG", "ADDRESS_SOURCE", "ALLOW_INTERNET_FACING", "CLUSTER_TAG", "SYNC_POLICY", "DRY_RUN",
      "MIN_HEALTHY_TARGETS", "ALLOWED_CIDRS", "DNS_SERVERS", "DNS_TIMEOUT_MS", "MAX_CONCURRENCY", "METRICS_NAMESPACE",
    ])) == 0
    error_message = "environment must not hold the function's own settings, which are inputs of this module."
  }
}
