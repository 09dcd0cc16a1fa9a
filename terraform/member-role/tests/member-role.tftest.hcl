# What fleet-member.yaml says is compared in Python; these are the refusals.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "444455556666" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  function_role_arn = "arn:aws:iam::111122223333:role/function"
  external_id       = "secret"
}

run "trusts_the_function_with_its_external_id" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal == { AWS = "arn:aws:iam::111122223333:root" } && (
      jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Condition.StringEquals == { "sts:ExternalId" = "secret" }
    )
    error_message = "the account of the function, with its external id"
  }
  assert {
    condition     = jsondecode(aws_iam_role_policy.this["ReadInterfaces"].policy).Statement[0].Action == ["ec2:DescribeNetworkInterfaces"]
    error_message = "the default source reads interfaces"
  }
}

run "reads_no_interfaces_with_dns_alone" {
  command = plan

  variables {
    address_source = "dns"
  }

  assert {
    condition     = keys(aws_iam_role_policy.this) == ["Read", "Write"]
    error_message = "one action less"
  }
}

run "refuses_what_is_none" {
  command = plan
  expect_failures = [
    var.function_role_arn, var.external_id, var.organization_id, var.nlb_tag, var.write_scope, var.address_source,
    var.role_name, var.permissions_boundary_arn,
  ]

  variables {
    function_role_arn        = "function"
    external_id              = "1"
    organization_id          = "organisation"
    nlb_tag                  = "a = b"
    write_scope              = "none"
    address_source           = "interfaces"
    role_name                = "no space"
    permissions_boundary_arn = "boundary"
  }
}
