#!/usr/bin/env bash
# Takes away what deploy.sh has made, in the reverse order. Can be run again, after a failure as well.
#
#   NAME=certgate VPC=vpc-… deploy/alb-sidecar/remove.sh
#
# What deploy.sh found there stays: the VPC, the endpoints, the certificate in ACM, the SSM parameters, the images.
set -euo pipefail
export AWS_PAGER=''
: "${VPC:?the VPC}"
name=${NAME:-certgate}

say() { printf '%s\n' "$*" >&2; }

# gone COMMAND...: runs it; that there is no such thing is no error. Prints what it said otherwise, but never None.
gone() {
    local answer errors
    errors=$(mktemp)
    if ! answer=$(aws "$@" --output text 2>"$errors"); then
        if ! grep -qE 'NoSuchEntity|NotFound|ServiceNotActive' "$errors"; then
            cat "$errors" >&2
            rm -f "$errors"
            return 1
        fi
        answer=''
    fi
    rm -f "$errors"
    [ "$answer" = None ] || printf '%s' "$answer"
}

say '1. Service: tasks get their time to drain'
service=$(gone ecs describe-services --cluster "$name" --services "$name" \
    --query "services[?status!='INACTIVE'] | [0].serviceName")
if [ -n "$service" ]; then
    gone ecs delete-service --cluster "$name" --service "$name" --force >/dev/null
    [ "${WAIT:-yes}" != yes ] || aws ecs wait services-inactive --cluster "$name" --services "$name"
fi
for definition in $(gone ecs list-task-definitions --family-prefix "$name-gateway" --query 'taskDefinitionArns[]'); do
    gone ecs deregister-task-definition --task-definition "$definition" >/dev/null
done
gone ecs delete-cluster --cluster "$name" >/dev/null

say '2. Load balancer and target group'
load_balancer=$(gone elbv2 describe-load-balancers --names "$name" --query 'LoadBalancers[0].LoadBalancerArn')
if [ -n "$load_balancer" ]; then
    # With its listeners.
    gone elbv2 delete-load-balancer --load-balancer-arn "$load_balancer" >/dev/null
    [ "${WAIT:-yes}" != yes ] || aws elbv2 wait load-balancers-deleted --load-balancer-arns "$load_balancer"
fi
target_group=$(gone elbv2 describe-target-groups --names "$name" --query 'TargetGroups[0].TargetGroupArn')
[ -z "$target_group" ] || gone elbv2 delete-target-group --target-group-arn "$target_group" >/dev/null

say '3. Security groups'
group() {
    gone ec2 describe-security-groups --filters "Name=vpc-id,Values=$VPC" "Name=group-name,Values=$1" \
        --query 'SecurityGroups[0].GroupId'
}
# forget ingress|egress FILTER GROUP KEY: no other group's rules name it any more; else it couldn't be deleted.
forget() {
    local other
    for other in $(gone ec2 describe-security-groups --filters "Name=$2,Values=$3" --query 'SecurityGroups[].GroupId'); do
        aws ec2 describe-security-groups --group-ids "$other" --output json \
            --query "SecurityGroups[0].$4[?UserIdGroupPairs[?GroupId=='$3']].{IpProtocol: IpProtocol, FromPort: FromPort,
                ToPort: ToPort, UserIdGroupPairs: UserIdGroupPairs[?GroupId=='$3']}" >"$rules"
        aws ec2 "revoke-security-group-$1" --group-id "$other" --ip-permissions "file://$rules" >/dev/null
    done
}
rules=$(mktemp)
trap 'rm -f "$rules"' EXIT
for each in "$name-task" "$name-load-balancer"; do
    id=$(group "$each")
    [ -n "$id" ] || continue
    forget ingress ip-permission.group-id "$id" IpPermissions
    forget egress egress.ip-permission.group-id "$id" IpPermissionsEgress
    # The load balancer's and the tasks' interfaces go a little later than they themselves.
    for attempt in 1 2 3 4 5 6 7 8 9 10 last; do
        errors=$(aws ec2 delete-security-group --group-id "$id" 2>&1 >/dev/null) && break
        case $attempt$errors in
            last*) say "$errors"; exit 1 ;;
            *DependencyViolation*) sleep 30 ;;
            *) say "$errors"; exit 1 ;;
        esac
    done
done

say '4. Roles and log group'
gone iam delete-role-policy --role-name "$name-execution" --policy-name start-the-task >/dev/null
gone iam delete-role --role-name "$name-execution" >/dev/null
gone iam delete-role --role-name "$name-task" >/dev/null
gone logs delete-log-group --log-group-name "/ecs/$name" >/dev/null
