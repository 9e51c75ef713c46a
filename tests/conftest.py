"""Shared fixtures: a fixed time, people of each kind, and builders of documents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from pytest_django import Settings

from glossary.documents import TermDocument, parse_document

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """Half a second of hashing for each person of each test is of no use here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


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


def document(title: str = "Luteal phase", **fields: Any) -> TermDocument:
    """Return a small valid document; ``fields`` replace its parts."""
    data: dict[str, Any] = {
        "title": title,
        "definition": f"<p>{title}: what it means.</p>",
        "origin": "<p>From Latin.</p>",
        "mechanism": "<p>By hormones.</p>",
    }
    return parse_document(data | fields)
