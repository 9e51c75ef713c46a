"""The feed of new and changed terms, held to RFC 4287."""

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from glossary.actions import approve_review, retire_term, save_term, submit_term
from glossary.models import Term
from glossary.public import feeds
from tests.glossary.builders import document, publish, publish_unreviewed, text_of

pytestmark = pytest.mark.django_db

FEED = "/glossary/feed/"
ATOM = "{http://www.w3.org/2005/Atom}"
# RFC 3339 as RFC 4287, section 3.3 narrows it: capital T and Z.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
IRI = re.compile(r"[a-z][a-z0-9+.-]*:\S+")
ONCE = {"id", "title", "updated", "published", "summary", "content", "subtitle", "author"}


def read(client: Client) -> ET.Element:
    """Return the feed, after looking at all that RFC 4287 asks of it."""
    response = client.get(FEED)
    assert (response.status_code, response["Content-Type"]) == (200, "application/atom+xml; charset=utf-8")
    feed = ET.fromstring(response.content)  # noqa: S314  # our own
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    for element in (feed, *entries):
        names = [child.tag.removeprefix(ATOM) for child in element]
        assert {"id", "title", "updated"} <= set(names)
        assert not [name for name in ONCE if names.count(name) > 1]
        assert IRI.fullmatch(element.findtext(f"{ATOM}id") or "")
        for name in ("updated", "published"):
            assert all(MOMENT.fullmatch(time.text or "") for time in element.findall(f"{ATOM}{name}"))
        alternates = [
            (link.get("type"), link.get("hreflang"))
            for link in element.findall(f"{ATOM}link")
            if link.get("rel", "alternate") == "alternate"
        ]
        assert alternates
        assert len(set(alternates)) == len(alternates)
        assert all(IRI.fullmatch(link.get("href", "")) for link in element.findall(f"{ATOM}link"))
    # An author of the feed is the author of every entry without one.
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries)
    for entry in entries:
        assert all(category.get("term") for category in entry.findall(f"{ATOM}category"))
        content = entry.find(f"{ATOM}content")
        assert content is not None
        assert content.get("type") == "html"
        assert not len(content)
        HTMLParser().feed(content.text or "")
    times = [entry.findtext(f"{ATOM}updated") or "" for entry in entries]
    assert times == sorted(times, reverse=True)
    assert not times or feed.findtext(f"{ATOM}updated") == times[0]
    return feed


def entries_of(feed: ET.Element) -> list[dict[str, str]]:
    return [
        {
            **{child.tag.removeprefix(ATOM): child.text or "" for child in entry},
            "link": entry.find(f"{ATOM}link").get("href", ""),  # type: ignore[union-attr]  # looked at by read()
        }
        for entry in feed.findall(f"{ATOM}entry")
    ]


@pytest.fixture
def term(editor: User, reviewer: User, at: datetime) -> Term:
    """A term that was published, and once more with another mechanism and reason."""
    term = publish(document("Luteal phase", tags=["Sleep"]), by=editor, at=at)[0]
    changed = document("Luteal phase", mechanism="<p>By two hormones &amp; more.</p>", tags=["Sleep"])
    save_term(document=changed, by=editor, at=at, term=term)
    review = submit_term(term=term, by=editor, at=at)
    approve_review(review=review, by=reviewer, at=at + timedelta(days=1), publish=True, reason="New <guideline>")
    return term


def test_an_empty_feed_is_a_feed(client: Client) -> None:
    assert entries_of(read(client)) == []


def test_new_and_changed_terms_say_what_changed(client: Client, term: Term, settings: Any) -> None:
    changed, new = entries_of(read(client))
    assert changed["summary"] == "Changed: mechanism."
    assert "<p>New &lt;guideline&gt;</p>" in changed["content"]
    assert "<h2>Mechanism</h2>" in changed["content"]
    assert re.search(r"<ins>[^<]*two[^<]*</ins>", changed["content"])
    assert "Origin" not in changed["content"]
    assert (changed["updated"], changed["title"]) == ("2026-03-03T12:00:00Z", "Luteal phase")
    assert changed["link"] == f"{settings.SITE_URL}/glossary/luteal-phase/"
    assert new["summary"].startswith("New term.")
    assert "<p>Luteal phase: what it means.</p>" in new["content"]
    assert new["link"] == f"{settings.SITE_URL}/glossary/luteal-phase/revisions/1/"


def test_ids_outlast_addresses(client: Client, term: Term, editor: User, at: datetime) -> None:
    before = [entry["id"] for entry in entries_of(read(client))]
    save_term(document=document("Secretory phase"), by=editor, at=at, term=term)
    publish_unreviewed(term=term, by=editor, at=at + timedelta(days=2))
    newest, *others = entries_of(read(client))
    assert [entry["id"] for entry in others] == before
    assert "Changed: title, address" in newest["summary"]
    for entry in (newest, *others):
        assert client.get(entry["link"].partition("//")[2].partition("/")[2].join("/ ").strip()).status_code == 200


def test_what_is_retired_leaves_the_feed_and_what_comes_back_is_told_once(
    client: Client, term: Term, editor: User, reviewer: User, at: datetime
) -> None:
    retire_term(term=term, by=reviewer, at=at + timedelta(days=2))
    assert entries_of(read(client)) == []
    publish_unreviewed(term=term, by=editor, at=at + timedelta(days=3))
    again, first = entries_of(read(client))
    assert again["summary"].startswith("Public again.")
    assert again["updated"] == "2026-03-05T12:00:00Z"
    assert first["summary"] == "New term."


def test_what_xml_cannot_hold_does_not_break_the_feed(client: Client, editor: User, at: datetime) -> None:
    publish(document("A\ufffe ]]> & <b>", slug="a", tags=['"quoted" & <b>']), by=editor, at=at)
    [entry] = entries_of(read(client))
    assert entry["title"] == "A\N{REPLACEMENT CHARACTER} ]]> & <b>"


def test_drafts_are_not_in_the_feed(client: Client, term: Term, editor: User, at: datetime) -> None:
    save_term(document=document("Luteal phase", mechanism="<p>Secret.</p>"), by=editor, at=at, term=term)
    save_term(document=document("Draft"), by=editor, at=at)
    page = text_of(client, FEED)
    assert "Secret" not in page
    assert "Draft" not in page


def test_the_feed_has_an_end_and_takes_as_many_queries_at_any_size(
    client: Client, editor: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST_ENTRIES", 4)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert len(entries_of(read(client))) <= 4
        return len(captured)

    publish(document("Alpha"), document("Beta", related=["alpha"]), by=editor, at=at)
    few = queries()
    publish(*(document(f"Beta {n}", related=["alpha"], tags=["Greek"]) for n in range(12)), by=editor, at=at)
    assert queries() == few <= 2


def test_pages_name_the_feed(client: Client, term: Term) -> None:
    for path in ("/", "/glossary/luteal-phase/", "/de/"):
        assert f'<link rel="alternate" type="application/atom+xml" href="{FEED}"' in text_of(client, path)
