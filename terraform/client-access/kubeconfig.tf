# What kubectl needs to reach this cluster through this endpoint.

locals {
  context = coalesce(var.kubeconfig.context, "${var.client.cluster_name}.${var.client.region}.${var.client.account_id}")
  server  = var.create_hosted_zone ? local.host : aws_vpc_endpoint.this.dns_entry[0].dns_name

  kubeconfig = {
    cluster = {
      name = local.context
      cluster = merge(
        {
          server                     = "https://${local.server}"
          certificate-authority-data = var.client.certificate_authority
        },
        var.create_hosted_zone ? {} : { tls-server-name = local.host },
      )
    }
    user = {
      name = local.context
      user = {
        exec = merge(
          {
            apiVersion = "client.authentication.k8s.io/v1beta1"
            command    = "aws"
            args = concat(
              ["eks", "get-token", "--cluster-name", var.client.cluster_name, "--region", var.client.region],
              var.kubeconfig.role_arn == null ? [] : ["--role-arn", var.kubeconfig.role_arn],
            )
          },
          var.kubeconfig.profile == null ? {} : { env = [{ name = "AWS_PROFILE", value = var.kubeconfig.profile }] },
        )
      }
    }
    context = {
      name    = local.context
      context = { cluster = local.context, user = local.context }
    }
  }
}
