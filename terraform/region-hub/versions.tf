terraform {
  # 1.9: a variable's validation may look at other variables.
  required_version = ">= 1.9"

  required_providers {
    aws = {
      source = "hashicorp/aws"
      # As the other modules; nothing here uses what 6 deprecates.
      version = ">= 5.83"

      # `aws` is the far Region; `aws.tools` the account and Region of the
      # tools' VPC, where the peering is accepted and routed.
      configuration_aliases = [aws.tools]
    }
  }
}
