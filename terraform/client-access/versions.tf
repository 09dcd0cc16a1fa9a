terraform {
  # 1.9: a variable's validation may look at other variables.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # 5.83: service_region of an endpoint. Nothing here uses what 6 deprecates
      # (data.aws_region's name and id, data.aws_vpc_endpoint_service's region).
      version = ">= 5.83"
    }
  }
}
