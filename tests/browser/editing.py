"""The term form, as editors meet it in a browser."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.sites import Site

REPORT_REFUSALS = (
    "addEventListener('securitypolicyviolation', (event) => console.error('CSP', event.violatedDirective))"
)


def open_term(page: Page, desk: Site, title: str) -> None:
    page.goto(f"{desk.url}/admin/glossary/term/")
    page.get_by_role("link", name=title, exact=True).click()
    wait_for_editors(page)


def wait_for_editors(page: Page) -> None:
    expect(page.locator(".ProseMirror[aria-labelledby]")).to_have_count(3)
