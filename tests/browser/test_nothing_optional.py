"""A site that runs nothing optional, as visitors meet it: no banner, and a way to withdraw what they once accepted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.banner import BANNER, choose_on_banner
from tests.browser.visiting import faults_of_any_look
from tests.sites import Site

NOTHING = "There is nothing to choose: this site runs nothing optional at present."


@pytest.fixture(scope="module")
def site(new_site: Callable[..., Site]) -> Site:
    return new_site(CONSENT_TRIAL="0")


def test_nobody_is_asked_and_an_old_consent_can_be_withdrawn(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/glossary/")
    choose_on_banner(page, "accept")  # under the first notice, which asks about all
    site.add_person("olga", "Site operators")
    site.python(
        "from cookie_consent.models import Cookie\n"
        "from consent.models import NoticeText\n"
        "Cookie.objects.filter(cookiegroup__is_required=False).delete()\n"
        "text = NoticeText.objects.get()\n"
        "text.words['controller'] = 'A Hospital'\n"
        "text.save()"
    )
    site.manage("publish_notice", "--not-material", "--reason", "Nothing optional", "--as", "olga")
    page.goto(f"{site.url}/glossary/")
    expect(page.locator(BANNER)).to_have_count(0)
    page.get_by_role("link", name="Cookie preferences").click()
    expect(page.get_by_text(NOTHING)).to_be_visible()
    assert faults_of_any_look(page, widths=(320,), dark=False) == []
    page.get_by_role("button", name="Withdraw my consent").click()
    page.wait_for_url("**/cookies/?withdrawn")
    expect(page.get_by_text("Your consent is withdrawn")).to_be_visible()
    expect(page.get_by_role("button", name="Withdraw my consent")).to_have_count(0)
