"""A shared cache in front of the site: what it may keep, and under which policy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from wsgiref.types import WSGIApplication

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve

from consent.actions import publish_notice, save_service
from consent.models import Service
from pagestore.serving import PageStore
from server.caching import is_same_for_everybody
from tests.consent.builders import ORIGIN, approve_by_another, open_service, without_notices
from tests.pagestore.asking import TERM, ask
from tests.site.addresses import pages, registered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("settings_of_a_store")]

SHARED = "public, max-age=0, s-maxage=60, must-revalidate"


@pytest.fixture(autouse=True)
def shared_cache(settings: Any) -> None:
    settings.CONSENT_SHARED_CACHE = 60


def kept() -> list[str]:
    return [
        path
        for name, path in pages().items()
        if registered()[name].is_same_for_everybody and name not in ("glossary:tag", "glossary:tag_letter")
    ]


def policy(site: WSGIApplication, path: str = TERM, **environ: str) -> str:
    return ask(site, path, **environ).headers["Content-Security-Policy"]


def run(name: str, category: str, *, by: User, at: datetime, **fields: Any) -> None:
    """Switch on one more service."""
    service = Service(
        name=name,
        vendor="Example Ltd",
        purpose="Counts visits.",
        privacy_policy="https://example.org/privacy",
        category=CookieGroup.objects.get(varname=category),
        status="announced",
        **fields,
    )
    save_service(service=service, by=by, at=at)
    publish_notice(by=by, at=at, material=True, reason="One more service")
    service.status = "on"
    save_service(service=service, by=by, at=at)
    if service.start_code:
        approve_by_another(service, at)


@pytest.mark.slow
def test_everybody_gets_the_same_answer_headers_and_all(site: WSGIApplication, operator: User, at: datetime) -> None:
    cookie = open_service(operator, at)
    for path in kept():
        plain = ask(site, path)
        assert plain.headers["Cache-Control"] == SHARED, path
        assert "Cookie" not in plain.headers.get("Vary", ""), path
        assert ORIGIN in plain.headers["Content-Security-Policy"], path
        for environ in ({"HTTP_COOKIE": cookie}, {"HTTP_SEC_GPC": "1"}, {"HTTP_COOKIE": "consent_choice=analytics=-1"}):
            assert ask(site, path, **environ) == plain, path


def test_the_policy_opens_what_anybody_could_have_opened_on_that_page_and_nothing_else(
    site: WSGIApplication, operator: User, at: datetime
) -> None:
    open_service(operator, at)
    video = {"kind": "embed", "frame_origins": "https://video.example", "pages": "/glossary/luteal-*"}
    run("Videos", "marketing", by=operator, at=at, **video)
    waiting = {"url": "https://waiting.example/a.js", "integrity": "sha384-" + "A" * 64}
    run("Waiting", "marketing", by=operator, at=at, **waiting)
    Service.objects.filter(name="Waiting").update(status="announced")
    assert f"script-src 'self' {ORIGIN};" in policy(site)
    assert "frame-src https://video.example" in policy(site)
    assert ask(site, TERM).headers["Cross-Origin-Embedder-Policy"] == "unsafe-none"
    assert f"script-src 'self' {ORIGIN};" in policy(site, "/glossary/")
    assert "video.example" not in policy(site, "/glossary/")
    assert ask(site, "/glossary/").headers["Cross-Origin-Embedder-Policy"] == "credentialless"
    assert "waiting.example" not in policy(site)


def test_trusted_types_go_only_where_a_service_that_cannot_live_with_them_stands(
    site: WSGIApplication, operator: User, at: datetime
) -> None:
    code = {"kind": "code", "start_code": "document.body.innerHTML += ''", "uses_sinks": True, "pages": TERM}
    run("Old script", "marketing", by=operator, at=at, **code)
    assert "trusted-types" not in policy(site)
    assert "trusted-types 'none'" in policy(site, "/glossary/")


@pytest.mark.parametrize(
    "path",
    ["/search/", "/search/?q=luteal", "/consent/heads/", "/glossary/missing/", "/nowhere/", "/glossary/letter/L/"],
)
def test_answers_that_are_not_for_everybody_to_keep_stay_private(
    site: WSGIApplication, operator: User, at: datetime, path: str
) -> None:
    cookie = open_service(operator, at)
    path, _, query = path.partition("?")
    answers = [ask(site, path, QUERY_STRING=query, **sent) for sent in ({}, {"HTTP_COOKIE": cookie})]
    for answer in answers:
        assert "private" in answer.headers["Cache-Control"]
        assert "Cookie" in answer.headers["Vary"]
    assert [ORIGIN in answer.headers["Content-Security-Policy"] for answer in answers] == [False, True]


def test_what_is_the_visitors_own_is_kept_by_nobody(site: WSGIApplication, operator: User, at: datetime) -> None:
    cookie = open_service(operator, at)
    for path in ("/cookies/", "/consent/receipt/"):
        answer = ask(site, path, HTTP_COOKIE=cookie)
        assert "no-store" in answer.headers["Cache-Control"]
        assert ORIGIN not in policy(site, path)


def test_an_answer_that_sets_a_cookie_is_kept_by_nobody(operator: User, at: datetime) -> None:
    open_service(operator, at)
    answer = Client(HTTP_COOKIE="sessionid=x").get("/")  # malformed, so Django's sessions delete it
    assert answer.cookies
    assert "private" in answer["Cache-Control"]
    assert "Cookie" in answer["Vary"]
    assert ORIGIN not in answer["Content-Security-Policy"]


def test_a_view_that_looks_at_its_reader_says_so_and_is_kept_by_nobody(rf: RequestFactory) -> None:
    request = rf.get("/")
    assert not is_same_for_everybody(request, HttpResponse()), "nobody knows the view"
    request.resolver_match = resolve("/")
    assert is_same_for_everybody(request, HttpResponse())
    answers = [HttpResponse(headers={"Vary": "Cookie"}), HttpResponse(headers={"Cache-Control": "no-store"})]
    answers += [HttpResponse(status=410), HttpResponse()]
    answers[-1].set_cookie("a", "b")
    assert [is_same_for_everybody(request, answer) for answer in answers] == [False] * 4


def test_a_cache_that_asks_again_gets_the_policy_with_the_304(
    worker: Callable[[], PageStore], operator: User, at: datetime
) -> None:
    open_service(operator, at)
    store = worker()
    whole = ask(store)
    again = ask(store, HTTP_IF_NONE_MATCH=whole.headers["ETag"])
    assert again.status == 304
    for name in ("Content-Security-Policy", "Cache-Control", "Vary", "ETag"):
        assert again.headers[name] == whole.headers[name]
    Service.objects.update(status="off")
    changed = ask(worker(), HTTP_IF_NONE_MATCH=whole.headers["ETag"])
    assert changed.status == 200
    assert ORIGIN not in changed.headers["Content-Security-Policy"]


def test_nothing_is_shared_while_the_notice_cannot_be_read(site: WSGIApplication) -> None:
    with without_notices():
        answer = ask(site, "/")
    assert "private" in answer.headers["Cache-Control"]


def test_start_code_may_be_kept_and_carries_nobodys_policy(
    site: WSGIApplication, operator: User, at: datetime, settings: Any
) -> None:
    run("Starter", "analytics", by=operator, at=at, kind="code", start_code="void 0;")
    cookie = open_service(operator, at)
    path = f"/consent/services/{Service.objects.get(name='Starter').start_code_sha256}.js"
    for seconds in (0, 60):
        settings.CONSENT_SHARED_CACHE = seconds
        plain, accepted = ask(site, path), ask(site, path, HTTP_COOKIE=cookie)
        assert plain == accepted
        assert "immutable" in plain.headers["Cache-Control"]
        assert "Vary" not in plain.headers
