"""How a choice is sent: by a script, or as a form where a browser lacks something that the script needs."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.banner import BANNER, STORED, choose_on_banner, ran
from tests.browser.visiting import until
from tests.sites import Site


@pytest.mark.parametrize(
    "lacks",
    [
        "delete AbortSignal.timeout;",
        "{ const F = FormData; window.FormData = function (form) { return new F(form); }; }",
        "{ const P = URLSearchParams.prototype, {has} = P; P.has = function (name) { return has.call(this, name); }; }",
    ],
)
def test_a_browser_that_lacks_something_can_choose(tracked: Site, page: Page, lacks: str) -> None:
    page.add_init_script(lacks)
    page.goto(tracked.url + STORED)
    choose_on_banner(page, "save", "analytics")
    expect(page.locator("html")).to_have_attribute("data-analytics", "ran")
    assert ran(page) == {"analytics"}


@pytest.mark.parametrize(
    ("lacks", "button"),
    [("delete window.URLSearchParams;", "accept"), ("delete SubmitEvent.prototype.submitter;", "reject")],
)
def test_what_a_script_cannot_send_is_sent_as_a_form(
    tracked: Site, context: BrowserContext, lacks: str, button: str
) -> None:
    page = context.new_page()
    page.add_init_script(lacks)
    page.goto(tracked.url + STORED)
    with page.expect_navigation():
        page.locator(f"{BANNER} [data-consent-{button}]").click()
    expect(page.locator(BANNER)).to_be_hidden()
    assert bool(ran(page)) is (button == "accept")


def test_what_takes_long_is_not_said_to_have_failed_and_is_followed_when_it_arrives(tracked: Site, page: Page) -> None:
    held: list[Route] = []
    page.clock.install()
    page.goto(tracked.url + STORED)
    page.route("**/consent/", lambda route: held.append(route))
    page.locator(f"{BANNER} [data-consent-accept]").click()
    until(page, lambda: held, "sent")
    page.clock.fast_forward(18_000)
    expect(page.get_by_text("Your choice is still being saved.")).to_be_visible()
    expect(page.get_by_text("could not be saved")).to_be_hidden()
    assert ran(page) == set()
    with page.expect_navigation():
        held[0].continue_()
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")


def test_rejecting_while_an_acceptance_is_on_its_way_leaves_that_without_effect(tracked: Site, page: Page) -> None:
    held: list[Route] = []
    page.goto(tracked.url + STORED)
    page.route("**/consent/", lambda route: route.continue_() if held else held.append(route))
    page.locator(f"{BANNER} [data-consent-accept]").click()
    until(page, lambda: held, "sent")
    with page.expect_response("**/consent/"):
        page.locator(f"{BANNER} [data-consent-reject]").click()
    expect(page.locator(BANNER)).to_be_hidden()
    page.goto(tracked.url + STORED)
    expect(page.locator(BANNER)).to_be_hidden()
    assert ran(page) == set()


# As Chromium has it where its settings refuse cookies, and as browsers do that say so.
BLOCKED = [
    (
        "const refuse = () => { throw new DOMException('Access is denied for this document.', 'SecurityError'); };"
        "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get: refuse });"
    ),
    "Object.defineProperty(Navigator.prototype, 'cookieEnabled', { get: () => false });",
]


@pytest.mark.parametrize(("blocked", "path"), list(zip(BLOCKED, (STORED, "/cookies/"), strict=True)))
def test_where_no_cookie_is_kept_nothing_is_sent_and_the_visitor_is_told(
    tracked: Site, page: Page, blocked: str, path: str
) -> None:
    page.add_init_script(
        f"Object.defineProperty(Document.prototype, 'cookie', {{ get: () => '', set() {{}} }});{blocked}"
    )
    sent: list[str] = []
    failed: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.on("pageerror", lambda error: failed.append(error.message))
    page.goto(tracked.url + path)
    for button in ("accept", "reject"):
        page.locator(f"form:has([name=surface]) [data-consent-{button}]").click()
        expect(page.get_by_text("Your browser keeps no cookie of this site")).to_be_visible()
    assert (sent, failed, ran(page)) == ([], [], set())
