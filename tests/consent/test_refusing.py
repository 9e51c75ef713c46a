"""A refusal holds whatever notice was read, and whether or not it can be recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.test import Client

from consent.actions import publish_notice
from consent.choice.gate import current_gate
from consent.models import ConsentRecord, Notice
from tests.consent.builders import OPTIONAL, SAME_ORIGIN, cookie_of, form, open_service, opened, post

pytestmark = pytest.mark.django_db

JSON = SAME_ORIGIN | {"Accept": "application/json"}


@contextmanager
def unrecordable(match: str) -> Iterator[None]:
    """Make each statement that contains ``match`` fail, as a database that is locked or away does."""

    def fail(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if match in sql:
            raise OperationalError("database is locked")
        return execute(sql, *rest)

    with connection.execute_wrapper(fail):
        yield


def held(client: Client) -> dict[str, str]:
    cookie = client.cookies.get("consent_choice")
    return {"consent_choice": cookie.value} if cookie and cookie.value else {}


def live() -> Notice:
    notice = Notice.objects.live("en")
    assert notice
    return notice


def accepted(client: Client, by: User, at: datetime) -> Notice:
    """Have the visitor accept everything that is asked, a service included; return the notice that they read."""
    open_service(by, at)
    post(client, choice="accept_all", notice=live().sha256)
    assert opened(held(client))
    return live()


def publish(by: User, at: datetime, *, material: bool) -> None:
    CookieGroup.objects.filter(varname="analytics").update(description="Counts visits otherwise.")
    publish_notice(by=by, at=at, material=material, reason="Another purpose")


def withdraw_on_receipt(client: Client) -> Any:
    return client.post(
        "/consent/receipt/",
        "step=withdraw",
        content_type="application/x-www-form-urlencoded",
        headers=SAME_ORIGIN,
    )


@pytest.mark.parametrize("choice", ["reject_all", "save"])
@pytest.mark.parametrize("headers", [SAME_ORIGIN, JSON])
@pytest.mark.parametrize("material", [True, False])
def test_refusing_on_a_page_with_the_notice_of_before_is_recorded_under_what_was_read(
    client: Client, operator: User, at: datetime, material: bool, headers: dict[str, str], choice: str
) -> None:
    read = accepted(client, operator, at)
    publish(operator, at, material=material)
    response = post(client, choice=choice, notice=read.sha256, surface="preferences", headers=headers)
    assert response.status_code in (303, 200)
    record = ConsentRecord.objects.held_by(client.cookies["consent_receipt"].value).get()
    assert (record.action, record.notice, record.accepted) == ("withdraw", read, ["necessary"])
    assert not opened(held(client))
    # Only what has changed materially since is asked again.
    assert current_gate().is_complete(held(client)) is not material


def test_refusing_is_not_kept_from_anybody_by_what_else_the_form_says(client: Client) -> None:
    post(client, choice="accept_all")
    assert post(client, choice="reject_all", categories=["analytics", "gone"], services="gone.x=yes").status_code == 303
    assert not any(current_gate().answers(held(client)).values())


@pytest.mark.parametrize(
    ("headers", "choice", "match"),
    [
        # Whatever fails; and by form or client, with each of the two buttons that refuse.
        *((SAME_ORIGIN, "reject_all", match) for match in ("", "INSERT", "consent_notice", "consent_consentrecord")),
        (SAME_ORIGIN, "save", "INSERT"),
        (JSON, "reject_all", ""),
        (JSON, "save", "consent_consentrecord"),
    ],
)
def test_a_refusal_that_cannot_be_recorded_holds_says_so_and_is_recorded_next(
    client: Client, operator: User, at: datetime, headers: dict[str, str], choice: str, match: str
) -> None:
    read = accepted(client, operator, at)
    body = urlencode(form(choice=choice, notice=read.sha256))
    with unrecordable(match):
        response = post(client, body=body, headers=headers)
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "Your refusal holds in this browser: nothing optional runs." in response.content.decode()
    assert "It could not be recorded yet" in response.content.decode()
    assert "Nothing was recorded" not in response.content.decode()
    assert ConsentRecord.objects.latest("pk").action == "accept_all"
    # Everything is closed, and nobody is asked as if they had not answered.
    assert not opened(held(client))
    assert current_gate().answers(held(client)) == dict.fromkeys(OPTIONAL, False)
    assert current_gate().is_complete(held(client))
    # What the client, or the form on the preferences page, sends from what the cookie says.
    page = client.get("/cookies/").content.decode()
    assert "It could not be recorded yet" in page
    assert f'name="notice" value="{read.sha256}"' in page
    surface, notice = cookie_of(client)["refused"].split(".")
    assert post(client, choice="reject_all", surface=surface, notice=notice).status_code == 303
    record = ConsentRecord.objects.held_by(client.cookies["consent_receipt"].value).get()
    assert (record.action, record.notice, record.surface) == ("withdraw", read, "banner")
    assert "It could not be recorded yet" not in client.get("/cookies/").content.decode()
    assert current_gate().is_complete(held(client))


def test_a_refusal_without_a_record_opens_nothing_whatever_else_the_cookie_says(
    client: Client, operator: User, at: datetime
) -> None:
    accepted(client, operator, at)
    value = f"{client.cookies['consent_choice'].value}|refused=banner"
    assert not opened({"consent_choice": value})
    assert current_gate().answers({"consent_choice": value}) == dict.fromkeys(OPTIONAL, False)


def test_withdrawing_on_the_receipt_holds_without_a_database(client: Client, operator: User, at: datetime) -> None:
    accepted(client, operator, at)
    with unrecordable(""):
        response = withdraw_on_receipt(client)
    assert response.status_code == 503
    assert "Your refusal holds in this browser" in response.content.decode()
    assert not opened(held(client))
    assert cookie_of(client) == {"refused": "preferences"}
    assert f'name="notice" value="{live().sha256}"' in client.get("/cookies/").content.decode()


def test_withdrawing_with_a_receipt_that_nobody_knows_any_more_closes_everything(
    client: Client, operator: User, at: datetime
) -> None:
    accepted(client, operator, at)
    client.cookies["consent_receipt"] = "x" * 32
    withdraw_on_receipt(client)
    assert not opened(held(client))


@pytest.mark.parametrize(
    "fields",
    [
        {"choice": "save", "categories": ["marketing"]},
        {"choice": "save", "categories": ["analytics", "marketing"]},
        {"choice": "save", "categories": [*OPTIONAL], "services": "analytics.statistics=no"},
    ],
)
def test_a_choice_that_takes_something_back_closes_it_though_it_cannot_be_recorded(
    client: Client, operator: User, at: datetime, fields: dict[str, Any]
) -> None:
    read = accepted(client, operator, at)
    with unrecordable("INSERT"):
        response = post(client, notice=read.sha256, **fields)
    assert response.status_code == 503
    assert "Until it is, nothing optional runs here" in response.content.decode()
    assert not held(client)


@pytest.mark.parametrize("fields", [{"choice": "accept_all"}, {"choice": "save", "categories": [*OPTIONAL]}])
def test_an_acceptance_that_cannot_be_recorded_leaves_what_was_allowed_before(
    client: Client, operator: User, at: datetime, fields: dict[str, Any]
) -> None:
    accepted(client, operator, at)
    before = held(client)
    client.cookies.pop("consent_receipt")
    with unrecordable("INSERT"):
        response = post(client, notice=live().sha256, **fields)
    assert response.status_code == 503
    assert "Nothing optional was switched on" in response.content.decode()
    assert held(client) == before


@pytest.mark.parametrize(
    "fields", [{"choice": "reject_all", "notice": "f" * 64}, {"choice": "refuse"}, {"next": "//x"}]
)
def test_what_comes_from_a_page_of_this_site_and_cannot_be_read_closes_everything(
    client: Client, operator: User, at: datetime, fields: dict[str, Any]
) -> None:
    accepted(client, operator, at)
    assert post(client, **fields).status_code == 400
    assert not held(client)


def test_another_site_cannot_close_anything(client: Client, operator: User, at: datetime) -> None:
    accepted(client, operator, at)
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
        response = post(client, choice="reject_all", headers=headers)
        assert (response.status_code, len(response.cookies)) == (403, 0)
    assert opened(held(client))


def test_allowing_something_under_a_notice_of_before_shows_the_new_one(
    client: Client, operator: User, at: datetime
) -> None:
    read = live()
    publish(operator, at, material=True)
    response = post(client, choice="accept_all", notice=read.sha256)
    assert response.status_code == 409
    page = response.content.decode()
    assert "Please read it again" in page
    assert "Counts visits otherwise." in page
    assert f'name="notice" value="{live().sha256}"' in page
    assert 'name="next" value="/cookies/?saved"' in page
    assert not ConsentRecord.objects.exists()
    assert "Please read it again" in client.get("/cookies/?changed").content.decode()
    assert post(client, choice="accept_all", notice=read.sha256, headers=JSON).json()["error"] == "outdated-notice"


def test_taking_something_back_under_a_notice_of_before_closes_everything_until_the_new_one_is_answered(
    client: Client, operator: User, at: datetime
) -> None:
    read = accepted(client, operator, at)
    publish(operator, at, material=False)
    response = post(client, choice="save", categories=["marketing"], notice=read.sha256)
    assert response.status_code == 409
    assert "You have not answered yet" in response.content.decode()
    assert not held(client)
