output "load_balancer" {
  description = "cluster-access's `load_balancer`."
  value = {
    arn                = aws_lb.this.arn
    name               = aws_lb.this.name
    dns_name           = aws_lb.this.dns_name
    vpc_id             = var.vpc_id
    security_group_id  = aws_security_group.nlb.id
    availability_zones = toset(keys(var.subnets))
  }
}

output "endpoint_service" {
  description = "cluster-access's `endpoint_service`."
  value = {
    id                = aws_vpc_endpoint_service.this.id
    service_name      = aws_vpc_endpoint_service.this.service_name
    account_id        = split(":", aws_vpc_endpoint_service.this.arn)[4]
    supported_regions = setunion(var.supported_regions, [local.region])
    zone_ids          = sort([for zone in keys(var.subnets) : local.zone_ids[zone]])
  }
}
