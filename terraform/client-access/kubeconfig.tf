# What kubectl needs to reach these clusters through this endpoint.

locals {
  kubeconfig = {
    for key, client in local.clients : key => {
      name = coalesce(var.kubeconfig.context, "${client.cluster_name}.${client.region}.${client.account_id}")
      host = var.create_hosted_zone ? client.host : local.endpoint.dns_name
      port = client.port == 443 ? "" : ":${client.port}"
      user = {
        exec = merge(
          {
            apiVersion = "client.authentication.k8s.io/v1beta1"
            command    = "aws"
            args = concat(
              ["eks", "get-token", "--cluster-name", client.cluster_name, "--region", client.region],
              var.kubeconfig.role_arn == null ? [] : ["--role-arn", var.kubeconfig.role_arn],
            )
          },
          var.kubeconfig.profile == null ? {} : { env = [{ name = "AWS_PROFILE", value = var.kubeconfig.profile }] },
        )
      }
    }
  }

  kubeconfig_parts = {
    clusters = [
      for key, one in local.kubeconfig : {
        name = one.name
        cluster = merge(
          {
            server                     = "https://${one.host}${one.port}"
            certificate-authority-data = local.clients[key].certificate_authority
          },
          var.create_hosted_zone ? {} : { tls-server-name = local.clients[key].host },
        )
      }
    ]
    users    = [for one in local.kubeconfig : { name = one.name, user = one.user }]
    contexts = [for one in local.kubeconfig : { name = one.name, context = { cluster = one.name, user = one.name } }]
  }
}
