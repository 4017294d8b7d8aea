"""Names and values that have to be right in every file: settings of certgate, accounts, regions, secrets."""

import re

from conftest import DEPLOY
from containers import files, settings_of_the_program

# Settings that the setups need and that the README's table doesn't have yet.
STILL_TO_COME = set()


def test_certgate_knows_every_setting():
    # An unknown variable stops the start.
    known = settings_of_the_program() | STILL_TO_COME
    used = {name for path in files() for name in re.findall(r"\bCERTGATE_[A-Z_]+\b", path.read_text())}
    assert "CERTGATE_DRAIN_DELAY" in used
    assert used - known == set()


def test_secrets_are_named_as_certgate_reads_them():
    page = (DEPLOY.parent / "docs/certificates.md").read_text()
    for path in files():
        for name in re.findall(r"\bSSL_[A-Z_]+\b", path.read_text()):
            assert f"`{name}`" in page, f"{path}: {name}"


def test_no_account_and_no_region_is_written_down():
    region = r"\b(?:us|eu|ap|sa|ca|me|af|il)-(?:gov-)?(?:north|south|east|west|central)(?:east|west)?-\d\b"
    for path in files():
        text = path.read_text()
        assert not re.findall(r"(?<!\d)\d{12}(?!\d)", text), path
        assert not re.findall(region, text), path


def test_no_secret_is_written_down():
    for path in files():
        assert "PRIVATE KEY-----" not in path.read_text(), path


def test_every_setup_has_its_page():
    setups = [path for path in DEPLOY.iterdir() if path.is_dir() and path.name not in {"tests", "requirements"}]
    assert len(setups) >= 5
    overview = (DEPLOY / "README.md").read_text()
    for setup in setups:
        assert (setup / "README.md").is_file(), setup.name
        assert f"]({setup.name}/README.md)" in overview, setup.name


def test_links_lead_somewhere():
    for page in [path for path in files() if path.suffix == ".md"]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page}: {link}"
