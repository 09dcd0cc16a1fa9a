# Where the code comes from, and its name.
#
# Variables that template.yaml has as parameters carry the same names, defaults
# and limits; a test compares them.

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
