output "version" {
  description = "The version of eks-nlb-sync that this module is part of."
  value       = local.version
}

output "function_name" {
  description = "For `aws lambda invoke`."
  value       = aws_lambda_function.this.function_name
}

output "function_arn" {
  description = "For schedules of your own."
  value       = aws_lambda_function.this.arn
}

output "function_role_arn" {
  description = "For the trust policy of roles in other accounts that the function assumes."
  value       = aws_iam_role.function.arn
}

output "log_group_name" {
  description = "For `aws logs tail`."
  value       = aws_cloudwatch_log_group.this.name
}

output "security_group_ids" {
  description = "Security groups of the function in its VPC; none outside one."
  value       = local.in_vpc ? local.security_group_ids : []
}

output "alarm_topic_arn" {
  description = "The alarms' topic, made here or given; null without one."
  value       = one(local.pages)
}
