output "clients" {
  description = "Each cluster as client-access takes it, by name."
  value       = { for name, access in module.access : name => access.client }
}

output "role_arn" {
  description = "The role that the function assumes here."
  value       = module.member_role.role_arn
}
