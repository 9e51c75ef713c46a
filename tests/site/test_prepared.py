"""A prepared query returns what the queryset returns, whatever it is asked with, and costs one query."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Q, QuerySet
from django.test.utils import CaptureQueriesContext

from glossary.actions import save_terms
from glossary.models import EntryName, PublishedEntry
from prepared import Prepared
from tests.glossary.builders import document, publish_unreviewed


def named(slugs: Collection[str], keys: Collection[int], title: str) -> QuerySet[PublishedEntry]:
    return (
        PublishedEntry.objects.select_related("revision")
        .filter(Q(slug__in=slugs) | Q(pk__in=keys) | Q(title=title))
        .order_by("slug")
    )


@pytest.fixture
def entries(editor: User, at: datetime) -> list[PublishedEntry]:
    titles = ("Androgen", "Biopsy", "Cortisol", "Dopamine", "Enzyme", "Fibre")
    for saved in save_terms(documents=[document(title) for title in titles], by=editor, at=at):
        publish_unreviewed(term=saved.term, by=editor, at=at)
    return list(PublishedEntry.objects.order_by("slug"))


def test_it_returns_what_the_queryset_returns(entries: list[PublishedEntry]) -> None:
    prepared = Prepared(named)
    slugs, keys = [entry.slug for entry in entries], [entry.pk for entry in entries]
    for asked in (
        {"slugs": slugs[:1], "keys": [], "title": "Enzyme"},
        {"slugs": [], "keys": [], "title": "Nothing"},
        {"slugs": slugs[:3], "keys": keys[2:5], "title": ""},
        {"slugs": {"nothing"}, "keys": {keys[0], -5}, "title": "'; --"},
        {"slugs": slugs[3:4], "keys": [], "title": "Fibre"},
    ):
        with CaptureQueriesContext(connection) as captured:
            found = prepared(**asked)
            documents = [entry.revision.document for entry in found]
        assert len(captured) == 1
        plain = list(named(**asked))
        assert found == plain
        assert documents == [entry.revision.document for entry in plain]


def test_bytes_are_values_too(entries: list[PublishedEntry]) -> None:
    def between(keys: Collection[bytes], first: bytes, last: bytes) -> QuerySet[EntryName]:
        return EntryName.objects.filter(Q(key__in=keys) | Q(key__gt=first, key__lt=last)).order_by("key")

    prepared = Prepared(between)
    for keys, first, last in (([b"biopsy", b"enzyme", b"nothing"], b"d", b"e"), ([b"'; --"], b"\xff", b"\x00")):
        assert prepared(keys=keys, first=first, last=last) == list(between(keys, first, last))
    assert [name.name for name in prepared(keys=[b"fiber"], first=b"c", last=b"e")] == ["Cortisol", "Dopamine", "Fibre"]


def test_it_sees_what_has_changed_since(entries: list[PublishedEntry]) -> None:
    prepared = Prepared(named)
    assert [entry.title for entry in prepared(slugs=["biopsy"], keys=[], title="")] == ["Biopsy"]
    PublishedEntry.objects.filter(slug="biopsy").update(title="Biopsies")
    assert [entry.title for entry in prepared(slugs=["biopsy"], keys=[], title="")] == ["Biopsies"]


def test_a_value_that_the_query_would_change_is_refused(db: None) -> None:
    prepared = Prepared(lambda title: PublishedEntry.objects.filter(title__contains=title))
    with pytest.raises(ValueError, match="'title' doesn't stand in the query as it is"):
        prepared(title="Androgen")
