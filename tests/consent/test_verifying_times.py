"""A seal shows that nothing was changed since. That what was sealed can be true at all is looked at besides."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from pytest_django import Settings

from consent.actions import prune_records, publish_notice, seal_ledger
from consent.ledger.faults import Fault
from tests.consent.ledger import DAY, HOUR, add_record, add_records, fault, heads
from tests.consent.tampering import tamper

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


def test_a_record_from_before_its_notice_is_a_fault(at: datetime, operator: User) -> None:
    group = CookieGroup.objects.get(varname="analytics")
    group.name = "Counting"
    group.save()
    notice = publish_notice(by=operator, at=at, material=True, reason="Renamed")
    add_record(at=at, notice=notice)
    seal_ledger(at=at + HOUR)
    assert fault(at) is None
    add_record(at=at - HOUR, notice=notice)
    seal_ledger(at=at + HOUR)
    assert fault(at) == (Fault.TIME, 1)


@pytest.mark.parametrize(
    ("after", "lasts", "words"),
    [
        (-2 * DAY, 182 * DAY, "is backdated"),
        (timedelta(0), 3_650 * DAY, "is valid for 3,650 days, longer than the limit of 182"),
        (2 * HOUR, 182 * DAY, "was made after the checkpoint of 2026-03-02 13:00 UTC, which covers it, was signed"),
    ],
)
def test_a_record_whose_times_cannot_be_is_a_fault(
    at: datetime, after: timedelta, lasts: timedelta, words: str
) -> None:
    add_record(at=at)
    add_record(at=at + after, lasts=lasts)
    seal_ledger(at=at + HOUR)
    with pytest.raises(CommandError, match=r"\[time\]") as error:
        call_command("verify_consent_ledger")
    assert words in str(error.value)


def test_a_record_that_is_older_than_a_head_without_it_is_a_fault(at: datetime) -> None:
    add_record(at=at)
    seal_ledger(at=at + 3 * DAY)  # the job was broken for some days: nothing is wrong with that
    assert fault(at) is None
    add_record(at=at)
    seal_ledger(at=at + 3 * DAY)
    assert fault(at) == (Fault.TIME, 1)


def test_a_head_that_is_older_than_the_one_before_it_is_a_fault(at: datetime) -> None:
    add_records(3, at=at)
    seal_ledger(at=at + HOUR)
    kept = heads()
    add_records(3, at=at)
    seal_ledger(at=at + HOUR / 2)
    assert fault(at) == (Fault.TIME, 6)
    tamper("DELETE FROM consent_checkpoint WHERE size = 3")
    assert fault(at) is None
    assert fault(at, *kept) == (Fault.TIME, 6)


def test_a_head_that_is_listed_under_another_time_is_a_fault(at: datetime) -> None:
    add_records(3, at=at)
    seal_ledger(at=at + HOUR)
    tamper("UPDATE consent_checkpoint SET at = %s", at + DAY)
    assert fault(at) == (Fault.HEAD, 3)


def test_a_wrong_time_does_not_hide_what_was_changed_behind_it(at: datetime) -> None:
    add_record(at=at, lasts=3_650 * DAY)
    add_records(300, at=at)
    seal_ledger(at=at + HOUR)
    assert fault(at) == (Fault.TIME, 0)
    tamper('UPDATE consent_consentrecord SET gpc = NOT gpc WHERE "index" = 290')
    assert fault(at) == (Fault.CHANGED, 290)


def test_the_command_says_what_it_did_not_check(at: datetime) -> None:
    add_records(256, at=at)
    seal_ledger(at=at + HOUR)
    prune_records(before=at + 500 * DAY, by=None, at=at)
    add_records(2, at=at)
    out = StringIO()
    call_command("verify_consent_ledger", stdout=out)
    said = out.getvalue()
    for words in ("2 records that wait", "256 removed records", "--against", "receipts can show it"):
        assert words in said.partition("Not checked:")[2], words
