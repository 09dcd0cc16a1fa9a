variable "home_region" {
  description = "Region of the tools' VPC and of the first cluster."
  type        = string
  default     = "eu-west-1"
}

variable "home_cluster_name" {
  description = "An EKS cluster with private access in the home Region."
  type        = string
  default     = "payments"
}

variable "far_region" {
  description = "Region of the second cluster."
  type        = string
  default     = "eu-central-1"
}

variable "far_cluster_name" {
  description = "An EKS cluster with private access in the far Region."
  type        = string
  default     = "ledger"
}

variable "home_subnets" {
  description = "Ranges of the tools' subnets by zone, in zones of the first cluster's control plane."
  type        = map(string)
  default     = { eu-west-1a = "10.1.0.0/24", eu-west-1b = "10.1.1.0/24" }
}

variable "far_subnets" {
  description = "Ranges of the hub's subnets by zone, in zones of the second cluster's control plane."
  type        = map(string)
  default     = { eu-central-1a = "10.255.1.0/28", eu-central-1b = "10.255.1.16/28" }
}

variable "tools_vpc_cidr" {
  description = "Address range of the tools' VPC."
  type        = string
  default     = "10.1.0.0/16"
}

variable "hub_vpc_cidr" {
  description = "Address range of the far Region's hub. The clusters' own ranges do not matter, and may overlap these."
  type        = string
  default     = "10.255.1.0/26"
}

variable "host" {
  description = "Whether to make a host in the tools' VPC to try it from, with what Systems Manager needs."
  type        = bool
  default     = false
}

variable "function_package" {
  description = "Zip of the function: `cargo lambda build --release --arm64 --output-format zip --bin eks-nlb-sync`."
  type        = string
  default     = "../../../target/lambda/eks-nlb-sync/bootstrap.zip"
}
