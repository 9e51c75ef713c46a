"""A page store in front of Django, for tests of what joins the two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from glossary.actions import save_term
from glossary.models import Term
from pagestore.application import folder as page_folder
from pagestore.serving import PageStore
from tests.glossary.builders import document, publish_unreviewed
from tests.pagestore.asking import Clock, Counting


@pytest.fixture
def settings_of_a_store(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.PAGE_STORE = True


@pytest.fixture
def term(editor: User, at: datetime) -> Term:
    """A published term."""
    term = save_term(document=document(), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    return term


@pytest.fixture
def django() -> Counting:
    return Counting()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(settings_of_a_store: None, django: Counting, clock: Clock, term: Term) -> Callable[[], PageStore]:
    """Makes stores as worker processes have them: with memories of their own, on one folder and database.

    They compress quickly, which is a third of the time of a page.
    """
    return lambda: PageStore(django, folder=page_folder(), clock=clock, quickly=True)
