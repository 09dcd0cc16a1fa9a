# From source, in the checkout that this module is part of. `cargo lambda` must
# be there; the test suite puts a stand-in on the PATH and counts the builds: one
# for each processor.

mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { endpoint = "ec2.eu-west-1.amazonaws.com" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/lambda/eks-nlb-sync" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/eks-nlb-sync" }
  }
  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:111122223333:function:eks-nlb-sync" }
  }
}

variables {
  source_dir = "../.."
}

run "builds_the_checkout" {
  command = apply

  assert {
    condition     = aws_lambda_function.this.filename == "../../target/lambda/eks-nlb-sync/bootstrap.zip"
    error_message = "the zip is where cargo-lambda leaves it"
  }

  assert {
    condition     = length(setsubtract(["Cargo.lock", "core/Cargo.toml", "core/src/plan.rs", "src/main.rs"], local.sources)) == 0
    error_message = "a change of function, planner or dependencies builds again"
  }
}

run "does_not_build_the_same_source_twice" {
  command = apply

  variables {
    dry_run = true
  }

  assert {
    condition     = aws_lambda_function.this.environment[0].variables.DRY_RUN == "true"
    error_message = "a setting changed, the source did not"
  }
}

run "builds_for_another_processor" {
  command = apply

  variables {
    architecture = "x86_64"
  }

  assert {
    condition     = aws_lambda_function.this.architectures == tolist(["x86_64"])
    error_message = "the function changes its processor with the zip"
  }
}

run "refuses_a_directory_that_is_no_checkout" {
  command         = plan
  expect_failures = [var.source_dir]

  variables {
    source_dir = "."
  }
}
