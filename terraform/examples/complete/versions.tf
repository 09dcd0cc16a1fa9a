terraform {
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.83"
    }
  }
}

# The tools' VPC and the first cluster.
provider "aws" {
  region = var.home_region
}

# The second cluster.
provider "aws" {
  alias  = "far"
  region = var.far_region
}
