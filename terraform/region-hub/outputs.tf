output "vpc_id" {
  description = "The hub's VPC: client-access's `vpc_id`."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "The hub's subnets: client-access's `subnet_ids`."
  value       = values(aws_subnet.this)[*].id
}

output "route_table_id" {
  description = "The one route table of the hub, the main one of its VPC."
  value       = aws_vpc.this.main_route_table_id
}

output "peering_connection_id" {
  description = "The peering of the hub with the tools' VPC."
  value       = aws_vpc_peering_connection.this.id
}

output "hosted_zone_vpcs" {
  description = "The tools' VPC as client-access's `hosted_zone_vpcs` takes it, so that its clients resolve the clusters' names to the endpoints in this hub."
  value = {
    tools = {
      vpc_id = var.tools_vpc_id
      region = var.tools_vpc_region
    }
  }
}
