# Variables that template.yaml has as parameters carry the same names, defaults
# and limits; a test compares them.

# --- Code --------------------------------------------------------------------

variable "package" {
  description = "Path of the zip that holds `bootstrap`, as `cargo lambda build --release --arm64 --output-format zip` makes it. Either this, `s3_bucket` or `source_dir`."
  type        = string
  default     = null

  validation {
    condition     = var.package == null || var.package_sha256 != null ? true : fileexists(var.package)
    error_message = "package is \"${coalesce(var.package, "-")}\", where no file exists: take it from a release, build it with `cargo lambda build --release --arm64 --output-format zip --bin eks-nlb-sync`, or give source_dir instead."
  }

  validation {
    condition     = length([for source in [var.package, var.source_dir, var.s3_bucket] : source if source != null]) == 1
    error_message = "Give one of package (a built zip), s3_bucket (with the zip in it) and source_dir (a checkout to build)."
  }
}

variable "package_sha256" {
  description = "Checksum of the zip, base64 of its SHA-256 (`openssl dgst -sha256 -binary bootstrap.zip | base64`). With it a plan needs no file; a new checksum deploys. Needed with `s3_bucket`."
  type        = string
  default     = null

  validation {
    condition     = var.package_sha256 == null || can(regex("^[0-9A-Za-z+/]{43}=$", var.package_sha256))
    error_message = "package_sha256 must be the base64 of a SHA-256, 44 characters that end in =."
  }
}

variable "s3_bucket" {
  description = "Bucket that holds the zip, in the function's Region: planning then needs neither Rust nor the file."
  type        = string
  default     = null

  validation {
    condition     = var.s3_bucket == null || (var.s3_key != null && var.package_sha256 != null)
    error_message = "s3_bucket needs s3_key, the zip in it, and package_sha256, its checksum."
  }
}

variable "s3_key" {
  description = "Key of the zip in `s3_bucket`."
  type        = string
  default     = null
}

variable "s3_object_version" {
  description = "Version of the zip in `s3_bucket`. Default: the newest when the checksum changes."
  type        = string
  default     = null
}

variable "source_dir" {
  description = "Path of a checkout of eks-nlb-sync, built during apply with `cargo lambda build`, which must be on the PATH."
  type        = string
  default     = null

  validation {
    condition     = var.source_dir == null ? true : fileexists("${var.source_dir}/Cargo.lock")
    error_message = "source_dir is \"${coalesce(var.source_dir, "-")}\", which is not a checkout of eks-nlb-sync: it has no Cargo.lock."
  }
}

variable "architecture" {
  description = "Processor of the function; the zip must be built for it."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "architecture must be \"arm64\" or \"x86_64\"."
  }
}

variable "name" {
  description = "Name of the function, its log group, schedule and alarms."
  type        = string
  default     = "eks-nlb-sync"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9A-Za-z_-]{1,32}$", var.name))
    error_message = "name must be 1 to 32 letters, digits, hyphens and underscores; names of roles are made from it."
  }
}

# --- What to sync: the function's settings -----------------------------------

variable "nlb_tag" {
  description = "`NLB_TAG`, the tags that select load balancers: `key` or `key=value`, several separated by commas. Target groups must carry the first of them too (see `write_scope`)."
  type        = string
  default     = "eks-nlb-sync=enabled"
  nullable    = false

  validation {
    # Narrower than the setting: no `=` in a value and no spaces around a comma,
    # because the permission to write is made from the first of these tags.
    condition     = can(regex("^[\\w.:/+@-]+(=[\\w .:/+@-]+)?(,[\\w.:/+@-]+(=[\\w .:/+@-]+)?)*$", var.nlb_tag))
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
  description = "`ADDRESS_SOURCE`, where the API servers' addresses are learnt: `dns`, `eni` or `dns+eni`. With `eni` the role may also read network interfaces."
  type        = string
  default     = "dns"
  nullable    = false

  validation {
    condition     = contains(["dns", "eni", "dns+eni"], var.address_source)
    error_message = "address_source must be \"dns\", \"eni\" or \"dns+eni\"."
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
  description = "`DNS_SERVERS`, name servers as `ip` or `ip:port`; none for the system's resolver."
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

# --- When --------------------------------------------------------------------

variable "schedule_expression" {
  description = "How often every frontend is looked at; at least every five minutes, which is what the alarms look at."
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
    # Lambda keeps an event that finds no room for a minute at most here.
    condition     = length(var.fleet) == 0 || coalesce(var.reserved_concurrency, 9999) > 1
    error_message = "With a fleet, ${length(var.fleet) + 1} schedules fire in the same minute, and with reserved_concurrency = 1 invocations that wait for over a minute are dropped: give ${length(var.fleet) + 1}, or at least 2 where runs are short, or null."
  }
}

# --- Permissions -------------------------------------------------------------

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

# --- Network -----------------------------------------------------------------

variable "vpc_id" {
  description = "Puts the function into this VPC. Needed for clusters whose endpoint is public and private, and for DNS servers inside the VPC."
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
  description = "Make the interface endpoints (`eks`, `elasticloadbalancing`, `ec2` with `address_source` `eni`, `sts` when roles are given) that subnets without a NAT gateway need. They answer for the whole VPC and admit all of it."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.interface_endpoints || length(var.subnet_ids) > 0
    error_message = "interface_endpoints needs vpc_id and subnet_ids, where the endpoints are made."
  }
}

# --- Watching it -------------------------------------------------------------

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
