"""The form of a term in a real browser: its bar, the preview beside it, and a new term."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.editing import NARROW, WIDE, axe, open_form, restore, row_of, sent, text, wait_for_editors
from tests.sites import Site


def hidden_by_the_bar(page: Page) -> list[str]:
    """Walk through the page with Tab; return what had the focus while the bar with the buttons covered it."""
    found: list[str] = []
    for _ in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate(
            """() => {
              const focused = document.activeElement
              const bar = document.querySelector(".save-bar")
              if (!focused || bar.contains(focused) || focused === document.body) return ""
              const box = focused.getBoundingClientRect(), edge = bar.getBoundingClientRect()
              const stuck = edge.bottom >= innerHeight - 1
              return stuck && box.top >= edge.top && box.height ? focused.outerHTML.slice(0, 120) : ""
            }"""
        )
        if name:
            found.append(name)
    return found


def test_the_form_is_accessible_and_its_bar_stays_in_sight_and_hides_no_focus(
    somebody: Callable[[str], Page], term: str
) -> None:
    page = somebody("edith")
    open_form(page, term)
    for size in (WIDE, NARROW):
        page.set_viewport_size(size)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        box = page.locator(".save-bar").bounding_box()
        assert box
        assert abs(box["y"] + box["height"] - size["height"]) < 2, size
        assert box["height"] < 130, size
        page.get_by_label("Title").focus()
        assert hidden_by_the_bar(page) == [], size
    # Only now do the editor's buttons look as they are: undo does nothing yet.
    text(page, "Mechanism:").focus()
    expect(page.get_by_role("button", name="undo").first).to_be_disabled()
    assert axe(page, dark=True) == []


def test_the_preview_shows_the_public_page_beside_the_form(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    page = somebody("edith")
    open_form(page, term)
    expect(page.get_by_text("Whole page: 3 words, too short to rate")).to_be_visible()
    page.get_by_role("button", name="Show preview").click()
    frame = page.frame_locator("iframe[title='Preview of the public page']")
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    # Beside the form, and not somewhere below it.
    expect(page.locator("[data-preview]")).to_be_in_viewport(ratio=0.4)
    expect(page.get_by_label("Title")).to_be_in_viewport()
    text(page, "Mechanism:").fill(
        "This is one of the plain words that we all use when we talk in our own homes each day of our lives."
    )
    expect(frame.get_by_text("This is one of the plain words")).to_be_visible()
    expect(page.locator(".field-mechanism .readability")).to_have_text("23 words, LIX 23, very easy to read")
    # The public styles are there, and nothing leads away.
    assert "Glossary Serif" in frame.locator("h1").evaluate("(element) => getComputedStyle(element).fontFamily")
    frame.get_by_role("link", name="Progesterone").or_(frame.get_by_role("link").first).first.click()
    expect(frame.get_by_role("heading", level=1)).to_be_visible()
    row_of(page, "references").get_by_label("DOI").fill("11.5/x")
    expect(page.get_by_text("References 1:")).to_be_visible()
    page.get_by_label("Phone").check()
    assert axe(page, part=".beside, [data-preview], .field-mechanism") == []
    page.get_by_role("button", name="Hide preview").click()
    expect(page.get_by_title("Preview of the public page")).to_be_hidden()


def test_a_new_term_gets_an_address_is_compared_with_others_and_kept(
    somebody: Callable[[str], Page], desk: Site, terms: object
) -> None:
    page = somebody("edith")
    add = f"{desk.url}/admin/glossary/term/add/"
    open_form(page, add)
    # The address is shown as the server makes it, and names that are like the title while it is typed.
    title, address = page.get_by_label("Title"), page.get_by_role("textbox", name="Address:", exact=True)
    title.press_sequentially("AR+ 22q11.2")
    expect(address).to_have_value("ar-plus-22q11-2")
    title.fill("β-Carotene")
    expect(address).to_have_value("beta-carotene")
    title.fill("")
    title.press_sequentially("Progestrone")
    expect(page.get_by_text("This is similar to “Progesterone”")).to_be_visible()
    assert axe(page, part=".field-title, .field-slug") == []
    title.fill("Ovary")
    expect(page.get_by_text("This is similar to")).to_have_count(0)
    # One that is typed stays: the server was asked about the new title.
    address.fill("typed-by-hand")
    with page.expect_response(lambda answer: "/similar/" in answer.url and "Half+written" in answer.url):
        title.fill("Half written")
    text(page, "Definition:").fill("Not finished.")
    expect(page.get_by_text("kept in this browser at")).to_be_visible()
    # While that tab lives, its text isn't offered in another.
    second = page.context.new_page()
    open_form(second, add)
    expect(second.get_by_text("Text that you did not save")).to_be_hidden()
    page.close(run_before_unload=False)
    second.reload()
    wait_for_editors(second)
    restore(second)
    address = second.locator("#id_slug")
    address.focus()
    second.get_by_label("Title").focus()
    expect(address).to_have_value("typed-by-hand")
    would_send = dict(sent(second))
    assert (would_send["title"], would_send["slug"]) == ("Half written", "typed-by-hand")
    assert would_send["definition"] == "<p>Not finished.</p>"
