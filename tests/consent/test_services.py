"""Services one by one: choices, what they open, what pages say of them, and the events that changes leave."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from cookie_consent.models import Cookie, CookieGroup
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from consent.actions import Declaration, declare_cookie, publish_notice, save_service
from consent.choice.gate import current_gate
from consent.models import ConsentEvent, ConsentRecord, CookieDetails, Notice, Service
from consent.notice import notices
from tests.consent.builders import OPTIONAL, approve_by_another, cookies, opened, service, switch_on
from tests.steps import assert_linear

pytestmark = pytest.mark.django_db
PIXEL = "https://pixel.example.net"


@pytest.fixture
def two(operator: User, at: datetime) -> Notice:
    """A live notice under which a counter and a pixel run in *analytics*, and ads in *marketing*."""
    services = [
        service(),
        service("Pixel", kind="pixel", url=f"{PIXEL}/p.gif", integrity=""),
        service("Ads", "marketing", url="https://ads.example.org/a.js"),
    ]
    for each in services:
        save_service(service=each, by=operator, at=at)
    notice = publish_notice(by=operator, at=at, material=True, reason="Services")
    for each in services:
        switch_on(each, operator, at)
    return notice


def choose(client: Client, notice: Notice, *, gpc: bool = False, **fields: Any) -> HttpResponse:
    data = {"choice": "save", "notice": notice.sha256, "surface": "preferences", "next": "/", **fields}
    headers = {"Sec-Fetch-Site": "same-origin"} | ({"Sec-GPC": "1"} if gpc else {})
    form = "application/x-www-form-urlencoded"
    return client.post("/consent/", urlencode(data, doseq=True), content_type=form, headers=headers)  # type: ignore[return-value]  # the client's own type


def policy(client: Client, path: str = "/glossary/", *, gpc: bool = False) -> str:
    return str(client.get(path, headers={"Sec-GPC": "1"} if gpc else {})["Content-Security-Policy"])


def test_a_service_is_refused_within_its_category(client: Client, two: Notice) -> None:
    assert choose(client, two, categories="analytics", services="analytics.pixel=no").status_code == 303
    assert "https://stats.example.org" in policy(client)
    assert PIXEL not in policy(client)
    assert ConsentRecord.objects.get().answers == {
        "necessary": True,
        "analytics": True,
        "analytics.pixel": False,
        "personalization": False,
        "marketing": False,
    }


def test_a_service_is_opened_without_its_category(client: Client, two: Notice) -> None:
    choose(client, two, services="analytics.pixel=yes")
    assert PIXEL in policy(client)
    assert "stats.example.org" not in policy(client)
    assert ConsentRecord.objects.get().accepted == ["analytics.pixel", "necessary"]
    page = client.get("/consent/receipt/").content.decode()
    assert "Pixel by itself" in page
    assert "Counter by itself" not in page
    records = json.loads(client.get("/consent/receipt/?format=json").content)["dpv:hasRecordOfActivity"]
    services = {
        each["dct:title"]: each for record in records for each in record["dpv:hasProcess"].get("dpv:hasService", ())
    }
    assert services["Pixel"]["dpv:hasConsentStatus"]["@type"][0] == "dpv:ConsentGiven"
    assert "dpv:hasConsentStatus" not in services["Counter"]


def test_an_answer_that_says_what_its_category_says_is_none_of_its_own(client: Client, two: Notice) -> None:
    choose(client, two, categories="analytics", services=["analytics.pixel=yes", "marketing.ads=no", "", ""])
    assert set(ConsentRecord.objects.get().answers or {}) == {"necessary", *OPTIONAL}


def test_all_or_nothing_leaves_no_service_apart(client: Client, two: Notice) -> None:
    for choice, answer in (("accept_all", True), ("reject_all", False)):
        choose(client, two, choice=choice, services="analytics.pixel=no" if answer else "analytics.pixel=yes")
        newest = ConsentRecord.objects.order_by("-pk")[0].answers or {}
        assert {newest[varname] for varname in OPTIONAL} == {answer}
        assert "analytics.pixel" not in newest


@pytest.mark.parametrize(
    "services",
    [
        "analytics.nothing=yes",
        "marketing.pixel=yes",
        "necessary.pixel=yes",
        "analytics.pixel",
        "analytics.pixel=maybe",
        "pixel=yes",
        "analytics.pixel=yes=yes",
        ["analytics.pixel=yes", "analytics.pixel=no"],
        ["analytics.pixel=yes", "analytics.pixel=yes"],
    ],
)
def test_what_is_no_answer_to_a_service_of_the_notice_is_refused(
    client: Client, two: Notice, services: str | list[str]
) -> None:
    answer = choose(client, two, services=services)
    assert answer.status_code == 400
    assert not ConsentRecord.objects.exists()


def test_an_outdated_or_forged_answer_to_a_service_opens_nothing(two: Notice) -> None:
    everything = cookies(two, "analytics")["consent_choice"]
    for value in ("-1", "9999", "", two.document["categories"][3]["version"]):
        opens = opened({"consent_choice": f"{everything}|analytics.pixel={value}"})
        assert PIXEL not in opens["img-src"]
        assert opens["script-src"] == ("https://stats.example.org",)
    assert opened({"consent_choice": f"analytics.pixel={two.document['categories'][1]['version']}"})["img-src"] == (
        PIXEL,
    )


def test_refusing_all_after_one_service_was_open_is_a_withdrawal(client: Client, two: Notice) -> None:
    choose(client, two, services="analytics.pixel=yes")
    choose(client, two, choice="reject_all")
    assert ConsentRecord.objects.order_by("-pk")[0].action == "withdraw"


def test_the_preferences_show_and_keep_what_was_decided_apart(client: Client, two: Notice) -> None:
    choose(client, two, categories="analytics", services="analytics.pixel=no")
    page = " ".join(client.get("/cookies/").content.decode().split())
    assert "You accepted: Analytics. You refused: Personalisation, Marketing, Pixel." in page
    assert '<option value="analytics.pixel=no" selected>' in page
    assert '<option value="analytics.counter=no" >' in page


def test_gpc_refuses_the_categories_that_it_speaks_of(client: Client, two: Notice) -> None:
    choose(client, two, choice="accept_all", gpc=True)
    record = ConsentRecord.objects.get()
    assert (record.gpc, record.accepted) == (True, ["analytics", "necessary", "personalization"])
    assert current_gate().answers({}, gpc=True) == {"marketing": False}
    assert "Opt-out request honoured" in client.get("/cookies/", headers={"Sec-GPC": "1"}).content.decode()


def test_who_only_sends_gpc_is_not_told_that_she_answered(client: Client, two: Notice) -> None:
    signal = {"Sec-GPC": "1"}
    page = client.get("/cookies/", headers=signal).content.decode()
    assert "You have not answered yet, so nothing optional runs." in page
    assert "You refused" not in page
    choose(client, two, choice="accept_all")
    page = " ".join(client.get("/cookies/", headers=signal).content.decode().split())
    assert "Opt-out request honoured" in page
    assert "You accepted: Analytics, Personalisation." in page
    assert "You refused" not in page


def test_gpc_closes_what_was_accepted_without_it(client: Client, two: Notice) -> None:
    choose(client, two, choice="accept_all")
    assert "https://ads.example.org" in policy(client)
    assert "https://ads.example.org" not in policy(client, gpc=True)
    assert "https://stats.example.org" in policy(client, gpc=True)


def test_gpc_closes_a_single_service_that_was_opened_without_it(client: Client, two: Notice) -> None:
    choose(client, two, services="marketing.ads=yes")
    assert "https://ads.example.org" in policy(client)
    assert "https://ads.example.org" not in policy(client, gpc=True)


@pytest.mark.parametrize("fields", [{"categories": "marketing"}, {"services": "marketing.ads=yes"}])
def test_naming_it_under_gpc_opens_it_with_and_without_the_signal(
    client: Client, two: Notice, fields: dict[str, str]
) -> None:
    choose(client, two, gpc=True, **fields)
    for gpc in (True, False):
        assert "https://ads.example.org" in policy(client, gpc=gpc)
    assert "|gpc=1" in client.cookies["consent_choice"].value


def test_a_page_that_saw_gpc_in_the_browser_is_believed(client: Client, two: Notice) -> None:
    data = {"choice": "accept_all", "notice": two.sha256, "surface": "banner", "next": "/"}
    headers, form = {"Sec-Fetch-Site": "same-origin"}, "application/x-www-form-urlencoded"
    for gpc, status in (("0", 400), ("", 400), ("1", 303)):
        body = urlencode(data | {"gpc": gpc})
        assert client.post("/consent/", body, content_type=form, headers=headers).status_code == status
    assert ConsentRecord.objects.get().gpc is True
    assert "https://ads.example.org" not in policy(client)


def test_which_categories_gpc_speaks_of_is_a_setting(client: Client, two: Notice, settings: Any) -> None:
    settings.CONSENT_GPC_CATEGORIES = ("analytics", "marketing")
    choose(client, two, choice="accept_all", gpc=True)
    assert ConsentRecord.objects.get().accepted == ["necessary", "personalization"]


def test_a_policy_names_only_what_stands_on_its_page(operator: User, at: datetime) -> None:
    film = service(
        "Film", "marketing", kind="embed", url="https://films.example.org/1", integrity="", pages="/a/*\n/b/"
    )
    save_service(service=film, by=operator, at=at)
    notice = publish_notice(by=operator, at=at, material=True, reason="A film")
    switch_on(film, operator, at)
    everything = cookies(notice, *OPTIONAL)
    for path, stands in (
        ("/a/", True),
        ("/a/x/", True),
        ("/b/", True),
        ("/b/x/", False),
        ("/", False),
        ("/xa/", False),
    ):
        assert opened(everything, path) == ({"frame-src": ("https://films.example.org",)} if stands else {}), path


@pytest.mark.parametrize(
    ("pages", "path", "stands"),
    [
        ("/a*b*c", "/abc", True),
        ("/a*b*c", "/axbxbxc", True),
        ("/a*b*c", "/axbx", False),
        ("/a*b*c", "/acb", False),
        ("/a*a", "/a", False),
        ("/a**", "/a", True),
        ("/*b*b", "/ab", False),
        ("/a.c", "/abc", False),
        ("/*/\n/b", "/x/", True),
    ],
)
def test_a_star_stands_for_any_text(pages: str, path: str, stands: bool) -> None:
    assert service(pages=pages).stands_on(path) is stands


def test_many_stars_cost_no_more_than_their_number() -> None:
    starred = {size: service(pages="/" + "*a" * size + "*b") for size in (1, 200, 400)}
    assert_linear(lambda size: starred[size].stands_on("/" + "a" * 4 * size), 200)


def test_a_page_with_many_stars_answers_at_once(client: Client, operator: User, at: datetime) -> None:
    film = service("Film", pages="/" + "*a" * 900 + "*b")
    save_service(service=film, by=operator, at=at)
    notice = publish_notice(by=operator, at=at, material=True, reason="A film")
    switch_on(film, operator, at)
    client.cookies["consent_choice"] = cookies(notice, "analytics")["consent_choice"]
    assert client.get("/" + "a" * 5_000).status_code == 404
    assert "https://stats.example.org" in client.get("/" + "a" * 900 + "b")["Content-Security-Policy"]


def test_nothing_of_a_third_party_runs_where_a_receipt_is_shown(client: Client, two: Notice) -> None:
    choose(client, two, choice="accept_all")
    assert "https://stats.example.org" in policy(client)
    page = client.get("/consent/receipt/")
    assert "stats.example.org" not in page["Content-Security-Policy"]
    assert "counter.js" not in page.content.decode()


def test_headers_give_way_for_those_who_opened_what_needs_it_and_for_nobody_else(
    client: Client, operator: User, at: datetime
) -> None:
    film = service(
        "Film", "marketing", kind="embed", url="https://films.example.org/1", integrity="", pages="/glossary/"
    )
    manager = service("Manager", uses_sinks=True)
    for each in (film, manager):
        save_service(service=each, by=operator, at=at)
    notice = publish_notice(by=operator, at=at, material=True, reason="Two")
    for each in (film, manager):
        switch_on(each, operator, at)

    def said(*accepted: str) -> tuple[str, bool]:
        client.cookies["consent_choice"] = cookies(notice, *accepted)["consent_choice"]
        answer = client.get("/glossary/")
        return answer["Cross-Origin-Embedder-Policy"], "trusted-types" in answer["Content-Security-Policy"]

    assert said() == ("credentialless", True)
    assert said("marketing") == ("unsafe-none", True)
    assert said("analytics") == ("credentialless", False)


def test_start_code_has_an_address_of_its_own_while_its_service_runs(
    client: Client, operator: User, at: datetime
) -> None:
    code = 'window.start = "</script>";'
    starter = service("Starter", kind="code", url="", integrity="", start_code=code)
    save_service(service=starter, by=operator, at=at)
    path = f"/consent/services/{starter.start_code_sha256}.js"
    assert client.get(path).status_code == 404
    publish_notice(by=operator, at=at, material=True, reason="Start code")
    switch_on(starter, operator, at)
    assert client.get(path).status_code == 404
    approve_by_another(starter, at)
    answer = client.get(path)
    assert (answer.content.decode(), answer["Content-Type"]) == (code, "text/javascript; charset=utf-8")
    assert "immutable" in answer["Cache-Control"]
    page = client.get("/glossary/").content.decode()
    assert path in page
    assert "window.start" not in page
    starter.status = "off"
    save_service(service=starter, by=operator, at=at)
    assert client.get(path).status_code == 404


def test_what_a_service_keeps_is_named_before_it_is_switched_on(operator: User, at: datetime) -> None:
    kept = [Declaration("_c", "Counts.", 30), Declaration("c:*", "Counts.", 30, kind="local", path="")]
    counter = save_service(service=service(), by=operator, at=at, declarations=kept)
    notice = publish_notice(by=operator, at=at, material=True, reason="Statistics")
    told = notice.document["categories"][1]["cookies"]
    assert [(entry["name"], entry.get("kind"), entry.get("service")) for entry in told] == [
        ("_c", None, "counter"),
        ("c:*", "local", "counter"),
    ]
    switch_on(counter, operator, at)
    longer = [Declaration("_c", "Counts.", 60), *kept[1:]]
    with pytest.raises(ValidationError, match=r"the cookie _c \(60 days\)"):
        save_service(service=counter, by=operator, at=at, declarations=longer)
    more = [*kept, Declaration("c", "Counts.", None, kind="session", path="")]
    with pytest.raises(ValidationError, match=r"the session storage c \(until the browser is closed\)"):
        save_service(service=counter, by=operator, at=at, declarations=more)
    save_service(service=counter, by=operator, at=at, declarations=[Declaration("_c", "Counts.", None), *kept[1:]])
    assert current_gate().services == (counter,)
    one = Cookie(cookiegroup=counter.category, name="_new", description="New.")
    with pytest.raises(ValidationError, match="the cookie _new"):
        declare_cookie(cookie=one, lifetime_days=1, service=counter)
    assert current_gate().services == (counter,)


@pytest.mark.parametrize(
    "declaration",
    [
        Declaration("", "Counts.", 1),
        Declaration("*", "Counts.", 1),
        Declaration("a b", "Counts.", 1),
        Declaration("a;b", "Counts.", 1),
        Declaration("a", "Counts.", 0),
        Declaration("a", "Counts.", 1, kind="session"),
        Declaration("a", "Counts.", 1, kind="indexeddb"),
    ],
)
def test_what_cannot_be_kept_so_is_refused_whole(operator: User, at: datetime, declaration: Declaration) -> None:
    with pytest.raises(ValidationError), transaction.atomic():
        save_service(service=service(), by=operator, at=at, declarations=[Declaration("ok", "x", 1), declaration])
    assert not Service.objects.exists()
    assert not CookieDetails.objects.filter(service__isnull=False).exists()


def test_a_service_that_moves_takes_along_what_it_keeps(operator: User, at: datetime) -> None:
    counter = save_service(service=service(), by=operator, at=at, declarations=[Declaration("_c", "Counts.", 30)])
    counter.category = CookieGroup.objects.get(varname="marketing")
    save_service(service=counter, by=operator, at=at)
    assert Cookie.objects.get(name="_c").cookiegroup.varname == "marketing"


def test_every_change_of_a_service_leaves_an_event_that_says_who_and_what(operator: User, at: datetime) -> None:
    counter = save_service(service=service(), by=operator, at=at)
    counter.purpose = "Counts visits, by day."
    save_service(service=counter, by=operator, at=at, declarations=[Declaration("_c", "Counts.", 30)])
    save_service(service=counter, by=operator, at=at)
    counter.status = "off"
    save_service(service=counter, by=operator, at=at)
    events = ConsentEvent.objects.filter(verb="service").order_by("pk")
    assert [(event.by_name, event.details["status"], event.details["changed"]) for event in events][1:] == [
        ("Olga Nwosu", "announced", ["purpose", "cookies"]),
        ("Olga Nwosu", "off", ["status"]),
    ]
    assert {event.details["service"] for event in events} == {"counter"}


def test_a_short_name_never_changes(operator: User, at: datetime) -> None:
    counter = save_service(service=service(), by=operator, at=at)
    counter.slug, counter.name = "other", "Another name"
    save_service(service=counter, by=operator, at=at)
    assert Service.objects.get().slug == "counter"


def test_pages_say_what_to_erase_also_of_services_that_were_switched_off(
    client: Client, operator: User, at: datetime
) -> None:
    counter = save_service(service=service(), by=operator, at=at, declarations=[Declaration("_c_*", "Counts.", 30)])
    own = Cookie(cookiegroup=counter.category, name="own", description="Ours.")
    declare_cookie(cookie=own, lifetime_days=1)
    notice = publish_notice(by=operator, at=at, material=True, reason="Statistics")
    switch_on(counter, operator, at)
    version = notice.document["categories"][1]["version"]

    def units() -> dict[str, tuple[bool, Any]]:
        page = client.get("/glossary/").content.decode()
        return {
            found[1]: (f'data-consent-version="{version}"' in found[0], json.loads(unescape(found[2])))
            for found in re.finditer(r'<template data-consent-service="([^"]+)"[^>]*data-consent-erase="([^"]*)"', page)
            # What the site's own scripts keep is there as ever.
            if found[1] != "personalization"
        }

    counted = ["cookie", "_c_*", "", "/"]
    assert units() == {"analytics.counter": (True, [counted]), "analytics": (True, [["cookie", "own", "", "/"]])}
    counter.status = "off"
    save_service(service=counter, by=operator, at=at)
    assert units()["analytics.counter"] == (False, [counted])


def test_a_notice_from_before_services_were_chosen_apart_offers_no_such_choice(two: Notice) -> None:
    document = json.loads(json.dumps(two.document))
    for category in document["categories"]:
        for entry in category["services"]:
            del entry["slug"]
    assert notices.service_versions(document) == {}
