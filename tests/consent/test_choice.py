"""Posting a choice: what is recorded, what is answered, and what is refused."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.db import DatabaseError, OperationalError, connection, transaction
from django.test import Client

from consent.actions import IncompleteNotice, publish_notice, save_service
from consent.choice.gate import current_gate
from consent.ledger import sign
from consent.models import ConsentRecord, Notice
from tests.consent.builders import SAME_ORIGIN, cookie_of, form, post, service

pytestmark = pytest.mark.django_db

ALL_REFUSED = {"necessary": True, "analytics": False, "personalization": False, "marketing": False}


@contextmanager
def database_away(match: str = "") -> Iterator[None]:
    """Make each statement that contains ``match`` fail as it does when the server is gone."""

    def fail(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if match in sql:
            raise OperationalError("the server closed the connection")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        yield


@pytest.mark.parametrize(
    ("choice", "categories", "accepted"),
    [
        ("accept_all", [], {"necessary", "analytics", "personalization", "marketing"}),
        ("reject_all", [], {"necessary"}),
        ("reject_all", ["analytics"], {"necessary"}),
        ("save", ["analytics"], {"necessary", "analytics"}),
        ("save", [], {"necessary"}),
    ],
)
def test_a_choice_is_one_record_with_every_answer(
    client: Client, choice: str, categories: list[str], accepted: set[str]
) -> None:
    response = post(client, choice=choice, categories=categories, next="/glossary/?letter=A")
    assert (response.status_code, response["Location"]) == (303, "/glossary/?letter=A")
    record = ConsentRecord.objects.get()
    assert record.answers == {name: name in accepted for name in ALL_REFUSED}
    assert (record.action, record.surface, record.language, record.gpc) == (choice, "banner", "en", False)
    assert record.notice.number == 1
    assert (record.expires_at - record.created_at).days == 182


def test_cookies_hold_answers_for_the_page_and_the_receipt_for_nobody_else(client: Client) -> None:
    post(client, categories=["analytics"])
    analytics = next(question for question in current_gate().questions if question.varname == "analytics")
    notice = Notice.objects.get()
    assert cookie_of(client) == {
        "analytics": analytics.version,
        "personalization": "-1",
        "marketing": "-1",
        "notice": f"1.{notice.sha256[:16]}",
    }
    choice, receipt = client.cookies["consent_choice"], client.cookies["consent_receipt"]
    assert (choice["secure"], choice["samesite"], choice["httponly"], choice["path"]) == (True, "Lax", "", "/")
    assert (receipt["secure"], receipt["samesite"], receipt["httponly"], receipt["path"]) == (
        True,
        "Lax",
        True,
        "/consent/",
    )
    assert ConsentRecord.objects.held_by(receipt.value).exists()
    assert re.fullmatch(r"[\w-]{32}", receipt.value)


@pytest.mark.parametrize("choice", ["accept_all", "reject_all"])
def test_refusal_lasts_as_long_as_acceptance(client: Client, choice: str) -> None:
    post(client, choice=choice)
    assert client.cookies["consent_choice"]["max-age"] == 182 * 24 * 60 * 60


def test_a_script_gets_json_without_the_receipt(client: Client) -> None:
    response = post(client, choice="reject_all", headers=SAME_ORIGIN | {"Accept": "application/json"})
    assert response.status_code == 200
    assert response.json()["answers"] == ALL_REFUSED
    receipt = client.cookies["consent_receipt"].value
    assert receipt not in response.content.decode()
    assert response["Cache-Control"] == "no-store"


def test_repeating_a_choice_writes_nothing_and_answers_the_same(client: Client) -> None:
    first = post(client, choice="accept_all")
    again = post(client, choice="save", categories=["marketing", "analytics", "personalization"])
    assert (first.status_code, again.status_code) == (303, 303)
    assert ConsentRecord.objects.count() == 1
    assert ConsentRecord.objects.held_by(client.cookies["consent_receipt"].value).exists()


def test_refusing_everything_after_an_acceptance_is_a_withdrawal_that_closes_everything(client: Client) -> None:
    post(client, choice="accept_all")
    post(client, choice="reject_all", surface="preferences")
    newest = ConsentRecord.objects.first()
    assert newest is not None
    assert (newest.action, newest.answers, newest.surface) == ("withdraw", ALL_REFUSED, "preferences")
    assert ConsentRecord.objects.count() == 2
    assert not any(current_gate().answers({"consent_choice": client.cookies["consent_choice"].value}).values())


def test_refusing_twice_is_no_withdrawal(client: Client) -> None:
    post(client, choice="save", categories=[])
    post(client, choice="reject_all")
    assert [record.action for record in ConsentRecord.objects.all()] == ["save"]


def test_global_privacy_control_is_noted(client: Client) -> None:
    post(client, choice="reject_all", headers=SAME_ORIGIN | {"Sec-GPC": "1"})
    assert ConsentRecord.objects.get().gpc


def test_a_record_holds_nothing_that_names_the_visitor() -> None:
    client = Client(REMOTE_ADDR="203.0.113.7", HTTP_USER_AGENT="Distinctive/1.0")
    post(client, choice="accept_all", next="/glossary/secret-illness/")
    row = json.dumps(ConsentRecord.objects.values().get(), default=str)
    for trace in ("203.0.113.7", "Distinctive", "secret-illness"):
        assert trace not in row


def test_the_database_cannot_open_what_it_keeps(client: Client) -> None:
    post(client, choice="accept_all")
    row = ConsentRecord.objects.values().get()
    assert client.cookies["consent_receipt"].value not in json.dumps(row, default=str)
    thief = Client()
    for value in row.values():
        thief.cookies["consent_receipt"] = str(value)
        assert "What you chose" not in thief.get("/consent/receipt/").content.decode()


def test_the_leaf_and_its_mac_follow_from_the_record(client: Client, settings: Any) -> None:
    post(client, choice="save", categories=["analytics"])
    record = ConsentRecord.objects.get()
    assert record.salt
    assert record.receipt_sha256 == hashlib.sha256(client.cookies["consent_receipt"].value.encode()).hexdigest()
    leaf = record.choice().leaf(bytes.fromhex(record.salt))
    assert record.leaf == leaf.hex()
    assert record.mac == sign(leaf, settings.CONSENT_SIGNING_KEY).hex()


def test_records_and_notices_cannot_be_changed_or_deleted_in_the_database(client: Client) -> None:
    post(client, choice="accept_all")
    for statement in (
        "UPDATE consent_consentrecord SET action = 'reject_all'",
        "DELETE FROM consent_consentrecord",
        "UPDATE consent_notice SET reason = 'x'",
        "DELETE FROM consent_notice",
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert ConsentRecord.objects.get().action == "accept_all"


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "http://testserver"}, True),
        ({"Origin": "https://testserver"}, False),
        ({"Origin": "http://testserver.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://[bad"}, False),
        ({"Referer": "http://testserver/glossary/"}, True),
        ({"Referer": "http://evil.example/http://testserver/"}, False),
        ({}, False),
    ],
)
def test_only_pages_of_this_site_may_post(client: Client, headers: dict[str, str], accepted: bool) -> None:
    response = post(client, headers=headers)
    assert response.status_code == (303 if accepted else 403)
    assert ConsentRecord.objects.exists() is accepted
    assert ("consent_choice" in response.cookies) is accepted


def refused(response: Any, status: int = 400) -> bool:
    return response.status_code == status and not ConsentRecord.objects.exists() and not response.cookies


@pytest.mark.parametrize(
    "fields",
    [
        {"choice": None},
        {"choice": "accept"},
        {"choice": ["save", "save"]},
        {"choice": ["save", "accept_all"]},
        {"categories": ["analytics", "unknown"]},
        {"categories": ["analytics", "analytics"]},
        {"categories": "analytics=9999"},
        {"categories": "ANALYTICS"},
        {"choice": "accept_all", "categories": ["unknown"]},
        {"notice": None},
        {"notice": ""},
        {"notice": "f" * 64},
        {"notice": "F" * 63},
        {"surface": None},
        {"surface": "popup"},
        {"extra": "1"},
        {"next": ["/", "/"]},
    ],
)
def test_a_form_that_is_not_exactly_a_choice_is_refused(client: Client, fields: dict[str, Any]) -> None:
    response = post(client, **fields)
    assert refused(response)
    assert "Nothing was recorded" in response.content.decode()


@pytest.mark.parametrize(
    "target",
    [
        *("//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil"),
        *("https://evil.example/", "javascript:alert(1)", "evil", "", "/%2F/evil.example", "/%5Cevil", "/%0d%0aX: y"),
        *("/a//evil", "/\u2028/evil", "/\x00", "/a b", "/" + "a" * 2001, "/%09/evil", "\u00a0//evil"),
    ],
)
def test_a_redirect_never_leaves_the_site(client: Client, target: str) -> None:
    assert refused(post(client, next=target))


@pytest.mark.parametrize("target", ["/", "/glossary/café/", "/search/?q=https://x//y", "/glossary/#letter-b"])
def test_a_redirect_goes_back_to_any_page_of_the_site(client: Client, target: str) -> None:
    assert post(client, next=target).status_code == 303


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"choice=save&&notice", "application/x-www-form-urlencoded"),
        (b"choice=%ff&notice=x", "application/x-www-form-urlencoded"),
        ("choice=é".encode("latin-1"), "application/x-www-form-urlencoded; charset=latin-1"),
        ("choice=é".encode(), "application/x-www-form-urlencoded"),
        (b"choice=save", "application/x-www-form-urlencoded; charset=latin-1"),
        (b'{"choice": "accept_all"}', "application/json"),
        (b"choice=save" + b"&a=b" * 100, "application/x-www-form-urlencoded"),
        (b"choice=" + b"a" * 9000, "application/x-www-form-urlencoded"),
    ],
)
def test_a_malformed_body_is_refused_with_a_reason(client: Client, body: bytes, content_type: str) -> None:
    response = client.generic("POST", "/consent/", body, content_type, headers=SAME_ORIGIN)
    assert refused(response)
    assert "Your choice was not saved" in response.content.decode()
    again = client.generic(
        "POST", "/consent/", body, content_type, headers=SAME_ORIGIN | {"Accept": "application/json"}
    )
    assert again.json()["error"] == "bad-choice"
    assert len(again.json()["reason"]) > 20


@pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "options", "trace"])
def test_only_post_makes_a_choice(client: Client, method: str) -> None:
    assert refused(getattr(client, method)("/consent/", headers=SAME_ORIGIN), 405)


@pytest.mark.parametrize("match", ["", "INSERT", "consent_notice"])
def test_a_database_that_is_away_opens_nothing_and_says_so(client: Client, match: str) -> None:
    data = form(choice="accept_all")
    for accept in ("text/html", "application/json"):
        with database_away(match):
            response = client.post(
                "/consent/",
                urlencode(data),
                content_type="application/x-www-form-urlencoded",
                headers=SAME_ORIGIN | {"Accept": accept},
            )
        assert refused(response, 503)
        assert int(response["Retry-After"]) > 0
        assert "Nothing optional was switched on" in response.content.decode()
        assert accept in response["Content-Type"]


def test_a_browser_that_brings_no_cookie_back_is_told_so(client: Client) -> None:
    told = "Your browser keeps no cookie of this site"

    def hides(address: str) -> bool:
        return f"<p data-consent-unkept hidden><strong>{told}" in client.get(address).content.decode()

    assert hides("/cookies/")
    assert post(client, next="/cookies/?saved").status_code == 303
    assert hides("/cookies/?saved")
    client.cookies.clear()
    assert not hides("/cookies/?saved")
    assert told in client.get("/cookies/?saved").content.decode()


@pytest.mark.slow
def test_every_service_of_a_notice_can_be_answered_alone(client: Client, operator: User, at: datetime) -> None:
    for number in range(80):
        save_service(service=service(f"Counter {number}"), by=operator, at=at)
    notice = publish_notice(by=operator, at=at, material=True, reason="Many services")
    keys = [f"analytics.counter-{number}" for number in range(80)]
    services = [f"{key}={'yes' if place % 2 else 'no'}" for place, key in enumerate(keys)]
    assert post(client, notice=notice.sha256, services=services).status_code == 303
    # A refusal within a category that is refused says nothing of its own.
    answers: dict[str, bool] = ConsentRecord.objects.get().answers or {}
    assert {key: answer for key, answer in answers.items() if "." in key} == dict.fromkeys(keys[1::2], True)
    assert len(f'consent_choice="{client.cookies["consent_choice"].value}"') < 4_096


@pytest.mark.slow
def test_a_notice_whose_answers_fit_into_no_cookie_is_not_published(
    client: Client, operator: User, at: datetime
) -> None:
    for number in range(80):
        save_service(service=service(f"A counter with a rather long name {number}"), by=operator, at=at)
    with pytest.raises(IncompleteNotice, match=r"would ask about 80 services one by one.*need [56],\d\d\d bytes"):
        publish_notice(by=operator, at=at, material=True, reason="Many services")
    assert Notice.objects.count() == 1
    client.force_login(operator)
    page = client.get("/admin/consent/notice/publish/", follow=True).content.decode()
    assert "Switch off the services that you can do without." in page
