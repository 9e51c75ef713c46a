"""The previews of automatic links in a real browser, and what a new name would link at the desk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, Route, expect

from tests.browser.visiting import TIMEOUT, axe_violations, faults_of_any_look, rest, sign_in, until
from tests.sites import Site

TERMS = """
from datetime import UTC, datetime
from django.contrib.auth.models import User
from glossary.actions import publish_term, save_terms
from glossary.document.parsing import parse_document
from glossary.models import Program
by, at = User.objects.get(username="edith"), datetime(2026, 3, 2, 12, tzinfo=UTC)
filler = "<p>" + "Some more words of a long text. " * 60 + "</p>"
documents = [
    {"title": "Progesterone", "definition": "<p>A hormone of the luteal phase, told in a sentence or two.</p>"
     + filler + "<p>It ripens the endometrium at last.</p>"},
    {"title": "Luteal phase", "definition": "<p>The time after ovulation &amp; before bleeding.</p>"},
    {"title": "Endometrium", "definition": "<p>" + "The lining of the uterus, in many words. " * 20 + "</p>"},
]
for saved in save_terms(documents=list(map(parse_document, documents)), by=by, at=at):
    publish_term(term=saved.term, by=Program("Test"), at=at, emergency=True, reason="Test")
"""
# Longer than a card takes to open or to close, in milliseconds.
LONG = 2_000


@pytest.fixture(scope="module")
def glossary(site: Site) -> Site:
    site.add_person("edith", "Clinical editors")
    site.python(TERMS)
    return site


@pytest.fixture
def reading(glossary: Site, page: Page) -> Page:
    page.clock.install()  # cards open and close after a while, which a test lets pass at once
    page.goto(f"{glossary.url}/glossary/progesterone/")
    return page


@pytest.fixture
def phone(glossary: Site, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.goto(f"{glossary.url}/glossary/progesterone/")
    refuse_cookies(page)
    yield page
    context.close()


def refuse_cookies(page: Page) -> None:
    """The banner would lie over what a test points at."""
    banner = page.locator("[data-consent-reject]")
    if banner.count() and banner.is_visible():
        banner.click()
        expect(banner).to_be_hidden()


def link(page: Page, words: str = "luteal phase") -> Locator:
    return page.locator("a.term-link", has_text=words)


def card(page: Page) -> Locator:
    return page.locator("#term-card:popover-open")


def is_on_screen(page: Page) -> bool:
    box = card(page).bounding_box()
    size = page.viewport_size
    assert box
    assert size
    return bool(
        box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size["width"]
        and box["y"] + box["height"] <= size["height"]
    )


def test_a_link_that_is_pointed_at_shows_what_it_leads_to_without_asking_the_server(reading: Page) -> None:
    asked: list[str] = []
    # Browsers ask for the site's icon when they like.
    reading.on("request", lambda request: asked.append(request.url) if "/static/icon." not in request.url else None)
    link(reading).hover()
    expect(card(reading)).to_contain_text("The time after ovulation & before bleeding.")
    expect(card(reading)).to_contain_text("Luteal phase")
    assert is_on_screen(reading)
    # With a mouse, the link itself is at hand.
    expect(card(reading).get_by_role("link")).to_be_hidden()
    assert asked == []
    link(reading).click()
    reading.wait_for_url("**/glossary/luteal-phase/")


def test_the_card_follows_the_pointer_leaves_with_it_and_with_escape_and_is_not_printed(reading: Page) -> None:
    link(reading).hover()
    card(reading).hover()
    reading.clock.fast_forward(LONG)
    expect(card(reading), "while the pointer is on the card").to_be_visible()
    reading.mouse.move(2, 2)
    expect(card(reading), "once it has left both").to_have_count(0)

    link(reading).hover()
    reading.mouse.move(2, 2)
    reading.clock.fast_forward(LONG)
    expect(card(reading), "where the pointer only passed").to_have_count(0)

    link(reading).hover()
    expect(card(reading)).to_be_visible()
    reading.keyboard.press("Escape")
    expect(card(reading)).to_have_count(0)
    reading.clock.fast_forward(LONG)
    expect(card(reading), "the pointer is where it was").to_have_count(0)

    reading.mouse.move(2, 2)
    link(reading).hover()
    expect(card(reading)).to_be_visible()
    reading.emulate_media(media="print")
    expect(reading.locator("#term-card")).to_be_hidden()


def test_keyboard_focus_shows_the_card_and_describes_the_link(reading: Page) -> None:
    refuse_cookies(reading)
    reading.keyboard.press("Tab")
    while not reading.evaluate("document.activeElement.matches('a.term-link')"):
        reading.keyboard.press("Tab")
    expect(card(reading)).to_be_visible()
    assert link(reading).get_attribute("aria-describedby") == "term-card"
    # It stays for as long as the focus does, also when a pointer comes and goes.
    link(reading).hover()
    reading.mouse.move(2, 2)
    reading.clock.fast_forward(LONG)
    expect(card(reading)).to_be_visible()
    reading.keyboard.press("Escape")
    expect(card(reading)).to_have_count(0)
    assert reading.evaluate("document.activeElement.textContent") == "luteal phase"
    assert link(reading).get_attribute("aria-describedby") is None
    reading.keyboard.press("Tab")
    expect(card(reading)).to_contain_text("The lining of the uterus")
    # The focus scrolls the page, and the card finds another place: above a link at the bottom of the screen.
    until(reading, lambda: is_on_screen(reading), "the card is on the screen")
    reading.keyboard.press("Tab")
    expect(card(reading)).to_have_count(0)


def test_a_script_that_comes_late_leaves_the_card_of_a_reader_who_went_on(reading: Page) -> None:
    held: list[Route] = []
    reading.route("**/glossary/print*.js", lambda route: held.append(route))
    refuse_cookies(reading)
    while not link(reading).evaluate("link => link === document.activeElement"):
        reading.keyboard.press("Tab")
    expect(card(reading)).to_be_visible()
    until(reading, lambda: held, "the focus passed the button that prints, which asked for its script")
    with reading.expect_response("**/glossary/print*.js"):
        held[0].continue_()
    rest(reading)
    reading.clock.fast_forward(LONG)
    expect(card(reading)).to_be_visible()


def test_the_first_tap_shows_the_card_and_the_second_follows_the_link(phone: Page) -> None:
    link(phone).tap()
    expect(card(phone)).to_contain_text("The time after ovulation")
    assert is_on_screen(phone)
    assert phone.evaluate("document.documentElement.scrollWidth") == 320
    phone.get_by_role("heading", level=1).tap()
    expect(card(phone)).to_have_count(0)
    link(phone).tap()
    expect(card(phone)).to_be_visible()
    link(phone).tap()
    phone.wait_for_url("**/glossary/luteal-phase/")


def test_the_card_of_a_tap_leads_on(phone: Page) -> None:
    link(phone, "endometrium").tap()
    card(phone).get_by_role("link", name="Read the entry").tap()
    phone.wait_for_url("**/glossary/endometrium/")


def test_from_right_to_left_the_card_stays_on_the_screen_and_in_its_own_direction(glossary: Site, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 700})
    page.goto(f"{glossary.url}/ar/glossary/progesterone/")
    refuse_cookies(page)
    link(page).hover()
    expect(card(page)).to_be_visible()
    assert is_on_screen(page)
    assert card(page).locator("[lang='en-GB'][dir='ltr']").count() == 1


def test_without_scripts_and_on_paper_links_are_links_and_no_card_is_there(glossary: Site, browser: Browser) -> None:
    context: BrowserContext = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{glossary.url}/glossary/progesterone/")
    link(page).hover()
    assert page.locator(".term-card").count() == 0
    link(page).click()
    assert page.url.endswith("/glossary/luteal-phase/")
    context.close()


def test_browsers_without_anchors_place_the_card_by_measure(glossary: Site, page: Page) -> None:
    # What such a browser answers, and how it lays out: without the rules that it doesn't know.
    page.add_init_script(
        "const supports = CSS.supports.bind(CSS);"
        "CSS.supports = (query, ...rest) => !String(query).includes('anchor') && supports(query, ...rest)"
    )
    page.goto(f"{glossary.url}/glossary/progesterone/")
    link(page).hover()
    expect(card(page)).to_be_visible()
    top = page.evaluate("getComputedStyle(document.querySelector('#term-card')).getPropertyValue('--card-top')")
    left = page.evaluate("getComputedStyle(document.querySelector('#term-card')).getPropertyValue('--card-left')")
    box = link(page).bounding_box()
    assert box
    assert float(top.removesuffix("px")) == pytest.approx(box["y"] + box["height"] + 8, abs=2)
    assert float(left.removesuffix("px")) == pytest.approx(box["x"], abs=2)


def test_axe_finds_nothing_on_a_page_with_an_open_card(glossary: Site, page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 900})
    page.goto(f"{glossary.url}/glossary/progesterone/")
    link(page).hover()
    expect(card(page)).to_be_visible()
    assert faults_of_any_look(page, widths=(390,), strict=True) == []
    expect(card(page)).to_be_visible()


def test_the_form_shows_what_a_new_name_would_link_and_keeps_it_plain_on_request(glossary: Site, page: Page) -> None:
    sign_in(page, glossary, "edith")
    page.goto(f"{glossary.url}/admin/glossary/term/add/")
    page.get_by_label("Title").fill("Words")
    page.get_by_label("Title").press("Tab")
    panel = page.locator("[data-impact]")
    expect(panel).to_contain_text("2 links on 2 pages")
    panel.locator("summary").click()
    expect(panel.locator("mark").first).to_have_text("words")
    assert axe_violations(page, part="[data-impact]") == []
    panel.get_by_role("button", name="Don’t link “Words”").click()
    expect(page.locator("#id_unlinked")).to_be_checked()
    expect(panel.get_by_role("button", name="Link “Words”", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_text("Add another Synonym").click()
    page.locator("#id_synonyms-0-text").fill("long text")
    page.locator("#id_synonyms-0-text").press("Tab")
    expect(panel.get_by_role("button", name="Don’t link “long text”")).to_be_visible()
    panel.get_by_role("button", name="Don’t link “long text”").click()
    expect(page.locator("#id_synonyms-0-unlinked")).to_be_checked()
