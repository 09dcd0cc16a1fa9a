# For a load balancer that several clusters share.

variable "load_balancer" {
  description = "A load balancer that several clusters of a VPC share, as [shared-load-balancer](../shared-load-balancer/README.md) outputs it: this call then makes listener, target group and rules only. Needs `endpoint_service` and a `port` of its own. Decided once: an access cannot move from a load balancer of its own to a shared one in place."
  type = object({
    arn                = string
    name               = string
    dns_name           = string
    vpc_id             = string
    security_group_id  = string
    availability_zones = set(string)
  })
  default = null
}

variable "endpoint_service" {
  description = "The endpoint service of the shared load balancer, as [shared-load-balancer](../shared-load-balancer/README.md) outputs it."
  type = object({
    id                = string
    service_name      = string
    account_id        = string
    supported_regions = set(string)
    zone_ids          = list(string)
  })
  default = null

  # Here and not at load_balancer: that must not wait for the service, which waits
  # for this listener.
  validation {
    condition     = (var.load_balancer == null) == (var.endpoint_service == null)
    error_message = "load_balancer and endpoint_service go together: give both outputs of shared-load-balancer, or neither."
  }
}

variable "port" {
  description = "Port of the listener, where clients connect. On a shared load balancer each cluster has its own; the API server's own port is 443 in any case. Cannot be changed afterwards: clients are there."
  type        = number
  default     = 443
  nullable    = false

  validation {
    condition     = var.port >= 1 && var.port <= 65535 && floor(var.port) == var.port
    error_message = "port must be a whole number from 1 to 65535."
  }
}
