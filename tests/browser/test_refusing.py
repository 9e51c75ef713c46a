"""A refusal holds in the browser from the press on, and what visitors are told is what is so."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.banner import BANNER, STORED, Tracker, choose_on_banner, ran
from tests.browser.visiting import axe_violations, until, wait_until
from tests.sites import Site

pytestmark = pytest.mark.one_tab

UNRECORDED = "[data-consent-unrecorded]"
RECORDS = (
    "from consent.models import ConsentRecord as R\nprint(*R.objects.order_by('pk').values_list('action', flat=True))"
)
AWAY = (
    "from django.db import connection\nconnection.cursor().execute('ALTER TABLE consent_consentrecord RENAME TO away')"
)
BACK = (
    "from django.db import connection\nconnection.cursor().execute('ALTER TABLE away RENAME TO consent_consentrecord')"
)
PUBLISH = """
from django.contrib.auth.models import User
from django.utils import timezone
from cookie_consent.models import CookieGroup
from consent.actions import publish_notice
CookieGroup.objects.filter(varname='marketing').update(description={!r})
publish_notice(by=User.objects.get(), at=timezone.now(), material=True, reason='Another purpose')
"""


def records(site: Site) -> list[str]:
    return site.python(RECORDS).split()


def accept(page: Page, site: Site) -> None:
    page.goto(f"{site.url}{STORED}")
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")


def cookie(context: BrowserContext) -> str:
    return next((each["value"].strip('"') for each in context.cookies() if each["name"] == "consent_choice"), "")


def test_withdrawing_while_the_record_cannot_be_written_closes_says_so_and_is_recorded_on_the_next_page(
    tracked: Site, tracker: Tracker, page: Page
) -> None:
    before = len(records(tracked))
    accept(page, tracked)
    tracked.python(AWAY)
    try:
        page.get_by_role("button", name="Withdraw my consent").click()
        expect(page.get_by_role("heading", name="Your refusal holds")).to_be_visible()
        expect(page.get_by_role("main").get_by_text("It could not be recorded yet")).to_be_visible()
        assert cookie(page.context).startswith("refused=preferences.")
        tracker.forget()
        page.goto(f"{tracked.url}{STORED}")
        # It was tried again, and said again.
        expect(page.locator(UNRECORDED)).to_be_visible()
        expect(page.locator(BANNER)).to_be_hidden()
        assert axe_violations(page, part=UNRECORDED) == []
        assert (ran(page), tracker.asked) == (set(), [])
    finally:
        tracked.python(BACK)
    assert records(tracked)[before:] == ["accept_all"]
    with page.expect_response("**/consent/"):
        page.goto(f"{tracked.url}{STORED}")
    wait_until(page, "!document.cookie.includes('refused=')")
    expect(page.locator(UNRECORDED)).to_be_hidden()
    expect(page.locator(BANNER)).to_be_hidden()
    assert records(tracked)[before:] == ["accept_all", "withdraw"]


def test_refusing_on_the_preferences_page_holds_while_the_site_is_out_of_reach(
    tracked: Site, tracker: Tracker, context: BrowserContext
) -> None:
    page = context.new_page()
    accept(page, tracked)
    before = len(records(tracked))
    page.goto(f"{tracked.url}/cookies/")
    page.evaluate("document.cookie = 'seen=1'")
    page.route("**/consent/", lambda route: route.abort())
    page.locator("[data-consent-reject]").click()
    page.wait_for_url("chrome-error://**")
    page.unroute("**/consent/")
    tracker.forget()
    page.goto(f"{tracked.url}{STORED}")
    assert (ran(page), tracker.asked) == (set(), [])
    expect(page.locator(BANNER)).to_be_hidden()
    # It may be on its way for a minute. After that it is sent again.
    assert records(tracked)[before:] == []
    page.clock.install()
    page.clock.fast_forward(61_000)
    with page.expect_response("**/consent/"):
        page.goto(f"{tracked.url}{STORED}")
    until(page, lambda: records(tracked)[before:] == ["withdraw"], "recorded")


def test_rejecting_on_the_banner_holds_whatever_is_answered(tracked: Site, tracker: Tracker, page: Page) -> None:
    def fail(route: Route) -> None:
        route.abort() if failure == "offline" else route.fulfill(status=503, body="<p>Not JSON</p>")

    accept(page, tracked)
    # Asked again about one category, while the other runs.
    asked_again = marketing_unanswered(cookie(page.context))
    for failure in ("503", "offline"):
        page.goto("about:blank")  # a page that is open follows its cookie
        page.context.add_cookies([{"name": "consent_choice", "value": asked_again, "url": tracked.url}])
        page.goto(f"{tracked.url}{STORED}")
        expect(page.locator("html")).to_have_attribute("data-analytics", "ran")
        page.route("**/consent/", fail)
        page.locator(f"{BANNER} [data-consent-reject]").click()
        expect(page.locator("html"), failure).not_to_have_attribute("data-analytics", "ran")
        expect(page.locator(UNRECORDED), failure).to_be_visible()
        expect(page.locator(BANNER), failure).to_be_hidden()
        page.unroute("**/consent/")
        tracker.forget()
        with page.expect_response("**/consent/"):
            page.goto(f"{tracked.url}{STORED}")
        assert (ran(page), tracker.asked) == (set(), []), failure
        wait_until(page, "!document.cookie.includes('refused=')")


def marketing_unanswered(value: str) -> str:
    return "|".join(part for part in value.split("|") if not part.startswith("marketing="))


def test_what_was_kept_is_erased_at_the_press(tracked: Site, page: Page) -> None:
    accept(page, tracked)
    page.evaluate("localStorage.setItem('glossary-theme', 'dark')")
    erased = page.evaluate(
        """() => {
            const [unit] = document.querySelectorAll("template[data-consent-erase]");
            const [[store, name]] = JSON.parse(unit.dataset.consentErase);
            window[store].setItem(name, "kept");
            const form = document.querySelector("[data-consent-withdrawal]");
            form.addEventListener("submit", (event) => event.preventDefault());
            form.querySelector("button").click();
            return window[store].getItem(name);
        }"""
    )
    assert erased is None


def test_a_notice_that_has_changed_meanwhile_keeps_nobody_from_refusing_and_is_shown_to_who_accepts(
    tracked: Site, tracker: Tracker, page: Page
) -> None:
    accept(page, tracked)
    other = page.context.new_page()
    other.goto(f"{tracked.url}/cookies/")
    tracked.python(PUBLISH.format("Advertises on other sites, too."))
    other.get_by_role("button", name="Reject all").click()
    expect(other.get_by_text("Your choice is saved.").or_(other.get_by_text("Something has changed"))).to_be_visible()
    tracker.forget()
    other.goto(f"{tracked.url}{STORED}")
    assert (ran(other), tracker.asked) == (set(), [])
    assert records(tracked)[-1] == "withdraw"
    # Accepting what is no longer asked leads to what is.
    tracked.python(PUBLISH.format("Advertises everywhere."))
    other.locator(f"{BANNER} [data-consent-accept]").click()
    other.wait_for_url("**/cookies/?changed")
    expect(other.get_by_text("Please read it again")).to_be_visible()
    expect(other.get_by_text("Advertises everywhere.").first).to_be_visible()
    assert not other.evaluate("document.documentElement.dataset.consent.includes('marketing')")
