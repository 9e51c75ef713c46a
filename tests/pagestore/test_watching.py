"""The thread that hears of changes: what it makes ready, and what stops it."""

from __future__ import annotations

import os

import pytest
from django.db import OperationalError

from glossary.linking import current
from pagestore import watching


class Enough(Exception):
    """Ends the thread, which runs until the process ends otherwise."""


@pytest.mark.django_db
def test_it_makes_ready_once_and_goes_on_where_the_database_was_away(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def refresh() -> None:
        done.append("refresh")
        if len(done) > 4:
            raise Enough

    def prepare() -> None:
        done.append("prepare")
        raise OperationalError("the database is away")

    monkeypatch.setattr(watching, "CHECK_EVERY", 0.01)
    with pytest.raises(Enough):
        watching._watch(refresh, prepare)
    assert done == ["refresh", "prepare", "refresh", "refresh", "refresh"]


def test_a_process_that_is_forked_while_names_are_read_reads_them_itself() -> None:
    with current._shared.lock:
        child = os.fork()
        if not child:
            os._exit(current._shared.lock.locked())
    _, status = os.waitpid(child, 0)
    assert status == 0, "the child waits for a thread that it doesn't have"
