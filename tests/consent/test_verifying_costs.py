"""Verifying a ledger with nothing in it, and what verifying costs as it grows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from consent.actions import seal_ledger, verify_ledger
from tests.consent.ledger import HOUR, add_records

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def test_an_empty_ledger_verifies(at: datetime) -> None:
    assert verify_ledger(at=at).records == 0
    add_records(3, at=at)
    assert verify_ledger(at=at).records == 0


@pytest.mark.slow
def test_a_page_of_records_costs_the_same_few_queries_however_many_there_are(at: datetime) -> None:
    verify_ledger(at=at)  # so that the journal has an event both times
    costs = []
    for _ in range(2):
        add_records(4_096, at=at)
        seal_ledger(at=at + 2 * HOUR)
        with CaptureQueriesContext(connection) as queries:
            assert verify_ledger(at=at).fault is None
        costs.append(len(queries))
    assert costs[1] - costs[0] == 3
