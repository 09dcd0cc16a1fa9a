terraform {
  # 1.9: a variable's validation may look at other variables.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 5.83: supported_regions of an endpoint service. Nothing here uses what
      # 6 deprecates (data.aws_region's name and id).
      version = ">= 5.83"
    }
  }
}
