"""What audits found stays, and operators see it at a glance and in plain words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from consent.audit_state import audit_lines
from consent.models import AuditRun, Notice
from siteaudit.declared import Declaration
from siteaudit.judging import Finding
from siteaudit.keeping import store_audit
from siteaudit.observed import SampledPage, SiteSeen, StateSeen
from siteaudit.reporting import Audit
from siteaudit.states import State
from tests.consent.audits import audit_finding, audit_run
from tests.glossary.term_form import signed_in
from tests.people import person

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
LIST = reverse("admin:consent_auditrun_changelist")


@pytest.fixture
def olga() -> Client:
    return signed_in(person("olga", "Olga Brandt", "Site operators"))


def texts(at: datetime) -> list[tuple[str, bool]]:
    return [(line.text, line.is_warning) for line in audit_lines(at=at)]


def page_of(client: Client, run: AuditRun) -> str:
    return " ".join(client.get(reverse("admin:consent_auditrun_change", args=[run.pk])).content.decode().split())


def test_a_site_that_was_never_audited_says_so(at: datetime) -> None:
    assert texts(at) == [("No audit has yet checked whether the site does what its notice says.", True)]


def test_the_overview_of_a_site_that_was_never_audited_leads_to_the_button(olga: Client) -> None:
    page = " ".join(olga.get(reverse("admin:index")).content.decode().split())
    audits = reverse("admin:consent_auditrun_changelist")
    assert f'<em>Audit now</em> in <a href="{audits}">Audits</a>' in page
    assert "Audit now" in olga.get(audits).content.decode()


def test_the_last_audit_is_told_with_its_verdict_and_age(at: datetime) -> None:
    audit_run(audit_finding(), at=at - HOUR)
    audit_run(at=at)
    assert texts(at + 2 * HOUR) == [("Last audit of a copy: passed, 2 hours ago.", False)]
    audit_run(audit_finding(), audit_finding(code="leak"), at=at + HOUR)
    assert texts(at + 2 * HOUR) == [("Last audit of a copy: failed, 2 findings, 1 hour ago.", True)]


def test_an_audit_older_than_two_days_is_a_warning(at: datetime) -> None:
    audit_run(at=at)
    assert texts(at + 48 * HOUR)[0][1] is False
    text, is_warning = texts(at + 49 * HOUR)[0]
    assert is_warning
    assert text.endswith("passed, 2 days ago. That is more than 2 days. Check that the schedule is running.")


def test_a_copy_that_passes_does_not_hide_that_the_public_site_failed(at: datetime) -> None:
    audit_run(audit_finding(), at=at, is_copy=False)
    audit_run(at=at + HOUR)
    assert texts(at + HOUR) == [
        ("Last audit of glossary.example.org: failed, 1 finding, 1 hour ago.", True),
        ("Last audit of a copy: passed, 0 minutes ago.", False),
    ]


def test_an_old_audit_of_the_one_is_no_warning_while_the_other_is_fresh(at: datetime) -> None:
    audit_run(at=at, is_copy=False)
    audit_run(at=at + 72 * HOUR)
    assert [is_warning for _, is_warning in texts(at + 73 * HOUR)] == [False, False]


def test_operators_read_it_on_the_front_page_and_nobody_else_does(
    olga: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    run = audit_run(audit_finding(), at=timezone.now() - HOUR)
    with django_assert_max_num_queries(20):
        page = olga.get(reverse("admin:index")).content.decode()
    assert "Last audit of a copy: failed, 1 finding, 1 hour ago." in page
    assert reverse("admin:consent_auditrun_change", args=[run.pk]) in page
    editor = signed_in(person("erin", "Erin Moss", "Clinical editors"))
    assert "Last audit" not in editor.get(reverse("admin:index")).content.decode()


def test_a_run_that_failed_names_the_culprit_and_what_to_do(olga: Client, at: datetime) -> None:
    run = audit_run(audit_finding(what="The cookie <b>_ga</b> was set."), at=at, left_out=["The preferences."])
    page = page_of(olga, run)
    assert "<b>Failed.</b> 1 thing on 18 pages in 10 states" in page
    assert "The cookie &lt;b&gt;_ga&lt;/b&gt; was set." in page
    assert "Page counter (https://stats.example.org/counter.js)" in page
    assert "or stop it from being set." in page
    assert "Before any choice" in page
    assert "The preferences." in page
    assert "Save" not in page


def test_a_run_that_passed_says_against_which_notice(olga: Client, at: datetime) -> None:
    notice = Notice.objects.get()
    page = page_of(olga, audit_run(at=at, notice_sha256=notice.sha256))
    assert "<b>Passed.</b>" in page
    assert reverse("admin:consent_notice_change", args=[notice.pk]) in page
    assert "Findings" not in page
    listed = olga.get(LIST).content.decode()
    assert "Passed" in listed
    assert "1 min 35 s" in listed


def test_a_finding_on_a_thousand_pages_is_kept_with_a_few(at: datetime) -> None:
    pages = [f"/glossary/{number}/" for number in range(1_000)]
    run = audit_run(audit_finding(pages=pages), at=at)
    run.refresh_from_db()
    assert run.findings[0]["pages"] == pages[:20]


def test_an_audit_of_nothing_is_refused(at: datetime) -> None:
    with pytest.raises(IntegrityError):
        audit_run(at=at, pages=0)


@pytest.fixture
def audit(settings: Any, at: datetime) -> Audit:
    settings.SITE_URL = "https://glossary.example.org"
    state = StateSeen(State("untouched", "Before any choice"), records=3)
    seen = SiteSeen([SampledPage("/", "glossary:home")], [state], browser="Chromium 140")
    declaration = Declaration(3, "0" * 64, "en", categories=(), cookies=(), recipients=())
    finding = Finding("leak", "Told.", "A script", "Stop it.", pages=["/"], states=["Before any choice"])
    return Audit("http://127.0.0.1:5", True, True, at - HOUR, at, declaration, seen, [finding], ["Much."])


def test_a_whole_audit_of_a_copy_is_kept_under_the_sites_own_name(audit: Audit, at: datetime) -> None:
    run = store_audit(audit)
    assert run
    run.refresh_from_db()
    assert (run.host, run.is_copy, run.at, run.seconds) == ("glossary.example.org", True, at, 3_600)
    assert (run.pages, run.states, run.choices, run.verdict) == (1, 1, 3, "failed, 1 finding")
    assert run.findings[0]["title"] == "A third party learns what a visitor reads"
    assert (run.notice_sha256, run.left_out) == (audit.declaration.sha256, ["Much."])


def test_the_public_address_is_kept_and_another_site_and_a_part_are_not(audit: Audit) -> None:
    assert store_audit(replace(audit, is_whole=False)) is None
    assert store_audit(replace(audit, is_copy=False, site="https://staging.example.org")) is None
    assert not AuditRun.objects.exists()
    run = store_audit(replace(audit, is_copy=False, site="https://glossary.example.org"))
    assert run
    assert not run.is_copy
