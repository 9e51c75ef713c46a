"""The operators' desk: who sees what, who may change what, and what a change says."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import pytest
from cookie_consent.models import Cookie, CookieGroup
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from consent.actions import Recorded, publish_notice, record_choice, seal_ledger
from consent.admin.records import MOST_LISTED
from consent.choice.gate import current_gate
from consent.models import PERSONAL, ConsentRecord, Notice, Service
from tests.people import person

pytestmark = pytest.mark.django_db

INTEGRITY = "sha384-" + base64.b64encode(b"x" * 48).decode()


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


@pytest.fixture
def choice(db: None, at: datetime) -> Recorded:
    return record_choice(
        choice="save",
        categories=["analytics"],
        notice=Notice.objects.get().sha256,
        surface="banner",
        gpc=False,
        receipt="",
        at=at,
    )


@pytest.fixture
def record(choice: Recorded) -> ConsentRecord:
    return choice.record


def service_form(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Counter",
        "vendor": "Example Ltd",
        "purpose": "Counts visits.",
        "privacy_policy": "https://example.org/privacy",
        "category": CookieGroup.objects.get(varname="analytics").pk,
        "url": "https://stats.example.org/counter.js",
        "integrity": INTEGRITY,
        "connect_origins": "",
        "image_origins": "",
        "kind": "script",
        "status": "announced",
        **fields,
    }


def test_operators_have_exactly_the_permissions_that_they_need() -> None:
    group = Group.objects.get(name="Site operators")
    names = {f"{p.content_type.app_label}.{p.codename}" for p in group.permissions.select_related("content_type")}
    assert names == {
        *("consent.view_notice", "consent.publish_notice", "consent.view_consentrecord"),
        "consent.view_consentevent",
        "consent.view_statistics",
        "consent.export_consentrecord",
        "consent.view_auditrun",
        *("consent.view_checkrun", "consent.start_checkrun"),
        *("consent.view_violation", "consent.dismiss_violation"),
        *("consent.view_noticetext", "consent.add_noticetext", "consent.change_noticetext"),
        *("consent.view_service", "consent.add_service", "consent.change_service"),
        "consent.approve_start_code",
        *("cookie_consent.view_cookiegroup", "cookie_consent.add_cookiegroup", "cookie_consent.change_cookiegroup"),
        *("cookie_consent.view_cookie", "cookie_consent.add_cookie", "cookie_consent.change_cookie"),
        "cookie_consent.delete_cookie",
    }


RECORDS = "/admin/consent/consentrecord/"


def test_a_receipt_leads_to_its_record_and_stays_out_of_addresses(desk: Client, choice: Recorded) -> None:
    blanks = " ".join(choice.receipt[start : start + 4] for start in range(0, 32, 4))
    for receipt in (choice.receipt, f" {blanks} "):
        answer = desk.post(f"{RECORDS}search/", {"receipt": receipt})
        assert (answer.status_code, answer["Location"]) == (302, f"{RECORDS}{choice.record.pk}/change/")
    page = desk.get(RECORDS).content.decode()
    assert f'method="post" action="{RECORDS}search/"' in page
    assert "searchbar" not in page
    # The stock search would leave the receipt in the address, and so in histories and logs.
    ignored = desk.get(RECORDS, {"q": "x" * 32}, follow=True)
    assert "1 consent record" in ignored.content.decode()


@pytest.mark.parametrize("part", [slice(0, 20), slice(0, 0)])
def test_anything_but_the_whole_receipt_finds_nothing(desk: Client, choice: Recorded, part: slice) -> None:
    for receipt in (choice.receipt[part], choice.record.receipt_sha256, str(choice.record.pk), "x" * 2000):
        page = desk.post(f"{RECORDS}search/", {"receipt": receipt}, follow=True)
        assert page.redirect_chain == [(RECORDS, 302)]
        assert "There is no record with this receipt." in page.content.decode()


def test_an_erased_record_and_one_that_never_was_answer_the_same(desk: Client, choice: Recorded) -> None:
    ConsentRecord.objects.filter(pk=choice.record.pk).update(**dict.fromkeys(PERSONAL), personal_sha256="0" * 64)
    answers = [desk.post(f"{RECORDS}search/", {"receipt": receipt}) for receipt in (choice.receipt, "A" * 32)]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, RECORDS)}
    page = desk.get(f"{RECORDS}{choice.record.pk}/change/").content.decode()
    assert "The visitor had this record erased." in page
    assert choice.receipt not in page


def test_a_record_tells_in_words_what_was_agreed_to_under_which_text(desk: Client, choice: Recorded) -> None:
    # The registry has moved on: the record goes by the notice that this visitor read.
    CookieGroup.objects.filter(varname="analytics").update(name="Counting", description="Something else.")
    page = desk.get(f"{RECORDS}{choice.record.pk}/change/").content.decode()
    text = " ".join(page.split())
    assert "<b>Analytics: accepted.</b> Shows us how visitors use the site" in text
    assert "<b>Marketing: refused.</b>" in text
    assert "<b>Necessary</b>: always on, not asked." in text
    assert "We use cookies to make this site work." in text
    assert "Not sealed yet" in text
    assert "Counting" not in text
    assert choice.receipt not in page  # it is the visitor's key, and she alone can give it


def test_a_sealed_record_shows_its_place_and_the_proof(desk: Client, choice: Recorded, at: datetime) -> None:
    seal_ledger(at=at)
    page = desk.get(f"{RECORDS}{choice.record.pk}/change/").content.decode()
    assert "Entry 0 of 1 in the newest checkpoint." in page
    assert "testserver" in page or "127.0.0.1:8000/consent" in page


def test_records_are_filtered_by_month_and_answer(desk: Client, choice: Recorded) -> None:
    for query, number in [
        ({"month": "2026-03"}, 1),
        ({"month": "2026-04"}, 1),  # nothing was recorded then, so it isn't offered and filters nothing
        ({"action__exact": "save"}, 1),
        ({"action__exact": "reject_all"}, 0),
    ]:
        assert f"{number} consent record" in desk.get(RECORDS, query).content.decode(), query
    assert [value for value, _ in _month_filter(desk).lookup_choices] == ["2026-03"]


def test_months_run_from_the_first_record_to_the_last(desk: Client, choice: Recorded, at: datetime) -> None:
    record_choice(
        choice="reject_all",
        categories=[],
        notice=Notice.objects.get().sha256,
        surface="banner",
        gpc=False,
        receipt="",
        at=at.replace(year=2025, month=11, day=30),
    )
    months = ["2026-03", "2026-02", "2026-01", "2025-12", "2025-11"]
    assert [value for value, _ in _month_filter(desk).lookup_choices] == months
    assert "1 consent record" in desk.get(RECORDS, {"month": "2025-11"}).content.decode()


@pytest.mark.parametrize(
    ("period", "found", "words"),
    [
        ({"first": "2026-03-02", "last": "2026-03-02"}, 1, ""),
        ({"first": "2026-03-03"}, 0, ""),
        ({"last": "2026-03-02"}, 1, ""),
        ({"last": "2026-03-01"}, 0, ""),
        ({"first": "2026-02-14", "last": "2026-04-02", "action__exact": "save"}, 1, ""),
        ({"first": "2026-02-14", "action__exact": "withdraw"}, 0, ""),
        ({"first": "", "last": ""}, 1, ""),
        ({"first": "2026-03-03", "last": "2026-03-02"}, 0, "The period ends before it begins."),
        ({"first": "2026-02-30"}, 0, "Enter a valid date."),
        ({"last": "9999-12-31"}, 0, "Enter a day before the year 3000."),
    ],
)
def test_records_of_any_period_are_listed(
    desk: Client, choice: Recorded, period: dict[str, str], found: int, words: str
) -> None:
    page = desk.get(RECORDS, period).content.decode()
    assert f"{found} consent record{'' if found == 1 else 's'}" in page
    assert words in page
    for name in ("first", "last"):
        assert f'name="{name}"' in page
    if "action__exact" in period:
        assert f'<input type="hidden" name="action__exact" value="{period["action__exact"]}">' in page
    else:
        assert '<input type="hidden" name="first"' not in page


def _month_filter(desk: Client) -> Any:
    return desk.get(RECORDS).context["cl"].filter_specs[1]


def test_the_list_never_counts_or_sorts_the_whole_table(desk: Client, choice: Recorded) -> None:
    with CaptureQueriesContext(connection) as queries:
        desk.get(RECORDS, {"o": "4"})  # sorting by a column without an index isn't offered
    statements = [query["sql"] for query in queries if "consent_consentrecord" in query["sql"]]
    counts = [sql for sql in statements if "COUNT(" in sql]
    assert counts
    assert all(f"LIMIT {MOST_LISTED}" in sql for sql in counts)
    assert not any('ORDER BY "consent_consentrecord"."surface"' in sql for sql in statements)


@pytest.mark.parametrize("superuser", [False, True])
@pytest.mark.parametrize("model", ["consentrecord", "notice"])
def test_nobody_adds_changes_or_deletes_records_and_notices(
    client: Client, record: ConsentRecord, operator: User, superuser: bool, model: str
) -> None:
    client.force_login(person("root", "Ruth Root", superuser=True) if superuser else operator)
    pk = record.pk if model == "consentrecord" else record.notice_id
    base = f"/admin/consent/{model}/"
    before = list(ConsentRecord.objects.values()), list(Notice.objects.values())
    for path, data in [
        ("add/", {}),
        (f"{pk}/change/", {"action": "accept_all", "reason": "x"}),
        (f"{pk}/delete/", {"post": "yes"}),
        ("", {"action": "delete_selected", "_selected_action": pk, "post": "yes"}),
    ]:
        assert client.post(base + path, data).status_code == 403, path
    assert client.get(f"{base}add/").status_code == 403
    assert client.get(f"{base}{pk}/delete/").status_code == 403
    assert client.get(base).status_code == client.get(f"{base}{pk}/change/").status_code == 200
    assert (list(ConsentRecord.objects.values()), list(Notice.objects.values())) == before


@pytest.mark.parametrize("path", ["consentrecord/", "notice/", "notice/publish/", "service/", "service/add/"])
def test_editors_have_no_business_here(client: Client, editor: User, path: str) -> None:
    client.force_login(editor)
    assert client.get(f"/admin/consent/{path}").status_code == 403


def test_a_new_service_says_that_it_waits_for_a_notice_and_starts_with_it(desk: Client) -> None:
    page = desk.post("/admin/consent/service/add/", service_form(), follow=True).content.decode()
    assert "Not yet. Publish a notice that names it, then switch it on." in page
    assert "/admin/consent/notice/publish/" in page
    assert Service.objects.get().changed_by == User.objects.get(username="olga")
    assert current_gate().services == ()

    page = desk.get("/admin/consent/notice/publish/").content.decode()
    assert "https://stats.example.org" in page
    expected = desk.get("/admin/consent/notice/publish/").context["draft"].sha256
    answer = desk.post(
        "/admin/consent/notice/publish/",
        {"material": "yes", "reason": "Statistics", "expected": expected},
        follow=True,
    )
    assert "Notice 2 (en) is live" in answer.content.decode()
    counter = Service.objects.get()
    desk.post(f"/admin/consent/service/{counter.pk}/change/", service_form(status="on"))
    assert current_gate().services == (counter,)
    assert "Yes, for visitors who accept its category." in desk.get("/admin/consent/service/").content.decode()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"integrity": "sha384-short"}, "Enter one hash"),
        ({"url": "http://stats.example.org/a.js"}, "must be an https:// address"),
        ({"connect_origins": "https://a.example/path"}, "a scheme and a host only"),
    ],
)
def test_a_wrong_service_is_explained_and_not_saved(desk: Client, fields: dict[str, str], reason: str) -> None:
    answer = desk.post("/admin/consent/service/add/", service_form(**fields))
    assert reason in answer.content.decode()
    assert not Service.objects.exists()


def test_publishing_asks_what_the_change_means_and_why(desk: Client) -> None:
    CookieGroup.objects.filter(varname="analytics").update(description="Counts.")
    expected = desk.get("/admin/consent/notice/publish/").context["draft"].sha256
    answer = desk.post("/admin/consent/notice/publish/", {"reason": "", "expected": expected})
    assert answer.content.decode().count("This field is required.") == 2
    CookieGroup.objects.filter(varname="analytics").update(description="Counts more.")
    answer = desk.post("/admin/consent/notice/publish/", {"material": "no", "reason": "Shorter", "expected": expected})
    assert "The draft changed while you were reading it" in answer.content.decode()
    assert Notice.objects.count() == 1
    assert f'name="expected" value="{answer.context["draft"].sha256}"' in answer.content.decode()
    assert answer.context["draft"].sha256 != expected


def test_a_person_who_only_views_notices_cannot_publish_one(client: Client) -> None:
    user = person("vera", "Vera Viewer")
    user.user_permissions.add(*Group.objects.get(name="Site operators").permissions.filter(codename="view_notice"))
    client.force_login(user)
    assert "Compare and publish" not in client.get("/admin/consent/notice/").content.decode()
    assert client.get("/admin/consent/notice/publish/").status_code == 403
    assert client.post("/admin/consent/notice/publish/", {"material": "yes"}).status_code == 403


def test_a_category_keeps_its_name_in_cookies_and_is_never_deleted(desk: Client) -> None:
    group = CookieGroup.objects.get(varname="analytics")
    url = f"/admin/cookie_consent/cookiegroup/{group.pk}/"
    desk.post(
        f"{url}change/",
        {"varname": "renamed", "name": "Statistics", "description": "Counts.", "ordering": 1, "is_required": "on"},
    )
    group.refresh_from_db()
    assert (group.varname, group.name, group.is_required) == ("analytics", "Statistics", False)
    assert desk.post(f"{url}delete/", {"post": "yes"}).status_code == 403
    notice = Notice.objects.get()
    assert notice.document["categories"][1]["name"] == "Analytics"


def test_a_category_cannot_take_the_cookies_own_key(desk: Client) -> None:
    answer = desk.post(
        "/admin/cookie_consent/cookiegroup/add/",
        {"varname": "notice", "name": "Notice", "description": "x", "ordering": 5},
    )
    assert "has this name" in answer.content.decode()


def test_a_declared_cookie_has_its_lifetime_and_says_when_visitors_learn_of_it(desk: Client) -> None:
    data = {
        "cookiegroup": CookieGroup.objects.get(varname="analytics").pk,
        "name": "_count",
        "description": "Counts.",
        "lifetime_days": "30",
        "domain": "",
        "path": "/",
    }
    page = desk.post("/admin/cookie_consent/cookie/add/", data, follow=True).content.decode()
    assert "The live notice does not contain this yet" in page
    cookie = Cookie.objects.get(name="_count")
    assert cookie.details.days == 30
    desk.post(f"/admin/cookie_consent/cookie/{cookie.pk}/change/", data | {"lifetime_days": ""})
    assert Cookie.objects.get(name="_count").details.days is None
    assert 'value="30"' not in desk.get(f"/admin/cookie_consent/cookie/{cookie.pk}/change/").content.decode()


@pytest.mark.slow
@pytest.mark.database
def test_lists_cost_no_query_per_row(desk: Client, record: ConsentRecord, operator: User, at: datetime) -> None:
    def cost(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(f"/admin/consent/{path}/").status_code == 200
        return len(queries)

    def add(*numbers: int) -> None:
        for number in numbers:
            desk.post("/admin/consent/service/add/", service_form(name=f"Counter {number}"))
            notice = publish_notice(by=operator, at=at, material=True, reason="Statistics")
            record_choice(
                choice="accept_all",
                categories=(),
                notice=notice.sha256,
                surface="banner",
                gpc=False,
                receipt="",
                at=at,
            )

    add(1)
    before = [cost(path) for path in ("consentrecord", "notice", "service")]
    add(2, 3, 4)
    assert [cost(path) for path in ("consentrecord", "notice", "service")] == before
