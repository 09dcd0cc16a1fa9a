# A place to try it from, if wanted: a host without any way in or out but Systems
# Manager, and a connectivity test to run on it.

data "aws_ssm_parameter" "image" {
  count = var.host ? 1 : 0
  name  = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
}

resource "aws_instance" "host" {
  #checkov:skip=CKV_AWS_126:Here for an hour or two.
  #checkov:skip=CKV_AWS_135:Always on with this type.
  count = var.host ? 1 : 0

  ami                    = data.aws_ssm_parameter.image[0].insecure_value
  instance_type          = "t4g.nano"
  subnet_id              = values(aws_subnet.tools)[0].id
  vpc_security_group_ids = aws_security_group.host[*].id
  iam_instance_profile   = aws_iam_instance_profile.host[0].name
  tags                   = { Name = "tools" }

  metadata_options {
    http_tokens = "required"
  }

  root_block_device {
    encrypted = true
  }

  lifecycle {
    ignore_changes = [ami] # a newer image is no reason for a new host
  }
}

resource "aws_security_group" "host" {
  count = var.host ? 1 : 0

  name_prefix = "tools-host-"
  description = "Host to try kubectl from: nothing in, HTTPS out to endpoints"
  vpc_id      = aws_vpc.tools.id
  tags        = { Name = "tools-host" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_egress_rule" "host" {
  for_each = var.host ? { tools = var.tools_vpc_cidr, hub = var.hub_vpc_cidr } : {}

  security_group_id = aws_security_group.host[0].id
  description       = "Endpoints: ${each.key}"
  cidr_ipv4         = each.value
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_iam_role" "host" {
  count = var.host ? 1 : 0

  name_prefix = "tools-host-"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "host" {
  count = var.host ? 1 : 0

  role       = aws_iam_role.host[0].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_instance_profile" "host" {
  count = var.host ? 1 : 0

  name_prefix = "tools-host-"
  role        = aws_iam_role.host[0].name
}

# Systems Manager, for a VPC without a way out. One zone is enough for a trial.
resource "aws_vpc_endpoint" "systems_manager" {
  for_each = toset(var.host ? ["ssm", "ssmmessages", "ec2messages"] : [])

  vpc_endpoint_type   = "Interface"
  vpc_id              = aws_vpc.tools.id
  subnet_ids          = [values(aws_subnet.tools)[0].id]
  security_group_ids  = aws_security_group.systems_manager[*].id
  service_name        = "com.amazonaws.${var.home_region}.${each.key}"
  private_dns_enabled = true
  tags                = { Name = each.key }
}

resource "aws_security_group" "systems_manager" {
  count = var.host ? 1 : 0

  name_prefix = "tools-systems-manager-"
  description = "Endpoints of Systems Manager: HTTPS in from the VPC"
  vpc_id      = aws_vpc.tools.id
  tags        = { Name = "tools-systems-manager" }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "systems_manager" {
  count = var.host ? 1 : 0

  security_group_id = aws_security_group.systems_manager[0].id
  description       = "Hosts of the tools' VPC"
  cidr_ipv4         = var.tools_vpc_cidr
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_ssm_document" "connectivity" {
  count = var.host ? 1 : 0

  name            = "eks-connectivity"
  document_type   = "Command"
  document_format = "JSON"
  content = jsonencode({
    schemaVersion = "2.2"
    description   = "Whether the API servers answer"
    mainSteps = [{
      action = "aws:runShellScript"
      name   = "connectivity"
      inputs = {
        runCommand = [
          "set -- ${join(" ", [for client in [module.payments_access.client, module.ledger_access.client] : "${client.host}${try(client.port, 443) == 443 ? "" : ":${client.port}"} ${client.certificate_authority}"])}",
          file("${path.module}/connectivity.sh"),
        ]
      }
    }]
  })
}
