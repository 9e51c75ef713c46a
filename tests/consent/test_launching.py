"""Several services are published and switched on in one step, which shows first what it will do."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from consent.actions import draft_notice, publish_and_switch_on, save_service
from consent.choice.gate import current_gate
from consent.models import Notice, Service
from tests.consent.builders import service
from tests.glossary.term_form import messages_of, signed_in

pytestmark = pytest.mark.django_db

LIST = "/admin/consent/service/"


@pytest.fixture
def desk(operator: User) -> Client:
    return signed_in(operator)


@pytest.fixture
def announced(operator: User, at: datetime) -> list[Service]:
    """Two announced services, of which one has start code, and one that is off."""
    return [
        save_service(service=service(name, category, **fields), by=operator, at=at)
        for name, category, fields in (
            ("Counter", "analytics", {}),
            ("Heatmap", "marketing", {"start_code": "window.heat = 1;"}),
            ("Unused", "marketing", {"status": "off"}),
        )
    ]


def chosen(services: list[Service]) -> dict[str, Any]:
    return {"action": "publish_and_switch_on", "_selected_action": [service.pk for service in services]}


def confirmation(desk: Client, services: list[Service]) -> dict[str, Any]:
    """Return what the button of the confirmation page posts."""
    page = desk.post(LIST, chosen(services)).content.decode()
    fields = dict(re.findall(r'name="(expected_\w+)" value="(\w+)"', page))
    pks = re.findall(r'name="_selected_action" value="(\d+)"', page)
    return {**fields, "action": "publish_and_switch_on", "_selected_action": pks, "confirmed": "1"}


def test_what_is_confirmed_is_published_and_switched_on(desk: Client, announced: list[Service]) -> None:
    response = desk.post(LIST, chosen(announced))
    page = response.content.decode()
    assert "<b>Counter</b>" in page
    assert "It does not run until another operator approves its start code" in page
    assert "Category marketing: service Heatmap" in page
    assert "“Unused” is off, and was left out" in messages_of(response)[0]
    assert Notice.objects.count() == 1
    form = confirmation(desk, announced)
    told = messages_of(desk.post(LIST, form | {"material": "yes", "reason": "Statistics"}))
    assert "Notice 2 (en) is live. Visitors see it from now on." in told
    assert "Switched on: Counter, Heatmap." in told
    assert list(Service.objects.values_list("status", flat=True)) == ["on", "on", "off"]
    assert [running.name for running in current_gate().services] == ["Counter"]


def test_each_notice_is_composed_once(announced: list[Service], operator: User, at: datetime) -> None:
    expected = {"en": draft_notice().sha256}
    with CaptureQueriesContext(connection) as queries:
        publish_and_switch_on(
            services=announced[:1], by=operator, at=at, material=True, reason="Statistics", expected=expected
        )
    composed = [query for query in queries if 'ORDER BY "cookie_consent_cookiegroup"."ordering"' in query["sql"]]
    assert len(composed) == 1


def test_without_a_reason_nothing_is_done_and_what_was_typed_stays(desk: Client, announced: list[Service]) -> None:
    page = desk.post(LIST, confirmation(desk, announced) | {"material": "yes"}).content.decode()
    assert "This field is required." in page
    assert 'value="yes" required' in page
    assert Notice.objects.count() == 1


@pytest.mark.parametrize("changed", ["purpose", "status"])
def test_what_was_changed_meanwhile_is_shown_and_not_published(
    desk: Client, announced: list[Service], operator: User, at: datetime, changed: str
) -> None:
    form = confirmation(desk, announced[:1])
    for each in announced[:2]:
        setattr(each, changed, {"purpose": "Something else.", "status": "off"}[changed])
        save_service(service=each, by=operator, at=at)
    response = desk.post(LIST, form | {"material": "yes", "reason": "Statistics"}, follow=True)
    said = response.content.decode()
    assert "The draft changed while you were reading it" in said or "“Counter” is off, and was left out" in said
    assert Notice.objects.count() == 1
    assert not Service.objects.filter(status="on").exists()


def test_a_change_of_wording_that_names_new_recipients_is_refused(desk: Client, announced: list[Service]) -> None:
    form = confirmation(desk, announced)
    page = desk.post(LIST, form | {"material": "no", "reason": "Statistics"}).content.decode()
    assert "Publish the notice as a material change" in page
    assert not Service.objects.filter(status="on").exists()


@pytest.mark.parametrize("codename", ["publish_notice", "change_service"])
def test_it_needs_both_permissions(desk: Client, announced: list[Service], operator: User, codename: str) -> None:
    form = confirmation(desk, announced)
    group = operator.groups.get()
    group.permissions.remove(group.permissions.get(codename=codename))
    assert "publish_and_switch_on" not in desk.get(LIST).content.decode()
    desk.post(LIST, form | {"material": "yes", "reason": "Statistics"})
    assert not Service.objects.filter(status="on").exists()
