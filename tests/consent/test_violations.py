"""What browsers refused, as operators read it: in words, with what to do, and put away when it is dealt with."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from consent.actions import count_violation, dismiss_violations, publish_notice, save_service
from consent.choice.gate import current_gate
from consent.models import Service, Violation
from consent.services.explaining import covers, explain
from consent.services.reports import Refused
from tests.people import person

pytestmark = pytest.mark.django_db
LIST = "/admin/consent/violation/"
TRACKER = "https://tracker.example"


@pytest.fixture
def desk(client: Client, operator: User) -> Client:
    client.force_login(operator)
    return client


def violation(directive: str, blocked: str, *, at: datetime, times: int = 1) -> Violation:
    count_violation(refused=Refused(directive, blocked), times=times, at=at)
    return Violation.objects.get(directive=directive, blocked=blocked)


def service(operator: User, at: datetime, **fields: Any) -> Service:
    made = Service(
        **{
            "name": "Matomo",
            "vendor": "Example Ltd",
            "purpose": "Counts visits.",
            "privacy_policy": "https://example.org/privacy",
            "category": CookieGroup.objects.get(varname="analytics"),
            "url": "https://stats.example.org/counter.js",
            "status": "announced",
            **fields,
        }
    )
    return save_service(service=made, by=operator, at=at)


def advice(what: Violation) -> str:
    return explain(what, services=Service.objects.all(), running=current_gate().services).advice


def words(page: Any) -> str:
    return " ".join(page.content.decode().split())


@pytest.mark.parametrize(
    ("directive", "blocked", "tried"),
    [
        ("script-src-elem", TRACKER, f"load a script from {TRACKER}"),
        ("img-src", TRACKER, f"load an image or a pixel from {TRACKER}"),
        ("connect-src", TRACKER, f"send data to {TRACKER}"),
        ("frame-src", TRACKER, f"show a frame with a page of {TRACKER}"),
        ("form-action", TRACKER, f"send a form to {TRACKER}"),
        ("script-src-elem", "inline", "run a script written into the page itself"),
        ("style-src-attr", "inline", "run a style written into the page itself"),
        ("script-src", "eval", "run text as a script"),
        ("img-src", "blob", "load an image from an address that begins with blob:"),
        ("require-trusted-types-for", "trusted-types-sink", "write text into a page as code"),
        ("connect-src", "wss", "open a lasting connection (WebSocket)"),
    ],
)
def test_it_is_told_in_plain_words(directive: str, blocked: str, tried: str, at: datetime) -> None:
    explained = explain(violation(directive, blocked, at=at), services=(), running=())
    assert explained.tried == tried
    assert explained.advice


def test_a_service_that_needs_sinks_is_helped(at: datetime) -> None:
    assert "Cannot work under Trusted Types" in advice(violation("script-src", "trusted-types-sink", at=at))


def test_what_no_service_declares_is_called_a_stranger(operator: User, at: datetime) -> None:
    service(operator, at)
    assert "No service declares it, so no visitor agreed to it." in advice(violation("img-src", TRACKER, at=at))


def test_a_service_that_runs_is_named_and_its_pasted_tag_suspected(operator: User, at: datetime) -> None:
    matomo = service(operator, at)
    tried = violation("script-src-elem", "https://stats.example.org", at=at)
    assert advice(tried).startswith("The service “Matomo” declares it, but is only announced.")
    publish_notice(by=operator, at=at, material=True, reason="Statistics")
    matomo.status = "on"
    save_service(service=matomo, by=operator, at=at)
    assert advice(tried).startswith("The service “Matomo” declares it, but this visitor had not allowed it.")
    matomo.status = "off"
    save_service(service=matomo, by=operator, at=at)
    assert advice(tried).startswith("The service “Matomo” declares it, but is off.")


def test_a_service_whose_start_code_nobody_approved_is_not_said_to_lack_a_notice(operator: User, at: datetime) -> None:
    matomo = service(operator, at, start_code="void 0;")
    publish_notice(by=operator, at=at, material=True, reason="Statistics")
    matomo.status = "on"
    save_service(service=matomo, by=operator, at=at)
    tried = violation("script-src-elem", "https://stats.example.org", at=at)
    assert "because another operator has to approve its start code first" in advice(tried)


def test_a_service_that_declares_it_for_something_else_only_is_named(operator: User, at: datetime) -> None:
    service(operator, at, image_origins="https://pixels.example.net")
    text = advice(violation("connect-src", "https://pixels.example.net", at=at))
    assert text.startswith("The service “Matomo” declares it only for img-src, but it was used for connect-src.")


@pytest.mark.parametrize("blocked", ["https://cdn.example.org", "https://static.matomo.cloud", "https://matomo.net"])
def test_a_service_that_it_seems_to_belong_to_is_named(operator: User, at: datetime, blocked: str) -> None:
    service(operator, at)
    text = advice(violation("connect-src", blocked, at=at))
    assert text.startswith("No service declares it. It may belong to the service “Matomo”:"), text


@pytest.mark.parametrize(
    ("declared", "blocked", "covered"),
    [
        ("https://a.example", "https://a.example", True),
        ("https://A.example", "https://a.example", True),
        ("https://a.example", "http://a.example", False),
        ("https://a.example", "https://b.a.example", False),
        ("https://*.a.example", "https://b.a.example", True),
        ("https://*.a.example", "https://c.b.a.example", True),
        ("https://*.a.example", "https://a.example", False),
        ("https://*.a.example", "https://eva.a.example.evil.example", False),
        ("https://*.a.example", "https://b-a.example", False),
    ],
)
def test_a_declared_source_covers_what_browsers_let_it(declared: str, blocked: str, covered: bool) -> None:
    assert covers(declared, blocked) is covered


def test_the_list_says_what_happened_how_often_and_that_it_may_be_forged(desk: Client, at: datetime) -> None:
    violation("script-src-elem", TRACKER, at=at, times=12)
    page = words(desk.get(LIST))
    assert f"Somebody tried to load a script from {TRACKER}: 12 times, last on 2 Mar 2026." in page
    assert "No service declares it" in page
    assert "Anybody can send forged reports" in page
    assert "none of it was sent to anybody" in page


def test_the_front_page_tells_operators_of_new_ones_only(desk: Client, operator: User, at: datetime) -> None:
    line = "that nobody has looked at yet"
    assert line not in words(desk.get("/admin/"))
    violation("script-src-elem", TRACKER, at=at)
    assert f"Visitors’ browsers refused 1 thing {line}." in words(desk.get("/admin/"))
    dismiss_violations(violations=Violation.objects.all(), by=operator, at=at)
    assert line not in words(desk.get("/admin/"))
    violation("script-src-elem", TRACKER, at=at + timedelta(days=1))
    assert line in words(desk.get("/admin/"))


def test_editors_are_not_told(client: Client, editor: User, at: datetime) -> None:
    violation("script-src-elem", TRACKER, at=at)
    client.force_login(editor)
    assert "nobody has looked at" not in words(client.get("/admin/"))


def test_seen_hides_and_the_filter_finds_it_again(desk: Client, at: datetime) -> None:
    seen, other = violation("script-src-elem", TRACKER, at=at), violation("img-src", "https://b.example", at=at)
    page = desk.post(LIST, {"action": "mark_seen", "_selected_action": [seen.pk]}, follow=True)
    assert "1 hidden until it happens again on a later day." in words(page)
    assert TRACKER not in words(desk.get(LIST))
    assert other.blocked in words(desk.get(LIST))
    assert TRACKER in words(desk.get(LIST, {"state": "seen"}))
    assert TRACKER in words(desk.get(LIST, {"state": "all"}))
    assert "by Olga Nwosu" in words(desk.get(f"{LIST}{seen.pk}/change/"))


def test_forgetting_removes_and_counts_anew(desk: Client, at: datetime) -> None:
    row = violation("script-src-elem", TRACKER, at=at, times=9)
    assert "1 forgotten." in words(desk.post(LIST, {"action": "forget", "_selected_action": [row.pk]}, follow=True))
    assert violation("script-src-elem", TRACKER, at=at).count == 1


@pytest.mark.parametrize("action", ["mark_seen", "forget"])
def test_who_may_only_read_cannot_put_away(client: Client, at: datetime, action: str) -> None:
    row = violation("script-src-elem", TRACKER, at=at)
    vera = person("vera", "Vera Viewer")
    vera.user_permissions.add(*Group.objects.get(name="Site operators").permissions.filter(codename="view_violation"))
    client.force_login(vera)
    assert client.post(LIST, {"action": action, "_selected_action": [row.pk]}).status_code == 403
    assert Violation.objects.get().seen_date is None
    assert "Forget" not in words(client.get(LIST))


def test_nobody_adds_changes_or_deletes_a_row_by_hand(desk: Client, at: datetime) -> None:
    row = violation("script-src-elem", TRACKER, at=at)
    for path in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
        assert desk.post(LIST + path, {"count": 1, "post": "yes"}).status_code == 403
    forged = desk.post(LIST, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}, follow=True)
    assert "No action selected." in words(forged)
    assert Violation.objects.exists()


def test_a_long_list_costs_no_query_per_row(desk: Client, operator: User, at: datetime) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(LIST).status_code == 200
        return len(queries)

    service(operator, at)
    violation("script-src-elem", TRACKER, at=at)
    before = cost()
    for number in range(20):
        violation("img-src", f"https://t{number}.example", at=at)
    assert cost() == before
