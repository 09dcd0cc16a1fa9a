# How it is watched: alarms, metrics and the log.

variable "create_alarm_topic" {
  description = "Make an SNS topic for the alarms; subscribe to it afterwards."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.create_alarm_topic || var.alarm_topic_arn == null
    error_message = "create_alarm_topic and alarm_topic_arn exclude each other: leave one of them out."
  }
}

variable "alarm_topic_arn" {
  description = "An existing SNS topic for the alarms."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_topic_arn == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\\w-]+$", var.alarm_topic_arn))
    error_message = "alarm_topic_arn must be the ARN of an SNS topic."
  }
}

variable "ticket_topic_arn" {
  description = "An SNS topic for alarms that can wait until morning. Default: where the others go."
  type        = string
  default     = null

  validation {
    condition     = var.ticket_topic_arn == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[\\w-]+$", var.ticket_topic_arn))
    error_message = "ticket_topic_arn must be the ARN of an SNS topic."
  }
}

variable "no_run_minutes" {
  description = "Minutes without a run that looked at every load balancer before the alarm. Several times the schedule's interval."
  type        = number
  default     = 15
  nullable    = false

  validation {
    # CloudWatch evaluates at most one day of one-minute periods.
    condition     = var.no_run_minutes >= 5 && var.no_run_minutes <= 1440
    error_message = "no_run_minutes must be 5 to 1440."
  }
}

variable "unhealthy_minutes" {
  description = "Minutes that a target group may be without any healthy target before the alarm. A new target is healthy after 3 to 5 minutes."
  type        = number
  default     = 10
  nullable    = false

  validation {
    # As for withheld_minutes.
    condition     = var.unhealthy_minutes >= 5 && var.unhealthy_minutes <= 120
    error_message = "unhealthy_minutes must be 5 to 120."
  }
}

variable "withheld_minutes" {
  description = "Minutes that a stale target may be kept before the alarm. A replacement is healthy 3 to 5 minutes after it was registered."
  type        = number
  default     = 60
  nullable    = false

  validation {
    # The age is what one process has seen, and Lambda replaces its processes
    # every few hours.
    condition     = var.withheld_minutes >= 10 && var.withheld_minutes <= 120
    error_message = "withheld_minutes must be 10 to 120: Lambda replaces its processes every few hours, and the age of a withheld target with them."
  }
}

variable "min_load_balancers" {
  description = "Fewer managed load balancers than this ring the alarm. Set it to what you have; somebody who removes a tag is then noticed. 0 for no alarm."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.min_load_balancers >= 0 && var.min_load_balancers <= 1000
    error_message = "min_load_balancers must be 0 to 1000."
  }
}

variable "tolerated_failures" {
  description = "Frontends that may fail before the alarm. Raise it while a known failure lasts, or the next one rings nothing."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.tolerated_failures >= 0 && var.tolerated_failures <= 10000
    error_message = "tolerated_failures must be 0 to 10000."
  }
}

variable "runbook_url" {
  description = "Where alarms say to read on. A copy of docs/operations.md on your own pages does. Default: its name."
  type        = string
  default     = null

  validation {
    condition     = var.runbook_url == null || can(regex("^https://[\\w./:%~-]{1,200}$", var.runbook_url))
    error_message = "runbook_url must be an https URL of at most 200 characters."
  }
}

variable "detailed_metrics" {
  description = "Make metrics of every number in the report line, too. They cost 0.30 USD a month each."
  type        = bool
  default     = false
  nullable    = false
}

variable "application_log_level" {
  description = "What the function logs. Metrics are log lines of level `INFO`, so no less than `INFO`."
  type        = string
  default     = "INFO"
  nullable    = false

  validation {
    # Not above INFO: Lambda counts lines without a level as INFO, and metrics
    # are such lines. Dropping them would ring the alarm for missing runs.
    condition     = contains(["TRACE", "DEBUG", "INFO"], var.application_log_level)
    error_message = "application_log_level must be \"TRACE\", \"DEBUG\" or \"INFO\": above INFO Lambda drops the metrics too."
  }
}

variable "system_log_level" {
  description = "What Lambda itself logs. `INFO` adds a start and a report line to every run."
  type        = string
  default     = "WARN"
  nullable    = false

  validation {
    condition     = contains(["DEBUG", "INFO", "WARN"], var.system_log_level)
    error_message = "system_log_level must be \"DEBUG\", \"INFO\" or \"WARN\"."
  }
}

variable "log_retention_days" {
  description = "Days that log lines are kept."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one that CloudWatch Logs knows: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "tracing" {
  description = "`Active` for X-Ray traces of the function, 5 USD for a million."
  type        = string
  default     = "PassThrough"
  nullable    = false

  validation {
    condition     = contains(["Active", "PassThrough"], var.tracing)
    error_message = "tracing must be \"Active\" or \"PassThrough\"."
  }
}

variable "tags" {
  description = "Tags of everything this module makes."
  type        = map(string)
  default     = {}
  nullable    = false
}
