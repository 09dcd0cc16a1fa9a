variable "states" {
  description = "Where the state of each account is, by a name of your choice that is also the AWS profile of its clusters' users: `{ search = { backend = \"s3\", config = { bucket = \"…\", key = \"…\", region = \"…\" } } }`."
  type = map(object({
    backend = string
    config  = map(string)
  }))
}

variable "external_ids" {
  description = "What the function presents to each account, by the same names."
  type        = map(string)
}

variable "retired" {
  description = "Clusters that are about to go, as `<account>/<cluster>`: their endpoints go first."
  type        = set(string)
  default     = []
}

variable "vpc_id" {
  description = "The tools' VPC."
  type        = string
}

variable "subnet_ids" {
  description = "Subnets of the endpoints, one per zone."
  type        = list(string)
}

variable "client_cidrs" {
  description = "Where kubectl and the pipelines are."
  type        = set(string)
}

variable "function_package" {
  description = "Zip of the function."
  type        = string
  default     = "../../../../target/lambda/eks-nlb-sync/bootstrap.zip"
}
