"""deploy.sh of alb-sidecar makes what template.yaml makes, and can be run again."""

import json

import pytest
from conftest import Cloud, container, run_steps
from containers import assert_hardened
from privileges import assert_for_tasks_of_this_account, assert_least
from test_cloudformation import parameter


@pytest.fixture(scope="module")
def deployed(server):
    """Through the steps once: the region, what was there before, what the script said."""
    cloud = Cloud(server, "us-east-1")
    there = cloud.prepare()
    # From a run that broke off there: it still lets everything out, as EC2 makes it.
    cloud.client("ec2").create_security_group(VpcId=there["vpc"], GroupName="gate-task", Description="certgate, tasks")
    more = {
        "PARAMETER_KEY": there["key"],
        "REPOSITORIES": there["repository"],
        "ENDPOINT_SECURITY_GROUP": there["endpoints"],
        "S3_PREFIX_LIST": there["s3"],
    }
    result = run_steps(cloud, there, **more)
    assert result.returncode == 0, result.stderr
    return cloud, there, more, result


def everything(cloud):
    """What there is, and the rules."""
    ec2, elb, ecs = cloud.client("ec2"), cloud.client("elbv2"), cloud.client("ecs")
    groups = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["gate-*", "endpoints"]}])
    rules = [
        (each["GroupName"], way, rule.get("FromPort"), rule["IpRanges"], rule["UserIdGroupPairs"], rule["PrefixListIds"])
        for each in groups["SecurityGroups"]
        for way in ("IpPermissions", "IpPermissionsEgress")
        for rule in each[way]
        # An entry without ports is the rule that lets everything out: only the endpoints' group still has it.
        if "FromPort" in rule or each["GroupName"] != "endpoints"
    ]
    (balancer,) = elb.describe_load_balancers()["LoadBalancers"]
    return {
        "rules": sorted(rules, key=str),
        "target groups": [each["TargetGroupArn"] for each in elb.describe_target_groups()["TargetGroups"]],
        "listeners": sorted(
            each["ListenerArn"]
            for each in elb.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
        ),
        "roles": sorted(
            each["RoleName"] for each in cloud.client("iam").list_roles()["Roles"] if each["RoleName"].startswith("gate-e")
        ),
        "clusters": ecs.list_clusters()["clusterArns"],
        "services": ecs.list_services(cluster="gate")["serviceArns"],
    }


def service_of(cloud):
    (service,) = cloud.client("ecs").describe_services(cluster="gate", services=["gate"])["services"]
    return service


def definition_of(cloud):
    arn = service_of(cloud)["taskDefinition"]
    return cloud.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]


def test_the_steps_make_the_setup(deployed):
    cloud, there, _, result = deployed
    assert result.stdout.strip().endswith("elb.amazonaws.com")
    (balancer,) = service_of(cloud)["loadBalancers"]
    assert (balancer["containerName"], balancer["containerPort"]) == ("certgate", 8443)
    definition = definition_of(cloud)
    assert (definition["networkMode"], definition["requiresCompatibilities"]) == ("awsvpc", ["FARGATE"])
    assert_hardened(container(definition))

    elb, iam = cloud.client("elbv2"), cloud.client("iam")
    (group,) = elb.describe_target_groups()["TargetGroups"]
    assert (group["Protocol"], group["HealthCheckProtocol"], group["HealthCheckPath"]) == ("HTTPS", "HTTPS", "/health")
    attributes = elb.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])["Attributes"]
    assert {"Key": "deregistration_delay.timeout_seconds", "Value": "70"} in attributes

    policy = iam.get_role_policy(RoleName="gate-execution", PolicyName="start-the-task")["PolicyDocument"]
    expected = {parameter(cloud, name) for name in ("server-certificate", "server-key", "ticket-secret")}
    assert_least(policy["Statement"], expected, key=there["key"], repositories=[there["repository"]])
    assert iam.list_role_policies(RoleName="gate-task")["PolicyNames"] == []
    for role in "gate-execution", "gate-task":
        assert_for_tasks_of_this_account(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])

    # Tasks reach endpoints and nothing else, by the groups' names.
    rules = [rule for rule in everything(cloud)["rules"] if rule[0] == "gate-task"]
    assert {(way, port) for _, way, port, *_ in rules} == {("IpPermissions", 8443), ("IpPermissionsEgress", 443)}
    assert not [rule for rule in rules if rule[3]]


def test_template_and_steps_have_one_task_definition(deployed, sidecar):
    of = {}
    for name, cloud, definition in (
        ("template", sidecar.cloud, sidecar.task_definition()),
        ("steps", deployed[0], definition_of(deployed[0])),
    ):
        containers = definition["containerDefinitions"]
        for each in containers:
            each["logConfiguration"]["options"].pop("awslogs-group")
        of[name] = json.loads(json.dumps(containers).replace(cloud.region, "REGION"))
    assert of["steps"] == of["template"]


def test_the_steps_can_be_taken_again(deployed):
    cloud, there, more, first = deployed
    before = everything(cloud)
    assert (len(before["listeners"]), len(before["services"]), len(before["target groups"])) == (2, 1, 1)
    second = run_steps(cloud, there, **more, TASKS="3")
    assert second.returncode == 0, second.stderr
    assert second.stdout == first.stdout
    assert everything(cloud) == before
    assert service_of(cloud)["desiredCount"] == 3
    assert service_of(cloud)["taskDefinition"].endswith(":2")


def test_a_missing_parameter_is_said_before_anything_is_made(server):
    cloud = Cloud(server, "us-west-2")
    there = cloud.prepare()
    cloud.client("ssm").delete_parameter(Name="/certgate/server-key")
    result = run_steps(cloud, there)
    assert result.returncode == 1
    assert "SSM has no parameter /certgate/server-key" in result.stderr
    assert cloud.client("logs").describe_log_groups()["logGroups"] == []


def everything_there_is(cloud):
    """Names and numbers of whatever the steps make."""
    ec2, elb, ecs, iam = (cloud.client(name) for name in ("ec2", "elbv2", "ecs", "iam"))
    groups = ec2.describe_security_groups()["SecurityGroups"]
    # A cluster that is deleted is INACTIVE for a while.
    clusters = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    return {
        "groups": sorted(each["GroupName"] for each in groups),
        "rules": sum(len(each["IpPermissions"]) + len(each["IpPermissionsEgress"]) for each in groups),
        "balancers": elb.describe_load_balancers()["LoadBalancers"],
        "target groups": elb.describe_target_groups()["TargetGroups"],
        "clusters": [each["clusterName"] for each in clusters if each["status"] == "ACTIVE"],
        "definitions": ecs.list_task_definitions(familyPrefix="gone-gateway")["taskDefinitionArns"],
        "roles": [each for each in iam.list_roles()["Roles"] if each["RoleName"].startswith("gone")],
        "logs": cloud.client("logs").describe_log_groups()["logGroups"],
    }


def test_what_the_steps_made_can_be_removed(server):
    # Roles are the account's, so that these need names of their own.
    cloud = Cloud(server, "ap-south-1")
    there = cloud.prepare()
    more = {"NAME": "gone", "ENDPOINT_SECURITY_GROUP": there["endpoints"], "S3_PREFIX_LIST": there["s3"]}
    before = everything_there_is(cloud)
    made = run_steps(cloud, there, **more)
    assert made.returncode == 0, made.stderr
    assert {key for key, value in everything_there_is(cloud).items() if value == before[key]} == set()
    for _ in "once", "again":
        removed = run_steps(cloud, there, "remove.sh", **more)
        assert removed.returncode == 0, removed.stderr
        # Also the rule in the group of the endpoints, which was there before.
        assert everything_there_is(cloud) == before
