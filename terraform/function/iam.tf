# What the function may do: docs/operations.md, Permissions, says which call
# needs which action.

locals {
  # The tag that a target group must carry to be written to: the first of
  # nlb_tag, with any value where none is asked for.
  write_tag   = split("=", split(",", var.nlb_tag)[0])
  write_key   = local.write_tag[0]
  write_value = length(local.write_tag) > 1 ? local.write_tag[1] : "*"

  reads_interfaces = var.address_source != "dns"
  assumes_roles    = length(var.assume_role_arns) > 0 || var.member_role_name != null

  # What Lambda itself does in the function's name to reach a VPC.
  interface_actions = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
  ]

  vpc_statements = [
    {
      Sid      = "NetworkInterfacesKnowNoResources"
      Effect   = "Allow"
      Action   = local.interface_actions
      Resource = "*"
    },
    {
      # The interfaces are for Lambda to make, not for the code: Lambda User
      # Guide, Giving functions access to resources in a VPC, Security. Reading
      # them is allowed where addresses come from them.
      Sid       = "OnlyLambdaItself"
      Effect    = "Deny"
      Action    = [for action in local.interface_actions : action if !(local.reads_interfaces && action == "ec2:DescribeNetworkInterfaces")]
      Resource  = "*"
      Condition = { ArnEquals = { "lambda:SourceFunctionArn" = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:${var.name}" } }
    },
  ]

  statements = concat(
    [
      {
        Sid    = "DescribeKnowsNoResources"
        Effect = "Allow"
        Action = [
          "elasticloadbalancing:DescribeLoadBalancers",
          "elasticloadbalancing:DescribeTags",
          "elasticloadbalancing:DescribeTargetGroups",
          "elasticloadbalancing:DescribeTargetHealth",
        ]
        Resource = "*"
      },
      {
        # Every Region: an event may name another one.
        Sid    = "ClustersOfThisAccount"
        Effect = "Allow"
        Action = [
          "eks:DescribeCluster",
        ]
        Resource = "arn:${local.partition}:eks:*:${local.account_id}:cluster/*"
      },
      merge(
        {
          Sid    = var.write_scope == "tagged" ? "TargetGroupsWithTheTag" : "TargetGroupsOfThisAccount"
          Effect = "Allow"
          Action = [
            "elasticloadbalancing:DeregisterTargets",
            "elasticloadbalancing:RegisterTargets",
          ]
          Resource = "arn:${local.partition}:elasticloadbalancing:*:${local.account_id}:targetgroup/*/*"
        },
        var.write_scope == "tagged" ? { Condition = { StringLike = { "aws:ResourceTag/${local.write_key}" = local.write_value } } } : {},
      ),
      {
        Sid      = "OwnLogGroup"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.this.arn}:*"
      },
    ],
    var.tracing != "Active" ? [] : [{
      Sid      = "TracesKnowNoResources"
      Effect   = "Allow"
      Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
      Resource = "*"
    }],
    length(var.assume_role_arns) == 0 ? [] : [{
      Sid      = "GivenRoles"
      Effect   = "Allow"
      Action   = "sts:AssumeRole"
      Resource = var.assume_role_arns
    }],
    var.member_role_name == null ? [] : [{
      Sid       = "OneNameInTheOrganization"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Resource  = "arn:${local.partition}:iam::*:role/${coalesce(var.member_role_name, "-")}"
      Condition = { StringEquals = { "aws:ResourceOrgID" = var.organization_id } }
    }],
    [for statement in local.vpc_statements : statement if local.in_vpc],
  )
}

# Roles are global: by default a prefix, so that one account can hold the function
# in several Regions.
resource "aws_iam_role" "function" {
  name                 = var.role_name
  name_prefix          = var.role_name == null ? "${var.name}-" : null
  description          = "What ${var.name} may do"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
  tags = var.tags

  # Another name is another role: the function gets it, with its permissions,
  # before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy" "function" {
  name = "eks-nlb-sync"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements
  })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role_policy" "interfaces" {
  count = local.reads_interfaces ? 1 : 0

  name = "read-interfaces"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid    = "ReadInterfaces"
      Effect = "Allow"
      Action = [
        "ec2:DescribeNetworkInterfaces",
      ]
      Resource = "*"
    }]
  })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_iam_role" "scheduler" {
  name_prefix          = "${substr(var.name, 0, 24)}-schedule-"
  description          = "Lets the schedules run ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "scheduler.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "scheduler" {
  name = "invoke"
  role = aws_iam_role.scheduler.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Function"
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = aws_lambda_function.this.arn
    }]
  })
}
