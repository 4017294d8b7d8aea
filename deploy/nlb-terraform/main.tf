data "aws_partition" "current" {}
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

locals {
  # id is the name of the region in versions 5 and 6 of the provider.
  region         = data.aws_region.current.id
  parameter_arns = "arn:${data.aws_partition.current.partition}:ssm:${local.region}:${data.aws_caller_identity.current.account_id}:parameter"

  secrets = {
    SSL_SERVER_CERTIFICATE = "${local.parameter_arns}${var.server_certificate_parameter}"
    SSL_SERVER_KEY         = "${local.parameter_arns}${var.server_key_parameter}"
    SSL_CLIENT_CERTIFICATE = "${local.parameter_arns}${var.client_certificate_parameter}"
    CERTGATE_TICKET_SECRET = "${local.parameter_arns}${var.ticket_secret_parameter}"
  }

  # Above 1023, so that nobody in the container needs to be root.
  tls_port   = 8443
  admin_port = 9090
}

resource "aws_lb" "this" {
  name               = var.name
  load_balancer_type = "network"
  internal           = var.internal
  subnets            = var.load_balancer_subnet_ids
  # Only at creation can a Network Load Balancer get security groups: one made without them must be made anew.
  security_groups                  = [aws_security_group.load_balancer.id]
  enable_cross_zone_load_balancing = var.cross_zone
  enable_deletion_protection       = var.deletion_protection
  tags                             = var.tags
}

resource "aws_lb_target_group" "this" {
  name        = var.name
  vpc_id      = data.aws_vpc.this.id
  target_type = "ip"
  # TCP: the load balancer passes bytes, certgate ends the TLS.
  protocol = "TCP"
  port     = local.tls_port

  # How certgate learns the client's address. Preserving it in the packets instead would make tasks refuse what comes
  # back to them from their own zone, and the security groups below would have to let in the world.
  proxy_protocol_v2  = true
  preserve_client_ip = false

  # As long as a request may still take, and no less than 120 s: for about that long the load balancer still sends new
  # connections to a task that is being deregistered. ECS sends SIGTERM when this is over.
  deregistration_delay = 120
  # certgate ends connections itself, in order, at SIGTERM; the load balancer would cut them before.
  connection_termination = false

  # By default the load balancer resets all connections of a target as soon as it is unhealthy. But a task that drains is
  # unhealthy by intent, while its requests still run: it keeps them for as long as stopTimeout allows.
  target_health_state {
    enable_unhealthy_connection_termination = false
    unhealthy_draining_interval             = 120
  }

  health_check {
    # /readyz fails from SIGTERM on, which a connection to the TLS port wouldn't show.
    protocol            = "HTTP"
    port                = local.admin_port
    path                = "/readyz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }

  tags = var.tags
}

resource "aws_lb_listener" "tls" {
  load_balancer_arn = aws_lb.this.arn
  protocol          = "TCP"
  port              = 443
  tags              = var.tags

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_ecs_cluster" "this" {
  name = var.name
  tags = var.tags

  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn
  tags                     = var.tags

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  container_definitions = jsonencode([{
    name                   = "certgate"
    image                  = var.image
    essential              = true
    user                   = "65532:65532"
    readonlyRootFilesystem = true

    portMappings = [
      { containerPort = local.tls_port, protocol = "tcp" },
      { containerPort = local.admin_port, protocol = "tcp" },
    ]

    # In the order of their names, as ECS gives them back: otherwise each plan would see a change.
    environment = [for name, value in merge({
      CERTGATE_LISTEN = "0.0.0.0:${local.tls_port}"
      # For the load balancer's health checks; the security group lets in nobody else.
      CERTGATE_ADMIN = "0.0.0.0:${local.admin_port}"
      # A connection without the header is none of the load balancer's, and the header counts only from its subnets.
      CERTGATE_PROXY_PROTOCOL  = "required"
      CERTGATE_TRUSTED_PROXIES = join(",", sort([for subnet in data.aws_subnet.load_balancer : subnet.cidr_block]))
      # For tasks that are stopped without being deregistered first (by hand, by Fargate's maintenance): two failed
      # health checks, and the half minute that the load balancer takes after them.
      CERTGATE_DRAIN_DELAY = "50s"
      # All of it: by default 20 s without a client end it, and by then the load balancer has only just noticed.
      CERTGATE_DRAIN_QUIET   = "0s"
      CERTGATE_DRAIN_TIMEOUT = "60s"
    }, var.settings) : { name = name, value = value }]

    secrets = [for name, arn in local.secrets : { name = name, valueFrom = arn }]

    linuxParameters = {
      capabilities = { drop = ["ALL"] }
      # Keeps the key in memory. Fargate has had tmpfs since January 2026, on platform version 1.4.0.
      tmpfs = [{
        containerPath = "/run/certgate"
        size          = 16
        mountOptions  = ["mode=0700", "uid=65532", "gid=65532", "noexec", "nosuid", "nodev"]
      }]
    }

    healthCheck = {
      command     = ["CMD", "/certgate", "health"]
      interval    = 10
      timeout     = 5
      retries     = 3
      startPeriod = 10
    }

    # More than CERTGATE_DRAIN_DELAY + CERTGATE_DRAIN_TIMEOUT; Fargate takes no more.
    stopTimeout = 120

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = local.region
        awslogs-stream-prefix = "gateway"
        # A log service that is slow holds up nothing.
        mode            = "non-blocking"
        max-buffer-size = "8m"
      }
    }
  }])
}

resource "aws_ecs_service" "this" {
  name                               = var.name
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.this.arn
  launch_type                        = "FARGATE"
  platform_version                   = "1.4.0"
  desired_count                      = var.tasks
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  health_check_grace_period_seconds  = 30
  enable_execute_command             = false
  propagate_tags                     = "SERVICE"
  tags                               = var.tags

  # A deployment whose tasks don't get healthy goes back to the last one by itself.
  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.task_subnet_ids
    security_groups  = [aws_security_group.task.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = "certgate"
    container_port   = local.tls_port
  }

  # Autoscaling changes it. (ignore_changes takes no condition.)
  lifecycle {
    ignore_changes = [desired_count]
  }

  # A target group can be a service's only once a listener uses it, and tasks start only with all of the role's policy and
  # a way to SSM and ECR: three that fail end the deployment. In the other direction, rules go only after the tasks.
  depends_on = [
    aws_lb_listener.tls,
    aws_iam_role_policy.execution,
    aws_vpc_security_group_egress_rule.load_balancer_to_task,
    aws_vpc_security_group_ingress_rule.task_from_load_balancer,
    aws_vpc_security_group_ingress_rule.endpoints_from_task,
    aws_vpc_security_group_egress_rule.task_to_endpoints,
    aws_vpc_security_group_egress_rule.task_to_s3,
    aws_vpc_security_group_egress_rule.task_to_internet,
    aws_vpc_security_group_egress_rule.task_to_upstream,
  ]
}

resource "aws_appautoscaling_target" "this" {
  count = var.max_tasks == null ? 0 : 1

  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.tasks
  max_capacity       = var.max_tasks

  lifecycle {
    precondition {
      condition     = var.max_tasks >= var.tasks
      error_message = "max_tasks is less than tasks."
    }
  }
}

resource "aws_appautoscaling_policy" "cpu" {
  count = var.max_tasks == null ? 0 : 1

  name               = "${var.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[0].service_namespace
  resource_id        = aws_appautoscaling_target.this[0].resource_id
  scalable_dimension = aws_appautoscaling_target.this[0].scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value = 60
    # Out at once, since handshakes are what costs; back slowly.
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
