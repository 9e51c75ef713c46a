"""The demonstration services at work: what a newcomer sees of the banner in the first minute."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.visiting import axe_violations
from tests.sites import Site

NAMES = ("Demonstration analytics", "Demonstration marketing", "Demonstration personalisation")
COOKIES = {"demo_analytics", "demo_marketing", "demo_personalization"}


def kept(page: Page) -> set[str]:
    return {cookie["name"] for cookie in page.context.cookies()} & COOKIES


def test_they_run_when_accepted_and_are_gone_when_withdrawn(new_site: Callable[..., Site], page: Page) -> None:
    site = new_site()
    site.add_person("operator", "Site operators")
    site.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from demo.services import ensure_services\n"
        f"assert ensure_services(site_url={site.url!r}, by=User.objects.get(), at=timezone.now())"
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    shown = page.locator("[data-demo-services]")
    page.goto(f"{site.url}/glossary/")
    page.locator("[data-consent-banner] [data-consent-reject]").click()
    expect(page.locator("[data-consent-banner]")).to_be_hidden()
    page.goto(f"{site.url}/cookies/")
    expect(shown).to_have_count(0)
    assert (kept(page), [url for url in asked if "localhost" in url]) == (set(), [])
    page.locator("main [data-consent-accept]").click()
    for name in NAMES:
        expect(shown.get_by_text(f"{name} is running")).to_be_visible()
    assert kept(page) == COOKIES
    assert axe_violations(page, part="[data-demo-services]") == []
    page.get_by_role("button", name="Withdraw my consent").click()
    expect(shown).to_have_count(0)
    assert kept(page) == set()
