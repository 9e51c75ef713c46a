"""Notices, services and visitors for tests."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client

from consent.actions import (
    approve_start_code,
    publish_notice,
    registry_entries,
    save_notice_text,
    save_service,
)
from consent.choice.gate import cookie_content, current_gate
from consent.models import Notice, Service
from consent.notice import notices, wording
from tests.people import person

SHA384 = "sha384-" + base64.b64encode(b"x" * 48).decode()


OPTIONAL = ("analytics", "personalization", "marketing")


def service(name: str = "Counter", category: str = "analytics", **fields: Any) -> Service:
    """Return a valid unsaved service; ``fields`` replace its parts."""
    data = {
        "vendor": "Example Ltd",
        "purpose": "Counts visits.",
        "privacy_policy": "https://example.org/privacy",
        "url": "https://stats.example.org/counter.js",
        "integrity": SHA384,
        "status": "announced",
        **fields,
    }
    return Service(**{"name": name, "category": CookieGroup.objects.get(varname=category), **data})


def switch_on(service: Service, by: User, at: datetime) -> Service:
    """Switch a service on, as the live notice names it."""
    service.status = "on"
    return save_service(service=service, by=by, at=at)


def approve_by_another(service: Service, at: datetime) -> Service:
    """Have an operator who wrote nothing of it approve the start code of a saved service."""
    reader = User.objects.filter(username="amara").first() or person("amara", "Amara Bello", "Site operators")
    return approve_start_code(service=service, sha256=service.start_code_sha256, by=reader, at=at)


def opened(cookies: dict[str, str], path: str = "/", *, gpc: bool = False) -> dict[str, tuple[str, ...]]:
    """Return what these cookies open on a page: CSP directive → origins."""
    return dict(current_gate().opened(cookies, path=path, gpc=gpc).sources)


def cookies(notice: Notice, *accepted: str) -> dict[str, str]:
    """Return the request cookies of a visitor who accepted these categories under ``notice``."""
    content = cookie_content(notice, {varname: varname in accepted for varname in OPTIONAL} | {"necessary": True})
    return {"consent_choice": "|".join(f"{name}={value}" for name, value in content.items())}


SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def form(**fields: Any) -> dict[str, Any]:
    """Return a valid choice form; ``fields`` replace its parts, and ``None`` leaves one out."""
    notice = Notice.objects.get(number=1).sha256
    data = {"choice": "save", "notice": notice, "surface": "banner", "next": "/", **fields}
    return {name: value for name, value in data.items() if value is not None}


def post(client: Client, *, headers: dict[str, str] | None = None, body: str | bytes = "", **fields: Any) -> Any:
    return client.post(
        "/consent/",
        body or urlencode(form(**fields), doseq=True),
        content_type="application/x-www-form-urlencoded",
        headers=SAME_ORIGIN if headers is None else headers,
    )


def cookie_of(client: Client) -> dict[str, str]:
    pairs: Iterator[list[str]] = (pair.split("=") for pair in client.cookies["consent_choice"].value.split("|"))
    return dict(pairs)


def in_german(**words: str) -> dict[str, str]:
    return {key: f"{text} (auf Deutsch)" for key, text in wording.TEXT.items()} | words


def names_in_german() -> dict[str, str]:
    return {key: f"{text} (auf Deutsch)" for key, _, text in notices.to_translate(registry_entries())}


def translate(by: User, at: datetime, **words: str) -> None:
    save_notice_text(language="de", words=in_german(**words), names=names_in_german(), by=by, at=at)


def publish_german(by: User, at: datetime) -> Notice:
    translate(by, at)
    return publish_notice(by=by, at=at, material=True, reason="German readers", language="de")


#: An answer that fits, for each question.
ANSWERS: dict[str, dict[str, str]] = {
    "matomo": {"base": "https://stats.example.org/matomo", "site": "7"},
    "plausible": {"domain": "glossary.example.org", "base": "https://plausible.io"},
    "umami": {"website": "b59e9c65-ae32-47f1-8400-119fcf4861c4", "base": "https://cloud.umami.is"},
    "google-analytics-4": {"measurement": "G-ABC123XYZ0"},
    "google-tag-manager": {"container": "GTM-ABC1234"},
    "microsoft-clarity": {"project": "abcdef1234"},
    "meta-pixel": {"pixel": "123456789012345"},
    "youtube": {},
    "vimeo": {},
}


ORIGIN = "https://stats.example"


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
    return f"consent_choice={visitor.cookies['consent_choice'].coded_value}"


@contextmanager
def without_notices() -> Iterator[None]:
    """Make the notices unreadable, as for a moment while a database fails over."""

    def fail(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if "consent_notice" in sql:
            raise OperationalError("the server closed the connection")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        yield
