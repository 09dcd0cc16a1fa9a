output "clients" {
  description = "Each cluster as client-access takes it, by name."
  value       = { for name, access in module.access : name => access.client }
}

output "region" {
  description = "The Region of these clusters."
  value       = local.region
}

output "role_arn" {
  description = "The role that the function assumes here."
  value       = "arn:${local.partition}:iam::${data.aws_caller_identity.this.account_id}:role/${var.member_role_name}"

  # Not before the role is there, if it is made here.
  depends_on = [module.member_role]
}
