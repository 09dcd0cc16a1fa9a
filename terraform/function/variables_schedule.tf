# When the function runs.

variable "schedule_expression" {
  description = "How often the function runs. Every five minutes or more often, because the alarms evaluate windows of five minutes, or of one minute with `rate(1 minute)`."
  type        = string
  default     = "rate(1 minute)"
  nullable    = false

  validation {
    condition     = can(regex("^(rate|cron)\\(.+\\)$", var.schedule_expression))
    error_message = "schedule_expression must be rate(...) or cron(...)."
  }
}

variable "schedule_state" {
  description = "`DISABLED` where something else invokes the function, such as a workflow of your own. The event rule follows it; the alarm for missing runs stays."
  type        = string
  default     = "ENABLED"
  nullable    = false

  validation {
    condition     = contains(["ENABLED", "DISABLED"], var.schedule_state)
    error_message = "schedule_state must be \"ENABLED\" or \"DISABLED\"."
  }
}

variable "paused" {
  description = "For a while: disables every schedule and the event rule. Invocations by hand still run. An apply does not start it again."
  type        = bool
  default     = false
  nullable    = false
}

variable "stopped" {
  description = "For emergencies: reserves a concurrency of 0, so that no invocation runs at all, not even by hand. An apply does not start it again."
  type        = bool
  default     = false
  nullable    = false
}

variable "fleet" {
  description = "Other Regions and accounts to act in, each with a schedule of its own that has this constant input. With fewer managed load balancers than `min_load_balancers` the run fails. Raise `reserved_concurrency` with the number of entries."
  type = map(object({
    region             = optional(string)
    role_arn           = optional(string)
    external_id        = optional(string)
    min_load_balancers = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in keys(var.fleet) : can(regex("^[0-9A-Za-z_-]{1,31}$", key))])
    error_message = "The keys of fleet become part of the schedules' names: use at most 31 letters, digits, hyphens and underscores."
  }

  validation {
    condition     = alltrue([for scope in values(var.fleet) : scope.region != null || scope.role_arn != null])
    error_message = "Each entry of fleet needs a region, a role_arn, or both; the function's own Region and account have a schedule already."
  }

  validation {
    condition     = alltrue([for minimum in [for scope in values(var.fleet) : coalesce(scope.min_load_balancers, 1)] : minimum >= 1 && minimum <= 1000 && floor(minimum) == minimum])
    error_message = "min_load_balancers in fleet must be a whole number from 1 to 1000, or left out."
  }

  validation {
    condition     = alltrue([for scope in values(var.fleet) : scope.external_id == null || scope.role_arn != null])
    error_message = "An external_id in fleet needs a role_arn in the same entry: the function refuses an event without one."
  }

  validation {
    condition     = alltrue([for scope in values(var.fleet) : scope.role_arn == null || contains(var.assume_role_arns, coalesce(scope.role_arn, "-")) || endswith(coalesce(scope.role_arn, "-"), ":role/${coalesce(var.member_role_name, "*")}")])
    error_message = "fleet names roles that the function may not assume; add ${join(", ", [for scope in values(var.fleet) : scope.role_arn if scope.role_arn != null && !contains(var.assume_role_arns, coalesce(scope.role_arn, "-"))])} to assume_role_arns."
  }
}

variable "watch_control_plane" {
  description = "Also run when EKS makes or removes an interface of a control plane. Needs a CloudTrail trail with management events in this Region."
  type        = bool
  default     = false
  nullable    = false
}

variable "reserved_concurrency" {
  description = "1 makes it certain that runs never overlap; with a fleet, as many as there are schedules. Needs an account whose concurrency is 100 above it. Default: none reserved."
  type        = number
  default     = null

  validation {
    condition     = var.reserved_concurrency == null || (coalesce(var.reserved_concurrency, 1) >= 1 && coalesce(var.reserved_concurrency, 1) <= 9999)
    error_message = "reserved_concurrency must be a number from 1, or null. To stop the function, set stopped = true."
  }

  validation {
    # While no concurrency is free, Lambda keeps an event for at most a minute here.
    condition     = length(var.fleet) == 0 || coalesce(var.reserved_concurrency, 9999) > 1
    error_message = "With a fleet, ${length(var.fleet) + 1} schedules fire in the same minute, and with reserved_concurrency = 1 invocations that wait for over a minute are dropped: give ${length(var.fleet) + 1}, or at least 2 where runs are short, or null."
  }
}
