"""Operators see at a glance whether the ledger is sealed, published and verified, and what to run if not."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consent.actions import publish_heads, seal_ledger, verify_ledger
from consent.ledger.state import SEAL, VERIFY, ledger_state
from consent.models import ClosedDay, ConsentRecord, HeadDelivery
from tests.consent.ledger import add_records
from tests.consent.tampering import tamper
from tests.people import person

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def sealed(at: datetime) -> datetime:
    """When ten records were sealed, published and verified."""
    add_records(10, at=at)
    now = at + MINUTE
    seal_ledger(at=now)
    publish_heads(at=now)
    verify_ledger(at=now)
    return now


def commands(at: datetime) -> list[str]:
    return [warning.command for warning in ledger_state(at=at).warnings]


def test_a_ledger_that_nobody_used_has_nothing_to_say(at: datetime) -> None:
    state = ledger_state(at=at)
    assert (state.size, state.waiting, state.warnings) == (0, 0, [])


def test_a_ledger_in_order_warns_of_nothing(sealed: datetime) -> None:
    state = ledger_state(at=sealed + 9 * MINUTE)
    assert (state.size, state.waiting, state.was_intact, state.warnings) == (10, 0, True, [])


def test_records_may_wait_ten_minutes(sealed: datetime) -> None:
    add_records(3, at=sealed)
    assert commands(sealed + 10 * MINUTE) == []
    assert ledger_state(at=sealed + MINUTE).waiting == 3
    assert commands(sealed + 11 * MINUTE) == [SEAL]


def test_a_head_that_cannot_be_published_is_named_with_its_reason(sealed: datetime) -> None:
    HeadDelivery.objects.update(failures=3, failed_at=sealed, error="OSError: No space left on device")
    [warning] = ledger_state(at=sealed).warnings
    assert warning.command == SEAL
    assert "by file: OSError: No space left on device" in warning.text


def test_a_head_that_never_left_the_database_is_named(at: datetime) -> None:
    add_records(1, at=at)
    seal_ledger(at=at)
    verify_ledger(at=at)
    assert commands(at + MINUTE) == []
    assert commands(at + 11 * MINUTE) == [SEAL]


def test_a_verification_holds_for_seven_days(sealed: datetime) -> None:
    assert commands(sealed + timedelta(days=7)) == []
    assert commands(sealed + timedelta(days=7, seconds=1)) == [VERIFY]


def test_a_ledger_that_was_never_verified_says_so(at: datetime) -> None:
    add_records(1, at=at)
    seal_ledger(at=at)
    publish_heads(at=at)
    assert commands(at) == [VERIFY]


def test_damage_is_told_until_a_verification_finds_none(sealed: datetime) -> None:
    tamper('UPDATE consent_consentrecord SET gpc = NOT gpc WHERE "index" = 7')
    verify_ledger(at=sealed + MINUTE)
    [warning] = ledger_state(at=sealed + MINUTE).warnings
    assert "7" in warning.text
    assert warning.command == VERIFY
    tamper('UPDATE consent_consentrecord SET gpc = NOT gpc WHERE "index" = 7')
    verify_ledger(at=sealed + 2 * MINUTE)
    assert commands(sealed + 2 * MINUTE) == []


def test_the_state_costs_the_same_for_a_longer_ledger(sealed: datetime) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            ledger_state(at=sealed)
        return len(queries)

    before = cost()
    add_records(300, at=sealed)
    assert cost() <= before + 1  # counting those that wait
    seal_ledger(at=sealed + MINUTE)
    assert cost() == before


def test_operators_see_the_warning_on_the_front_page_and_the_facts_on_a_page_of_its_own(
    client: Client, editor: User
) -> None:
    now = timezone.now()
    add_records(2, at=now - timedelta(hours=1))
    client.force_login(person("olga", "Olga Nwosu", "Site operators"))
    for url in ("/admin/", "/admin/consent/checkpoint/"):
        page = client.get(url).content.decode()
        assert "waiting to be sealed for more than 10 minutes" in page
        assert f"<code>{SEAL}</code>" in page
    call_command("seal_consent_ledger", verbosity=0)
    verify_ledger(at=now)
    page = client.get("/admin/consent/checkpoint/").content.decode()
    assert "Everything is in order." in page
    assert "Published by file" in page
    assert "Consent ledger in order: 2 records sealed, 0 waiting." in client.get("/admin/").content.decode()
    client.force_login(editor)
    assert "onsent ledger" not in client.get("/admin/").content.decode()


def test_the_command_that_seals_closes_the_days_that_are_over(at: datetime) -> None:
    add_records(4, at=at)
    call_command("seal_consent_ledger", verbosity=0)
    assert ClosedDay.objects.get(date=at.date()).records == 4
    assert not ConsentRecord.objects.unsealed().exists()
