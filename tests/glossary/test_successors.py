"""What readers of a retired term are told: that it is gone, and what took its place."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from glossary.actions import (
    NotASuccessor,
    carry_out_due,
    publish_term,
    retire_term,
    save_term,
    schedule_retirement,
)
from glossary.models import Event, Program, Term
from tests.glossary.builders import document, publish, publish_unreviewed, text_of
from tests.glossary.term_form import signed_in, without_pages

pytestmark = pytest.mark.django_db


@pytest.fixture
def terms(editor: User, at: datetime) -> list[Term]:
    """Three published terms, and a draft."""
    found = publish(document("Old"), document("New"), document("Newest"), by=editor, at=at)
    return [*found, save_term(document=document("Draft"), by=editor, at=at).term]


def successor(client: Client, path: str = "/glossary/old/") -> str:
    """Return the link that the page of a retired term offers, or nothing."""
    response = client.get(path)
    assert response.status_code == 410
    page = response.content.decode()
    found = page.partition('message__successor">')[2].partition("</p>")[0]
    return found.partition('href="')[2].partition('"')[0]


def test_a_retired_term_names_and_links_its_successor(
    client: Client, terms: list[Term], editor: User, at: datetime, settings: Any
) -> None:
    old, new, _, _ = terms
    retire_term(term=old, by=editor, at=at, reason="Merged.", successor=new)
    assert successor(client) == "/glossary/new/"
    assert client.get("/glossary/old/")["Link"] == f'<{settings.SITE_URL}/glossary/new/>; rel="successor-version"'
    assert Event.objects.filter(verb=Event.Verb.RETIRED).get().reason == "Merged. Successor: “New”."


def test_the_way_follows_a_successor_that_moves_or_is_retired_in_turn(
    client: Client, terms: list[Term], editor: User, at: datetime
) -> None:
    old, new, newest, _ = terms
    retire_term(term=old, by=editor, at=at, successor=new)
    save_term(document=document("Renewed"), by=editor, at=at, term=new)
    publish_unreviewed(term=new, by=editor, at=at)
    assert successor(client) == "/glossary/renewed/"
    retire_term(term=new, by=editor, at=at, successor=newest)
    assert successor(client) == successor(client, "/glossary/renewed/") == "/glossary/newest/"
    # An address of before leads to the retired term, which leads on.
    assert successor(client, "/glossary/new/") == "/glossary/newest/"
    retire_term(term=newest, by=editor, at=at)
    assert successor(client) == ""
    assert "Link" not in client.get("/glossary/old/")


def test_a_term_that_comes_back_forgets_its_successor(
    client: Client, terms: list[Term], editor: User, at: datetime
) -> None:
    old, new, _, _ = terms
    retire_term(term=old, by=editor, at=at, successor=new)
    publish_term(term=old, by=Program("Test"), at=at, emergency=True, reason="Back")
    text_of(client, "/glossary/old/")
    retire_term(term=old, by=editor, at=at)
    assert successor(client) == ""


@pytest.mark.parametrize("which", [0, 3])
def test_only_another_public_term_is_a_successor(terms: list[Term], editor: User, at: datetime, which: int) -> None:
    with pytest.raises(NotASuccessor):
        retire_term(term=terms[0], by=editor, at=at, successor=terms[which])
    with pytest.raises(NotASuccessor):
        schedule_retirement(term=terms[0], due_at=at + timedelta(1), by=editor, at=at, successor=terms[which])
    assert Term.objects.published().count() == 3
    with pytest.raises(IntegrityError), transaction.atomic():
        Term.objects.filter(pk=terms[0].pk).update(successor=terms[which])


@pytest.mark.parametrize("still_there", [True, False])
def test_a_scheduled_retirement_names_a_successor_that_is_still_there(
    client: Client, terms: list[Term], editor: User, at: datetime, still_there: bool
) -> None:
    old, new, _, _ = terms
    schedule_retirement(term=old, due_at=at + timedelta(hours=1), by=editor, at=at, successor=new)
    if not still_there:
        retire_term(term=new, by=editor, at=at)
    [outcome] = carry_out_due(by=Program("Test"), at=at + timedelta(hours=2))
    assert outcome.succeeded
    assert successor(client) == ("/glossary/new/" if still_there else "")


@pytest.mark.parametrize(
    "typed", ["new", "New", "  nEW ", "/glossary/new/", "https://glossary.example.org/glossary/new/"]
)
def test_the_desk_takes_a_title_or_an_address(client: Client, terms: list[Term], reviewer: User, typed: str) -> None:
    url = reverse("admin:glossary_term_retire", args=[terms[0].pk])
    assert without_pages(reviewer).post(url, {"reason": "Merged", "successor": typed}).status_code == 302
    assert successor(client) == "/glossary/new/"


@pytest.mark.parametrize(
    ("typed", "words"),
    [("draft", "no published term"), ("nowhere", "no published term"), ("old", "replace itself")],
)
def test_the_desk_says_why_a_successor_is_none(terms: list[Term], reviewer: User, typed: str, words: str) -> None:
    url = reverse("admin:glossary_term_retire", args=[terms[0].pk])
    response = signed_in(reviewer).post(url, {"reason": "Merged", "successor": typed}, follow=True)
    assert words in response.content.decode()
    assert Term.objects.published().count() == 3
