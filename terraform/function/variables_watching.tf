# How it is watched: alarms, metrics and the log.

variable "alarm_email" {
  description = "Makes an SNS topic for the alarms that sends them to this address, once the link in AWS's first e-mail is followed."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_email == null || can(regex("^[^@\\s]+@[^@\\s]+$", var.alarm_email))
    error_message = "alarm_email must be an e-mail address."
  }

  validation {
    condition     = var.alarm_email == null || var.alarm_topic_arn == null
    error_message = "alarm_email and alarm_topic_arn exclude each other: subscribe the address to your topic."
  }
}

variable "create_alarm_topic" {
  description = "Make an SNS topic for the alarms without a subscription; subscribe to it afterwards."
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
  description = "Minutes without any run before the alarm, at least. Several times the schedule's interval."
  type        = number
  default     = 15
  nullable    = false

  validation {
    # CloudWatch evaluates at most one day of one-minute periods.
    condition     = var.no_run_minutes >= 5 && var.no_run_minutes <= 1440
    error_message = "no_run_minutes must be 5 to 1440."
  }
}

variable "min_load_balancers" {
  description = "Fewer managed load balancers raise a ticket. Set it to what you have, so that a deleted load balancer is noticed. 0 for no alarm. With `fleet`, the fewest of any entry: the alarm is about the smallest number of all runs."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.min_load_balancers >= 0 && var.min_load_balancers <= 1000
    error_message = "min_load_balancers must be 0 to 1000."
  }
}

variable "tolerated_unserved" {
  description = "Frontends whose clients may be cut off before the alarm. Raise it while a known outage lasts, or the next one fires nothing."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.tolerated_unserved >= 0 && var.tolerated_unserved <= 10000
    error_message = "tolerated_unserved must be 0 to 10000."
  }
}

variable "tolerated_failures" {
  description = "Frontends that may fail before the alarm. Raise it while a known failure lasts, or the next one fires nothing."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.tolerated_failures >= 0 && var.tolerated_failures <= 10000
    error_message = "tolerated_failures must be 0 to 10000."
  }
}

variable "tolerated_tickets" {
  description = "Frontends that may wait for a person before the ticket. Raise it while a known one is left as it is, or the next one fires nothing."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.tolerated_tickets >= 0 && var.tolerated_tickets <= 10000
    error_message = "tolerated_tickets must be 0 to 10000."
  }
}

variable "runbook_url" {
  description = "Where alarms say to read on. A copy of docs/operations.md on your own pages does. Default: that page of this version on GitHub."
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
    # are such lines. Dropping them would fire the alarm for missing runs.
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
