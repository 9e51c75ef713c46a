"""How many records one visitor may cause, and that nothing of her is kept for it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse

from consent.choice import limits
from consent.choice.limits import PER_RECEIPT, Limiter, TooManyChoices, address_of, limiter
from consent.models import ConsentRecord, Notice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _few(settings: Any) -> None:
    settings.CONSENT_CHOICES_PER_HOUR = 3


def post(client: Client, choice: str = "accept_all", *, accept: str = "text/html", **extra: Any) -> Any:
    return client.post(
        reverse("consent:choose"),
        f"choice={choice}&notice={Notice.objects.latest('number').sha256}&surface=banner&next=/",
        content_type="application/x-www-form-urlencoded",
        headers={"Sec-Fetch-Site": "same-origin", "Accept": accept},
        **extra,
    )


def test_a_script_is_stopped_and_told_when_to_come_back() -> None:
    assert [post(Client()).status_code for _ in range(5)] == [303, 303, 303, 429, 429]
    assert ConsentRecord.objects.count() == 3
    answer = post(Client())
    assert 0 < int(answer["Retry-After"]) <= 3600
    assert answer["Cache-Control"] == "no-store"
    assert "Nothing was recorded, and nothing optional was switched on." in answer.content.decode()
    assert post(Client(), accept="application/json").json()["error"] == "too-many"


def test_another_network_is_not_concerned() -> None:
    for _ in range(4):
        post(Client())
    assert post(Client(), REMOTE_ADDR="203.0.113.9").status_code == 303


def test_repeating_an_answer_costs_nothing(client: Client) -> None:
    assert {post(client).status_code for _ in range(10)} == {303}
    assert ConsentRecord.objects.count() == 1


def test_withdrawing_works_when_the_whole_network_has_used_up_its_share(client: Client) -> None:
    post(client)
    for _ in range(5):
        post(Client())
    assert post(client, "reject_all").status_code == 303
    assert ConsentRecord.objects.latest("pk").action == "withdraw"


def test_a_refusal_that_cannot_be_recorded_is_obeyed() -> None:
    for _ in range(3):
        post(Client())
    visitor = Client()  # with the cookie of an acceptance, but not its receipt
    visitor.cookies["consent_choice"] = "analytics=x|notice=1.x"
    answer = post(visitor, "reject_all")
    assert answer.status_code == 429
    assert "Your refusal holds in this browser" in answer.content.decode()
    assert answer.cookies["consent_choice"].value == f"refused=banner.{Notice.objects.get().sha256}"
    assert "consent_receipt" not in answer.cookies


def test_an_acceptance_that_comes_too_often_closes_nothing_that_was_allowed_before(client: Client) -> None:
    for _ in range(3):
        post(Client())
    client.cookies["consent_choice"] = "analytics=x|notice=1.x"
    answer = post(client, "accept_all")
    assert (answer.status_code, len(answer.cookies)) == (429, 0)


def test_one_receipt_cannot_be_used_for_ever(client: Client, settings: Any) -> None:
    settings.CONSENT_CHOICES_PER_HOUR = 100  # so that it is the receipt that is bounded
    post(client)
    receipt = client.cookies["consent_receipt"].value
    statuses = []
    for _ in range(PER_RECEIPT + 2):
        again = Client()
        again.cookies["consent_receipt"] = receipt
        statuses.append(post(again, "reject_all").status_code)
    assert statuses == [303] * PER_RECEIPT + [429] * 2


def test_withdrawing_with_a_receipt_writes_one_record(client: Client) -> None:
    post(client)
    receipt = client.cookies["consent_receipt"].value
    statuses = [
        Client()
        .post(
            reverse("consent:receipt"),
            f"step=withdraw&receipt={receipt}",
            content_type="application/x-www-form-urlencoded",
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        .status_code
        for _ in range(PER_RECEIPT + 1)
    ]
    assert statuses == [200] * (PER_RECEIPT + 1)
    assert ConsentRecord.objects.count() == 2  # what was accepted, and its end


def test_a_visitor_who_chooses_nothing_leaves_no_record_and_no_count(client: Client) -> None:
    for name in ("consent:preferences", "consent:receipt"):
        client.get(reverse(name))
    client.post(reverse("consent:choose"), headers={"Sec-Fetch-Site": "same-origin"})
    assert not ConsentRecord.objects.exists()
    assert not limiter._counts


def test_the_hour_ends_and_with_it_everything_that_was_counted(at: datetime) -> None:
    counted = Limiter()
    counted.take("network", "203.0.113.7", most=1, at=at)
    key = counted._key
    with pytest.raises(TooManyChoices) as refused:
        counted.take("network", "203.0.113.7", most=1, at=at + timedelta(minutes=59, seconds=30))
    assert refused.value.retry_after == 30
    counted.take("network", "203.0.113.7", most=1, at=at + timedelta(hours=1))
    assert counted._key != key
    assert len(counted._counts) == 1


def test_neither_memory_nor_log_nor_database_holds_an_address_or_a_receipt(caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    client = Client()
    for _ in range(5):
        post(client, "accept_all", REMOTE_ADDR="203.0.113.7")
        post(client, "reject_all", REMOTE_ADDR="203.0.113.7")
    kept = repr(vars(limiter)) + caplog.text + repr(list(ConsentRecord.objects.values()))
    assert "too many from one network" in caplog.text
    assert "203.0.113.7" not in kept
    assert client.cookies["consent_receipt"].value not in kept


def test_memory_is_bounded(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_COUNTED", 10)
    counted = Limiter()
    for number in range(50):
        counted.take("network", str(number), most=1, at=at)
    assert len(counted._counts) == 10


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "address"),
    [
        (0, "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (1, "10.0.0.1", "198.51.100.1", "198.51.100.1"),
        (1, "10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        (2, "10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        (2, "10.0.0.1", "198.51.100.1", ""),
        (1, "10.0.0.1", "", ""),
        (1, "10.0.0.1", "unknown", ""),
        (1, "10.0.0.1", "203.0.113.5:port", ""),
        (1, "10.0.0.1", "203.0.113.5:4711", "203.0.113.5"),
        (1, "10.0.0.1", "1.2.3.4:1, 203.0.113.5:4711", "203.0.113.5"),
        (1, "10.0.0.1", '"203.0.113.5:4711"', "203.0.113.5"),
        (1, "10.0.0.1", "[2001:db8:1:2:3:4:5:6]:4711", "2001:db8:1:2::"),
        (1, "10.0.0.1", '"[2001:db8:1:2:3:4:5:6]:4711"', "2001:db8:1:2::"),
        (1, "10.0.0.1", "[2001:db8:1:2:3:4:5:6]", "2001:db8:1:2::"),
        (1, "10.0.0.1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        (1, "10.0.0.1", "fe80:1:2:3::4%eth0", "fe80:1:2:3::"),
        (1, "10.0.0.1", "[::ffff:203.0.113.7]:4711", "203.0.113.7"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::"),
        (0, "::ffff:203.0.113.7", "", "203.0.113.7"),
        (0, "", "", ""),
    ],
)
def test_the_address_is_the_one_that_the_outermost_proxy_saw(
    settings: Any, proxies: int, peer: str, forwarded: str, address: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert address_of(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers)) == address


@pytest.mark.parametrize("written", ["203.0.113.5:4711", "[2001:db8::1]:4711", "unknown", "", ",,", "_hidden"])
def test_whatever_a_proxy_writes_there_is_a_limit(settings: Any, written: str, caplog: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    answers = [post(Client(), HTTP_X_FORWARDED_FOR=written).status_code for _ in range(4)]
    assert answers == [303, 303, 303, 429]


def test_those_whose_address_cannot_be_read_are_counted_together_and_apart_from_others(
    settings: Any, caplog: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    written = ["unknown", "", "198.51.100.1:port", "_hidden"]
    assert [post(Client(), HTTP_X_FORWARDED_FOR=each).status_code for each in written] == [303, 303, 303, 429]
    assert "TRUSTED_PROXIES" in caplog.text, "the operator learns what to look at"
    assert post(Client(), HTTP_X_FORWARDED_FOR="203.0.113.9:4711").status_code == 303
