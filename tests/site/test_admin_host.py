"""The admin on a host of its own, and what each host answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core import checks
from django.test import Client
from pytest_django import Settings

from glossary.actions.emails import path_to, write_email
from glossary.models import OutboundEmail, Term
from pagestore.nginx import configuration
from pagestore.serving import PageStore
from tests.glossary.term_form import change_url
from tests.pagestore.asking import TERM, ask
from tests.site.starting import start

pytestmark = pytest.mark.django_db

PUBLIC, ADMIN = "glossary.example.org", "admin.glossary.example.org"


@pytest.fixture
def two_hosts(settings: Settings) -> None:
    settings.SITE_URL = f"http://{PUBLIC}"
    settings.ALLOWED_HOSTS = [PUBLIC, ADMIN]
    settings.ADMIN_HOST = ADMIN


def status(path: str, host: str) -> int:
    return int(Client(headers={"Host": host}).get(path).status_code)


@pytest.mark.usefixtures("two_hosts")
def test_each_host_answers_for_its_own_alone() -> None:
    for path in ("/admin/", "/admin", "/admin/login/", "/admin/jsi18n/", "/admin/auth/user/add/"):
        assert status(path, PUBLIC) == 404, path
    assert status("/admin/login/", ADMIN) == 200
    assert status("/admin/login/", f"{ADMIN.upper()}:8443") == 200, "names have no case, and ports don't count"
    for path in ("/glossary/", "/cookies/", "/consent/", "/search/", "/api/v1/", "/robots.txt", "/sitemap.xml", "/de/"):
        assert status(path, ADMIN) == 404, path
    assert Client(headers={"Host": ADMIN}).get("/").headers["Location"] == "/admin/"
    for host in (PUBLIC, ADMIN):
        assert status("/healthz", host) == 200
        assert status("/readyz", host) == 200
    assert status("/", PUBLIC) == 200


def test_without_a_host_of_its_own_the_admin_is_on_every_host(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = [PUBLIC, ADMIN]
    for host in (PUBLIC, ADMIN):
        assert status("/admin/login/", host) == 200
        assert status("/", host) == 200


def test_the_page_store_serves_nothing_on_the_admins_host(worker: Callable[[], PageStore], two_hosts: None) -> None:
    store = worker()
    assert ask(store, TERM, HTTP_HOST=PUBLIC).status == 200
    assert ask(store, TERM, HTTP_HOST=ADMIN).status == 404
    assert ask(store, TERM, HTTP_HOST=f"{ADMIN}:443").status == 404


@pytest.mark.usefixtures("two_hosts")
def test_links_lead_to_the_public_host(full: Term, editor: User) -> None:
    client = Client(headers={"Host": ADMIN})
    client.force_login(editor)
    assert f'href="http://{PUBLIC}/"' in client.get("/admin/").content.decode()
    page = client.get(change_url(full)).content.decode()
    assert f'href="http://{PUBLIC}{full.entry.get_absolute_url()}"' in page
    assert f'href="{full.entry.get_absolute_url()}"' not in page


@pytest.mark.usefixtures("two_hosts")
def test_an_email_leads_to_the_admins_host(full: Term, editor: User, reviewer: User, at: datetime) -> None:
    reviewer.email = "rafael@example.org"
    write_email(key="a", to=reviewer, subject="Read", text="Read it.", path=path_to(full), at=at)
    assert f"\nhttp://{ADMIN}/admin/glossary/term/" in OutboundEmail.objects.get().body


def test_production_is_asked_for_it(settings: Settings) -> None:
    settings.ADMIN_HOST = ""
    found = {message.id: message for message in checks.run_checks(include_deployment_checks=True)}
    assert "ADMIN_HOST" in found["config.W001"].msg
    assert "config.W002" not in found
    settings.CONSENT_SHARED_CACHE = 60
    assert "config.W002" in {message.id for message in checks.run_checks(include_deployment_checks=True)}
    settings.ADMIN_HOST = ADMIN
    ids = {message.id for message in checks.run_checks(include_deployment_checks=True)}
    assert not {"config.W001", "config.W002"} & ids


@pytest.mark.usefixtures("two_hosts")
def test_nginx_gets_a_block_for_it() -> None:
    shown = configuration(application="127.0.0.1:8000", folder=Path("/var/lib/pages"))
    public, admin = shown.split("# The admin, on a host of its own.")
    assert f"server_name {PUBLIC};" in public
    assert f"server_name {ADMIN};" in admin
    assert "try_files" not in admin


@pytest.mark.parametrize(
    "host", ["glossary.example.org", "glossary.example.org:8443", "https://admin.example.org", "*"]
)
def test_a_host_that_keeps_nothing_apart_is_refused(tmp_path: Path, host: str) -> None:
    done = start(tmp_path, ADMIN_HOST=host)
    assert done.returncode != 0
    assert "ADMIN_HOST" in done.stderr
