"""Publishing notices, services under them, and what a visitor's cookie opens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from cookie_consent.models import Cookie, CookieGroup
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from consent.actions import (
    DraftChanged,
    IncompleteNotice,
    NothingChanged,
    declare_cookie,
    draft_notice,
    publish_notice,
    record_choice,
    save_service,
)
from consent.choice.gate import NOTHING, Gate, current_content_version, current_gate
from consent.models import Notice, Service, origin_of
from consent.notice import notices
from consent.notice.notices import NotJustWording
from tests.consent.builders import OPTIONAL, SHA384, cookies, opened, service, switch_on

pytestmark = pytest.mark.django_db


def describe(varname: str, description: str) -> None:
    CookieGroup.objects.filter(varname=varname).update(description=description)


def test_a_new_site_has_a_notice_that_says_what_the_registry_says() -> None:
    notice = Notice.objects.get()
    assert notice.sha256 == notices.sha256(notice.document)
    assert "We use cookies" in notice.document["text"]["summary"]
    assert notice.document["text"]["preferences_heading"] == "Detailed Cookie Preferences"
    assert [category["varname"] for category in notice.document["categories"]] == ["necessary", *OPTIONAL]
    assert [category["required"] for category in notice.document["categories"]] == [True, False, False, False]
    assert draft_notice().changes == []


def test_publishing_what_is_live_already_is_refused(operator: User, at: datetime) -> None:
    with pytest.raises(NothingChanged):
        publish_notice(by=operator, at=at, material=True, reason="Why not")


def test_a_notice_is_published_only_with_a_reason_and_as_it_was_seen(operator: User, at: datetime) -> None:
    describe("analytics", "Counts.")
    seen = draft_notice().sha256
    with pytest.raises(ValueError, match="reason"):
        publish_notice(by=operator, at=at, material=True, reason="  ")
    describe("analytics", "Counts more.")
    with pytest.raises(DraftChanged):
        publish_notice(by=operator, at=at, material=True, reason="Clearer", expected=seen)
    assert Notice.objects.count() == 1


def test_a_wording_change_asks_nobody_again(operator: User, at: datetime) -> None:
    first = Notice.objects.get()
    describe("analytics", "Shows us how the site is used.")
    second = publish_notice(by=operator, at=at, material=False, reason="Shorter")
    gate = current_gate()
    assert second.document["categories"][1]["purpose"] == "Shows us how the site is used."
    assert gate.is_complete(cookies(first, "analytics"))
    assert gate.answers(cookies(first, "analytics")) == {
        "analytics": True,
        "personalization": False,
        "marketing": False,
    }


def test_a_material_change_asks_again_acceptors_and_refusers_about_just_that(operator: User, at: datetime) -> None:
    first = Notice.objects.get()
    describe("analytics", "Counts visits and follows them over the site.")
    second = publish_notice(by=operator, at=at, material=True, reason="A new purpose")
    gate = current_gate()
    assert gate.answers(cookies(first, *OPTIONAL)) == {"personalization": True, "marketing": True}
    assert gate.answers(cookies(first)) == {"personalization": False, "marketing": False}
    assert gate.is_complete(cookies(second))
    assert not gate.is_complete(cookies(first))


def test_the_preferences_say_what_still_holds_and_what_is_asked_again(
    client: Client, operator: User, at: datetime
) -> None:
    first = Notice.objects.get()
    describe("analytics", "Counts visits and follows them over the site.")
    publish_notice(by=operator, at=at, material=True, reason="A new purpose")
    client.cookies["consent_choice"] = cookies(first, "analytics", "marketing")["consent_choice"]
    page = " ".join(client.get("/cookies/").content.decode().split())
    assert "asked about that alone" in page
    assert "You accepted: Marketing. You refused: Personalisation." in page
    assert "You have not answered yet" not in page


def test_a_material_change_outside_the_categories_asks_about_all_of_them() -> None:
    first = Notice.objects.get().document
    draft = notices.draft_of(first)
    draft["text"]["controller"] = "Another publisher"
    second = notices.freeze(draft, number=2, previous=first, material=True)
    assert [category["since"] for category in second["categories"]] == [2, 2, 2, 2]
    assert not {category["version"] for category in first["categories"]} & {
        category["version"] for category in second["categories"]
    }


def test_going_back_to_an_earlier_text_is_a_notice_of_its_own(operator: User, at: datetime) -> None:
    old = CookieGroup.objects.get(varname="analytics").description
    for description in ("Something else.", old):
        describe("analytics", description)
        publish_notice(by=operator, at=at, material=False, reason="Wording")
    assert Notice.objects.count() == 3
    assert len(set(Notice.objects.values_list("sha256", flat=True))) == 3


def test_a_new_recipient_is_never_just_wording(operator: User, at: datetime) -> None:
    save_service(service=service(), by=operator, at=at)
    with pytest.raises(NotJustWording, match=r"stats\.example\.org"):
        publish_notice(by=operator, at=at, material=False, reason="Only a small script")
    assert publish_notice(by=operator, at=at, material=True, reason="Statistics").number == 2


def test_a_new_cookie_is_never_just_wording(operator: User, at: datetime) -> None:
    cookie = Cookie(cookiegroup=CookieGroup.objects.get(varname="marketing"), name="_ad", description="Follows you.")
    declare_cookie(cookie=cookie, lifetime_days=30)
    with pytest.raises(NotJustWording, match="_ad"):
        publish_notice(by=operator, at=at, material=False, reason="Only a small cookie")


def test_a_new_category_asks_whoever_has_not_answered_it(operator: User, at: datetime) -> None:
    first = Notice.objects.get()
    CookieGroup.objects.create(varname="embeds", name="Embeds", description="Shows videos.", ordering=9)
    publish_notice(by=operator, at=at, material=False, reason="Videos")
    answers = current_gate().answers(cookies(first, *OPTIONAL))
    assert "embeds" not in answers
    assert len(answers) == 3


def test_an_undescribed_cookie_keeps_a_notice_from_being_published(operator: User, at: datetime) -> None:
    Cookie.objects.create(cookiegroup=CookieGroup.objects.get(varname="analytics"), name="_x", description="Counts")
    with pytest.raises(IncompleteNotice, match="no lifetime"):
        publish_notice(by=operator, at=at, material=True, reason="A cookie")


def test_a_service_runs_only_under_a_notice_that_names_it_with_its_recipients(operator: User, at: datetime) -> None:
    counter = save_service(service=service(image_origins="https://pixel.example.net"), by=operator, at=at)
    everything = cookies(Notice.objects.get(), *OPTIONAL)
    with pytest.raises(ValidationError, match="doesn't name the service “Counter” in the category “Analytics”"):
        switch_on(counter, operator, at)

    second = publish_notice(by=operator, at=at, material=True, reason="Statistics")
    assert opened(cookies(second, *OPTIONAL)) == {}  # announced
    switch_on(counter, operator, at)
    assert opened(everything) == {}  # accepted before it was named
    assert opened(cookies(second, "analytics")) == {
        "script-src": ("https://stats.example.org",),
        "connect-src": ("https://stats.example.org",),
        "img-src": ("https://stats.example.org", "https://pixel.example.net"),
    }
    assert opened(cookies(second, "marketing", "personalization")) == {}

    counter.connect_origins = "https://elsewhere.example.net"
    with pytest.raises(ValidationError, match=r"the recipient https://elsewhere\.example\.net"):
        save_service(service=counter, by=operator, at=at)
    counter.connect_origins, counter.status = "", "off"
    save_service(service=counter, by=operator, at=at)
    assert opened(cookies(second, "analytics")) == {}


def test_a_service_moved_to_another_category_waits_for_a_notice(operator: User, at: datetime) -> None:
    counter = save_service(service=service(), by=operator, at=at)
    second = publish_notice(by=operator, at=at, material=True, reason="Statistics")
    switch_on(counter, operator, at)
    counter.category = CookieGroup.objects.get(varname="marketing")
    with pytest.raises(ValidationError, match="in the category “Marketing”"):
        save_service(service=counter, by=operator, at=at)
    Service.objects.update(category=counter.category)  # past the action
    assert current_gate().services == ()
    assert opened(cookies(second, *OPTIONAL)) == {}


@pytest.mark.parametrize(
    "value",
    [
        "analytics=9999",
        "analytics=1",
        "analytics=",
        "analytics=VERSION=VERSION",
        "analytics=-1|notice=",
        "analytics=-1|notice=-1",
        "analytics=-1|notice=0",
        "analytics=-1|notice=99999999999999999999",
        "analytics=-1|notice=²",
        "analytics",
        "|||",
        "\x00",
        "analytics=2999-01-01T00:00:00",
    ],
)
def test_a_value_that_is_not_the_expected_one_is_no_answer(value: str) -> None:
    gate = current_gate()
    assert gate.answers({"consent_choice": value}) == {}
    assert gate.opened({"consent_choice": value}, path="/") == NOTHING


def test_required_categories_need_no_answer_and_count_as_accepted(at: datetime) -> None:
    notice = Notice.objects.get()
    assert [question.varname for question in current_gate().questions] == list(OPTIONAL)
    done = record_choice(
        choice="save", categories=(), notice=notice.sha256, surface="banner", gpc=False, receipt="", at=at
    )
    assert done.record.accepted == ["necessary"]


def test_a_record_that_has_expired_is_not_repeated_but_written_anew(at: datetime) -> None:
    notice = Notice.objects.get().sha256

    def choose(receipt: str, when: datetime) -> Any:
        return record_choice(
            choice="accept_all", categories=(), notice=notice, surface="banner", gpc=False, receipt=receipt, at=when
        )

    first = choose("", at)
    assert not choose(first.receipt, at + timedelta(days=181)).created
    assert choose(first.receipt, at + timedelta(days=183)).created


def test_an_answer_to_a_replaced_notice_is_refused_with_the_reason(
    client: Client, operator: User, at: datetime
) -> None:
    first = Notice.objects.get()
    describe("analytics", "Counts.")
    publish_notice(by=operator, at=at, material=False, reason="Shorter")
    response = client.generic(
        "POST",
        "/consent/",
        f"choice=accept_all&notice={first.sha256}&surface=banner&next=/",
        "application/x-www-form-urlencoded",
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    assert response.status_code == 409
    assert "Please read it again" in response.content.decode()
    assert not first.records.exists()


def test_each_category_opens_its_own_services(operator: User, at: datetime) -> None:
    both = [service(), service("Ads", "marketing", url="https://ads.example.org/a.js")]
    for each in both:
        save_service(service=each, by=operator, at=at)
    notice = publish_notice(by=operator, at=at, material=True, reason="Two services")
    for each in both:
        switch_on(each, operator, at)
    scripts = {
        accepted: opened(cookies(notice, *accepted)).get("script-src", ())
        for accepted in [(), ("personalization",), ("analytics",), ("marketing",), ("analytics", "marketing")]
    }
    assert scripts == {
        (): (),
        ("personalization",): (),
        ("analytics",): ("https://stats.example.org",),
        ("marketing",): ("https://ads.example.org",),
        ("analytics", "marketing"): ("https://ads.example.org", "https://stats.example.org"),
    }
    assert Gate().opened(cookies(notice, *OPTIONAL), path="/") == NOTHING


def test_the_response_allows_what_this_visitor_opened_and_no_more(client: Client, operator: User, at: datetime) -> None:
    counter = save_service(service=service(), by=operator, at=at)
    notice = publish_notice(by=operator, at=at, material=True, reason="Statistics")
    switch_on(counter, operator, at)
    assert "stats.example.org" not in client.get("/cookies/")["Content-Security-Policy"]
    client.cookies["consent_choice"] = cookies(notice, "marketing")["consent_choice"]
    assert "stats.example.org" not in client.get("/cookies/")["Content-Security-Policy"]
    client.cookies["consent_choice"] = cookies(notice, "analytics")["consent_choice"]
    assert "script-src 'self' https://stats.example.org;" in client.get("/cookies/")["Content-Security-Policy"]


def test_a_page_names_a_service_once_and_where_nothing_runs(client: Client, operator: User, at: datetime) -> None:
    counter = save_service(service=service(), by=operator, at=at)
    publish_notice(by=operator, at=at, material=True, reason="Statistics")
    switch_on(counter, operator, at)
    page = client.get("/glossary/").content
    assert page.count(b"stats.example.org") == 1
    assert b"<template data-consent-service" in page


def test_every_change_that_pages_show_moves_the_edition_after_commit(
    operator: User,
    at: datetime,
    settings: Any,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    settings.CONSENT_ON_CHANGE = f"{__name__}.noted"
    noted_calls.clear()
    versions = [current_content_version()]
    with django_capture_on_commit_callbacks(execute=True):
        counter = save_service(service=service(), by=operator, at=at)
        versions.append(current_content_version())
        publish_notice(by=operator, at=at, material=True, reason="Statistics")
        versions.append(current_content_version())
        counter.status = "off"
        save_service(service=counter, by=operator, at=at)
        versions.append(current_content_version())
        assert noted_calls == []
    assert versions == sorted(set(versions))
    assert len(noted_calls) == 3


noted_calls: list[None] = []


def noted() -> None:
    noted_calls.append(None)


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "http://stats.example.org/a.js"},
        {"url": "//stats.example.org/a.js"},
        {"url": "https://*.example.org/a.js"},
        {"url": "https://user@stats.example.org/a.js"},
        {"url": "https://stats.example.org/"},
        {"url": "https://stats.example.org/a.js; script-src *"},
        {"url": "https://stats.example.org/a b.js"},
        {"url": "http://localhost:1@evil.example/a.js"},
        {"url": "https://[bad/a.js"},
        {"url": "data:text/javascript,1"},
        {"url": ""},
        {"kind": "code"},
        {"kind": "pixel", "url": ""},
        {"integrity": "sha384-short"},
        {"integrity": "md5-" + "A" * 24},
        {"integrity": SHA384.replace("384", "256")},
        {"connect_origins": "https://a.example/path"},
        {"connect_origins": "*"},
        {"connect_origins": "https://*"},
        {"connect_origins": "https://*.org"},
        {"connect_origins": "https://a.*.example.org"},
        {"connect_origins": "https://*.co.uk"},
        {"connect_origins": "https://*.com.au:8443"},
        {"script_origins": "'unsafe-eval'"},
        {"frame_origins": "http://a.example"},
        {"attributes": "onload=alert(1)"},
        {"attributes": "data-a=1\ndata-a=2"},
        {"attributes": "data-consent-category=necessary"},
        {"pages": "glossary/*"},
        {"pages": "/a?b=c"},
        {"image_origins": "'unsafe-inline'"},
        {"image_origins": "https://a.example; script-src *"},
        {"name": ""},
        {"purpose": ""},
    ],
)
def test_a_service_that_could_open_more_than_it_says_is_refused(
    operator: User, at: datetime, fields: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        save_service(service=service(**fields), by=operator, at=at)
    assert not Service.objects.exists()


def test_a_required_category_cannot_hold_a_service(operator: User, at: datetime) -> None:
    with pytest.raises(ValidationError, match="category"):
        save_service(service=service(category="necessary"), by=operator, at=at)


def test_the_database_refuses_what_the_form_refuses(operator: User, at: datetime) -> None:
    save_service(service=service(), by=operator, at=at)
    for statement in (
        "UPDATE consent_service SET url = 'http://stats.example.org/a.js'",
        "UPDATE consent_service SET integrity = 'md5-x'",
        "UPDATE consent_service SET url = ''",
        "UPDATE consent_service SET status = 'maybe'",
        "UPDATE consent_service SET slug = ''",
        "UPDATE consent_service SET vendor = ''",
        "UPDATE consent_contentversion SET id = 2",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(ValidationError, match="Another service"):
        save_service(service=service("COUNTER"), by=operator, at=at)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Stats.Example.org/a.js", "https://stats.example.org"),
        ("https://stats.example.org:8443/a.js?x=1", "https://stats.example.org:8443"),
        ("http://localhost:8001/a.js", "http://localhost:8001"),
        ("http://[::1]:8001/a.js", "http://[::1]:8001"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_the_command_shows_changes_and_publishes_them(operator: User) -> None:
    describe("analytics", "Counts.")
    out = StringIO()
    call_command("publish_notice", stdout=out)
    assert "+ Counts." in out.getvalue()
    assert Notice.objects.count() == 1
    call_command("publish_notice", "--not-material", "--reason", "Shorter", "--as", "olga", stdout=out)
    notice = Notice.objects.live("en")
    assert notice is not None
    assert (notice.number, notice.material, notice.published_by_name) == (2, False, "Olga Nwosu")
    with pytest.raises(CommandError, match="nothing to publish"):
        call_command("publish_notice", "--material", "--reason", "Again", "--as", "olga", stdout=out)


@pytest.mark.parametrize(
    "options",
    [
        ["--reason", "x", "--as", "olga"],
        ["--material", "--as", "olga"],
        ["--material", "--reason", "x"],
        ["--material", "--reason", "x", "--as", "nobody"],
        ["--material", "--reason", "x", "--as", "edith"],
    ],
)
def test_the_command_refuses_a_half_said_or_unentitled_publication(
    operator: User, editor: User, options: list[str]
) -> None:
    describe("analytics", "Counts.")
    with pytest.raises(CommandError):
        call_command("publish_notice", *options, stdout=StringIO())
    assert Notice.objects.count() == 1
