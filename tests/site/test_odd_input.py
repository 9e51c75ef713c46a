"""Addresses that no link has get a clear answer, and never an error of the server."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from glossary.actions import save_term
from glossary.models import Term
from tests.glossary.builders import document, publish_unreviewed
from tests.glossary.term_form import without_pages
from tests.people import NOON, person

pytestmark = pytest.mark.django_db
HUGE = "9" * 20


@pytest.fixture
def term(editor: User) -> Term:
    term = save_term(document=document(tags=["cycle"]), by=editor, at=NOON).term
    publish_unreviewed(term=term, by=editor, at=NOON)
    return term


@pytest.fixture
def root() -> User:
    return person("root", "Ruth Oyelaran", superuser=True)


@pytest.fixture
def desk(root: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(root)
    return client


@pytest.mark.parametrize(
    "path",
    [
        f"/sitemap-{HUGE}.xml",
        f"/glossary/letter/L/{HUGE}/",
        f"/glossary/tags/letter/C/{HUGE}/",
        f"/glossary/tags/cycle/{HUGE}/",
        f"/glossary/luteal-phase/revisions/{HUGE}/",
        f"/glossary/luteal-phase/revisions/{HUGE}/cite.ris",
        f"/consent/heads/{HUGE}/{HUGE}1/",
        f"/consent/heads/1/{HUGE}/",
        f"/admin/glossary/term/{HUGE}/change/",
        f"/admin/glossary/term/{HUGE}/revisions/{HUGE}/",
        f"/admin/consent/service/{HUGE}/start-code/",
        f"/admin/consent/consentrecord/{HUGE}/change/",
    ],
)
def test_a_number_that_no_database_holds_is_not_found(desk: Client, term: Term, path: str) -> None:
    assert desk.get(path, follow=True).status_code in (404, 200)
    assert desk.get(path).status_code in (404, 302)


@pytest.mark.parametrize("number", [HUGE, "-1", "0", "x", "\x00"], ids=ascii)
def test_search_and_lists_take_any_page_number(desk: Client, term: Term, number: str) -> None:
    for path in ("/search/", "/admin/glossary/term/", "/admin/consent/consentrecord/"):
        assert desk.get(path, {"q": "luteal", "page": number, "p": number}, follow=True).status_code in (
            200,
            400,
            404,
        ), path


def lists() -> list[str]:
    return sorted(f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry)


@pytest.mark.parametrize("name", lists())
def test_lists_of_the_admin_take_any_character_in_their_address(root: User, term: Term, name: str) -> None:
    """Browsers send what an address says, also NUL, which PostgreSQL takes in no text."""
    desk = without_pages(root)
    desk.raise_request_exception = False
    model_admin = next(
        each
        for model, each in admin.site._registry.items()
        if name == f"{model._meta.app_label}_{model._meta.model_name}"
    )
    url = reverse(f"admin:{name}_changelist")
    plain = desk.get(url)
    assert plain.status_code == 200
    changelist = plain.context.get("cl")
    asked = {"q", "o", "p", "all", "first", "last", "notice", "language", "surface", "e"}
    if changelist is not None:
        for spec in changelist.filter_specs:
            asked |= set(spec.expected_parameters())
    asked |= {field.name for field in model_admin.model._meta.concrete_fields}
    seen = set()
    failed = []
    for parameter in sorted(asked):
        for value in ("a\x00b", HUGE):
            answer = desk.get(url, {parameter: value})
            # Most lead to the same page, which says that the list could not be filtered so.
            if answer.status_code == 302 and answer["Location"] not in seen:
                seen.add(answer["Location"])
                answer = desk.get(answer["Location"], follow=True)
            if answer.status_code == 200 and "cl" in answer.context:
                list(answer.context["cl"].result_list)  # as the page would
            if answer.status_code >= 500:
                failed.append((parameter, value))
    assert failed == []


@pytest.mark.parametrize(
    "period", [("9999-12-31", "9999-12-31"), ("9995-01-01", "9999-12-31"), ("0001-01-01", "0001-01-02")]
)
def test_statistics_and_export_say_so_of_years_that_no_calendar_goes_beyond(
    desk: Client, period: tuple[str, str]
) -> None:
    days = {"first": period[0], "last": period[1]}
    for page in (
        desk.get("/admin/consent/dailychoices/", days),
        desk.post("/admin/consent/consentrecord/export/", days | {"format": "csv"}),
    ):
        assert page.status_code == 200
        assert "Enter a day" in page.content.decode()
    with pytest.raises(CommandError, match="from 1970 to 2999"):
        call_command("export_consent_records", "--from", "2026-01-01", "--to", "9999-12-31", "--output", "-")


def test_a_public_page_takes_no_form_and_says_so() -> None:
    browser = Client(enforce_csrf_checks=True)
    for path in ("/", "/glossary/", "/search/", "/cookies/"):
        answer = browser.post(path, {"a": "b"})
        assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD"), path
    assert browser.post("/admin/login/", {"username": "x"}).status_code == 403


@pytest.mark.parametrize("asked", ["https://evil.example/", "//evil.example", "", "javascript:alert(1)"])
def test_signing_in_from_another_site_leads_to_the_front_page_of_the_admin(asked: str) -> None:
    person("ida", "Ida Moss")
    data = {"username": "ida", "password": "ida", "next": asked}
    answer = Client().post(f"/admin/login/?next={asked}", data)
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")
