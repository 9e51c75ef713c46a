"""The page store and consent: one body for everybody, and a policy for each visitor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from config.pages import PageStore
from consent.actions import publish_notice, save_service
from consent.models import Service
from tests.conftest import person
from tests.test_page_store import Clock, ask, clock, django, settings_of_a_store, term, worker

pytestmark = pytest.mark.django_db
__all__ = ["clock", "django", "settings_of_a_store", "term", "worker"]  # fixtures
ORIGIN = "https://stats.example"


@pytest.fixture
def operator(db: None) -> User:
    return person("olga", "Olga Marsh", "Site operators")


def open_service(by: User, at: datetime) -> str:
    """Have the live notice name a service in *analytics*; return the cookie of a visitor who accepted it."""
    service = Service(
        name="Statistics",
        vendor="Example Ltd",
        purpose="Counts visits.",
        privacy_policy="https://example.org/privacy",
        category=CookieGroup.objects.get(varname="analytics"),
        url=f"{ORIGIN}/count.js",
        integrity="sha384-" + "A" * 64,
    )
    service.status = "announced"
    save_service(service=service, by=by, at=at)
    notice = publish_notice(by=by, at=at, material=True, reason="A service")
    service.status = "on"
    save_service(service=service, by=by, at=at)
    visitor = Client()
    visitor.post(
        "/consent/",
        urlencode({"choice": "accept_all", "notice": notice.sha256, "surface": "banner", "next": "/"}),
        content_type="application/x-www-form-urlencoded",
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    return f"cookie_consent={visitor.cookies['cookie_consent'].coded_value}"


@contextmanager
def without_notices() -> Iterator[None]:
    """Make the notices unreadable, as for a moment while a database fails over."""

    def fail(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "consent_notice" in sql:
            raise OperationalError("the server closed the connection")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        yield


def test_a_browser_asks_anew_when_its_consent_has_changed(
    worker: Callable[[], PageStore], operator: User, at: datetime
) -> None:
    cookie = open_service(operator, at)
    store = worker()
    tag = ask(store, HTTP_COOKIE=cookie).headers["ETag"]
    assert ask(store, HTTP_COOKIE=cookie, HTTP_IF_NONE_MATCH=tag).status == 304
    withdrawn = ask(store, HTTP_IF_NONE_MATCH=tag)
    assert withdrawn.status == 200
    assert ORIGIN not in withdrawn.headers["Content-Security-Policy"]


def test_a_service_that_is_switched_off_is_closed_on_the_next_request(
    worker: Callable[[], PageStore],
    operator: User,
    at: datetime,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    cookie = open_service(operator, at)
    one, other = worker(), worker()
    assert ORIGIN in ask(one, HTTP_COOKIE=cookie).headers["Content-Security-Policy"]
    assert ORIGIN in ask(other, HTTP_COOKIE=cookie).headers["Content-Security-Policy"]
    service = Service.objects.get()
    service.status = "off"
    with django_capture_on_commit_callbacks(execute=True):
        save_service(service=service, by=operator, at=at)
    for store in (other, one):
        answer = ask(store, HTTP_COOKIE=cookie)
        assert ORIGIN not in answer.headers["Content-Security-Policy"]
        assert b"Statistics" not in answer.body


def test_a_page_that_lacks_the_banner_because_the_database_stumbled_is_not_kept(
    worker: Callable[[], PageStore], clock: Clock
) -> None:
    store = worker()
    whole = ask(store, "/")
    with without_notices():
        assert b"data-consent-banner" not in ask(store).body
    assert b"data-consent-banner" in ask(store).body
    assert b"data-consent-banner" in whole.body


@pytest.mark.parametrize(
    "cookie", ["", "=", "cookie_consent", 'cookie_consent="', "a=b; " * 500, "cookie_consent=\xff|="]
)
def test_any_cookie_header_is_taken(worker: Callable[[], PageStore], cookie: str) -> None:
    store = worker()
    plain = ask(store)
    assert ask(store, HTTP_COOKIE=cookie) == plain
