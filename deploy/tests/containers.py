"""What is alike in the container definitions of all setups."""

import re
from pathlib import Path

from conftest import DEPLOY

# What Fargate takes at most.
LONGEST_STOP_TIMEOUT = 120


def settings_of_the_program():
    """The variables that certgate knows: one for each flag in the README's table, and the secrets."""
    readme = (DEPLOY.parent / "README.md").read_text()
    flags = re.findall(r"^\| `--([a-z-]+)` \|", readme, re.MULTILINE)
    assert len(flags) > 30
    return {"CERTGATE_" + flag.upper().replace("-", "_") for flag in flags} | {"CERTGATE_TICKET_SECRET"}


def seconds(duration):
    amount, unit = re.fullmatch(r"(\d+)(s|m)", duration).groups()
    return int(amount) * {"s": 1, "m": 60}[unit]


def assert_hardened(container):
    assert container["readonlyRootFilesystem"] is True
    assert container["user"] == "65532:65532"
    assert container["linuxParameters"]["capabilities"]["drop"] == ["ALL"]
    assert not container["linuxParameters"]["capabilities"].get("add")
    (tmpfs,) = container["linuxParameters"]["tmpfs"]
    assert tmpfs["containerPath"] == "/run/certgate"
    assert {"mode=0700", "uid=65532", "noexec", "nosuid", "nodev"} <= set(tmpfs["mountOptions"])
    assert container["healthCheck"]["command"] == ["CMD", "/certgate", "health"]
    assert container["essential"] is True
    # Neither the key nor the ticket secret is anywhere but in the secrets.
    assert not [name for name in environment_of(container) if name.startswith("SSL_") or "SECRET" in name]


def environment_of(container):
    return {each["name"]: each["value"] for each in container["environment"]}


def assert_stops_in_order(container, deregistration_delay):
    """deregistration_delay >= drain-delay + drain-timeout < stopTimeout"""
    environment = environment_of(container)
    # By itself the delay ends after 20 s without a client.
    assert seconds(environment["CERTGATE_DRAIN_DELAY"]) <= seconds(environment.get("CERTGATE_DRAIN_QUIET", "20s"))
    drain = seconds(environment["CERTGATE_DRAIN_DELAY"]) + seconds(environment["CERTGATE_DRAIN_TIMEOUT"])
    assert drain < container["stopTimeout"] <= LONGEST_STOP_TIMEOUT
    assert deregistration_delay >= drain


def files():
    """Everything in deploy/ that is applied somewhere."""
    skipped = {"node_modules", "cdk.out", "tests", "package-lock.json"}
    for path in sorted(DEPLOY.rglob("*")):
        if path.is_file() and not skipped & set(path.relative_to(DEPLOY).parts):
            yield Path(path)
