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
  type = string
}

variable "load_balancer_subnet_ids" {
  description = "One in each zone; public ones unless internal is set."
  type        = list(string)
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
  type    = string
  default = "X86_64"

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
  type    = number
  default = 2
}

variable "max_tasks" {
  description = "More than tasks: scales out while the CPU is above 60 %. null: always that many tasks."
  type        = number
  default     = null
}

variable "settings" {
  description = "Further settings, such as { CERTGATE_UPSTREAM = \"http://backend.internal:8080\" }."
  type        = map(string)
  default     = {}
}

variable "upstream" {
  description = "Where certgate may connect to for its upstream, as a security group and a port; null for static content."
  type        = object({ security_group_id = string, port = number })
  default     = null
}

# The secrets, as names of SSM parameters. Terraform never reads their values: they would be in its state.

variable "server_certificate_parameter" {
  type    = string
  default = "/certgate/server-certificate"
}

variable "server_key_parameter" {
  type    = string
  default = "/certgate/server-key"
}

variable "client_certificate_parameter" {
  description = "The CA certificates that clients' certificates must chain to."
  type        = string
  default     = "/certgate/client-certificate"
}

variable "ticket_secret_parameter" {
  description = "The same for all tasks, so that clients resume on any of them."
  type        = string
  default     = "/certgate/ticket-secret"
}

variable "parameter_kms_key_arn" {
  description = "The KMS key of the SecureString parameters; null for the account's alias/aws/ssm, whose own policy lets SSM decrypt."
  type        = string
  default     = null
}

# Logs, stopping and the like.

variable "log_days" {
  type    = number
  default = 30
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
  type    = bool
  default = true
}

variable "tags" {
  type    = map(string)
  default = {}
}
