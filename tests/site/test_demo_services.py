"""Demonstration services: named in a notice, run only with consent, and made only where nobody can have others."""

from __future__ import annotations

import io
import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from consent.models import Notice, Service
from demo.glossary import load_demonstration
from tests.people import NOON

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def glossary(shared_database: None) -> None:
    """The terms of the demonstration, which no test here is about."""
    load_demonstration(at=NOON)


@pytest.fixture(autouse=True)
def development(settings: Settings, tmp_path: Path) -> None:
    settings.DEBUG = True
    settings.DATA_DIR = tmp_path
    settings.SITE_URL = "http://127.0.0.1:8000"


def load(*arguments: str) -> str:
    out = io.StringIO()
    call_command("load_demo", *arguments, stdout=out)
    return out.getvalue()


def scripts_allowed(client: Client) -> str:
    found = re.search("script-src ([^;]*)", client.get("/")["Content-Security-Policy"])
    assert found
    return found[1]


def test_each_optional_category_has_one_and_it_needs_consent(client: Client) -> None:
    assert "A demonstration service for each category" in load()
    assert sorted(Service.objects.values_list("category__varname", "status")) == [
        ("analytics", "on"),
        ("marketing", "on"),
        ("personalization", "on"),
    ]
    notice = Notice.objects.live("en")
    assert notice
    told = {entry["varname"]: entry["services"] for entry in notice.document["categories"] if not entry["required"]}
    assert all(services[0]["recipients"] == ["http://localhost:8000"] for services in told.values())
    assert scripts_allowed(client) == "'self'"
    form = {"choice": "accept_all", "notice": notice.sha256, "surface": "banner", "next": "/"}
    answer = client.post("/consent/", urlencode(form), "application/x-www-form-urlencoded", headers=SAME_ORIGIN)
    assert answer.status_code < 400, answer.content
    assert scripts_allowed(client) == "'self' http://localhost:8000"


def test_another_start_changes_nothing() -> None:
    load()
    before = list(Service.objects.values()), list(Notice.objects.values())
    assert "service" not in load()
    assert (list(Service.objects.values()), list(Notice.objects.values())) == before


def test_another_port_is_told(settings: Settings) -> None:
    load()
    settings.SITE_URL = "http://127.0.0.1:8001"
    assert "cannot run at http://127.0.0.1:8001" in load()


@pytest.mark.parametrize("site_url", ["https://glossary.example.org", "http://192.0.2.7:8000", "https://127.0.0.1"])
def test_a_site_elsewhere_gets_none(settings: Settings, site_url: str) -> None:
    settings.SITE_URL = site_url
    load()
    assert not Service.objects.exists()


def test_a_site_in_production_and_one_without_accounts_get_none(settings: Settings) -> None:
    load("--no-accounts")
    settings.DEBUG = False
    load()
    assert not Service.objects.exists()
