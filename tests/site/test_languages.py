"""Pages in several languages: where they are, what they say of their language, and what stays the same in each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client, override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import translation
from django.utils.formats import date_format
from pytest_django import DjangoDbBlocker

from consent.choice.gate import current_gate
from consent.models import ConsentRecord, Notice
from consent.notice.languages import language_of, without_language
from glossary.models import Term
from pagestore.serving import PageStore
from tests.consent.builders import open_service, post, publish_german
from tests.glossary.builders import publish_full
from tests.pagestore.asking import TERM, Counting, ask
from tests.people import NOON, person
from tests.site.addresses import registered
from tests.site.catalogues import in_language

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("settings_of_a_store")]

LANGUAGES = {"": ("en-GB", "ltr"), "de": ("de", "ltr"), "es": ("es", "ltr"), "ar": ("ar", "rtl")}
OTHERS = [code for code in LANGUAGES if code]
ENTRY = "/glossary/progesterone-support/"


def pages() -> dict[str, str]:
    """Return an English address for each view whose pages are there in each language."""
    live = Notice.objects.live("en")
    assert live
    found = {
        "glossary:home": "/",
        "glossary:index": "/glossary/",
        "glossary:letter": "/glossary/letter/p/",
        "glossary:tags": "/glossary/tags/",
        "glossary:tag_letter": "/glossary/tags/letter/h/",
        "glossary:tag": "/glossary/tags/hormone-therapy/",
        "glossary:term": ENTRY,
        "glossary:revisions": f"{ENTRY}revisions/",
        "glossary:revision": f"{ENTRY}revisions/1/",
        "glossary:saved": "/saved/",
        "glossary:search": "/search/?q=luteal",
        "consent:preferences": "/cookies/",
        "consent:receipt": "/consent/receipt/",
        "consent:notice_list": "/consent/notices/",
        "consent:notice": f"/consent/notices/{live.sha256}/",
    }
    assert found.keys() == translated(), "a view whose pages are there in each language has no address here"
    return found


def translated() -> set[str]:
    return {name for name, page in registered().items() if page.translated}


class Attributes(HTMLParser):
    """The attributes of each element of a page, by the element's name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def of(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [found for name, found in self.found if name == tag and wanted.items() <= found.items()]


# Language → English path → what is answered to a bare request, and to a browser that asks for other languages.
Answers = dict[str, dict[str, tuple[Any, Any]]]


@pytest.fixture(scope="module")
def answers(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Answers:
    """Each page in each language, asked for once, for tests that only read."""
    bare, asking = Client(), Client(headers={"Accept-Language": "ar, es;q=0.9"})

    def of(path: str) -> tuple[Any, Any]:
        asking.cookies["django_language"] = "es"
        return bare.get(path), asking.get(path)

    hasher = "django.contrib.auth.hashers.MD5PasswordHasher"
    with django_db_blocker.unblock(), transaction.atomic(), override_settings(PASSWORD_HASHERS=[hasher]):
        publish_full(by=person("edith", "Edith Okafor", "Clinical editors"), at=NOON)
        found = {code: {path: of(in_language(path, code)) for path in pages().values()} for code in LANGUAGES}
        transaction.set_rollback(True)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("code", LANGUAGES)
def test_every_page_says_its_language_and_where_it_is_in_others(answers: Answers, code: str) -> None:
    language, direction = LANGUAGES[code]
    for path, (response, _) in answers[code].items():
        assert response.status_code == 200, path
        page = Attributes(response.content.decode())
        assert page.of("html") == [{"lang": language, "dir": direction}], path
        plain = path.partition("?")[0]
        links = [link for link in page.of("link", rel="alternate") if "hreflang" in link]
        alternates = {link["hreflang"]: urlsplit(link["href"]).path for link in links}
        expected = {tag: in_language(plain, other) for other, (tag, _) in LANGUAGES.items()} | {"x-default": plain}
        assert {tag: alternates.get(tag) for tag in expected} == expected, path
        for link in page.of("link", rel="canonical"):
            assert urlsplit(link["href"]).path == in_language(plain, code)


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_way_into_another_language_and_back_leads_to_the_same_page(answers: Answers, code: str) -> None:
    """Each page leads to the same four addresses, and with it back."""
    for path, (response, _) in answers[code].items():
        links = Attributes(response.content.decode()).of("a", **{"class": "languages__language"})
        expected = [(language, in_language(path, other)) for other, (language, _) in LANGUAGES.items()]
        assert [(link["hreflang"], link["href"]) for link in links] == expected, path


@pytest.mark.parametrize("code", OTHERS)
def test_links_stay_in_the_language_of_the_page(answers: Answers, code: str) -> None:
    machines = re.compile(r"/consent/(heads/|notices/\w+\.json)|/glossary/.+\.\w+$|/static/|/glossary/feed/")
    for path, (response, _) in answers[code].items():
        page = Attributes(response.content.decode())
        links = [link["href"] for link in page.of("a") if link.get("class") != "languages__language"]
        links += [form["action"] for form in page.of("form", method="get")]
        local = [link for link in links if link.startswith("/") and not machines.match(link)]
        assert local
        assert [link for link in local if language_of(link) != code] == [], path
        leads_back = [field["value"] for field in page.of("input", name="next")]
        assert [target for target in leads_back if language_of(target) != code] == [], path


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_page_depends_on_what_the_browser_asks_for_or_carries(answers: Answers, code: str) -> None:
    for path, (plain, other) in answers[code].items():
        assert other.content == plain.content, path
        assert "accept-language" not in plain.headers.get("Vary", "").lower()
        assert other.headers.get("Vary") == plain.headers.get("Vary")
        assert "Set-Cookie" not in plain.headers


@pytest.mark.parametrize("code", LANGUAGES)
def test_what_is_not_there_is_not_there_in_the_language_of_its_address(client: Client, code: str) -> None:
    for path in ("/nothing/", "/glossary/nothing/"):
        response = client.get(in_language(path, code))
        assert response.status_code == 404
        page = Attributes(response.content.decode())
        assert page.of("html") == [dict(zip(("lang", "dir"), LANGUAGES[code], strict=True))]
        assert not [link for link in page.of("link", rel="alternate") if "hreflang" in link]
        home = in_language("/", code)
        assert page.of("a", href=home)


@pytest.mark.parametrize("path", ["/en/", "/en-gb/", "/DE/", "/fr/", "/de-at/", "/de/de/", "/de/es/glossary/", "/de"])
def test_nothing_else_is_a_language(client: Client, path: str) -> None:
    assert client.get(path).status_code == (301 if path == "/de" else 404)


# What people hardly read: programs do, or auditors; and the notice in a language that has no pages.
ENGLISH_PAGES = {"consent:heads", "consent:preferences_in"}


def test_every_page_for_readers_is_there_in_each_language(client: Client, full: Term) -> None:
    for route, name in addresses(get_resolver().url_patterns):
        filled = re.sub(r"<(\w+:)?(\w+)>", lambda part: EXAMPLES.get(part[2], "1"), route)
        answer = client.get(f"/{filled}")
        is_page = answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html")
        assert not is_page or name in translated() | ENGLISH_PAGES, f"{filled} ({name})"


EXAMPLES = {"slug": "progesterone-support", "segment": "p", "ending": "bib", "language": "pl", "sha256": "0" * 64}


def test_times_are_told_by_24_hours() -> None:
    moment = datetime(2026, 3, 2, 22, 5, tzinfo=UTC)
    assert date_format(moment, "DATETIME_FORMAT") == "2 Mar 2026, 22:05"
    assert date_format(moment, "TIME_FORMAT") == "22:05"


def test_addresses_of_machines_are_the_same_in_every_language(client: Client) -> None:
    found = dict(addresses(get_resolver().url_patterns))
    assert found.keys() >= {"robots.txt", "sitemap.xml", "consent/", "consent/heads/", "healthz"}
    for route, name in found.items():
        if name not in translated() and "<" not in route:
            for code in OTHERS:
                assert client.get(f"/{code}/{route}").status_code == 404
                with translation.override(code):
                    assert reverse(name) == f"/{route}"


def addresses(patterns: list[URLPattern | URLResolver], before: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            yield before + str(pattern.pattern), space + (pattern.name or "")
        elif pattern.app_name != "admin":
            inner = f"{pattern.namespace}:" if pattern.namespace else space
            yield from addresses(pattern.url_patterns, before + str(pattern.pattern), inner)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("code", OTHERS)
def test_what_editors_wrote_says_that_it_is_in_english(client: Client, code: str) -> None:
    page = client.get(in_language(ENTRY, code)).content.decode()
    assert '<bdi lang="en-GB" dir="ltr">Progesterone support</bdi></h1>' in page
    assert re.search('<div class="prose prose--lead"[^>]* lang="en-GB" dir="ltr">', page)
    assert '<dd><bdi lang="en-GB" dir="ltr">luteal support</bdi></dd>' in page
    assert 'lang="en-GB" dir="ltr">Luteal phase</a>' in page
    assert '<p class="entries__summary" lang="en-GB" dir="ltr">' in client.get(in_language("/", code)).content.decode()
    english = client.get(ENTRY).content.decode()
    assert english.count(' lang="en-GB"') == 2  # the page itself, and the way to it


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("code", OTHERS)
def test_the_words_of_the_search_are_in_the_language_of_the_page_and_names_in_their_own(
    client: Client, code: str
) -> None:
    page = client.get(in_language("/search/?q=progesterone&tag=care", code)).content.decode()
    assert re.search(
        r'<div class="suggestions"(?![^>]* lang=)[^>]*><div role="presentation" lang="en-GB" dir="ltr"', page
    )
    assert '</span><bdi lang="en-GB" dir="ltr">care</bdi> <span' in page


@pytest.mark.usefixtures("full")
def test_what_names_a_term_is_its_english_address_everywhere(client: Client) -> None:
    address = f"{settings.SITE_URL}{ENTRY}"
    page = client.get(f"/ar{ENTRY}").content.decode()
    assert f'"{address}#term"' in page
    assert f'href="{address}revisions/1/"' in page
    assert f'href="{address}revisions/1/"' in client.get(f"/ar{ENTRY}revisions/1/").content.decode()


def test_the_page_store_keeps_each_language(worker: Callable[[], PageStore], django: Counting) -> None:
    store = worker()
    pages = {code: ask(store, in_language(TERM, code)).body for code in LANGUAGES}
    rendered = len(django.requests)
    assert len(set(pages.values())) == len(LANGUAGES)
    for code, (language, direction) in LANGUAGES.items():
        assert f'<html lang="{language}" dir="{direction}">'.encode() in pages[code]
        assert ask(store, in_language(TERM, code), HTTP_ACCEPT_LANGUAGE="ar").body == pages[code]
        assert store.is_finished(in_language(TERM, code))
    assert len(django.requests) == rendered


@pytest.mark.usefixtures("german")
def test_a_page_asks_in_its_language_where_that_is_offered_and_else_in_english(
    client: Client, operator: User, at: datetime
) -> None:
    banner = {"class": "choice-panel"}
    assert Attributes(client.get("/de/").content.decode()).of("section", **banner, lang="en")
    notice = publish_german(operator, at)
    page = client.get("/de/").content.decode()
    assert Attributes(page).of("section", **banner, lang="de")
    assert f'name="notice" value="{notice.sha256}"' in page
    # The client reads both, whichever the visitor has answered: docs/adr/0070.
    for path in ("/", "/de/", "/ar/"):
        shown = client.get(path).content.decode()
        assert 'data-consent-number="1"' in shown
        assert f'data-consent-number-de="{notice.number}"' in shown
        assert 'data-consent-version="' in shown
        assert 'data-consent-version-de="' in shown
    arabic = client.get("/ar/").content.decode()
    assert Attributes(arabic).of("section", **banner, lang="en", dir="ltr")
    assert ">Reject all<" in arabic
    assert ">Accept all<" in arabic
    response = post(client, choice="accept_all", notice=notice.sha256, next="/de/glossary/")
    assert response["Location"] == "/de/glossary/"
    assert ConsentRecord.objects.get().language == "de"
    receipt = Attributes(client.get("/consent/de/receipt/").content.decode())
    assert receipt.of("html", lang="de")
    assert receipt.of("form", action="/consent/de/receipt/")


def test_a_refusal_is_said_in_the_language_of_the_page_that_was_left(client: Client) -> None:
    stale = post(client, notice="0" * 64, next="/de/")
    assert Attributes(stale.content.decode()).of("html", lang="de")
    assert Attributes(stale.content.decode()).of("a", href="/de/cookies/")


def test_a_service_stands_on_its_pages_in_each_language(operator: User, at: datetime) -> None:
    open_service(operator, at)
    service = current_gate().services[0]
    service.pages = "/glossary/menopause/"
    for code in LANGUAGES:
        assert service.stands_on(in_language("/glossary/menopause/", code))
        assert not service.stands_on(in_language("/glossary/", code))
    service.pages = ""
    for code in LANGUAGES:
        assert not service.stands_on(in_language("/consent/receipt/", code))


@pytest.mark.parametrize(
    ("path", "language", "plain"),
    [
        ("/", "en-gb", "/"),
        ("/de/", "de", "/"),
        ("/de/glossary/", "de", "/glossary/"),
        ("/consent/ar/receipt/", "ar", "/consent/receipt/"),
        ("/consent/receipt/", "en-gb", "/consent/receipt/"),
        ("/glossary/de/", "en-gb", "/glossary/de/"),
        ("/cookies/de/", "en-gb", "/cookies/de/"),
        ("/de", "en-gb", "/de"),
        ("", "en-gb", ""),
    ],
)
def test_a_language_is_read_from_its_place_in_a_path_alone(path: str, language: str, plain: str) -> None:
    assert language_of(path) == language
    assert without_language(path) == plain
