"""What the tests share: a moto server, the stacks deployed to it, and the files as data."""

import ast
import json
import logging
import os
import subprocess
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

DEPLOY = Path(__file__).resolve().parent.parent
SECRETS = {
    "/certgate/server-certificate",
    "/certgate/server-key",
    "/certgate/client-certificate",
    "/certgate/ticket-secret",
}
IMAGE = "registry.example/certgate:0.1"
APPLICATION_IMAGE = "registry.example/application:1"


@pytest.fixture(scope="session")
def server():
    # It writes a line for each request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


class Cloud:
    """A region of the moto server, and clients for it. Each deployment has one of its own; roles are the account's."""

    def __init__(self, url, region):
        self.url, self.region = url, region
        self.environment = {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_DEFAULT_REGION": region,
            # Nothing of the machine's own: neither its credentials nor its settings.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service):
        return boto3.client(
            service,
            region_name=self.region,
            endpoint_url=self.url,
            aws_access_key_id="none",
            aws_secret_access_key="none",
        )

    def prepare(self):
        """What the setups take for granted: network, parameters, certificate, prefix list."""
        ec2 = self.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
        zones = [zone["ZoneName"] for zone in ec2.describe_availability_zones()["AvailabilityZones"]]
        subnets = [
            ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.1.{i}.0/24", AvailabilityZone=zones[i % 2])["Subnet"]["SubnetId"]
            for i in range(4)
        ]
        ssm = self.client("ssm")
        for name in SECRETS:
            ssm.put_parameter(Name=name, Type="SecureString", Value="not looked at")
        certificate = self.client("acm").request_certificate(DomainName="gate.example")["CertificateArn"]
        lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
        s3 = next(each for each in lists if each["PrefixListName"] == f"com.amazonaws.{self.region}.s3")
        endpoints = ec2.create_security_group(VpcId=vpc, GroupName="endpoints", Description="endpoints")
        key = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        repository = self.client("ecr").create_repository(repositoryName="certgate")["repository"]["repositoryArn"]
        return {
            "vpc": vpc,
            "load_balancer_subnets": subnets[:2],
            "task_subnets": subnets[2:],
            "certificate": certificate,
            "s3": s3["PrefixListId"],
            "endpoints": endpoints["GroupId"],
            "key": key,
            "repository": repository,
        }


class Stack:
    """A CloudFormation template, deployed."""

    def __init__(self, cloud, there, template, parameters):
        self.cloud, self.there = cloud, there
        cloudformation = cloud.client("cloudformation")
        cloudformation.create_stack(
            StackName="gate",
            TemplateBody=(DEPLOY / template).read_text(),
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        stack = cloudformation.describe_stacks(StackName="gate")["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        # moto doesn't name every kind of resource.
        self.resources = {
            resource["LogicalResourceId"]: resource.get("PhysicalResourceId")
            for resource in cloudformation.describe_stack_resources(StackName="gate")["StackResources"]
            if "LogicalResourceId" in resource
        }

    def policy(self, role):
        """The statements of the one inline policy of a role, or None."""
        iam = self.cloud.client("iam")
        name = self.resources[role]
        names = iam.list_role_policies(RoleName=name)["PolicyNames"]
        if not names:
            return None
        assert len(names) == 1
        document = iam.get_role_policy(RoleName=name, PolicyName=names[0])["PolicyDocument"]
        # moto keeps what a template says as Python writes it.
        document = ast.literal_eval(document) if isinstance(document, str) else document
        # What AWS::NoValue takes out of a list, moto leaves there as None.
        statements = [statement for statement in document["Statement"] if statement]
        for statement in statements:
            if isinstance(statement["Resource"], list):
                statement["Resource"] = [resource for resource in statement["Resource"] if resource]
        return statements

    def task_definition(self):
        return self.cloud.client("ecs").describe_task_definition(taskDefinition=self.resources["TaskDefinition"])[
            "taskDefinition"
        ]


@pytest.fixture(scope="session")
def sidecar(server):
    """template.yaml of alb-sidecar, with everything that can be asked for."""
    cloud = Cloud(server, "eu-central-1")
    there = cloud.prepare()
    return Stack(
        cloud,
        there,
        "alb-sidecar/template.yaml",
        {
            "VpcId": there["vpc"],
            "LoadBalancerSubnets": ",".join(there["load_balancer_subnets"]),
            "LoadBalancerCidrs": "10.1.0.0/24,10.1.1.0/24",
            "TaskSubnets": ",".join(there["task_subnets"]),
            "ServerCertificate": there["certificate"],
            "Image": IMAGE,
            "ApplicationImage": APPLICATION_IMAGE,
            "EndpointSecurityGroup": there["endpoints"],
            "S3PrefixList": there["s3"],
            "ParameterKey": there["key"],
            "RepositoryArns": there["repository"],
        },
    )


def private_network(cloud, more):
    there = cloud.prepare()
    parameters = {
        "ServerCertificate": there["certificate"],
        "Image": IMAGE,
        "ApplicationImage": APPLICATION_IMAGE,
        # The defaults; moto doesn't cut a default into a list.
        "PublicCidrs": "10.0.0.0/24,10.0.1.0/24",
        "PrivateCidrs": "10.0.2.0/24,10.0.3.0/24",
    }
    return Stack(cloud, there, "alb-private/template.yaml", {**parameters, **more(there)})


@pytest.fixture(scope="session")
def private(server):
    """template.yaml of alb-private, by endpoints and with client certificates."""
    return private_network(
        Cloud(server, "eu-west-1"),
        lambda there: {"S3PrefixList": there["s3"], "RepositoryArns": there["repository"]},
    )


@pytest.fixture(scope="session")
def private_by_nat(server):
    """The same by NAT, and without client certificates."""
    return private_network(Cloud(server, "eu-north-1"), lambda _: {"WayOut": "nat", "ClientCertificates": "off"})


def run_steps(cloud, there, script="deploy.sh", **more):
    """A script of alb-sidecar against the server."""
    return subprocess.run(
        [DEPLOY / "alb-sidecar" / script],
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.devnull,
            "PYTHONPYCACHEPREFIX": os.environ.get("PYTHONPYCACHEPREFIX", ""),
            **cloud.environment,
            "NAME": "gate",
            "VPC": there["vpc"],
            "LOAD_BALANCER_SUBNETS": " ".join(there["load_balancer_subnets"]),
            "TASK_SUBNETS": " ".join(there["task_subnets"]),
            "SERVER_CERTIFICATE": there["certificate"],
            "IMAGE": IMAGE,
            "APPLICATION_IMAGE": APPLICATION_IMAGE,
            "WAIT": "no",
            **more,
        },
        capture_output=True,
        text=True,
        timeout=600,
    )


def container(definition, name="certgate"):
    return next(each for each in definition["containerDefinitions"] if each["name"] == name)


def environment(container):
    return {each["name"]: each["value"] for each in container["environment"]}


def secrets(container):
    return {each["name"]: each["valueFrom"] for each in container["secrets"] if each}


def cdk_template():
    """What 'cdk synth' wrote before the tests began."""
    return json.loads((Path(os.environ["CDK_OUT"]) / "Certgate.template.json").read_text())
