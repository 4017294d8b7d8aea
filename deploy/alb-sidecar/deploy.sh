#!/usr/bin/env bash
# The setup of template.yaml, step by step with the aws command. Can be run again: what is there by its name is kept,
# what may have changed (rules, attributes, task definition, service) is brought up to date.
#
#   NAME=certgate VPC=vpc-… LOAD_BALANCER_SUBNETS='subnet-… subnet-…' TASK_SUBNETS='subnet-… subnet-…' \
#   SERVER_CERTIFICATE=arn:aws:acm:… IMAGE=… APPLICATION_IMAGE=… deploy/alb-sidecar/deploy.sh
#
# Needs aws (1 or 2) with a region and credentials, and the SSM parameters that README.md makes.
set -euo pipefail
export AWS_PAGER=''

# These have no default.
: "${VPC:?the VPC}" "${LOAD_BALANCER_SUBNETS:?two or more subnets, blanks between them}"
: "${TASK_SUBNETS:?private subnets, blanks between them}" "${SERVER_CERTIFICATE:?ARN of the certificate in ACM}"
: "${IMAGE:?certgate\'s image}" "${APPLICATION_IMAGE:?the image of the application}"
# These have.
name=${NAME:-certgate}
application_port=${APPLICATION_PORT:-8080}
health_check_path=${HEALTH_CHECK_PATH:-/health}
client_cidr=${CLIENT_CIDR:-0.0.0.0/0}
scheme=${SCHEME:-internet-facing}
architecture=${ARCHITECTURE:-X86_64}
cpu=${CPU:-256} memory=${MEMORY:-512} tasks=${TASKS:-2} log_days=${LOG_DAYS:-30}
certificate_parameter=${CERTIFICATE_PARAMETER:-/certgate/server-certificate}
key_parameter=${KEY_PARAMETER:-/certgate/server-key}
ticket_secret_parameter=${TICKET_SECRET_PARAMETER:-/certgate/ticket-secret}
# ARN of the KMS key of the parameters; empty for alias/aws/ssm.
parameter_key=${PARAMETER_KEY:-}
# ARNs of the ECR repositories of both images, blanks between them; empty if they are pulled from elsewhere.
repositories=${REPOSITORIES:-}
# The security group of the interface endpoints and S3's prefix list; empty: out to the internet on port 443.
endpoint_security_group=${ENDPOINT_SECURITY_GROUP:-}
s3_prefix_list=${S3_PREFIX_LIST:-}

if [ -n "$endpoint_security_group" ] && [ -z "$s3_prefix_list" ]; then
    echo 'with ENDPOINT_SECURITY_GROUP, S3_PREFIX_LIST is needed too' >&2
    exit 2
fi
read -ra load_balancer_subnets <<<"$LOAD_BALANCER_SUBNETS"
read -ra task_subnets <<<"$TASK_SUBNETS"

say() { printf '%s\n' "$*" >&2; }

# The answer of a command, or nothing where it says None or that there is no such thing. Anything else is an error.
found() {
    local answer errors
    errors=$(mktemp)
    if ! answer=$(aws "$@" --output text 2>"$errors"); then
        if ! grep -qE '\((NoSuchEntity|LoadBalancerNotFound|TargetGroupNotFound|ClusterNotFoundException)\)' "$errors"; then
            cat "$errors" >&2
            rm -f "$errors"
            return 1
        fi
        answer=''
    fi
    rm -f "$errors"
    [ "$answer" = None ] || printf '%s' "$answer"
}

json_list() {
    local separator='' item
    for item in "$@"; do
        printf '%s"%s"' "$separator" "$item"
        separator=,
    done
}

# security_group NAME DESCRIPTION -> its id. A new one lets everything out, by IPv6 as well where the VPC has it: those rules
# go, also after a run that came no further than making it.
security_group() {
    local id range errors
    id=$(found ec2 describe-security-groups \
        --filters "Name=vpc-id,Values=$VPC" "Name=group-name,Values=$1" --query 'SecurityGroups[0].GroupId')
    if [ -z "$id" ]; then
        say "security group $1"
        id=$(aws ec2 create-security-group --vpc-id "$VPC" --group-name "$1" --description "$2" \
            --query GroupId --output text)
    fi
    for range in 'IpRanges=[{CidrIp=0.0.0.0/0}]' 'Ipv6Ranges=[{CidrIpv6=::/0}]'; do
        errors=$(aws ec2 revoke-security-group-egress --group-id "$id" --ip-permissions "IpProtocol=-1,$range" \
            2>&1 >/dev/null) || case $errors in
                *InvalidPermission.NotFound*) ;;
                *) say "$errors"; return 1 ;;
            esac
    done
    printf '%s' "$id"
}

# rule ingress|egress GROUP PORT PEER DESCRIPTION; the peer is a security group, a prefix list or a CIDR.
rule() {
    local peer errors
    case $4 in
        sg-*) peer="UserIdGroupPairs=[{GroupId=$4,Description='$5'}]" ;;
        pl-*) peer="PrefixListIds=[{PrefixListId=$4,Description='$5'}]" ;;
        *:*) peer="Ipv6Ranges=[{CidrIpv6=$4,Description='$5'}]" ;;
        *) peer="IpRanges=[{CidrIp=$4,Description='$5'}]" ;;
    esac
    if ! errors=$(aws ec2 "authorize-security-group-$1" --group-id "$2" \
        --ip-permissions "IpProtocol=tcp,FromPort=$3,ToPort=$3,$peer" 2>&1 >/dev/null); then
        case $errors in
            *InvalidPermission.Duplicate*) ;;
            *) say "$errors"; return 1 ;;
        esac
    fi
}

# role NAME -> its ARN; only ECS tasks of this account and region may take it.
role() {
    local arn
    arn=$(found iam get-role --role-name "$1" --query Role.Arn)
    if [ -z "$arn" ]; then
        say "role $1"
        arn=$(aws iam create-role --role-name "$1" --query Role.Arn --output text --assume-role-policy-document "{
            \"Version\": \"2012-10-17\",
            \"Statement\": [{
                \"Effect\": \"Allow\",
                \"Principal\": { \"Service\": \"ecs-tasks.amazonaws.com\" },
                \"Action\": \"sts:AssumeRole\",
                \"Condition\": {
                    \"StringEquals\": { \"aws:SourceAccount\": \"$account\" },
                    \"ArnLike\": { \"aws:SourceArn\": \"arn:$partition:ecs:$region:$account:*\" }
                }
            }]
        }")
        aws iam wait role-exists --role-name "$1"
    fi
    printf '%s' "$arn"
}

say '1. Account and region'
identity=$(aws sts get-caller-identity --query Arn --output text)
account=$(printf '%s' "$identity" | cut -d: -f5)
partition=$(printf '%s' "$identity" | cut -d: -f2)
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
[ -n "$region" ] || { say 'no region: set AWS_REGION'; exit 1; }
domain=amazonaws.com
[ "$partition" != aws-cn ] || domain=amazonaws.com.cn
parameter_arn=arn:$partition:ssm:$region:$account:parameter
secrets=("$parameter_arn$certificate_parameter" "$parameter_arn$key_parameter" "$parameter_arn$ticket_secret_parameter")

say '2. The parameters are there'
present=$(aws ssm describe-parameters --query 'Parameters[].Name' --output text \
    --parameter-filters "Key=Name,Values=$certificate_parameter,$key_parameter,$ticket_secret_parameter")
for parameter in "$certificate_parameter" "$key_parameter" "$ticket_secret_parameter"; do
    tr "\t" "\n" <<<"$present" | grep -qxF -- "$parameter" || { say "SSM has no parameter $parameter: README.md makes it"; exit 1; }
done

say '3. Log group'
log_group=/ecs/$name
[ -n "$(found logs describe-log-groups --log-group-name-prefix "$log_group" \
    --query "logGroups[?logGroupName=='$log_group'] | [0].logGroupName")" ] ||
    aws logs create-log-group --log-group-name "$log_group"
aws logs put-retention-policy --log-group-name "$log_group" --retention-in-days "$log_days"

say '4. Roles'
execution_role=$(role "$name-execution")
# What the containers themselves may do at AWS: nothing.
task_role=$(role "$name-task")
statements="{ \"Sid\": \"Secrets\", \"Effect\": \"Allow\", \"Action\": \"ssm:GetParameters\",
      \"Resource\": [$(json_list "${secrets[@]}")] },
    { \"Sid\": \"Log\", \"Effect\": \"Allow\", \"Action\": [\"logs:CreateLogStream\", \"logs:PutLogEvents\"],
      \"Resource\": \"arn:$partition:logs:$region:$account:log-group:$log_group:*\" }"
if [ -n "$parameter_key" ]; then
    statements+=",
    { \"Sid\": \"DecryptSecrets\", \"Effect\": \"Allow\", \"Action\": \"kms:Decrypt\", \"Resource\": \"$parameter_key\",
      \"Condition\": { \"StringEquals\": {
        \"kms:ViaService\": \"ssm.$region.$domain\",
        \"kms:EncryptionContext:PARAMETER_ARN\": [$(json_list "${secrets[@]}")] } } }"
fi
if [ -n "$repositories" ]; then
    read -ra repository_arns <<<"$repositories"
    statements+=",
    { \"Sid\": \"Pull\", \"Effect\": \"Allow\", \"Resource\": [$(json_list "${repository_arns[@]}")],
      \"Action\": [\"ecr:BatchCheckLayerAvailability\", \"ecr:BatchGetImage\", \"ecr:GetDownloadUrlForLayer\"] },
    { \"Sid\": \"PullToken\", \"Effect\": \"Allow\", \"Action\": \"ecr:GetAuthorizationToken\", \"Resource\": \"*\" }"
fi
aws iam put-role-policy --role-name "$name-execution" --policy-name start-the-task \
    --policy-document "{ \"Version\": \"2012-10-17\", \"Statement\": [$statements] }"

say '5. Security groups'
load_balancer_group=$(security_group "$name-load-balancer" 'certgate, load balancer')
task_group=$(security_group "$name-task" 'certgate, tasks')
rule ingress "$load_balancer_group" 443 "$client_cidr" 'clients'
rule ingress "$load_balancer_group" 80 "$client_cidr" 'clients to be redirected'
rule egress "$load_balancer_group" 8443 "$task_group" 'requests and health checks'
rule ingress "$task_group" 8443 "$load_balancer_group" 'requests and health checks'
if [ -n "$endpoint_security_group" ]; then
    rule egress "$task_group" 443 "$endpoint_security_group" 'SSM and ECR and logs by their endpoints'
    rule egress "$task_group" 443 "$s3_prefix_list" 'layers of ECR in S3'
    rule ingress "$endpoint_security_group" 443 "$task_group" 'tasks of certgate'
else
    rule egress "$task_group" 443 0.0.0.0/0 'SSM and ECR and logs by their public addresses'
fi

say '6. Load balancer'
load_balancer=$(found elbv2 describe-load-balancers --names "$name" --query 'LoadBalancers[0].LoadBalancerArn')
[ -n "$load_balancer" ] || load_balancer=$(aws elbv2 create-load-balancer --name "$name" --type application \
    --scheme "$scheme" --subnets "${load_balancer_subnets[@]}" --security-groups "$load_balancer_group" \
    --query 'LoadBalancers[0].LoadBalancerArn' --output text)
aws elbv2 modify-load-balancer-attributes --load-balancer-arn "$load_balancer" >/dev/null --attributes \
    Key=routing.http.drop_invalid_header_fields.enabled,Value=true Key=idle_timeout.timeout_seconds,Value=60

say '7. Target group: HTTPS to certgate, whose certificate the load balancer does not verify'
target_group=$(found elbv2 describe-target-groups --names "$name" --query 'TargetGroups[0].TargetGroupArn')
[ -n "$target_group" ] || target_group=$(aws elbv2 create-target-group --name "$name" --vpc-id "$VPC" \
    --target-type ip --protocol HTTPS --port 8443 --query 'TargetGroups[0].TargetGroupArn' --output text)
aws elbv2 modify-target-group --target-group-arn "$target_group" --health-check-protocol HTTPS \
    --health-check-port traffic-port --health-check-path "$health_check_path" --health-check-interval-seconds 10 \
    --health-check-timeout-seconds 5 --healthy-threshold-count 2 --unhealthy-threshold-count 3 \
    --matcher HttpCode=200 >/dev/null
# As long as a request may still take: CERTGATE_DRAIN_DELAY + CERTGATE_DRAIN_TIMEOUT.
aws elbv2 modify-target-group-attributes --target-group-arn "$target_group" \
    --attributes Key=deregistration_delay.timeout_seconds,Value=70 >/dev/null

say '8. Listeners'
# listener PORT ARGUMENTS...
listener() {
    local port=$1 arn
    shift
    arn=$(found elbv2 describe-listeners --load-balancer-arn "$load_balancer" \
        --query "Listeners[?Port==\`$port\`] | [0].ListenerArn")
    if [ -n "$arn" ]; then
        aws elbv2 modify-listener --listener-arn "$arn" --port "$port" "$@" >/dev/null
    else
        aws elbv2 create-listener --load-balancer-arn "$load_balancer" --port "$port" "$@" >/dev/null
    fi
}
listener 443 --protocol HTTPS --ssl-policy ELBSecurityPolicy-TLS13-1-2-2021-06 \
    --certificates "CertificateArn=$SERVER_CERTIFICATE" --default-actions "Type=forward,TargetGroupArn=$target_group"
listener 80 --protocol HTTP \
    --default-actions 'Type=redirect,RedirectConfig={Protocol=HTTPS,Port=443,StatusCode=HTTP_301}'

say '9. Task definition'
# Who says in X-Forwarded-For whom it speaks for.
trusted_proxies=$(aws ec2 describe-subnets --subnet-ids "${load_balancer_subnets[@]}" \
    --query 'Subnets[].CidrBlock' --output text | tr '[:blank:]' '\n' | sort | paste -sd, -)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
definition=$(mktemp)
trap 'rm -f "$definition"' EXIT
sed -e "s|\${NAME}|$name|g" -e "s|\${REGION}|$region|g" -e "s|\${LOG_GROUP}|$log_group|g" \
    -e "s|\${IMAGE}|$IMAGE|g" -e "s|\${APPLICATION_IMAGE}|$APPLICATION_IMAGE|g" \
    -e "s|\${TRUSTED_PROXIES}|$trusted_proxies|g" -e "s|\${APPLICATION_PORT}|$application_port|g" -e "s|\${ARCHITECTURE}|$architecture|g" \
    -e "s|\${CPU}|$cpu|g" -e "s|\${MEMORY}|$memory|g" \
    -e "s|\${EXECUTION_ROLE}|$execution_role|g" -e "s|\${TASK_ROLE}|$task_role|g" \
    -e "s|\${CERTIFICATE}|${secrets[0]}|g" -e "s|\${KEY}|${secrets[1]}|g" -e "s|\${TICKET_SECRET}|${secrets[2]}|g" \
    "$here/task-definition.json" >"$definition"
task_definition=$(aws ecs register-task-definition --cli-input-json "file://$definition" \
    --query taskDefinition.taskDefinitionArn --output text)

say '10. Cluster and service'
cluster=$(found ecs describe-clusters --clusters "$name" --query "clusters[?status=='ACTIVE'] | [0].clusterName")
[ -n "$cluster" ] || aws ecs create-cluster --cluster-name "$name" \
    --settings name=containerInsights,value=enabled >/dev/null
service=$(found ecs describe-services --cluster "$name" --services "$name" \
    --query "services[?status=='ACTIVE'] | [0].serviceName")
if [ -n "$service" ]; then
    aws ecs update-service --cluster "$name" --service "$name" --task-definition "$task_definition" \
        --desired-count "$tasks" >/dev/null
else
    aws ecs create-service --cluster "$name" --service-name "$name" --task-definition "$task_definition" \
        --launch-type FARGATE --platform-version 1.4.0 --desired-count "$tasks" --propagate-tags SERVICE \
        --health-check-grace-period-seconds 30 \
        --deployment-configuration \
        'minimumHealthyPercent=100,maximumPercent=200,deploymentCircuitBreaker={enable=true,rollback=true}' \
        --network-configuration "{ \"awsvpcConfiguration\": { \"assignPublicIp\": \"DISABLED\",
            \"subnets\": [$(json_list "${task_subnets[@]}")], \"securityGroups\": [\"$task_group\"] } }" \
        --load-balancers "targetGroupArn=$target_group,containerName=certgate,containerPort=8443" >/dev/null
fi

if [ "${WAIT:-yes}" = yes ]; then
    say '11. Waiting until the tasks are healthy (up to 10 minutes)'
    aws ecs wait services-stable --cluster "$name" --services "$name"
    # A service that went back to the last task definition is stable, too.
    running=$(aws ecs describe-services --cluster "$name" --services "$name" --output text \
        --query "services[0].deployments[?status=='PRIMARY'] | [0].taskDefinition")
    if [ "$running" != "$task_definition" ]; then
        say "the tasks didn't get healthy, and the service went back to $running:" \
            "aws ecs describe-services --cluster $name --services $name --query 'services[0].events[:10].message'"
        exit 1
    fi
fi
aws elbv2 describe-load-balancers --load-balancer-arns "$load_balancer" --query 'LoadBalancers[0].DNSName' --output text
