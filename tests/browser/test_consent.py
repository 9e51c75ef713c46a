"""Consent in a real browser: what runs, what is refused, and what a visitor sees, in every state of her choice."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.banner import BANNER, RECEIPT, STORED, Tracker, choose_on_banner, ran, withdraw
from tests.browser.visiting import MOVED, faults_of_any_look
from tests.sites import Site

pytestmark = pytest.mark.one_tab


def test_the_banner_is_answered_on_a_page_of_any_address(site: Site, page: Page) -> None:
    for address in ("/search/?q=" + "x" * 3_000, "/nowhere/" + "x" * 3_000, "/search/?" + "&" * 2_000):
        page.context.clear_cookies()
        page.goto(site.url + address)
        choose_on_banner(page, "reject")


def test_untouched_or_rejected_nothing_is_asked_of_the_tracker_and_a_refusal_is_not_asked_again(
    tracked: Site, tracker: Tracker, page: Page
) -> None:
    tracker.forget()
    page.goto(f"{tracked.url}/cookies/")
    page.goto(f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_visible()
    assert page.locator("script[integrity]").count() == 0
    assert (ran(page), tracker.asked, page.context.cookies()) == (set(), [], [])
    choose_on_banner(page, "reject")
    page.goto(f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_hidden()
    assert (ran(page), tracker.asked) == (set(), [])
    page.goto(tracked.url + RECEIPT)
    expect(page.get_by_text("Rejected all")).to_be_visible()


def test_analytics_only_leaves_marketing_closed(tracked: Site, tracker: Tracker, page: Page) -> None:
    tracker.forget()
    page.goto(f"{tracked.url}{STORED}")
    choose_on_banner(page, "save", "analytics")
    expect(page.locator("html")).to_have_attribute("data-analytics", "ran")
    page.goto(f"{tracked.url}{STORED}")
    assert ran(page) == {"analytics"}
    assert set(tracker.asked) == {"/analytics.js", "/beacon/analytics"}


def test_a_cookie_that_answers_another_question_opens_nothing_and_asks(
    tracked: Site, tracker: Tracker, page: Page
) -> None:
    tracker.forget()
    # What else a cookie may say is read in test_reading_cookies.py, and by the site in test_cookie_headers.py.
    for cookie in (
        "analytics=9999|personalization=9999|marketing=9999|notice=9999",
        "analytics=-1|personalization=-1|marketing=-1|notice=1.old",
    ):
        page.goto("about:blank")  # a page that is open follows its cookie
        page.context.clear_cookies()
        page.context.add_cookies([{"name": "consent_choice", "value": f'"{cookie}"', "url": tracked.url}])
        page.goto(f"{tracked.url}{STORED}")
        expect(page.locator(BANNER), cookie).to_be_visible()
        assert (ran(page), tracker.asked) == (set(), []), cookie


PASTE = """() => new Promise((resolve) => {
    const {content} = document.querySelector("[data-consent-service='marketing.marketing-service']");
    const pasted = content.cloneNode(true);
    const script = document.importNode(pasted, true).querySelector("script");
    document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
    script.addEventListener("load", () => resolve("loaded"));
    document.body.append(script);
})"""


def test_a_pasted_tracker_is_refused_by_the_policy_of_everybody_but_those_who_opened_it(
    tracked: Site, tracker: Tracker, page: Page
) -> None:
    """A live tag of a tracker in the page, as if an editor had got it past every other fence."""
    tracker.forget()
    page.goto(f"{tracked.url}{STORED}")
    assert page.evaluate(PASTE) == "script-src-elem"
    choose_on_banner(page, "save", "analytics")
    expect(page.locator("html")).to_have_attribute("data-analytics", "ran")
    assert page.evaluate(PASTE) == "script-src-elem"
    assert "/marketing.js" not in tracker.asked
    page.goto("about:blank")  # a page that is open follows its cookie
    page.context.clear_cookies()
    page.goto(f"{tracked.url}{STORED}")
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")
    assert page.evaluate(PASTE) == "loaded"


def test_without_javascript_the_preferences_page_and_the_receipt_do_everything(tracked: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_hidden()
    page.get_by_role("link", name="Manage your preferences").click()
    expect(page.get_by_role("heading", name="Detailed Cookie Preferences")).to_be_visible()
    assert context.cookies() == []
    page.get_by_role("checkbox", name="Analytics").check()
    page.get_by_role("button", name="Save my choice").click()
    expect(page.get_by_text("Your choice is saved.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Analytics")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Marketing")).not_to_be_checked()
    page.get_by_role("button", name="Reject all").click()
    expect(page.get_by_text("You refused everything optional.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Analytics")).not_to_be_checked()
    page.get_by_role("link", name="See the receipt of your choice").click()
    expect(page.get_by_text("Withdrew")).to_be_visible()
    with page.expect_download():
        page.get_by_role("button", name="Download (JSON)").click()
    page.get_by_text("Have this record erased").click()
    page.get_by_role("checkbox", name="I want this record erased permanently").check()
    page.get_by_role("button", name="Erase the record").click()
    expect(page.get_by_role("heading", name="What remains, and why")).to_be_visible()
    assert context.cookies() == []
    context.close()


def test_accepted_runs_both_and_withdrawing_takes_one_press_on_any_page_as_accepting_did(
    tracked: Site, tracker: Tracker, page: Page
) -> None:
    page.goto(f"{tracked.url}{STORED}")
    withdrawal = page.get_by_role("button", name="Withdraw my consent")
    expect(withdrawal).to_be_hidden()
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")
    page.goto(f"{tracked.url}/?from=elsewhere")
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")
    assert ran(page) == {"analytics", "marketing"}
    withdraw(page)
    expect(page.get_by_text("Your consent is withdrawn")).to_be_visible()
    expect(page.get_by_role("status").get_by_text("we cannot erase")).to_be_visible()
    tracker.forget()
    page.goto(f"{tracked.url}{STORED}")
    expect(withdrawal).to_be_hidden()
    assert (ran(page), tracker.asked) == (set(), [])
    page.goto(tracked.url + RECEIPT)
    expect(page.get_by_text("Withdrew")).to_be_visible()


def test_a_choice_that_cannot_be_saved_opens_nothing_and_says_so(tracked: Site, tracker: Tracker, page: Page) -> None:
    def fail(route: Route) -> None:
        if failure == "offline":
            route.abort()
        elif failure == "outdated":
            route.continue_(post_data=(route.request.post_data or "").replace("notice=", "notice=0"))
        else:
            route.fulfill(status=503 if failure == "503" else 500, body="<p>Not JSON</p>")

    tracker.forget()
    for failure in ("503", "offline", "nonsense", "outdated"):
        page.goto(f"{tracked.url}{STORED}")
        assert (ran(page), tracker.asked) == (set(), []), f"before {failure}"
        page.route("**/consent/", fail)
        page.locator("[data-consent-accept]").click()
        status = page.locator(f"{BANNER} [data-consent-status]")
        expect(status, failure).not_to_be_empty()
        expect(status, failure).to_be_visible()
        assert "Nothing" in status.inner_text() or "notice" in status.inner_text(), failure
        expect(page.locator(BANNER), failure).to_be_visible()
        assert page.context.cookies() == [], failure
        page.unroute("**/consent/")
    page.goto(f"{tracked.url}{STORED}")
    assert (ran(page), tracker.asked) == (set(), [])
    choose_on_banner(page, "accept")


def test_rejecting_is_as_easy_as_accepting(tracked: Site, page: Page) -> None:
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{tracked.url}{STORED}")
        looks = [
            page.locator(f"{BANNER} [data-consent-{name}]").evaluate(
                "element => { const box = element.getBoundingClientRect(), style = getComputedStyle(element);"
                "return [element.tagName, box.width, box.height, box.top, style.font, style.color,"
                "style.backgroundColor, style.border] }"
            )
            for name in ("reject", "accept")
        ]
        assert looks[0] == looks[1]
        assert looks[0][2] >= 44


def test_the_banner_is_first_in_tab_order_moves_nothing_and_leaves_focus_in_the_page(
    tracked: Site, context: BrowserContext
) -> None:
    page = context.new_page()
    page.add_init_script(MOVED)
    page.goto(f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_visible()
    assert page.evaluate("moved") == []
    page.keyboard.press("Tab")
    assert page.evaluate(f"document.activeElement.closest('{BANNER}') !== null")
    page.keyboard.press("Escape")
    expect(page.locator(BANNER)).to_be_visible()
    choose_on_banner(page, "reject")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"
    assert page.evaluate("moved") == []


def test_a_choice_in_one_tab_closes_the_banner_in_another(tracked: Site, context: BrowserContext) -> None:
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        page.goto(f"{tracked.url}{STORED}")
    choose_on_banner(second, "reject")
    first.bring_to_front()
    first.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    expect(first.locator(BANNER)).to_be_hidden()


# As blockers hide banners: by a style that no page's policy has a say in.
HIDE_BANNER = f"""
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("{BANNER} {{ display: none !important }}");
    document.adoptedStyleSheets.push(sheet);
"""


@pytest.mark.parametrize("blocked", ["banner", "module"])
def test_a_blocker_opens_nothing_and_leaves_the_preferences(
    tracked: Site, tracker: Tracker, context: BrowserContext, blocked: str
) -> None:
    page = context.new_page()
    tracker.forget()
    if blocked == "banner":
        page.add_init_script(HIDE_BANNER)
    else:
        page.route("**/consent/consent.*js", lambda route: route.abort())
    page.goto(f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_hidden()
    assert (ran(page), tracker.asked, page.context.cookies()) == (set(), [], [])
    page.get_by_role("link", name="Cookie preferences", exact=True).click()
    page.get_by_role("checkbox", name="Analytics").check()
    page.get_by_role("button", name="Save my choice").click()
    expect(page.get_by_text("Your choice is saved.")).to_be_visible()
    page.goto(f"{tracked.url}{STORED}")
    # Hiding the banner breaks nothing; without the module nothing is ever started.
    assert ran(page) == ({"analytics"} if blocked == "banner" else set())
    assert "/marketing.js" not in tracker.asked


def test_the_banner_and_its_pages_are_accessible_and_fit_the_screen(tracked: Site, page: Page) -> None:
    page.goto(f"{tracked.url}{STORED}")
    page.locator(f"{BANNER} summary").click()
    assert faults_of_any_look(page, part=BANNER) == []
    choose_on_banner(page, "accept")
    page.goto(f"{tracked.url}/cookies/?saved")
    # Without services and an answer, test_pages.py looks at it in every look.
    assert faults_of_any_look(page, widths=(320,), dark=False) == []


COVERED = """(banner) => {
    const panel = banner.getBoundingClientRect();
    const box = document.activeElement.getBoundingClientRect();
    return !banner.contains(document.activeElement) && box.top >= panel.top && box.height > 0;
}"""


def test_on_small_screens_both_buttons_are_in_sight_and_nothing_in_focus_is_covered(site: Site, page: Page) -> None:
    banner = page.locator(BANNER)
    for width, height in ((320, 256), (320, 568), (1280, 256)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(site.url + STORED)
        expect(banner).to_be_visible()
        for button in ("reject", "accept"):
            expect(page.locator(f"{BANNER} [data-consent-{button}]")).to_be_in_viewport(ratio=1)
    page.set_viewport_size({"width": 320, "height": 568})
    page.emulate_media(reduced_motion="reduce")  # no scrolling that is still under way
    seen = set()
    for _ in range(200):
        page.keyboard.press("Tab")
        focus = page.evaluate("document.activeElement.outerHTML")
        if focus in seen and focus.startswith("<body"):
            break
        seen.add(focus)
        assert not banner.evaluate(COVERED), focus
    # The text behind the buttons scrolls, and what is in it can be reached.
    page.set_viewport_size({"width": 320, "height": 256})
    page.locator(f"{BANNER} summary").focus()
    expect(page.locator(f"{BANNER} summary")).to_be_in_viewport(ratio=1)
