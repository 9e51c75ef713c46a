"""The consent cookie has a name of its own, and takes the place of the one from before that."""

from __future__ import annotations

from typing import Any

import pytest
from cookie_consent.models import CookieGroup
from django.test import Client

from consent.actions import erase_record
from consent.choice.gate import cookie_content, current_gate
from consent.models import Notice
from tests.consent.builders import SAME_ORIGIN, cookies, post
from tests.people import NOON

pytestmark = pytest.mark.django_db

BEFORE = "cookie_consent"


@pytest.fixture
def before(client: Client) -> Client:
    """A visitor who accepted *analytics* when the cookie still had the name from before."""
    post(client, categories=["analytics"])
    client.cookies[BEFORE] = client.cookies.pop("consent_choice").value
    return client


def carry_over(client: Client, headers: dict[str, str] | None = None) -> Any:
    return client.post("/consent/carry-over/", headers=headers or SAME_ORIGIN)


def is_open(client: Client) -> bool:
    cookie = client.cookies.get("consent_choice")
    return bool(cookie and current_gate().answers({"consent_choice": cookie.value}).get("analytics"))


def was_deleted(response: Any) -> bool:
    cookie = response.cookies.get(BEFORE)
    return bool(cookie is not None and cookie.value == "" and cookie["max-age"] == 0 and cookie["path"] == "/")


def test_over_https_the_name_has_the_prefix_that_keeps_other_sites_from_setting_it(
    client: Client, settings: Any
) -> None:
    settings.COOKIE_CONSENT_NAME = "__Host-consent_choice"
    response = post(client, choice="accept_all")
    cookie = response.cookies["__Host-consent_choice"]
    # What browsers ask of a cookie with this prefix (RFC 6265bis, section 4.1.3.2).
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
    page = client.get("/cookies/").content.decode()
    assert 'data-consent-cookie="__Host-consent_choice"' in page
    assert "data-consent-withdraw>" in page
    assert post(client, headers={}, choice="accept_all").status_code == 403


@pytest.mark.parametrize("prefix", ["", "__Host-"], ids=["http", "https"])
def test_notices_show_the_names_that_are_set_here(client: Client, settings: Any, prefix: str) -> None:
    settings.COOKIE_CONSENT_NAME = f"{prefix}consent_choice"
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = f"{prefix}sessionid", f"{prefix}csrftoken"
    for path in ("/cookies/", f"/consent/notices/{Notice.objects.get().sha256}/"):
        page = client.get(path).content.decode()
        for name in ("consent_choice", "sessionid", "csrftoken"):
            assert f"<code>{prefix}{name}</code>" in page, path
        for name in ("consent_receipt", "signed_in"):  # without the prefix over both
            assert f"<code>{name}</code>" in page, path


def test_the_name_from_before_opens_nothing(client: Client) -> None:
    [value] = cookies(Notice.objects.get(), "analytics").values()
    client.cookies[BEFORE] = value
    assert "data-consent-withdraw>" not in client.get("/cookies/").content.decode()


def test_a_cookie_from_before_that_the_record_bears_out_is_replaced(before: Client) -> None:
    receipt = before.cookies["consent_receipt"].value
    response = carry_over(before)
    assert response.status_code == 204
    assert was_deleted(response)
    assert is_open(before)
    assert before.cookies["consent_receipt"].value == receipt
    # 182 days from the choice, and not from now.
    assert 0 < response.cookies["consent_choice"]["max-age"] <= 182 * 24 * 60 * 60


def test_a_cookie_from_before_without_a_record_is_not_believed(before: Client) -> None:
    before.cookies.pop("consent_receipt")
    response = carry_over(before)
    assert was_deleted(response)
    assert not is_open(before)


def test_a_cookie_from_before_is_not_believed_when_the_record_was_erased(before: Client) -> None:
    erase_record(receipt=before.cookies["consent_receipt"].value, at=NOON)
    assert was_deleted(carry_over(before))
    assert not is_open(before)


def test_a_cookie_from_before_that_says_more_than_the_record_is_not_believed(before: Client) -> None:
    everything = cookie_content(
        Notice.objects.get(), dict.fromkeys(("analytics", "personalization", "marketing"), True)
    )
    before.cookies[BEFORE] = "|".join(f"{name}={value}" for name, value in everything.items())
    assert was_deleted(carry_over(before))
    assert not is_open(before)


def test_a_cookie_from_before_never_takes_the_place_of_an_answer(before: Client) -> None:
    before.cookies["consent_choice"] = f"refused=banner.{Notice.objects.get().sha256}"
    assert was_deleted(carry_over(before))
    assert before.cookies["consent_choice"].value.startswith("refused=")


def test_another_site_cannot_have_it_carried_over(before: Client) -> None:
    response = carry_over(before, {"Sec-Fetch-Site": "cross-site"})
    assert response.status_code == 403
    assert not response.cookies


def test_the_next_answer_deletes_the_cookie_from_before(before: Client) -> None:
    assert was_deleted(post(before, choice="reject_all"))


def test_an_answer_that_cannot_be_read_deletes_it_too(before: Client) -> None:
    assert was_deleted(post(before, choice="nothing known"))


def test_withdrawing_and_erasing_with_the_receipt_delete_it_too(before: Client) -> None:
    form = "application/x-www-form-urlencoded"
    assert was_deleted(before.post("/consent/receipt/", "step=withdraw", content_type=form, headers=SAME_ORIGIN))
    before.cookies[BEFORE] = "x"
    assert was_deleted(
        before.post("/consent/receipt/", "step=erase&confirmed=yes", content_type=form, headers=SAME_ORIGIN)
    )


def test_the_registry_calls_the_cookie_as_it_is_called_now() -> None:
    group = CookieGroup.objects.get(varname="necessary")
    assert [cookie.name for cookie in group.cookie_set.filter(name__endswith="consent_choice")] == [
        "__Host-consent_choice"
    ]
