"""Alerts and dashboard ask for metrics that certgate has, by labels that they have."""

import json
import re

import pytest
import yaml
from conftest import DEPLOY

DOCS = DEPLOY.parent / "docs"
HISTOGRAMS = {"certgate_handshake_seconds", "certgate_request_seconds", "certgate_ocsp_seconds"}
# Prometheus' own, and those of how it was told to find the tasks.
OWN_LABELS = {"job", "instance", "le"}


def metrics():
    """Name -> labels, from the tables of the docs."""
    found = {}
    for page in sorted(DOCS.glob("*.md")):
        for name, labels in re.findall(r"`(certgate_[a-z_]+)(?:\{([a-z_,]+)[^}]*\})?`", page.read_text()):
            found.setdefault(name, set()).update(filter(None, labels.split(",")))
    assert len(found) > 20
    return found


def alerts():
    rules = yaml.safe_load((DEPLOY / "monitoring/alerts.yaml").read_text())
    return [rule for group in rules["groups"] for rule in group["rules"]]


def panels():
    dashboard = json.loads((DEPLOY / "monitoring/dashboard.json").read_text())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions():
    yield from ((rule["alert"], rule["expr"]) for rule in alerts())
    yield from ((panel["title"], target["expr"]) for panel in panels() for target in panel["targets"])


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_metrics_and_labels_exist(where, expression):
    known = metrics()
    used = re.findall(r"\b(certgate_[a-z_]+)(?:\{([^}]*)\})?", expression)
    assert used or "up{" in expression
    for name, selector in used:
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        base = base if base in HISTOGRAMS else name
        assert base in known, f"{where}: no metric {name}"
        for label in re.findall(r"([a-z_]+)\s*(?:=~|!~|!=|=)", selector):
            assert label in known[base] | OWN_LABELS, f"{where}: {name} has no label {label}"
    labels = set().union(OWN_LABELS, *(known.get(re.sub(r"_bucket$", "", name), set()) for name, _ in used))
    for by in re.findall(r"\bby\s*\(([^)]*)\)", expression):
        assert {label.strip() for label in by.split(",")} <= labels, where
    for one, other in ("()", "{}", "[]"):
        assert expression.count(one) == expression.count(other), where


def test_histograms_are_histograms():
    page = (DOCS / "observability.md").read_text() + (DOCS / "ocsp.md").read_text()
    for name in HISTOGRAMS:
        assert name in page


def test_every_alert_says_what_to_do():
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names)) >= 10
    for rule in alerts():
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"] and rule["annotations"]["description"]


def test_panels_have_places_of_their_own():
    dashboard = json.loads((DEPLOY / "monitoring/dashboard.json").read_text())
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_whoever_renews_certificates_is_told_in_time():
    name = "certgate_certificate_not_after_timestamp_seconds"
    found = {(rule["labels"]["severity"], rule["expr"].strip()) for rule in alerts() if name in rule["expr"]}
    assert found == {
        (severity, f'min by (site) ({name}{{kind="{kind}"}}) - time() < {days} * 86400')
        for kind in ("server", "client_ca")
        for severity, days in (("ticket", 30), ("page", 7))
    }


def test_whoever_renews_revocation_lists_is_told_in_time():
    name = "certgate_crl_next_update_timestamp_seconds"
    found = {(rule["labels"]["severity"], rule["expr"].strip()) for rule in alerts() if name in rule["expr"]}
    assert found == {
        (severity, f"min by (site, issuer) ({name}) - time() < {hours} * 3600")
        for severity, hours in (("ticket", 24), ("page", 6))
    }
