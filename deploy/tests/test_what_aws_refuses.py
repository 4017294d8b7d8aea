"""What AWS refuses, and neither a linter nor moto does."""

import re

import pytest
from cfnlint.decode import cfn_yaml
from conftest import DEPLOY, cdk_template
from test_terraform import CONFIGURATION

TEMPLATES = ["alb-sidecar/template.yaml", "alb-private/template.yaml"]
SECURITY_GROUPS = {"AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"}


def load(name):
    return cdk_template() if name == "alb-cdk" else cfn_yaml.load(str(DEPLOY / name))


def values(tree, keys):
    """Whatever stands under one of the keys, at any depth."""
    if isinstance(tree, dict):
        yield from (value for key, value in tree.items() if key in keys and isinstance(value, str))
        tree = list(tree.values())
    if isinstance(tree, list):
        for each in tree:
            yield from values(each, keys)


NETWORK = SECURITY_GROUPS | {
    "AWS::EC2::NatGateway",
    "AWS::EC2::Route",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPCEndpoint",
}


def names(tree):
    """What a resource refers to, and so comes after."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield (value if isinstance(value, list) else value.split("."))[0]
            elif key == "Fn::Sub":
                text = value if isinstance(value, str) else value[0]
                yield from re.findall(r"\$\{([A-Za-z0-9]+)", text)
            elif key == "DependsOn":
                # A container's is a list of others.
                yield from [each for each in ([value] if isinstance(value, str) else value) if isinstance(each, str)]
            if key != "Ref":
                yield from names(value)
    elif isinstance(tree, list):
        for each in tree:
            yield from names(each)


@pytest.mark.parametrize("name", [*TEMPLATES, "alb-cdk"])
def test_tasks_start_when_the_network_stands(name):
    # Otherwise they fail, and the circuit breaker ends the deployment after three.
    resources = load(name)["Resources"]
    (service,) = [each for each, resource in resources.items() if resource["Type"] == "AWS::ECS::Service"]
    before, open_ones = set(), [service]
    while open_ones:
        new = set(names(resources[open_ones.pop()])) & set(resources) - before
        before |= new
        open_ones += new
    network = {each for each, resource in resources.items() if resource["Type"] in NETWORK}
    assert len(network) >= 4
    assert network - before == set()


def test_tasks_start_when_the_network_stands_with_terraform():
    (service,) = [each["aws_ecs_service"]["this"] for each in CONFIGURATION["resource"] if "aws_ecs_service" in each]
    rules = {
        f"{type}.{name}"
        for each in CONFIGURATION["resource"]
        for type, named in each.items()
        for name in named
        # Clients may come later.
        if type.startswith("aws_vpc_security_group_") and name != "clients"
    }
    assert len(rules) >= 6
    assert rules <= {each.strip("${}") for each in service["depends_on"]}


def descriptions_of_templates():
    for name in [*TEMPLATES, "alb-cdk"]:
        for resource in load(name)["Resources"].values():
            if resource["Type"] in SECURITY_GROUPS:
                yield from ((name, each) for each in values(resource, {"Description", "GroupDescription"}))


def descriptions_of_terraform():
    for each in CONFIGURATION["resource"]:
        for type, named in each.items():
            if "security_group" in type:
                yield from (("nlb-terraform", found) for found in values(named, {"description"}))


def descriptions_of_the_steps():
    script = (DEPLOY / "alb-sidecar/deploy.sh").read_text()
    for found in re.findall(r"(?m)^ *(?:rule |\w+=\$\(security_group ).*'([^']*)'\)?$", script):
        yield "deploy.sh", found


def test_security_groups_are_described_in_characters_that_ec2_takes():
    # API reference, IpRange: an apostrophe, say, is InvalidParameterValue, once somebody applies it.
    found = {
        source: list(source())
        for source in (descriptions_of_templates, descriptions_of_terraform, descriptions_of_the_steps)
    }
    assert [len(each) > 6 for each in found.values()] == [True, True, True], found
    for where, text in sum(found.values(), []):
        assert re.fullmatch(r"[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}|\$\{each\.key\}", text), f"{where}: {text}"


@pytest.mark.parametrize("name", TEMPLATES)
def test_rules_use_the_functions_of_rules(name):
    # 'Template format error: Following functions are not supported in the Rules block'.
    allowed = {"And", "Contains", "EachMemberEquals", "EachMemberIn", "Equals", "Not", "Or"}
    allowed |= {"RefAll", "ValueOf", "ValueOfAll"}

    def functions(tree):
        if isinstance(tree, dict):
            for key, value in tree.items():
                if key.startswith("Fn::") or key == "Condition":
                    yield key.removeprefix("Fn::")
                yield from functions(value)
        elif isinstance(tree, list):
            for each in tree:
                yield from functions(each)

    used = set(functions(load(name)["Rules"]))
    assert used and used <= allowed
