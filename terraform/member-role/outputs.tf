output "role_arn" {
  description = "`role_arn` of this account's entries in the function's `fleet`, and in its `assume_role_arns`."
  value       = aws_iam_role.this.arn
}
