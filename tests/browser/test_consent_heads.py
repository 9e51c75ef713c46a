"""The page of signed heads, as whoever wants to check the ledger meets it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.visiting import faults_of_any_look
from tests.sites import Site

SEALED = """
from django.utils import timezone
from consent.actions import seal_ledger
from tests.consent.ledger import add_records
for count in (1, 300):
    add_records(count, at=timezone.now())
    seal_ledger(at=timezone.now())
"""


def test_heads_are_accessible_and_fit_a_phone(site: Site, page: Page) -> None:
    site.python(SEALED)
    page.goto(f"{site.url}/consent/heads/")
    expect(page.get_by_text("301 records", exact=True)).to_be_visible()
    assert faults_of_any_look(page, widths=(390,)) == []
    page.get_by_role("link", name="as plain notes").click()
    expect(page.locator("body")).to_contain_text("301")
