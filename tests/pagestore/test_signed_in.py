"""Those who are signed in to the admin get the closed policy on public pages, whatever their consent cookie says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from consent.actions import publish_notice, save_service
from consent.models import Service
from pagestore.serving import PageStore
from tests.consent.builders import ORIGIN, approve_by_another, open_service, service, switch_on
from tests.pagestore.asking import TERM, Answer, Counting, ask

pytestmark = pytest.mark.django_db

SESSION = "sessionid=0123456789abcdef0123456789abcdef"
SAME_HEADERS = ("Content-Security-Policy", "Cross-Origin-Embedder-Policy", "Vary", "Cache-Control")


def same(answer: Answer, other: Answer) -> bool:
    """Whether two answers of the store say the same of policy and caches."""
    return all(answer.headers.get(name) == other.headers.get(name) for name in SAME_HEADERS)


@pytest.mark.parametrize("seconds", [0, 60])
def test_the_store_closes_a_stored_page_without_asking_the_database(
    worker: Callable[[], PageStore],
    operator: User,
    at: datetime,
    settings: Settings,
    django_assert_num_queries: DjangoAssertNumQueries,
    seconds: int,
) -> None:
    accepted = open_service(operator, at)
    store = worker()
    closed = ask(store)
    assert ORIGIN in ask(store, HTTP_COOKIE=accepted).headers["Content-Security-Policy"]
    settings.CONSENT_SHARED_CACHE = seconds
    with django_assert_num_queries(0):
        for cookies in (f"{accepted}; {SESSION}", f"{SESSION}; {accepted}", "sessionid=", f"{SESSION}; signed_in=1"):
            answer = ask(store, HTTP_COOKIE=cookies)
            assert same(answer, closed), cookies
            assert answer.headers["Cache-Control"] == "private, no-cache"
            assert "Cookie" in answer.headers["Vary"]
            assert answer.headers["Server-Timing"] == "signed_in", "what the client reads"
            assert answer.headers["ETag"] != closed.headers["ETag"]


def test_a_304_closes_too_and_never_follows_on_what_was_open(
    worker: Callable[[], PageStore], operator: User, at: datetime
) -> None:
    accepted = open_service(operator, at)
    store = worker()
    opened, closed = ask(store, HTTP_COOKIE=accepted), ask(store)
    signed_in = f"{accepted}; {SESSION}"
    again = ask(store, HTTP_COOKIE=signed_in, HTTP_IF_NONE_MATCH=opened.headers["ETag"])
    assert again.status == 200, "the browser would go on with the policy that it kept"
    unchanged = ask(store, HTTP_COOKIE=signed_in, HTTP_IF_NONE_MATCH=again.headers["ETag"])
    assert unchanged.status == 304
    assert same(unchanged, closed)
    assert unchanged.headers["Server-Timing"] == "signed_in"
    signed_out = ask(store, HTTP_COOKIE=accepted, HTTP_IF_NONE_MATCH=again.headers["ETag"])
    assert signed_out.status == 200
    assert ORIGIN in signed_out.headers["Content-Security-Policy"]


@pytest.mark.parametrize("seconds", [0, 60])
@pytest.mark.parametrize("path", ["/", TERM, "/search/", "/cookies/", "/consent/heads/", "/nowhere/"])
def test_django_closes_its_own_answers(
    django: Counting, operator: User, at: datetime, settings: Settings, path: str, seconds: int
) -> None:
    accepted = open_service(operator, at)
    settings.CONSENT_SHARED_CACHE = seconds
    answer = ask(django, path, HTTP_COOKIE=f"{accepted}; {SESSION}")
    assert "https:" not in answer.headers["Content-Security-Policy"]
    assert "public" not in answer.headers["Cache-Control"]
    assert "Cookie" in answer.headers["Vary"]
    assert answer.headers["Server-Timing"] == "signed_in"
    assert "Server-Timing" not in ask(django, path, HTTP_COOKIE=accepted).headers


def test_the_admin_tells_the_client_by_a_cookie_that_comes_and_goes_with_the_session(
    client: Client, operator: User
) -> None:
    operator.set_password("a long password of Olga's")
    operator.save()
    assert "signed_in" not in client.get("/admin/login/").cookies
    client.post("/admin/login/", {"username": "olga", "password": "a long password of Olga's"})
    assert client.cookies["signed_in"].value == "1"
    assert not client.cookies["signed_in"]["httponly"]
    del client.cookies["signed_in"]
    client.get("/admin/")
    assert client.cookies["signed_in"].value == "1", "the session is older than this cookie"
    assert "signed_in" not in client.get("/admin/").cookies, "it is there"
    assert "signed_in" not in client.get("/search/").cookies, "public pages set none"
    client.post("/admin/logout/")
    assert client.cookies["signed_in"].value == ""


def test_a_session_that_ended_takes_the_cookie_along(client: Client) -> None:
    client.cookies["signed_in"] = "1"
    client.get("/admin/login/")
    assert client.cookies["signed_in"].value == ""


@pytest.mark.parametrize(
    "sent",
    [{"HTTP_COOKIE": SESSION}, {"HTTP_SEC_FETCH_DEST": "serviceworker"}, {"HTTP_SEC_FETCH_DEST": "sharedworker"}],
)
def test_start_code_is_for_pages_of_visitors_alone(
    django: Counting, operator: User, at: datetime, sent: dict[str, Any]
) -> None:
    starter = service(kind="code", url="", integrity="", start_code="void 0;")
    save_service(service=starter, by=operator, at=at)
    publish_notice(by=operator, at=at, material=True, reason="A starter")
    approve_by_another(switch_on(starter, operator, at), at)
    path = f"/consent/services/{Service.objects.get().start_code_sha256}.js"
    assert ask(django, path).status == 200
    refused = ask(django, path, **sent)
    assert refused.status == 404
    assert "public" not in refused.headers["Cache-Control"]


def test_the_preferences_page_says_so_without_scripts(client: Client) -> None:
    client.cookies["sessionid"] = "0" * 32
    text = " ".join(client.get("/cookies/").content.decode().split())
    assert "data-consent-signed-in ><strong>You are signed in to the admin." in text
    client.cookies.clear()
    text = " ".join(client.get("/cookies/").content.decode().split())
    assert "data-consent-signed-in hidden><strong>You are signed in to the admin." in text
