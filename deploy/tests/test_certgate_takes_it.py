"""certgate itself takes the settings of each container definition: 'certgate check' with its environment."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from conftest import DEPLOY, cdk_template, container, environment, secrets
from test_terraform import CONFIGURATION, block, plain

REPOSITORY = DEPLOY.parent


@pytest.fixture(scope="module")
def program():
    """CERTGATE names the program; without it, the one that was built last, if any."""
    if os.environ.get("CERTGATE"):
        return Path(os.environ["CERTGATE"])
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    built = [path for path in (target / kind / "certgate" for kind in ("debug", "release")) if path.exists()]
    if not built:
        pytest.skip("certgate isn't built: cargo build, or CERTGATE=/path/to/certgate")
    return max(built, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def parameters(tmp_path_factory):
    """The values of the SSM parameters, made as README.md and certs-example/ say."""
    folder = tmp_path_factory.mktemp("parameters")
    subprocess.run([REPOSITORY / "certs-example/make.sh", folder / "pki"], check=True, capture_output=True)
    page = (DEPLOY / "README.md").read_text()
    (command,) = re.findall(r"^    (openssl req -x509 (?:.*\\\n)*.*)$", page, re.MULTILINE)
    subprocess.run(["bash", "-ec", command], cwd=folder, check=True, capture_output=True)
    of_a_ca = {name: (folder / "pki" / file).read_text() for name, file in (
        ("SSL_SERVER_CERTIFICATE", "server.pem"),
        ("SSL_SERVER_KEY", "server.key"),
        ("SSL_CLIENT_CERTIFICATE", "ca.pem"),
    )}
    self_signed = {
        "SSL_SERVER_CERTIFICATE": (folder / "server.pem").read_text(),
        "SSL_SERVER_KEY": (folder / "server.key").read_text(),
    }
    return of_a_ca, {**of_a_ca, **self_signed}


def of_a_stack(stack):
    gateway = container(stack.task_definition())
    assert not gateway.get("command") and not gateway.get("entryPoint")
    return environment(gateway), set(secrets(gateway))


def of_cdk():
    (definition,) = [
        each["Properties"] for each in cdk_template()["Resources"].values() if each["Type"] == "AWS::ECS::TaskDefinition"
    ]
    (gateway,) = definition["ContainerDefinitions"]
    assert "Command" not in gateway and "EntryPoint" not in gateway
    return {each["Name"]: each["Value"] for each in gateway["Environment"]}, {each["Name"] for each in gateway["Secrets"]}


def of_terraform():
    text = block("resource", "aws_ecs_task_definition", "this")["container_definitions"]
    assert "command = [" not in text.replace('command = ["CMD", "/certgate", "health"]', "")
    (local,) = [plain(each) for each in CONFIGURATION["locals"]]
    found = dict(re.findall(r"\b(CERTGATE_[A-Z_]+) = (\"[^\"]*\"|join\()", text))
    assert len(found) == len(re.findall(r"\bCERTGATE_[A-Z_]+ =", text))
    for name, value in found.items():
        # The one that is worked out is the list of the load balancer's subnets.
        value = "10.0.0.0/24,10.0.1.0/24" if value == "join(" else value.strip('"')
        found[name] = re.sub(r"\$\{local\.(\w+)\}", lambda m: str(local[m[1]]), value)
    return found, set(local["secrets"])


@pytest.mark.parametrize("setup", ["nlb-terraform", "alb-cdk", "sidecar", "private", "private_by_nat"])
def test_certgate_takes_the_settings(setup, request, program, parameters, tmp_path):
    values = {"nlb-terraform": of_terraform, "alb-cdk": of_cdk}
    settings, names = values[setup]() if setup in values else of_a_stack(request.getfixturevalue(setup))
    of_a_ca, self_signed = parameters
    values = of_a_ca if setup == "nlb-terraform" else self_signed
    given = {name: values.get(name, "0" * 64) for name in names}
    assert "CERTGATE_LISTEN" in settings and "SSL_SERVER_KEY" in given

    def check(more):
        # The machine's own directories stand in for those of the image.
        own = {"CERTGATE_CERTS_DIR": str(tmp_path / "certs")}
        if "CERTGATE_UPSTREAM" not in settings:
            own["CERTGATE_ROOT"] = str(tmp_path)
        return subprocess.run([program, "check"], env={**own, **settings, **given, **more}, capture_output=True, text=True)

    result = check({})
    assert result.returncode == 0, result.stdout + result.stderr
    # Nor has it doubts, but about a certificate that nobody has signed.
    doubts = re.findall("(?m)^warning: (.*)", result.stdout)
    assert [each for each in doubts if "a self-signed server certificate" not in each] == []
    # It does look: a setting that there isn't stops the start.
    unknown = check({"CERTGATE_LISTENS": "0.0.0.0:8443"})
    assert unknown.returncode == 78 and "CERTGATE_LISTENS" in unknown.stdout
