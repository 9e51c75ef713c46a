"""What an audit found undeclared leads to the form that declares it, with what is known filled in."""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any

import pytest
from cookie_consent.models import Cookie, CookieGroup
from django.contrib.auth.models import User
from django.test import Client

from consent.actions import save_service
from consent.models import AuditRun, Undeclared
from tests.consent.audits import audit_finding, audit_run
from tests.consent.builders import service
from tests.glossary.term_form import fields_of, signed_in

pytestmark = pytest.mark.django_db

FOUND: Undeclared = {"name": "_pk", "kind": "cookie", "domain": "", "days": "30", "by": ""}


@pytest.fixture
def desk(operator: User) -> Client:
    return signed_in(operator)


def run(at: datetime, **found: str) -> AuditRun:
    return audit_run(audit_finding(declare={**FOUND, **found}), at=at)


def link(desk: Client, run: AuditRun) -> str:
    """Return where *Declare this* leads, or ``""``."""
    page = desk.get(f"/admin/consent/auditrun/{run.pk}/change/").content.decode()
    found = re.search(r'<a href="([^"]+)">Declare this</a>', page)
    return html.unescape(found[1]) if found else ""


@pytest.mark.parametrize(
    ("kind", "domain", "days"), [("cookie", "", "30"), ("session", "", ""), ("cookie", ".a.example", "")]
)
def test_what_a_page_of_the_site_sets_is_declared_among_its_cookies(
    desk: Client, at: datetime, kind: str, domain: str, days: str
) -> None:
    address = link(desk, run(at, kind=kind, domain=domain, days=days))
    assert address.startswith("/admin/cookie_consent/cookie/add/?")
    form = fields_of(desk.get(address))
    assert [form.get(name) or "" for name in ("name", "kind", "domain", "lifetime_days")] == ["_pk", kind, domain, days]
    category = CookieGroup.objects.get(varname="analytics").pk
    form |= {"cookiegroup": category, "description": "Counts visits.", "path": "/"}
    assert desk.post("/admin/cookie_consent/cookie/add/", form).status_code == 302
    assert Cookie.objects.get(name="_pk").details.days == (int(days) if days else None)


def test_what_a_service_sets_is_declared_in_its_form(desk: Client, operator: User, at: datetime) -> None:
    counter = save_service(service=service(), by=operator, at=at)
    address = link(desk, run(at, by="https://stats.example.org"))
    assert address.startswith(f"/admin/consent/service/{counter.pk}/change/?")
    response: Any = desk.get(address)
    rows = response.context["rows"]
    row = next(row for row in rows if row["name"].value() == "_pk")
    assert [row[name].value() for name in ("kind", "days", "domain", "path")] == ["cookie", "30", "", "/"]
    assert not counter.cookies.exists()  # before it is saved


def test_a_finding_that_no_declaration_mends_has_no_link(desk: Client, at: datetime) -> None:
    assert link(desk, audit_run(audit_finding(), at=at)) == ""


def test_who_may_not_declare_sees_no_link(desk: Client, operator: User, at: datetime) -> None:
    group = operator.groups.get()
    group.permissions.remove(group.permissions.get(codename="add_cookie"))
    assert link(desk, run(at)) == ""
