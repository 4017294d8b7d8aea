data "aws_vpc" "this" {
  id = var.vpc_id
}

data "aws_subnet" "load_balancer" {
  for_each = toset(var.load_balancer_subnet_ids)
  id       = each.value
}

# Where ECR keeps the layers.
data "aws_ec2_managed_prefix_list" "s3" {
  count = var.endpoint_security_group_id == null ? 0 : 1
  name  = "com.amazonaws.${local.region}.s3"
}

# Security groups name each other, never an address, but where clients come from. With client addresses not preserved,
# all that reaches a task comes from the load balancer's security group.

resource "aws_security_group" "load_balancer" {
  name_prefix = "${var.name}-load-balancer-"
  description = "certgate, load balancer"
  vpc_id      = data.aws_vpc.this.id
  tags        = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "task" {
  name_prefix = "${var.name}-task-"
  description = "certgate, tasks"
  vpc_id      = data.aws_vpc.this.id
  tags        = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = toset(var.client_cidrs)

  security_group_id = aws_security_group.load_balancer.id
  description       = "clients"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  # A colon is in every IPv6 range, and in no other.
  cidr_ipv4 = strcontains(each.value, ":") ? null : each.value
  cidr_ipv6 = strcontains(each.value, ":") ? each.value : null
}

resource "aws_vpc_security_group_egress_rule" "load_balancer_to_task" {
  for_each = { connections = local.tls_port, health = local.admin_port }

  security_group_id            = aws_security_group.load_balancer.id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  referenced_security_group_id = aws_security_group.task.id
}

resource "aws_vpc_security_group_ingress_rule" "task_from_load_balancer" {
  for_each = { connections = local.tls_port, health = local.admin_port }

  security_group_id            = aws_security_group.task.id
  description                  = each.key
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
  referenced_security_group_id = aws_security_group.load_balancer.id
}

# What a task needs of AWS: SSM, ECR and logs. By endpoints, nothing leaves the VPC. (KMS isn't among them: it is SSM
# that decrypts.) Names are resolved by the VPC's resolver, which security groups don't filter.

resource "aws_vpc_security_group_egress_rule" "task_to_endpoints" {
  count = var.endpoint_security_group_id == null ? 0 : 1

  security_group_id            = aws_security_group.task.id
  description                  = "SSM, ECR and logs by their endpoints"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = var.endpoint_security_group_id
}

resource "aws_vpc_security_group_ingress_rule" "endpoints_from_task" {
  count = var.endpoint_security_group_id == null ? 0 : 1

  security_group_id            = var.endpoint_security_group_id
  description                  = "tasks of certgate"
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
  referenced_security_group_id = aws_security_group.task.id
}

resource "aws_vpc_security_group_egress_rule" "task_to_s3" {
  count = var.endpoint_security_group_id == null ? 0 : 1

  security_group_id = aws_security_group.task.id
  description       = "layers of ECR in S3"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = data.aws_ec2_managed_prefix_list.s3[0].id
}

resource "aws_vpc_security_group_egress_rule" "task_to_internet" {
  count = var.endpoint_security_group_id == null ? 1 : 0

  security_group_id = aws_security_group.task.id
  description       = "SSM, ECR and logs by their public addresses"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_egress_rule" "task_to_upstream" {
  count = var.upstream == null ? 0 : 1

  security_group_id            = aws_security_group.task.id
  description                  = "the upstream"
  ip_protocol                  = "tcp"
  from_port                    = var.upstream.port
  to_port                      = var.upstream.port
  referenced_security_group_id = var.upstream.security_group_id
}
