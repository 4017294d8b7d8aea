variable "name" {
  description = "Begins the name of everything that is made."
  type        = string
  default     = "certgate"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,23}$", var.name))
    error_message = "Lower case letters, digits and hyphens, 24 at most: names of load balancers have 32."
  }
}

# The network that is there.

variable "vpc_id" {
  description = "Of the load balancer and the tasks. Its DNS support is on, as it is by default."
  type        = string
}

variable "load_balancer_subnet_ids" {
  description = "One in each zone; public ones unless internal is set. PROXY headers are believed from their ranges."
  type        = list(string)

  validation {
    condition     = length(var.load_balancer_subnet_ids) > 0
    error_message = "One at least; two or more, each in a zone of its own, outlive a zone."
  }
}

variable "task_subnet_ids" {
  description = "Private ones, with a NAT gateway or VPC endpoints."
  type        = list(string)
}

variable "internal" {
  description = "Whether the load balancer has private addresses only."
  type        = bool
  default     = false
}

variable "client_cidrs" {
  description = "Who may reach the load balancer. Everybody is refused without a certificate anyway."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}

variable "endpoint_security_group_id" {
  description = "The security group of the interface endpoints ssm, ecr.api, ecr.dkr and logs; there must be a gateway endpoint of s3, too. null: tasks go out to the internet on port 443."
  type        = string
  default     = null
}

# The containers.

variable "image" {
  description = "certgate's image."
  type        = string
}

variable "repository_arns" {
  description = "ARNs of the ECR repositories of the image; none if it is pulled from elsewhere."
  type        = list(string)
  default     = []
}

variable "cpu_architecture" {
  description = "What the image was built for."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "X86_64 or ARM64, whichever the image was built for."
  }
}

variable "cpu" {
  description = "Of a task, in 1/1024 of a vCPU."
  type        = number
  default     = 256
}

variable "memory" {
  description = "Of a task, in MiB. Which values go with which CPU is Fargate's table."
  type        = number
  default     = 512
}

variable "tasks" {
  description = "How many tasks the service is made with, and with max_tasks the fewest. Later plans leave their number alone, since autoscaling changes it: without max_tasks it is changed by aws ecs update-service --desired-count."
  type        = number
  default     = 2

  validation {
    condition     = var.tasks >= 1 && floor(var.tasks) == var.tasks
    error_message = "A whole number, 1 or more."
  }
}

variable "max_tasks" {
  description = "More than tasks: scales out while the CPU is above 60 %. null: no autoscaling."
  type        = number
  default     = null
}

variable "settings" {
  description = "Further settings, such as { CERTGATE_UPSTREAM = \"http://backend.internal:8080\" }."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^CERTGATE_[A-Z_]+$", name)) && name != "CERTGATE_TICKET_SECRET"])
    error_message = "Names begin with CERTGATE_. Secrets aren't among them: they are SSM parameters."
  }
}

variable "upstream" {
  description = "Where certgate may connect to for its upstream, as a security group and a port; null for static content."
  type        = object({ security_group_id = string, port = number })
  default     = null
}

# The secrets, as names of SSM parameters. Terraform never reads their values: they would be in its state.

variable "server_certificate_parameter" {
  description = "The server's certificate, its intermediates after it."
  type        = string
  default     = "/certgate/server-certificate"

  validation {
    condition     = startswith(var.server_certificate_parameter, "/")
    error_message = "The whole name, from its / on."
  }
}

variable "server_key_parameter" {
  description = "Its private key, not encrypted."
  type        = string
  default     = "/certgate/server-key"

  validation {
    condition     = startswith(var.server_key_parameter, "/")
    error_message = "The whole name, from its / on."
  }
}

variable "client_certificate_parameter" {
  description = "The CA certificates that clients' certificates must chain to."
  type        = string
  default     = "/certgate/client-certificate"

  validation {
    condition     = startswith(var.client_certificate_parameter, "/")
    error_message = "The whole name, from its / on."
  }
}

variable "ticket_secret_parameter" {
  description = "The same for all tasks, so that clients resume on any of them."
  type        = string
  default     = "/certgate/ticket-secret"

  validation {
    condition     = startswith(var.ticket_secret_parameter, "/")
    error_message = "The whole name, from its / on."
  }
}

variable "parameter_kms_key_arn" {
  description = "The KMS key of the SecureString parameters; null for the account's alias/aws/ssm, whose own policy lets SSM decrypt."
  type        = string
  default     = null
}

# Logs, stopping and the like.

variable "log_days" {
  description = "How long CloudWatch keeps the log."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "One of those that CloudWatch has: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "log_kms_key_arn" {
  description = "The KMS key of the log group; its policy must name the service logs. null: the service's own encryption."
  type        = string
  default     = null
}

variable "cross_zone" {
  description = "Whether a client may be sent to a task in another zone. It costs traffic between zones, and spreads evenly."
  type        = bool
  default     = true
}

variable "deletion_protection" {
  description = "Whether the load balancer refuses to be deleted. Apply false before destroy."
  type        = bool
  default     = true
}

variable "tags" {
  description = "Of everything that is made, the tasks included."
  type        = map(string)
  default     = {}
}
