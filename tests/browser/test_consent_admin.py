"""The operators' desk in a real browser, under the admin's own policy."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Site, axe_violations, sign_in


@pytest.fixture(scope="module")
def desk(site: Site, browser: Browser) -> Iterator[Page]:
    """A site operator's page, signed in."""
    site.add_person("olga", "Site operators")
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    sign_in(page, site, "olga")
    yield page
    context.close()


def test_a_service_goes_from_the_form_over_the_notice_to_the_page(site: Site, desk: Page) -> None:
    desk.goto(f"{site.url}/admin/consent/service/add/")
    for label, value in [
        ("Name", "Page counter"),
        ("Recipient", "Example Ltd"),
        ("Purpose", "Counts how often pages are read."),
        ("Privacy policy", "https://example.org/privacy"),
        ("Script", "https://stats.example.org/counter.js"),
        ("Integrity", "sha384-" + base64.b64encode(b"x" * 48).decode()),
    ]:
        desk.get_by_label(label, exact=False).first.fill(value)
    desk.get_by_label("Category").select_option(label="Analytics")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("nothing changes for visitors")).to_be_visible()
    desk.get_by_role("link", name="Compare and publish a notice").click()
    expect(desk.get_by_text("sends to https://stats.example.org")).to_be_visible()
    assert axe_violations(desk) == []
    desk.get_by_label("What visitors agree to.").check()
    desk.get_by_label("Why?").fill("Statistics of use.")
    desk.get_by_role("button", name="Publish this notice").click()
    expect(desk.get_by_text("Notice 2 (en) is live.")).to_be_visible()
    visitor = desk.context.new_page()
    visitor.goto(f"{site.url}/glossary/")
    assert visitor.locator("template[data-consent-service='Page counter']").count() == 1
    visitor.close()


def test_the_preview_is_the_public_page_and_runs_nothing(site: Site, desk: Page) -> None:
    refused: list[str] = []
    desk.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    desk.goto(f"{site.url}/admin/consent/notice/preview/en/")
    for width in ("desktop", "phone"):
        banner = desk.frame_locator(f"iframe[title='Banner, {width}']")
        expect(banner.get_by_role("button", name="Reject all")).to_be_visible()
        assert banner.locator("[data-consent-banner]").evaluate("panel => getComputedStyle(panel).position") == "fixed"
        page = desk.frame_locator(f"iframe[title='Preferences page, {width}']")
        expect(page.get_by_role("heading", name="Detailed Cookie Preferences")).to_be_visible()
    assert desk.frame_locator("iframe[title='Banner, phone']").locator("body").evaluate("() => innerWidth") == 390
    assert refused == []


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize(
    "path",
    [
        "consent/notice/",
        "consent/notice/evidence/",
        "consent/notice/publish/",
        "consent/notice/1/change/",
        "consent/notice/preview/en/",
        "consent/noticetext/",
        "consent/noticetext/1/change/",
        "consent/consentrecord/",
        "consent/consentrecord/export/",
        "",
        "consent/checkpoint/",
        "consent/dailychoices/",
        "consent/service/",
        "consent/service/add/",
        "consent/service/1/change/",
        "cookie_consent/cookie/",
        "cookie_consent/cookie/add/",
        "cookie_consent/cookiegroup/",
        "cookie_consent/cookiegroup/2/change/",
    ],
)
def test_axe_finds_nothing_on_the_desk(site: Site, desk: Page, width: int, path: str) -> None:
    desk.set_viewport_size({"width": width, "height": 900})
    desk.goto(f"{site.url}/admin/{path}")
    assert axe_violations(desk) == []
