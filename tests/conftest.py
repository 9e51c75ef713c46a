"""Shared fixtures: a fixed time, people of each kind, and builders of documents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from pytest_django import Settings

from consent import report_views
from consent.limits import limiter
from glossary.actions import approve_review, publish_term, submit_term
from glossary.documents import TermDocument, parse_document
from glossary.models import Approval, Program, PublishedEntry, Term, name_of

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """Half a second of hashing for each person of each test is of no use here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    """All tests of a run come from one address."""
    limiter.forget()
    report_views.limiter.forget()


@pytest.fixture
def at() -> datetime:
    """The fixed time that tests pass to actions."""
    return NOON


@pytest.fixture
def editor(db: None) -> User:
    return person("edith", "Edith Okafor", "Clinical editors")


@pytest.fixture
def reviewer(db: None) -> User:
    return person("rafael", "Rafael Lindqvist", "Clinical reviewers")


def person(username: str, full_name: str, *groups: str, superuser: bool = False) -> User:
    """Return a new member of staff in the named groups. The password is the user name."""
    first, _, last = full_name.partition(" ")
    user = User.objects.create_user(
        username, password=username, first_name=first, last_name=last, is_staff=True, is_superuser=superuser
    )
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def publish_unreviewed(*, term: Term, by: User, at: datetime) -> PublishedEntry:
    """Publish the newest revision as a program does, without review: for tests that are about something else."""
    return publish_term(term=term, by=Program(name_of(by)), at=at, emergency=True, reason="Test")


def approve(*, term: Term, by: User, at: datetime, publish: bool = False) -> Approval:
    """Have the newest revision submitted by its author and approved by ``by``."""
    term = Term.objects.select_related("head__created_by").get(pk=term.pk)
    assert term.head
    assert term.head.created_by
    review = submit_term(term=term, by=term.head.created_by, at=at)
    return approve_review(review=review, by=by, at=at, publish=publish)


def document(title: str = "Luteal phase", **fields: Any) -> TermDocument:
    """Return a small valid document; ``fields`` replace its parts."""
    data: dict[str, Any] = {
        "title": title,
        "definition": f"<p>{title}: what it means.</p>",
        "origin": "<p>From Latin.</p>",
        "mechanism": "<p>By hormones.</p>",
    }
    return parse_document(data | fields)
