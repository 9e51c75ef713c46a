"""What a service runs is in the notice: another address or other start code waits for another notice."""

from __future__ import annotations

import copy
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from consent.actions import NothingChanged, publish_notice, save_service
from consent.choice.gate import current_gate
from consent.models import Notice, Service
from consent.notice import notices
from tests.consent.builders import approve_by_another, service, switch_on
from tests.glossary.term_form import fields_of, signed_in

pytestmark = pytest.mark.django_db

ELSEWHERE = "https://stats.example.org/another.js"
CODE = "window.start = 1;"


@pytest.fixture
def counter(operator: User, at: datetime) -> Service:
    """A script with start code that is published, switched on and approved."""
    counter = save_service(service=service(start_code=CODE), by=operator, at=at)
    publish_notice(by=operator, at=at, material=True, reason="A counter")
    return approve_by_another(switch_on(counter, operator, at), at)


def runs() -> bool:
    return bool(current_gate().services)


CHANGES = pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"url": ELSEWHERE, "integrity": ""}, f"doesn't name the address {ELSEWHERE}"),
        ({"start_code": "window.start = 2;"}, "doesn't name this start code"),
        ({"start_code": ""}, "doesn't name that it has no start code"),
    ],
)


def change(counter: Service, changed: dict[str, str]) -> Service:
    for name, value in changed.items():
        setattr(counter, name, value)
    return counter


@CHANGES
def test_another_address_or_start_code_waits_for_a_notice(
    counter: Service, operator: User, at: datetime, changed: dict[str, str], words: str
) -> None:
    assert runs()
    with pytest.raises(ValidationError, match=words):
        save_service(service=change(counter, changed), by=operator, at=at)
    assert runs(), "as it was"
    counter = change(Service.objects.get(), changed | {"status": "announced"})
    save_service(service=counter, by=operator, at=at)
    assert not runs()
    publish_notice(by=operator, at=at, material=False, reason="It is loaded from another address")
    counter = switch_on(Service.objects.get(), operator, at)
    # Other start code waits for the second operator too.
    assert runs() == (not counter.waits_for_approval)
    assert counter.waits_for_approval == bool(changed.get("start_code"))


def test_the_form_says_what_to_do(counter: Service, operator: User) -> None:
    desk = signed_in(operator)
    address = f"/admin/consent/service/{counter.pk}/change/"
    response: Any = desk.post(address, fields_of(desk.get(address)) | {"url": ELSEWHERE})
    said = response.content.decode()
    assert f"The live notice in English doesn&#x27;t name the address {ELSEWHERE}." in said
    assert "Announce the service, publish a notice that names it, then switch the service on." in said


def test_what_was_changed_in_the_database_alone_does_not_run(counter: Service) -> None:
    Service.objects.update(url=ELSEWHERE)
    assert not runs()


@pytest.fixture
def silent(counter: Service, at: datetime) -> Notice:
    """The live notice as an older release would have published it: it doesn't say what services run."""
    live = Notice.objects.live("en")
    assert live
    document = copy.deepcopy(live.document) | {"number": 3}
    for category in document["categories"]:
        for entry in category["services"]:
            del entry["address"], entry["start_code"]
    return Notice.objects.create(
        number=3,
        language="en",
        document=document,
        sha256=notices.sha256(document),
        material=False,
        reason="As before",
        published_at=at,
        published_by_name="Olga Nwosu",
    )


@pytest.mark.usefixtures("silent")
@CHANGES
def test_under_an_older_notice_it_goes_on_and_waits_too(
    counter: Service, operator: User, at: datetime, changed: dict[str, str], words: str
) -> None:
    assert runs()
    save_service(service=counter, by=operator, at=at)  # as it is
    with pytest.raises(ValidationError, match=words):
        save_service(service=change(counter, changed), by=operator, at=at)


def test_the_first_notice_that_tells_asks_nobody_again(
    silent: Notice, counter: Service, operator: User, at: datetime
) -> None:
    before = {category["varname"]: category["version"] for category in silent.document["categories"]}
    notice = publish_notice(by=operator, at=at, material=False, reason="What services run")
    assert {category["varname"]: category["version"] for category in notice.document["categories"]} == before
    [entry] = [entry for category in notice.document["categories"] for entry in category["services"]]
    assert (entry["address"], entry["start_code"]) == (counter.url, counter.start_code_sha256)
    with pytest.raises(NothingChanged):
        publish_notice(by=operator, at=at, material=False, reason="Again")


def test_a_material_change_elsewhere_asks_nobody_about_it(silent: Notice, operator: User, at: datetime) -> None:
    save_service(service=service("Advertiser", "marketing"), by=operator, at=at)
    notice = publish_notice(by=operator, at=at, material=True, reason="An advertiser")
    versions = {category["varname"]: category["version"] for category in notice.document["categories"]}
    before = {category["varname"]: category["version"] for category in silent.document["categories"]}
    assert {varname for varname in versions if versions[varname] != before[varname]} == {"marketing"}
    assert Client().get("/cookies/").status_code == 200
