"""What all tests share: a database, people, a fixed time, and sites for those that need one that runs."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connection, transaction
from django.test import override_settings
from django.urls import clear_script_prefix
from pytest_django import DjangoDbBlocker, Settings

from accounts import signing_in
from consent.choice.limits import limiter
from consent.services import report_views
from glossary.models import Term
from tests.databases import SERVER, copy_database, drop_database, template_path, unquoted_name
from tests.folders import RUN
from tests.glossary.builders import publish_full
from tests.people import NOON, person
from tests.sites import Site, Sites

pytest_plugins = ["tests.pagestore.fixtures"]
# Fixtures that decide what a test needs, and with it how it is marked: see docs/testing.md.
MARKED = {"sites": "processes"}
# Without one of these, pytest-django refuses a test the database.
WITH_DATABASE = ("django_db", "browser", "processes", "slow")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    # Before pytest deselects by marker.
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        for fixture, marker in MARKED.items():
            if fixture in fixtures:
                item.add_marker(marker)
        if not any(item.get_closest_marker(name) for name in WITH_DATABASE) and "django_db_setup" not in fixtures:
            item.add_marker("no_database")
    yield
    # The longest first, so that no process has to wait for another one at the end.
    items.sort(key=lambda item: (item.get_closest_marker("browser") is None, item.path.name != "test_audit.py"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Give this process a migrated database of its own: in memory on SQLite, a copy on PostgreSQL."""
    connection.close()
    if SERVER:
        url = copy_database()
        connection.settings_dict["NAME"] = unquoted_name(url)
        yield
        connection.close()
        drop_database(url)
        return
    connection.settings_dict["NAME"] = f"file:{RUN.name}?mode=memory&cache=shared"
    with django_db_blocker.unblock(), contextlib.closing(sqlite3.connect(template_path())) as template:
        connection.ensure_connection()  # kept for as long as the process: the database goes with the last connection
        template.backup(connection.connection)
    yield


@pytest.fixture(scope="module")
def shared_database(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """A transaction around the tests of a module, for data that several of them begin with.

    What a fixture of the module's scope writes under it is made once. What a test writes is undone behind that test, as
    always.
    """
    with django_db_blocker.unblock(), transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="session", autouse=True)
def _keeps_parts_of_pages() -> Iterator[None]:
    """In development no part of a page is kept. As in production, a third of a page's time is spent once."""
    parts = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "template-fragments"}
    with override_settings(CACHES=site_settings.CACHES | {"template_fragments": parts}):
        yield


@pytest.fixture(autouse=True)
def _fresh_parts_of_pages() -> None:
    """A test may change what they are made of."""
    caches["template_fragments"].clear()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """Half a second of hashing for each person of each test is of no use here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    """All tests of a run come from one address."""
    limiter.forget()
    report_views.limiter.forget()
    signing_in.limiter.forget()


@pytest.fixture(autouse=True)
def _at_the_root() -> None:
    """A request keeps the prefix of its site for what the same thread does next, in the next test too."""
    clear_script_prefix()


@pytest.fixture
def at() -> datetime:
    """The fixed time that tests pass to actions."""
    return NOON


@pytest.fixture
def editor(db: None) -> User:
    return person("edith", "Edith Okafor", "Clinical editors")


@pytest.fixture
def reviewer(db: None) -> User:
    return person("rafael", "Rafael Lindqvist", "Clinical reviewers")


@pytest.fixture
def operator(db: None) -> User:
    return person("olga", "Olga Nwosu", "Site operators")


@pytest.fixture
def full(editor: User, at: datetime) -> Term:
    """A published term that uses every field of a document, beside a draft and another published one."""
    return publish_full(by=editor, at=at)


@pytest.fixture
def german(settings: Any) -> None:
    """Visitors are asked in German too."""
    settings.CONSENT_LANGUAGES = ["en", "de"]


@pytest.fixture(scope="session")
def sites() -> Iterator[Sites]:
    sites = Sites(Path(tempfile.mkdtemp(prefix="sites-", dir=RUN)))
    yield sites
    sites.close()


@pytest.fixture(scope="module")
def new_site(sites: Sites) -> Iterator[Callable[..., Site]]:
    """A function that starts another site on a fresh database; all are stopped at the end of the module.

    Its keyword arguments are environment variables of that site.
    """
    started: list[Site] = []

    def start(**settings: str) -> Site:
        site = sites.take(**settings)
        started.append(site)
        site.start()
        return site

    yield start
    for site in started:
        sites.give_back(site)
    sites.forget_special_settings()


@pytest.fixture(scope="module")
def site(new_site: Callable[..., Site]) -> Site:
    """The module's own site, on a fresh database."""
    return new_site()
