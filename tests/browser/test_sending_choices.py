"""How a choice is sent: by a script, or as a form where a browser lacks something that the script needs."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.banner import BANNER, STORED, choose_on_banner, ran
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


@pytest.mark.parametrize("lacks", ["delete window.URLSearchParams;", "delete SubmitEvent.prototype.submitter;"])
@pytest.mark.parametrize("button", ["accept", "reject"])
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
