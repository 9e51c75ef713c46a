"""What a service is and runs is in the notice: whatever of it is changed waits for another notice."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client

from consent.actions import Declaration, NothingChanged, publish_notice, save_service
from consent.choice.gate import current_gate
from consent.models import Notice, Service
from consent.models.services import DIRECTIVES
from consent.notice import notices
from consent.notice.pending import pending_notices
from tests.consent.builders import approve_by_another, publish_german, service, switch_on
from tests.glossary.term_form import fields_of, signed_in

pytestmark = pytest.mark.django_db

#: What of a service's form waits for a notice: a part of it as visitors read it ("told"), or what decides what runs in
#: their browsers ("runs"). Each with another value, and how the refusal names it.
WAITS = {
    "name": ("told", "Tally", "the service “Tally”"),
    "vendor": ("told", "Sample Ltd", "the recipient Sample Ltd"),
    "purpose": ("told", "Counts visits, and visitors too.", "this purpose"),
    "privacy_policy": ("told", "https://example.org/other", "the privacy policy https://example.org/other"),
    "opt_out": ("told", "https://example.org/out", "that visitors can delete data at https://example.org/out"),
    "category": ("told", "marketing", "the service “Counter” in the category “Marketing”"),
    "kind": ("runs", "module", "the kind module"),
    "url": ("runs", "https://stats.example.org/other.js", "the address https://stats.example.org/other.js"),
    "integrity": ("runs", "", "that it has no integrity hash"),
    "attributes": ("runs", "data-site=8", "these attributes"),
    "start_code": ("runs", "window.start = 2;", "this start code"),
    "pages": ("runs", "/glossary/*", "the pages /glossary/*"),
    "uses_sinks": ("runs", "on", "that it cannot work under Trusted Types"),
    "consent_mode": ("runs", "on", "that it speaks Google’s Consent Mode"),
    **dict.fromkeys(DIRECTIVES, ("told", "https://more.example.org", "the recipient https://more.example.org")),
    # A recipient that the notice names already, with another right in the browser.
    "frame_origins, known": ("runs", "https://stats.example.org", "frame-src https://stats.example.org"),
    # What it keeps, by the fields of a row.
    "cookies-0-name": ("told", "_other", "the cookie _other (7 days)"),
    "cookies-0-purpose": ("told", "Tells visitors apart.", "the cookie _counted (7 days)"),
    "cookies-0-kind": ("told", "local", "the local storage _counted (7 days)"),
    "cookies-0-days": ("told", "8", "the cookie _counted (8 days)"),
    "cookies-0-domain": ("told", ".example.org", "the cookie _counted (7 days)"),
    "cookies-0-path": ("told", "/glossary/", "the cookie _counted (7 days)"),
}
#: What is free, and why.
FREE = {
    "slug": "cannot be changed once it is saved",
    "status": "is the switch itself",
    "cookies-0-DELETE": "keeps less than what is told",
}
ELSEWHERE = "https://stats.example.org/another.js"
CODE = "window.start = 1;"


@pytest.fixture
def counter(operator: User, at: datetime) -> Service:
    """A script with start code that is published, switched on and approved."""
    counter = save_service(service=service(start_code=CODE), by=operator, at=at)
    publish_notice(by=operator, at=at, material=True, reason="A counter")
    return approve_by_another(switch_on(counter, operator, at), at)


@pytest.fixture
def keeping(operator: User, at: datetime) -> Service:
    """A script with a cookie that is published and switched on."""
    keeping = save_service(service=service(), declarations=[Declaration("_counted", "Counts.", 7)], by=operator, at=at)
    publish_notice(by=operator, at=at, material=True, reason="A counter")
    return switch_on(keeping, operator, at)


def runs() -> bool:
    return bool(current_gate().services)


CHANGES = pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"url": ELSEWHERE, "integrity": ""}, f"doesn't name the address {ELSEWHERE}"),
        ({"start_code": "window.start = 2;"}, "doesn't name this start code"),
        ({"start_code": ""}, "doesn't name that it has no start code"),
        ({"integrity": ""}, "doesn't name that it has no integrity hash"),
        ({"pages": "/glossary/*"}, r"doesn't name the pages /glossary/\*"),
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


def fields_of_rows(shown: Any) -> dict[str, Any]:
    """Return what a browser would post of the rows of what a service keeps, untouched."""
    rows = shown.context["rows"]
    bounds = [*rows.management_form, *(bound for row in rows.forms for bound in row if bound.name != "DELETE")]
    return {bound.html_name: "" if bound.value() is None else bound.value() for bound in bounds}


def test_every_field_of_a_service_waits_for_a_notice_or_is_free(keeping: Service, operator: User) -> None:
    desk = signed_in(operator)
    address = f"/admin/consent/service/{keeping.pk}/change/"
    shown: Any = desk.get(address)
    new: Any = desk.get("/admin/consent/service/add/")
    rows = {f"cookies-0-{name}" for name in shown.context["rows"].forms[0].fields}
    fields = {name.partition(",")[0] for name in WAITS}
    assert fields | set(FREE) == set(new.context["adminform"].form.fields) | rows
    assert set(new.context["adminform"].form.fields) - set(shown.context["adminform"].form.fields) == {"slug"}
    # All at once, but for what makes it another service, and what needs its approval.
    changed = {name: value for name, (_, value, _) in WAITS.items() if name not in ("name", "category", "start_code")}
    as_it_is = fields_of(shown) | fields_of_rows(shown)
    page: Any = desk.post(address, as_it_is | changed)
    assert page.status_code == 200
    said = unescape(page.content.decode())
    for name in changed:
        if "cookies-" not in name and "," not in name:
            assert WAITS[name][2] in said, name
    assert "the local storage _other (8 days)" in said
    assert desk.post(address, as_it_is).status_code == 302
    assert runs()


@pytest.mark.parametrize("name", WAITS)
def test_a_change_of_what_visitors_agreed_to_waits_for_a_notice(
    keeping: Service, operator: User, at: datetime, name: str
) -> None:
    _, value, words = WAITS[name]

    def save(status: str) -> None:
        changed, declared = Service.objects.get(), Declaration("_counted", "Counts.", 7)
        field = name.partition(",")[0]
        if name.startswith("cookies-"):
            part = field.rpartition("-")[2]
            other: Any = {part: int(value) if part == "days" else value}
            declared = replace(declared, **other)
        else:
            typed: Any = {"category": CookieGroup.objects.filter(varname=value).first(), "uses_sinks": True}
            setattr(changed, field, typed.get(field, value) if field != "consent_mode" else True)
        changed.status = status
        save_service(service=changed, declarations=[declared], by=operator, at=at)

    with pytest.raises(ValidationError, match=re.escape(f"name {words}")):
        save("on")
    assert runs(), "as it was"
    save("announced")
    assert [pending.language for pending in pending_notices()] == ["en"]
    # However it came to be on, the gate looks again.
    Service.objects.update(status="on")
    Service.objects.exclude(start_code="").update(start_code_approved_sha256="", start_code_by=None)
    assert not runs()


def test_what_visitors_are_told_of_a_service_is_on_their_page_with_the_notice(
    keeping: Service, operator: User, at: datetime
) -> None:
    told = {name: value for name, (kind, value, _) in WAITS.items() if kind == "told" and name != "category"}
    fields = {name: value for name, value in told.items() if not name.startswith("cookies-")}
    declared = {name.rpartition("-")[2]: value for name, value in told.items() if name.startswith("cookies-")}
    days = int(declared.pop("days"))
    declaration = Declaration(**declared, days=days)
    save_service(
        service=change(keeping, fields | {"status": "announced"}), declarations=[declaration], by=operator, at=at
    )
    publish_notice(by=operator, at=at, material=True, reason="What is told")
    switch_on(Service.objects.get(), operator, at)
    page = unescape(Client().get("/cookies/").content.decode())
    for name, value in told.items():
        # Where data can be deleted is said to those who withdraw, and a path to nobody.
        words = {"opt_out": "", "cookies-0-days": "8 days", "cookies-0-kind": "local storage", "cookies-0-path": ""}
        assert words.get(name, value) in page, name


def test_an_embed_says_of_its_service_what_the_notice_of_the_page_says(
    keeping: Service, operator: User, at: datetime, settings: Any
) -> None:
    settings.CONSENT_LANGUAGES = ["en", "de"]
    film = service("Film", kind="embed", url="https://film.example.org/1", integrity="", pages="/glossary/")
    save_service(service=film, by=operator, at=at)
    publish_notice(by=operator, at=at, material=True, reason="A film")
    publish_german(operator, at)
    switch_on(film, operator, at)
    page = Client().get("/de/glossary/").content.decode()
    placeholder = page[page.index("data-consent-embed") :]
    placeholder = placeholder[: placeholder.index("</form>")]
    assert "Counts visits. (auf Deutsch)" in placeholder
    assert "Always allow (auf Deutsch): Analytics (auf Deutsch)" in placeholder


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
            del entry["address"], entry["start_code"], entry["settings"]
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
def test_what_an_older_notice_does_not_tell_is_not_switched_on_again(
    counter: Service, operator: User, at: datetime
) -> None:
    save_service(service=change(counter, {"status": "announced", "integrity": ""}), by=operator, at=at)
    with pytest.raises(ValidationError, match=r"doesn't name the address .*; this start code; how it runs"):
        switch_on(counter, operator, at)


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
