"""A reader stays where they are when a choice loads the page anew, also where its embedder policy changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.banner import BANNER, publish_services
from tests.browser.third_parties import remembering, serve
from tests.browser.visiting import wait_until
from tests.sites import Site

FILM = "<!doctype html><title>Film</title><p>The film plays."


@pytest.fixture(scope="module")
def site(new_site: Callable[..., Site]) -> Iterator[Site]:
    """A site with a film on one page."""
    with serve(remembering([], lambda path: ("text/html", FILM))) as port:
        site = new_site()
        film = {"name": "Film", "kind": "embed", "url": f"http://127.0.0.1:{port}/film", "pages": "/glossary/"}
        publish_services(site, film)
        yield site


def policy_of(page: Page) -> str:
    answer = page.request.get(page.url)
    return answer.headers["cross-origin-embedder-policy"]


def test_opening_an_embed_and_accepting_leave_the_reader_where_they_are(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 300})
    for button, focused in (("Show this", "iframe[title=Film]"), ("Accept all", "main")):
        # Away from the site: an open page follows its cookie, and would load anew.
        page.goto("about:blank")
        page.context.clear_cookies()
        page.goto(f"{site.url}/glossary/")
        expect(page.locator(BANNER)).to_be_visible()
        assert policy_of(page) == "credentialless"
        # As far down as the page still goes once the banner is gone.
        page.evaluate("scrollTo(0, 100)")
        page.get_by_role("button", name=button).evaluate("(pressed) => pressed.focus({ preventScroll: true })")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.frame_locator("iframe[title=Film]").get_by_text("The film plays.")).to_be_visible()
        assert policy_of(page) == "unsafe-none"
        expect(page.locator(focused)).to_be_focused()
        wait_until(page, "scrollY === 100")
        expect(page.get_by_role("status").get_by_text("Your choice is saved.")).to_be_attached()
        # Nothing of it stays behind, and a visit that was not interrupted begins as ever.
        assert page.evaluate("sessionStorage.length") == 0


def test_a_choice_holds_where_the_place_cannot_be_noted(site: Site, context: BrowserContext) -> None:
    page = context.new_page()
    page.route("**/kept*.js", lambda route: route.abort())
    page.goto(f"{site.url}/glossary/")
    page.get_by_role("button", name="Accept all").click()
    expect(page.frame_locator("iframe[title=Film]").get_by_text("The film plays.")).to_be_visible()
    page.get_by_role("button", name="Withdraw my consent").click()
    expect(page).to_have_url(f"{site.url}/cookies/?withdrawn")
    page.goto(f"{site.url}/glossary/")
    expect(page.get_by_role("button", name="Show this")).to_be_visible()
    expect(page.locator("iframe[title=Film]")).to_have_count(0)
