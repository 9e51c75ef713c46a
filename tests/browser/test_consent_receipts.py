"""A visitor's way from her choice to the receipt, and what she does with it, with and without JavaScript."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.visiting import TIMEOUT, axe_violations, faults_of_any_look
from tests.sites import Site

pytestmark = pytest.mark.one_tab

RECEIPT = "/consent/receipt/"


def accept_all(page: Page, site: Site) -> None:
    page.goto(f"{site.url}/cookies/")
    page.get_by_role("button", name="Accept all").click()
    expect(page.get_by_text("Your choice is saved.")).to_be_visible()


def secret(page: Page) -> str:
    return page.locator(".choice-record__secret").inner_text()


def test_from_choice_to_receipt_to_withdrawal_to_erasure(site: Site, page: Page) -> None:
    accept_all(page, site)
    page.get_by_role("link", name="See the receipt of your choice").click()
    expect(page.get_by_text("accepted", exact=True)).to_have_count(3)
    first = secret(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download (JSON)").click()
    document = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert download.value.suggested_filename == "consent-receipt.json"
    assert document["dpv:hasIdentifier"] == first.replace(" ", "")

    page.locator("main").get_by_role("button", name="Withdraw my consent").click()
    expect(page.get_by_text("Withdrew")).to_be_visible()
    expect(page.get_by_text("refused", exact=True)).to_have_count(3)
    assert page.url == site.url + RECEIPT
    assert secret(page) != first

    page.get_by_label("A receipt that you wrote down").fill(first)
    page.get_by_role("button", name="Show the record").click()
    expect(page.get_by_text("Accepted all, on the preferences page")).to_be_visible()
    assert first.replace(" ", "") not in page.url

    page.goto(site.url + RECEIPT)
    page.get_by_text("Have this record erased").click()
    page.get_by_role("checkbox", name="I want this record erased permanently").check()
    page.get_by_role("button", name="Erase the record").click()
    expect(page.get_by_role("heading", name="What remains, and why")).to_be_visible()
    assert page.context.cookies() == []
    page.goto(site.url + RECEIPT)
    expect(page.get_by_text("This browser holds no receipt of a choice.")).to_be_visible()
    page.goto(f"{site.url}/cookies/")
    expect(page.get_by_text("You have not answered yet, so nothing optional runs.")).to_be_visible()


def test_a_receipt_is_accessible_fits_the_screen_and_is_printed_without_its_buttons(site: Site, page: Page) -> None:
    # Without a record it is made of a part of what it is made of with one.
    accept_all(page, site)
    site.manage("seal_consent_ledger")
    page.goto(site.url + RECEIPT)
    expect(page.get_by_label("Checkpoint")).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.locator(".choice-record__secret")).to_be_visible()
    expect(page.get_by_text("We use cookies to make this site work.").last).to_be_visible()
    for button in page.get_by_role("button").all():
        expect(button).to_be_hidden()
    page.emulate_media(media="screen")
    page.get_by_text("Have this record erased").click()
    assert faults_of_any_look(page, widths=(320,)) == []
    page.get_by_role("checkbox", name="I want this record erased").check()
    page.get_by_role("button", name="Erase the record").click()
    expect(page.get_by_role("heading", name="What was erased")).to_be_visible()
    assert faults_of_any_look(page, widths=(320,), dark=False, part="main") == []


def test_the_page_of_a_notice_is_accessible_and_fits_the_screen(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/consent/notices/")  # which test_pages.py looks at
    page.locator("main").get_by_role("link", name="Notice ").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Cookie notice")
    assert faults_of_any_look(page, widths=(320,), dark=False) == []


DESCRIBE = (
    "from cookie_consent.models import CookieGroup\n"
    "CookieGroup.objects.filter(varname='analytics').update(description='Follows you about the site.')"
)
BANNER = "[data-consent-banner]"


def test_a_material_change_asks_about_that_category_alone(new_site: Callable[..., Site], browser: Browser) -> None:
    site = new_site()
    site.add_person("olga", "Site operators")
    visitors = {button: browser.new_context(locale="en-GB").new_page() for button in ("accept", "reject")}
    for page in visitors.values():
        page.set_default_timeout(TIMEOUT)
        page.goto(f"{site.url}/glossary/")
        page.locator(f"{BANNER} summary").click()
        expect(page.locator(f"{BANNER} [data-consent-again]")).to_be_hidden()
        page.locator(f"{BANNER} [data-consent-category=marketing] input").check()
        page.locator(f"{BANNER} [data-consent-save]").click()
        expect(page.locator(BANNER)).to_be_hidden()

    site.python(DESCRIBE)
    site.manage("publish_notice", "--material", "--reason", "A new purpose", "--as", "olga")
    for page in visitors.values():
        page.goto(f"{site.url}/glossary/")
        expect(page.locator(BANNER)).to_be_visible()
        expect(page.get_by_text("you are asked about that alone").first).to_be_visible()
        expect(page.locator(f"{BANNER} [data-consent-category=analytics]")).to_be_visible()
        for answered in ("personalization", "marketing"):
            expect(page.locator(f"{BANNER} [data-consent-category={answered}]")).to_be_hidden()
    assert axe_violations(visitors["accept"], part=BANNER) == []
    # “Accept all” was all that was asked, and leaves the other answers as they were. “Reject all” refuses everything.
    for button, answer in (("accept", True), ("reject", False)):
        page = visitors[button]
        page.locator(f"{BANNER} [data-consent-{button}]").click()
        expect(page.locator(BANNER)).to_be_hidden()
        page.goto(f"{site.url}/cookies/")
        for category, kept in [("Analytics", answer), ("Personalisation", False), ("Marketing", answer)]:
            expect(page.get_by_role("checkbox", name=category)).to_be_checked(checked=kept)


def test_an_answer_in_another_language_holds_on_english_pages(new_site: Callable[..., Site], page: Page) -> None:
    site = new_site(CONSENT_LANGUAGES="en,de")
    site.add_person("olga", "Site operators")
    site.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from consent.notice import notices, wording\n"
        "from consent.actions import registry_entries, save_notice_text\n"
        "save_notice_text(language='de', words={key: text + ' (de)' for key, text in wording.TEXT.items()}, "
        "names={key: text + ' (de)' for key, _, text in notices.to_translate(registry_entries())}, "
        "by=User.objects.get(), at=timezone.now())"
    )
    site.manage("publish_notice", "--language", "de", "--material", "--reason", "Readers", "--as", "olga")
    page.goto(f"{site.url}/cookies/")
    page.get_by_role("navigation", name="Languages").get_by_role("link", name="Deutsch").click()
    assert axe_violations(page) == []
    page.get_by_role("checkbox", name="Analytics (de)").check()
    page.get_by_role("button", name="Save my choice (de)").click()
    expect(page.get_by_text("Your choice is saved. (de)")).to_be_visible()
    page.goto(f"{site.url}/glossary/")
    expect(page.locator(BANNER)).to_be_hidden()
    expect(page.get_by_role("button", name="Withdraw my consent")).to_be_visible()
