"""Which public pages depend on the query of their address: the declared ones, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from glossary.models import PublishedEntry, Term
from glossary.public.share_images import card_of, site_card
from pagestore.rendering import neutral_request, run
from pagestore.serving import PageStore
from publicpages import public_page
from tests.consent.builders import publish_german
from tests.pagestore.asking import TERM, Counting, ask, one_connection
from tests.site.addresses import pages, registered

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("settings_of_a_store")]

#: A campaign, a search, and whatever else somebody may put behind an address.
QUERIES = ("utm_source=newsletter&utm_medium=email", "q=x", "page=2", "format=json", "saved", "fbclid=%00%ff", "?")


class Watched(dict[str, Any]):
    """A request that knows whether its query was read."""

    is_read = False

    def __getitem__(self, name: str) -> Any:
        self.is_read = self.is_read or name == "QUERY_STRING"
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.is_read = self.is_read or name == "QUERY_STRING"
        return super().get(name, default)


def addresses() -> dict[str, str]:
    """Return an address of every public view."""
    entry = PublishedEntry.objects.select_related("revision").get(slug="luteal-phase")
    found = pages() | {
        "security_txt": "/.well-known/security.txt",
        "healthz": "/healthz",
        "readyz": "/readyz",
        "glossary:suggest": "/search/suggest",
        "glossary:card": card_of(entry.snapshot).path,
        "glossary:site_card": site_card().path,
        "glossary:embed_script": "/embed/v1/glossary.js",
        "glossary:embed_release": reverse("glossary:embed_release", args=["1.0.0"]),
        "glossary:embedded_term": reverse("glossary:embedded_term", args=[entry.slug]),
        "consent:preferences": "/cookies/",
        "consent:preferences_in": "/cookies/de/",
        "consent:choose": "/consent/",
        "consent:carry_over": "/consent/carry-over/",
        "consent:receipt": reverse("consent:receipt"),
        "consent:reports": "/consent/reports/",
        "consent:start_code": reverse("consent:start_code", args=["0" * 64]),
        "consent:consistency": "/consent/heads/1/2/",
    }
    assert found.keys() == registered().keys(), "a public view has no address here"
    return found


def test_every_view_that_reads_its_query_is_declared(full: Term, german: None, operator: User, at: datetime) -> None:
    publish_german(operator, at)
    found = set()
    with one_connection():
        for view, path in addresses().items():
            environ = Watched(neutral_request(path, host="127.0.0.1") | {"QUERY_STRING": "a=b"})
            run(WSGIHandler(), environ)
            if environ.is_read:
                found.add(view)
    declared = {view for view, page in registered().items() if page.reads_query}
    assert found == declared, "each view that reads its query is to be registered with reads_query=True"


def test_a_page_that_depends_on_its_query_cannot_be_stored() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.GET.urlencode())

    with pytest.raises(ValueError, match="cannot be stored"):
        public_page(view, stored_under="overviews", reads_query=True)


def test_a_page_is_served_from_the_store_whatever_stands_behind_its_address(
    worker: Callable[[], PageStore], django: Counting, full: Term
) -> None:
    store = worker()
    for view in sorted(view for view, page in registered().items() if page.is_stored):
        path = addresses()[view]
        plain = ask(store, path)
        rendered = len(django.requests)
        answers = [ask(store, path, QUERY_STRING=query) for query in QUERIES]
        assert all(answer == plain for answer in answers), path
        assert len(django.requests) == rendered or plain.status != 200, path


def test_languages_of_a_search_keep_what_was_searched_and_other_pages_keep_no_query(
    django: Counting, full: Term
) -> None:
    assert b'href="/de/search/?q=luteal"' in ask(django, "/search/", QUERY_STRING="q=luteal").body
    assert b"utm_source" not in ask(django, TERM, QUERY_STRING="utm_source=newsletter").body
