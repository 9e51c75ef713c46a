"""The page store and consent: one body for everybody, and a policy for each visitor."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from pytest_django import DjangoCaptureOnCommitCallbacks

from consent.actions import save_service
from consent.models import Service
from pagestore.serving import PageStore
from tests.consent.builders import ORIGIN, open_service, without_notices
from tests.pagestore.asking import Clock, Counting, ask

pytestmark = pytest.mark.django_db


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
    "cookie", ["", "=", "consent_choice", 'consent_choice="', "a=b; " * 500, "consent_choice=\xff|="]
)
def test_any_cookie_header_is_taken(worker: Callable[[], PageStore], cookie: str) -> None:
    store = worker()
    plain = ask(store)
    assert ask(store, HTTP_COOKIE=cookie) == plain


@pytest.mark.slow
@pytest.mark.parametrize("header", ["HTTP_COOKIE", "HTTP_ACCEPT_ENCODING", "HTTP_HOST"])
def test_long_headers_are_not_remembered(worker: Callable[[], PageStore], django: Counting, header: str) -> None:
    store = worker()
    length, start = 200_000, {"HTTP_COOKIE": "consent_choice=analytics=", "HTTP_HOST": "127.0.0.1:"}.get(header, "")
    ask(store)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(16):
            ask(store, **{header: f"{start}{number:0{length}}"})
        # What is passed on is remembered by the test alone.
        django.requests.clear()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 4 * length
