"""The two templates, deployed to moto. What moto leaves out is looked up in the template."""

import re

import pytest
from cfnlint.decode import cfn_yaml
from conftest import APPLICATION_IMAGE, DEPLOY, IMAGE, container, environment, secrets
from containers import assert_hardened, assert_stops_in_order
from privileges import assert_for_tasks_of_this_account, assert_least


def parameter(cloud, name):
    return f"arn:aws:ssm:{cloud.region}:123456789012:parameter/certgate/{name}"


def template(name):
    return cfn_yaml.load(str(DEPLOY / name))


@pytest.fixture(params=["alb-sidecar", "alb-private"])
def setup(request):
    """The name of a setup, its stack, its template."""
    stack = request.getfixturevalue({"alb-sidecar": "sidecar", "alb-private": "private"}[request.param])
    return request.param, stack, template(f"{request.param}/template.yaml")


def test_the_load_balancer_speaks_https_to_certgate(setup):
    name, stack, _ = setup
    cloud = stack.cloud
    elb = cloud.client("elbv2")
    (group,) = elb.describe_target_groups()["TargetGroups"]
    assert (group["Protocol"], group["Port"], group["TargetType"]) == ("HTTPS", 8443, "ip")
    assert (group["HealthCheckProtocol"], group["HealthCheckPort"]) == ("HTTPS", "traffic-port")
    path = {"alb-sidecar": "/health", "alb-private": "/.well-known/certgate-health"}[name]
    assert (group["HealthCheckPath"], group["Matcher"]) == (path, {"HttpCode": "200"})

    listeners = elb.describe_listeners(LoadBalancerArn=stack.resources["LoadBalancer"])["Listeners"]
    https, http = sorted(listeners, key=lambda each: -each["Port"])
    assert (https["Port"], https["Protocol"]) == (443, "HTTPS")
    assert https["SslPolicy"].startswith("ELBSecurityPolicy-TLS13-1-2")
    assert https["Certificates"] == [{"CertificateArn": stack.there["certificate"]}]
    assert https["DefaultActions"][0]["TargetGroupArn"] == group["TargetGroupArn"]
    assert (http["Port"], http["Protocol"]) == (80, "HTTP")
    redirect = http["DefaultActions"][0]["RedirectConfig"]
    assert redirect == {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}


def test_the_task(setup):
    name, stack, template = setup
    cloud = stack.cloud
    definition = stack.task_definition()
    gateway = container(definition)
    assert gateway["image"] == IMAGE
    assert_hardened(gateway)
    assert gateway["portMappings"] == [{"containerPort": 8443, "protocol": "tcp"}]
    assert environment(gateway)["CERTGATE_LISTEN"] == "0.0.0.0:8443"
    assert environment(gateway)["CERTGATE_UPSTREAM"] == "http://127.0.0.1:8080"
    expected = {
        "SSL_SERVER_CERTIFICATE": parameter(cloud, "server-certificate"),
        "SSL_SERVER_KEY": parameter(cloud, "server-key"),
        "CERTGATE_TICKET_SECRET": parameter(cloud, "ticket-secret"),
    }
    if name == "alb-private":
        expected["SSL_CLIENT_CERTIFICATE"] = parameter(cloud, "client-certificate")
    assert secrets(gateway) == expected

    application = container(definition, "application")
    assert application["image"] == APPLICATION_IMAGE
    assert not application["portMappings"] and application["readonlyRootFilesystem"]
    # The application outlives certgate, which drains.
    assert gateway["dependsOn"] == [{"containerName": "application", "condition": "START"}]

    properties = template["Resources"]["TaskDefinition"]["Properties"]
    assert (properties["NetworkMode"], properties["RequiresCompatibilities"]) == ("awsvpc", ["FARGATE"])
    (delay,) = template["Resources"]["TargetGroup"]["Properties"]["TargetGroupAttributes"]
    assert delay["Key"] == "deregistration_delay.timeout_seconds"
    assert_stops_in_order(gateway, int(delay["Value"]))


def test_an_idle_connection_is_the_load_balancers_to_close(setup):
    _, stack, template = setup
    attributes = template["Resources"]["LoadBalancer"]["Properties"]["LoadBalancerAttributes"]
    idle = {each["Key"]: each["Value"] for each in attributes}["idle_timeout.timeout_seconds"]
    kept = environment(container(stack.task_definition()))["CERTGATE_HEADER_TIMEOUT"]
    assert int(kept.removesuffix("s")) > int(idle)


def test_the_load_balancer_says_where_a_request_comes_from(sidecar):
    gateway = environment(container(sidecar.task_definition()))
    assert gateway["CERTGATE_CLIENT_AUTH"] == "off"
    assert gateway["CERTGATE_TRUSTED_PROXIES"] == "10.1.0.0/24,10.1.1.0/24"
    # With a PROXY header it would count for nothing.
    assert "CERTGATE_PROXY_PROTOCOL" not in gateway


def test_who_the_client_is(private):
    gateway = environment(container(private.task_definition()))
    assert gateway["CERTGATE_CLIENT_AUTH"] == "header"
    # The header is believed from the load balancer's subnets only.
    assert gateway["CERTGATE_TRUSTED_PROXIES"] == "10.0.0.0/24,10.0.1.0/24"
    assert gateway["CERTGATE_HEALTH_PATH"] == "/.well-known/certgate-health"
    listener = template("alb-private/template.yaml")["Resources"]["HttpsListener"]["Properties"]
    assert listener["MutualAuthentication"] == {"Mode": {"Ref": "ClientCertificates"}}


def test_the_roles_may_do_the_least_that_works(setup):
    name, stack, template = setup
    cloud = stack.cloud
    expected = {parameter(cloud, "server-certificate"), parameter(cloud, "server-key"), parameter(cloud, "ticket-secret")}
    if name == "alb-private":
        expected.add(parameter(cloud, "client-certificate"))
    key = stack.there["key"] if name == "alb-sidecar" else None
    statements = stack.policy("ExecutionRole")
    assert_least(statements, expected, key=key, repositories=[stack.there["repository"]])
    assert stack.policy("TaskRole") is None
    for role in "ExecutionRole", "TaskRole":
        assert_for_tasks_of_this_account(template["Resources"][role]["Properties"]["AssumeRolePolicyDocument"])
        assert not template["Resources"][role]["Properties"].get("ManagedPolicyArns")


def test_security_groups_name_each_other(setup):
    _, stack, template = setup
    cloud = stack.cloud
    ec2 = cloud.client("ec2")
    balancer, task = (stack.resources[name] for name in ("LoadBalancerSecurityGroup", "TaskSecurityGroup"))
    groups = {each["GroupId"]: each for each in ec2.describe_security_groups(GroupIds=[balancer, task])["SecurityGroups"]}
    assert {rule["FromPort"] for rule in groups[balancer]["IpPermissions"]} == {443, 80}
    (rule,) = groups[task]["IpPermissions"]
    assert (rule["FromPort"], rule["ToPort"], rule["IpRanges"]) == (8443, 8443, [])
    assert [pair["GroupId"] for pair in rule["UserIdGroupPairs"]] == [balancer]

    # moto takes no egress rules from a template.
    resources = template["Resources"]
    (out,) = resources["LoadBalancerSecurityGroup"]["Properties"]["SecurityGroupEgress"]
    assert out["DestinationSecurityGroupId"] == {"Fn::GetAtt": ["TaskSecurityGroup", "GroupId"]}
    for rule in resources["TaskSecurityGroup"]["Properties"]["SecurityGroupEgress"]:
        condition, through_endpoints, _ = rule["Fn::If"]
        assert condition == "ThroughEndpoints"
        assert "CidrIp" not in through_endpoints
        assert through_endpoints["FromPort"] == through_endpoints["ToPort"] == 443


def test_the_service(setup):
    _, stack, template = setup
    cloud = stack.cloud
    properties = template["Resources"]["Service"]["Properties"]
    assert properties["LaunchType"] == "FARGATE" and properties["PlatformVersion"] == "1.4.0"
    deployment = properties["DeploymentConfiguration"]
    assert deployment["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}
    assert (deployment["MinimumHealthyPercent"], deployment["MaximumPercent"]) == (100, 200)
    assert properties["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "DISABLED"
    (balancer,) = properties["LoadBalancers"]
    assert (balancer["ContainerName"], balancer["ContainerPort"]) == ("certgate", 8443)
    (service,) = cloud.client("ecs").describe_services(
        cluster=stack.outputs["ClusterName"], services=[stack.resources["Service"]]
    )["services"]
    assert service["desiredCount"] == 2
    assert service["taskDefinition"] == stack.resources["TaskDefinition"]
    (group,) = cloud.client("logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 30


def routes(stack, number):
    """Of a private subnet."""
    # moto makes no associations of a template.
    association = template("alb-private/template.yaml")["Resources"][f"PrivateRoutesOfSubnet{number}"]["Properties"]
    assert association["SubnetId"] == {"Ref": f"PrivateSubnet{number}"}
    assert association["RouteTableId"] == {"Ref": f"PrivateRoutes{number}"}
    tables = stack.cloud.client("ec2").describe_route_tables(RouteTableIds=[stack.resources[f"PrivateRoutes{number}"]])
    return tables["RouteTables"][0]["Routes"]


def test_the_private_network(private):
    cloud = private.cloud
    ec2 = cloud.client("ec2")
    subnets = {name: id for name, id in private.resources.items() if re.fullmatch("(Public|Private)Subnet[12]", name)}
    assert len(subnets) == 4
    described = ec2.describe_subnets(SubnetIds=list(subnets.values()))["Subnets"]
    assert len({each["CidrBlock"] for each in described}) == 4
    assert len({each["AvailabilityZone"] for each in described}) == 2

    for number in 1, 2:
        # No way out of the VPC but by endpoints.
        assert not [route for route in routes(private, number) if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    services = {each["ServiceName"].removeprefix(f"com.amazonaws.{cloud.region}."): each for each in endpoints}
    assert set(services) == {"s3", "ssm", "ecr.api", "ecr.dkr", "logs"}
    assert services["s3"]["VpcEndpointType"] == "Gateway"
    assert all(each["PrivateDnsEnabled"] for name, each in services.items() if name != "s3")
    assert not ec2.describe_nat_gateways()["NatGateways"]
    service = template("alb-private/template.yaml")["Resources"]["Service"]["Properties"]
    assert service["NetworkConfiguration"]["AwsvpcConfiguration"]["Subnets"] == [
        {"Ref": "PrivateSubnet1"},
        {"Ref": "PrivateSubnet2"},
    ]


def test_the_private_network_by_nat(private_by_nat):
    stack, cloud = private_by_nat, private_by_nat.cloud
    ec2 = cloud.client("ec2")
    assert len(ec2.describe_nat_gateways()["NatGateways"]) == 2
    for number in 1, 2:
        (out,) = [route for route in routes(stack, number) if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
        assert out["NatGatewayId"] == stack.resources[f"NatGateway{number}"]
    gateway = container(stack.task_definition())
    assert environment(gateway)["CERTGATE_CLIENT_AUTH"] == "off"
    assert "SSL_CLIENT_CERTIFICATE" not in secrets(gateway)
    # Neither a key of the operator's nor a repository: the least is less.
    expected = {parameter(cloud, "server-certificate"), parameter(cloud, "server-key"), parameter(cloud, "ticket-secret")}
    assert_least(stack.policy("ExecutionRole"), expected)
