"""The search box in a real browser: suggestions by keyboard, mouse and touch, and the form without any of it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.visiting import faults_of_any_look, wait_until
from tests.sites import Site

pytestmark = pytest.mark.one_tab

TERMS = """
from datetime import UTC, datetime
from django.contrib.auth.models import User
from glossary.actions import publish_terms, save_terms
from glossary.document.parsing import parse_document
from glossary.models import Program
by, at = User.objects.create_user("search"), datetime(2026, 3, 2, 12, tzinfo=UTC)
documents = [parse_document(data) for data in [
    {"title": "Luteal phase", "definition": "<p>The second half of the cycle.</p>", "tags": ["cycle"]},
    {"title": "Luteal phase deficiency", "definition": "<p>Too little progesterone.</p>", "tags": ["cycle", "care"]},
    {"title": "Progesterone support", "definition": "<p>In the luteal phase.</p>", "tags": ["care"],
     "synonyms": [{"text": "Luteal support"}]},
    {"title": "Menopause", "definition": "<p>The end of menstruation.</p>"},
]]
terms = [saved.term for saved in save_terms(documents=documents, by=by, at=at)]
publish_terms(terms=terms, by=Program("Test"), at=at, emergency=True, reason="Test")
"""


@pytest.fixture(scope="module", autouse=True)
def glossary(site: Site) -> None:
    site.python(TERMS)


def options(page: Page) -> list[str]:
    return [option.inner_text().replace("\n", " ") for option in page.get_by_role("option").all()]


def test_names_are_suggested_and_chosen_by_keyboard(site: Site, page: Page) -> None:
    page.goto(site.url)
    page.keyboard.press("/")
    box = page.get_by_role("combobox")
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-expanded", "false")
    box.press_sequentially("lut")
    expect(page.get_by_role("option")).to_have_count(3)
    assert options(page) == ["Luteal phase", "Luteal phase deficiency", "Luteal support Progesterone support"]
    expect(box).to_have_attribute("aria-expanded", "true")
    expect(page.locator("[data-search-status]")).to_have_text("Suggestions: 3")
    chosen = page.get_by_role("option", selected=True)
    for key, number in [("ArrowDown", 0), ("ArrowDown", 1), ("End", 2), ("Home", 0), ("ArrowUp", None), ("ArrowUp", 2)]:
        box.press(key)
        expect(chosen).to_have_count(0 if number is None else 1)
        if number is not None:
            expect(page.get_by_role("option").nth(number)).to_have_attribute("aria-selected", "true")
            active = box.get_attribute("aria-activedescendant")
            assert active == page.get_by_role("option").nth(number).get_attribute("id")
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("lut")
    box.press("ArrowDown")
    expect(page.get_by_role("option")).to_have_count(3)
    box.press("End")
    assert not box.get_attribute("aria-activedescendant")
    box.press("ArrowDown")
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/glossary/luteal-phase-deficiency/")
    # Wherever else there is a box.
    for path in ("/search/", "/glossary/menopause/", "/nowhere/"):
        page.goto(site.url + path)
        page.keyboard.press("/")
        expect(box, path).to_be_focused()
        box.press_sequentially("lut")
        expect(page.get_by_role("option"), path).to_have_count(3)
        box.press("ArrowDown")
        box.press("Enter")
        page.wait_for_url("**/glossary/luteal-phase/")


def test_the_open_list_is_accessible_and_fits_the_screen(site: Site, page: Page) -> None:
    # In the middle of a page, in its header, and from right to left. Its colours are the same everywhere.
    for path, dark in (("/", True), ("/glossary/menopause/", False), ("/ar/search/?q=luteal", False)):
        page.goto(site.url + path)
        page.get_by_role("combobox").fill("lut")
        expect(page.get_by_role("option")).to_have_count(3)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        # The pages themselves are judged in test_pages.py. At 320 px there is least room.
        assert faults_of_any_look(page, widths=(320,), dark=dark, part="[data-search]") == [], path
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 900})
            for option in page.get_by_role("option").all():
                box = option.bounding_box()
                assert box
                assert box["height"] >= 44, (path, width)
                assert box["x"] >= 0, (path, width)
                assert box["x"] + box["width"] <= width, (path, width)


def test_a_suggestion_is_a_link_for_mouse_and_finger(site: Site, browser: Browser) -> None:
    for options_of_context in ({}, {"has_touch": True, "viewport": {"width": 390, "height": 800}}):
        context = browser.new_context(**options_of_context)  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(site.url)
        page.get_by_role("combobox").fill("men")
        option = page.get_by_role("option", name="Menopause")
        option.tap() if options_of_context else option.click()
        page.wait_for_url("**/glossary/menopause/")
        context.close()


def test_enter_without_a_choice_asks_for_the_page_of_results(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/glossary/menopause/")
    box = page.get_by_role("combobox")
    box.press_sequentially("luteal")
    expect(page.get_by_role("option").first).to_be_visible()
    box.press("Enter")
    page.wait_for_url("**/search/?q=luteal")
    expect(page.get_by_role("option")).to_have_count(0)
    assert [mark.inner_text() for mark in page.locator(".entries__title mark").all()] == ["Luteal", "Luteal"]
    page.get_by_role("link", name=re.compile(r"care\s+2\s+terms")).click()
    page.wait_for_url("**/search/?q=luteal&tag=care")
    expect(page.locator(".entries__entry")).to_have_count(2)
    page.get_by_role("link", name="Remove the filter: care").click()
    expect(page.locator(".entries__entry")).to_have_count(3)


def test_the_slash_is_a_letter_where_somebody_types(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/search/")
    box = page.get_by_role("combobox")
    box.press_sequentially("a/b")
    expect(box).to_have_value("a/b")
    box.blur()
    page.keyboard.press("Control+/")
    expect(box).not_to_be_focused()


def test_only_the_last_answer_counts_and_a_failing_one_does_no_harm(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/")
    page.route("**/search/suggest?q=menopaus", lambda route: route.abort())
    box = page.get_by_role("combobox")
    box.fill("men")
    expect(page.get_by_role("option")).to_have_count(1)
    box.fill("menopaus")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box.fill("luteal")
    expect(page.get_by_role("option")).to_have_count(3)
    box.fill("")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_what_was_chosen_stays_chosen_when_a_later_answer_comes(site: Site, page: Page) -> None:
    held: list[Route] = []
    page.goto(f"{site.url}/glossary/menopause/")
    page.route("**/search/suggest?q=lute", lambda route: held.append(route))
    box = page.get_by_role("combobox")
    box.fill("lu")
    expect(page.get_by_role("option")).to_have_count(3)
    box.press("ArrowDown")
    with page.expect_request("**/search/suggest?q=lute"):
        box.fill("lute")
    expect(page.get_by_role("option", selected=True)).to_have_count(0)  # what is typed now comes before
    box.press("ArrowDown")
    box.press("ArrowDown")
    page.get_by_role("option").first.evaluate("option => { window.old = option }")
    held[0].continue_()
    wait_until(page, "!old.isConnected")
    expect(page.get_by_role("option", selected=True)).to_have_text("Luteal phase deficiency")
    box.press("Enter")
    page.wait_for_url("**/glossary/luteal-phase-deficiency/")


@pytest.fixture
def plain(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(java_script_enabled=False)
    yield context
    context.close()


def test_without_scripts_the_form_corrections_and_filters_work(site: Site, plain: BrowserContext) -> None:
    page = plain.new_page()
    page.goto(f"{site.url}/glossary/luteal-phase/")
    page.get_by_role("searchbox").fill("menapause")
    page.get_by_role("searchbox").press("Enter")
    page.get_by_role("link", name="Menopause", exact=True).click()
    assert page.url.endswith("/search/?q=Menopause")
    page.get_by_role("searchbox").fill("luteal")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=re.compile(r"^P\s+1\s+term$")).click()
    assert page.url.endswith("/search/?q=luteal&letter=p")
    expect(page.locator(".entries__entry")).to_have_count(1)
