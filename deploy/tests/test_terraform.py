"""The Terraform setup: there is no provider to ask offline, so that names are looked up, and what matters is read."""

import re

import hcl2
import pytest
from conftest import DEPLOY
from containers import seconds

FOLDER = DEPLOY / "nlb-terraform"
FILES = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.tf"))}
TEXT = "\n".join(re.sub(r"(?m)^\s*#.*$", "", text) for text in FILES.values())


def plain(value):
    """As hcl2 reads it, without its quotes and notes."""
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.strip('"') if isinstance(value, str) else value


def load():
    merged = {}
    for text in FILES.values():
        for kind, blocks in plain(hcl2.loads(text)).items():
            merged.setdefault(kind, []).extend(blocks)
    return merged


CONFIGURATION = load()


def block(kind, type, name):
    (found,) = [each[type][name] for each in CONFIGURATION[kind] if name in each.get(type, {})]
    return found


def declared():
    names = {f"var.{name}" for each in CONFIGURATION["variable"] for name in each}
    names |= {f"local.{name}" for each in CONFIGURATION["locals"] for name in each}
    for kind, prefix in ("resource", ""), ("data", "data."):
        names |= {f"{prefix}{type}.{name}" for each in CONFIGURATION[kind] for type, of in each.items() for name in of}
    return names


def referred():
    # References within strings are in ${}; other strings hold none.
    text = re.sub(r'"((?:[^"\\]|\\.)*)"', lambda m: " ".join(re.findall(r"\$\{([^}]*)\}", m[1])), TEXT)
    names = set(re.findall(r"\b(?:var|local)\.[a-z0-9_]+", text))
    names |= set(re.findall(r"\bdata\.aws_[a-z0-9_]+\.[a-z0-9_]+", text))
    return names | set(re.findall(r"(?<![\w.])aws_[a-z0-9_]+\.[a-z0-9_]+", text))


def test_every_name_is_declared_and_used():
    missing = referred() - declared()
    assert not missing
    unused = {each for each in declared() - referred() if each.startswith(("var.", "local.", "data."))}
    assert not unused


def test_every_variable_has_a_type_and_a_description():
    for each in CONFIGURATION["variable"]:
        for name, variable in each.items():
            assert "type" in variable and variable.get("description"), name
    for each in CONFIGURATION["output"]:
        for name, output in each.items():
            assert output.get("description"), name


def test_parameters_are_named_from_their_slash_on():
    # Their ARN is 'parameter' and the name, without a slash between them.
    variables = {name: each for group in CONFIGURATION["variable"] for name, each in group.items()}
    parameters = [name for name in variables if name.endswith("_parameter")]
    assert len(parameters) == 4
    for name in parameters:
        (validation,) = variables[name]["validation"]
        assert f'startswith(var.{name}, "/")' in validation["condition"]
        assert variables[name]["default"].startswith("/")


def test_the_example_sets_variables_that_there_are():
    example = hcl2.loads((FOLDER / "terraform.tfvars.example").read_text())
    variables = {name: each for group in CONFIGURATION["variable"] for name, each in group.items()}
    names = {name for name in example if not name.startswith("__")}
    assert names <= set(variables)
    # What has no default must be set.
    assert {name for name, each in variables.items() if "default" not in each} <= names


def test_the_load_balancer_passes_tcp():
    assert block("resource", "aws_lb", "this")["load_balancer_type"] == "network"
    assert block("resource", "aws_lb_listener", "tls")["protocol"] == "TCP"
    group = block("resource", "aws_lb_target_group", "this")
    assert (group["protocol"], group["target_type"]) == ("TCP", "ip")
    assert group["proxy_protocol_v2"] is True and group["preserve_client_ip"] is False
    assert group["connection_termination"] is False
    (check,) = group["health_check"]
    assert (check["protocol"], check["path"], check["port"]) == ("HTTP", "/readyz", "${local.admin_port}")


def test_the_container():
    definition = block("resource", "aws_ecs_task_definition", "this")
    assert (definition["network_mode"], definition["requires_compatibilities"]) == ("awsvpc", ["FARGATE"])
    container = definition["container_definitions"]
    for part in (
        'user = "65532:65532"',
        "readonlyRootFilesystem = true",
        'capabilities = {drop = ["ALL"]}',
        'containerPath = "/run/certgate"',
        'command = ["CMD", "/certgate", "health"]',
        'CERTGATE_PROXY_PROTOCOL = "required"',
        "CERTGATE_TRUSTED_PROXIES = join(",
        "secrets = [for name, arn in local.secrets : {name = name, valueFrom = arn}]",
    ):
        assert part in container, part
    delay, timeout = (
        seconds(re.search(rf'{name} = "(\w+)"', container)[1])
        for name in ("CERTGATE_DRAIN_DELAY", "CERTGATE_DRAIN_TIMEOUT")
    )
    # Not over before its time, because there are few clients.
    assert 'CERTGATE_DRAIN_QUIET = "0s"' in container
    stop = int(re.search(r"stopTimeout = (\d+)", container)[1])
    assert delay + timeout < stop <= 120
    group = block("resource", "aws_lb_target_group", "this")
    assert group["deregistration_delay"] >= delay + timeout
    # The task that drains is unhealthy from its first moment on. Its connections must not be reset for that.
    (state,) = group["target_health_state"]
    assert state["enable_unhealthy_connection_termination"] is False
    assert state["unhealthy_draining_interval"] >= stop
    # Failed health checks, and the half minute in which the load balancer still sends connections.
    (check,) = group["health_check"]
    assert delay >= check["interval"] * check["unhealthy_threshold"] + 30


def test_the_secrets_are_these_four():
    (local,) = CONFIGURATION["locals"]
    assert set(local["secrets"]) == {
        "SSL_SERVER_CERTIFICATE",
        "SSL_SERVER_KEY",
        "SSL_CLIENT_CERTIFICATE",
        "CERTGATE_TICKET_SECRET",
    }
    # Terraform never reads a value: it would be in the state.
    assert "aws_ssm_parameter" not in TEXT


def statements():
    document = block("data", "aws_iam_policy_document", "execution")
    found = list(document["statement"])
    for dynamic in document["dynamic"]:
        found += dynamic["statement"]["content"]
    return {each["sid"]: each for each in found}


def test_the_execution_role_may_do_the_least_that_works():
    found = statements()
    assert {sid: sorted(each["actions"]) for sid, each in found.items()} == {
        "Secrets": ["ssm:GetParameters"],
        "DecryptSecrets": ["kms:Decrypt"],
        "Log": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Pull": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "PullToken": ["ecr:GetAuthorizationToken"],
    }
    assert [sid for sid, each in found.items() if each["resources"] == ["*"]] == ["PullToken"]
    assert found["Secrets"]["resources"] == "${values(local.secrets)}"
    conditions = {each["variable"]: each["values"] for each in found["DecryptSecrets"]["condition"]}
    assert conditions["kms:EncryptionContext:PARAMETER_ARN"] == "${values(local.secrets)}"
    assert "ssm." in conditions["kms:ViaService"][0]
    policies = [each for each in CONFIGURATION["resource"] for type in each if "policy" in type and "iam" in type]
    assert len(policies) == 1
    (policy,) = policies
    assert policy["aws_iam_role_policy"]["execution"]["role"] == "${aws_iam_role.execution.id}"
    (trust,) = block("data", "aws_iam_policy_document", "tasks")["statement"]
    assert {each["variable"] for each in trust["condition"]} == {"aws:SourceAccount", "aws:SourceArn"}


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_rules_name_groups_and_not_addresses(direction):
    open_to_the_world = {"clients", "task_to_internet"}
    type = f"aws_vpc_security_group_{direction}_rule"
    rules = {name: rule for each in CONFIGURATION["resource"] for name, rule in each.get(type, {}).items()}
    assert rules
    for name, rule in rules.items():
        by_address = [key for key in rule if key.startswith("cidr_")]
        assert bool(by_address) == (name in open_to_the_world), name
        assert rule["description"]
    if direction == "egress":
        # Only without endpoints.
        assert rules["task_to_internet"]["count"] == "${var.endpoint_security_group_id == null ? 1 : 0}"
