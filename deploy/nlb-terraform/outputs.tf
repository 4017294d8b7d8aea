output "dns_name" {
  description = "The load balancer's name, for a CNAME or alias record of the name in the certificate."
  value       = aws_lb.this.dns_name
}

output "zone_id" {
  description = "The load balancer's hosted zone, for an alias record."
  value       = aws_lb.this.zone_id
}

output "cluster_name" {
  description = "The ECS cluster, for aws ecs."
  value       = aws_ecs_cluster.this.name
}

output "service_name" {
  description = "The service in it."
  value       = aws_ecs_service.this.name
}

output "log_group_name" {
  description = "Where certgate logs, for aws logs tail."
  value       = aws_cloudwatch_log_group.this.name
}

output "task_security_group_id" {
  description = "For the security group of an upstream, which has to let it in."
  value       = aws_security_group.task.id
}
