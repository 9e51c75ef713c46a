"""Finished pages while the database is away: served as they are, unless what they show has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.db import InterfaceError

from consent.actions import publish_notice
from glossary.actions import retire_term, save_term
from glossary.models import Term
from pagestore.changes import expire
from pagestore.serving import PageStore
from tests.glossary.builders import document, publish_unreviewed
from tests.outages import AWAY, database_away
from tests.pagestore.asking import Clock, Committing, ask, publish

pytestmark = pytest.mark.django_db

OTHER = "/glossary/zygote/"


@pytest.fixture
def other(editor: User, at: datetime) -> Term:
    """A term that is no neighbour of the first one."""
    for title in ("Midcycle pain", "Zygote"):
        term = save_term(document=document(title), by=editor, at=at).term
        publish_unreviewed(term=term, by=editor, at=at)
    return term


@pytest.mark.parametrize("error", [AWAY, InterfaceError("the connection is closed")], ids=str)
def test_after_a_restart_stored_pages_are_served_as_they_are(worker: Callable[[], PageStore], error: Exception) -> None:
    before = ask(worker())
    with database_away(error):
        store = worker()
        assert ask(store) == before
        assert ask(store, HTTP_IF_NONE_MATCH=before.headers["ETag"]).status == 304
        missing = ask(store, "/glossary/")
    assert missing.status == 503
    assert int(missing.headers["Retry-After"]) > 0
    assert ask(store, "/glossary/").status == 200


@pytest.mark.parametrize("is_new", [True, False], ids=["after a restart", "without one"])
def test_after_a_notice_was_published_stored_pages_are_served_as_they_are(
    worker: Callable[[], PageStore],
    operator: User,
    at: datetime,
    django_capture_on_commit_callbacks: Committing,
    clock: Clock,
    is_new: bool,
) -> None:
    store = worker()
    before = ask(store)
    CookieGroup.objects.filter(varname="analytics").update(description="Counts visits otherwise.")
    with django_capture_on_commit_callbacks(execute=True):
        publish_notice(by=operator, at=at, material=True, reason="Another purpose")
    if is_new:
        store = worker()
    else:
        store.refresh()
    with database_away():
        assert ask(store) == before
        clock.now += 60
        assert ask(store) == before
    clock.now += 60
    assert ask(store).body != before.body, "rendered again as soon as that is possible"


@pytest.mark.parametrize("is_new", [True, False], ids=["after a restart", "without one"])
@pytest.mark.parametrize("change", ["retired", "changed"])
def test_what_is_known_to_have_changed_is_not_shown(
    worker: Callable[[], PageStore],
    term: Term,
    other: Term,
    editor: User,
    at: datetime,
    django_capture_on_commit_callbacks: Committing,
    is_new: bool,
    change: str,
) -> None:
    store = worker()
    before = ask(store, OTHER)
    assert (ask(store).status, before.status) == (200, 200)
    with django_capture_on_commit_callbacks(execute=True):
        if change == "retired":
            retire_term(term=term, by=editor, at=at)
        else:
            publish(term, "By light.", by=editor, at=at)
    if is_new:
        store = worker()
    with database_away():
        assert ask(store).status == 503
        assert ask(store, OTHER) == before
        expire()
        assert ask(store).status == 503
        assert ask(store, OTHER) == before


def test_a_page_without_the_banner_takes_no_stored_ones_place(worker: Callable[[], PageStore], clock: Clock) -> None:
    store = worker()
    before = ask(store, "/saved/")
    assert b"data-consent-banner" in before.body
    expire()
    with database_away():
        assert ask(store, "/saved/") == before
        assert ask(worker(), "/saved/") == before
    clock.now += 60
    assert ask(worker(), "/saved/") == before
    assert ask(store, "/saved/") == before
