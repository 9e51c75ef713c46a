"""Operators start a verification or an audit at the desk, see how far it is, and get the result by email."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from consent.actions import seal_ledger
from consent.models import CheckRun, ConsentEvent
from tests.consent.ledger import HOUR, add_records
from tests.consent.tampering import tamper
from tests.people import NOON

pytestmark = pytest.mark.django_db

START = "/admin/consent/checkrun/start/"


@pytest.fixture(autouse=True)
def _own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    operator.email = "olga@example.org"
    operator.save()
    client.force_login(operator)
    return client


def page(desk: Client, address: str) -> str:
    return " ".join(desk.get(address).content.decode().split())


def start(desk: Client, kind: str = "verify") -> str:
    """Press the button, and return the address that it leads to. The process begins with the commit, so never here."""
    response: Any = desk.post(START, {"kind": kind})
    assert response.status_code == 302
    return str(response["Location"])


def test_the_ledger_is_verified_with_a_button_and_the_result_is_sent(desk: Client) -> None:
    add_records(3, at=NOON)
    seal_ledger(at=NOON + HOUR)
    assert "Verify now" in page(desk, "/admin/consent/checkpoint/")
    address = start(desk)
    assert "<b>Starting.</b>" in page(desk, address)
    assert "Verify now" not in page(desk, address)
    call_command("run_check", CheckRun.objects.get().pk)
    said = page(desk, address)
    assert "<b>Passed.</b> Sent to olga@example.org." in said
    assert "All 3 records are unchanged since they were sealed" in said
    assert "checkpoints that were kept elsewhere" in said
    [sent] = mail.outbox
    assert (sent.to, sent.subject) == (["olga@example.org"], "Verification of the ledger: passed")
    assert address in sent.body
    event = ConsentEvent.objects.get(verb="verified")
    assert (event.by_name, event.details["is_whole"]) == ("Olga Nwosu", True)


def test_a_fault_is_the_result(desk: Client) -> None:
    add_records(3, at=NOON)
    seal_ledger(at=NOON + HOUR)
    tamper('UPDATE consent_consentrecord SET gpc = NOT gpc WHERE "index" = 1')
    address = start(desk)
    call_command("run_check", CheckRun.objects.get().pk)
    said = page(desk, address)
    assert "<b>Failed.</b>" in said
    assert "[changed] Record 1 was changed" in said
    assert mail.outbox[0].subject == "Verification of the ledger: failed"


@pytest.mark.parametrize(("began", "words"), [(True, "Did not finish"), (False, "Did not start")])
def test_a_check_whose_process_was_killed_says_that_it_did_not_finish(desk: Client, began: bool, words: str) -> None:
    address = start(desk)
    silent = timezone.now() - timedelta(minutes=2)
    CheckRun.objects.update(alive_at=silent, asked_at=silent, started_at=silent if began else None)
    said = page(desk, address)
    assert f"<b>{words}.</b>" in said
    assert "manage.py verify_consent_ledger" in said
    assert "Verify now" in said
    assert start(desk) != address


def test_a_second_one_leads_to_the_first_while_it_goes_on(desk: Client) -> None:
    address = start(desk)
    assert start(desk) == address
    assert "Verification of the ledger is already running." in page(desk, address)
    assert CheckRun.objects.count() == 1


def test_a_check_is_done_once(desk: Client) -> None:
    start(desk)
    pk = CheckRun.objects.get().pk
    call_command("run_check", pk)
    call_command("run_check", pk)
    assert ConsentEvent.objects.filter(verb="verified").count() == 1
    with pytest.raises(CommandError, match="There is no check"):
        call_command("run_check", pk + 1)


def test_without_email_the_page_says_so(desk: Client, operator: User, settings: Settings) -> None:
    address = start(desk)
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    call_command("run_check", CheckRun.objects.get().pk)
    assert "No email: EMAIL_URL isn&#x27;t set." in page(desk, address)


def test_without_a_browser_the_audit_says_so_before(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = page(desk, "/admin/consent/auditrun/")
    assert "“Audit now” is not possible here" in said
    assert "No Chromium was found" in said
    assert START not in said
    desk.post(START, {"kind": "audit"})
    assert not CheckRun.objects.exists()


@pytest.mark.parametrize("codename", ["start_checkrun"])
def test_only_those_who_may_see_the_button_and_start(desk: Client, operator: User, codename: str) -> None:
    group = operator.groups.get()
    group.permissions.remove(group.permissions.get(codename=codename))
    for address in ("/admin/consent/checkpoint/", "/admin/consent/auditrun/", "/admin/consent/checkrun/"):
        assert START not in page(desk, address)
    assert desk.post(START, {"kind": "verify"}).status_code == 403
