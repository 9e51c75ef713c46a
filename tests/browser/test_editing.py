"""The editing desk in a real browser: a term from the empty form to its public page, and what guards the text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Locator, Page, expect

from tests.browser.editing import REPORT_REFUSALS, faults_of_desk_page, open_term, sent, wait_for_editors
from tests.browser.visiting import axe_violations, rest, sign_in
from tests.sites import PASSWORD, Site


@pytest.fixture(scope="module")
def desk(site: Site) -> Site:
    """The site with people, and terms that can be related to."""
    site.add_person("edith", "Clinical editors")
    site.add_person("rafael", "Clinical reviewers")
    site.add_person("root", superuser=True)
    site.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from glossary.actions import publish_term, save_term\n"
        "from glossary.document.parsing import parse_document\n"
        "from glossary.models import Program\n"
        "by, at = User.objects.get(username='edith'), timezone.now()\n"
        "save_term(document=parse_document({'title': 'Progesterone', 'definition': 'A hormone.'}), by=by, at=at)\n"
        "term = save_term(document=parse_document({'title': 'Ovulation', 'definition': 'An event.', 'origin': 'Latin.',"
        " 'tags': ['menstrual cycle'], 'related': ['progesterone'], 'synonyms': [{'text': 'Follicular rupture'}],"
        " 'insights': [{'text': 'One.', 'term': 'progesterone'}, {'text': 'Two.', 'url': 'https://example.org/'}],"
        " 'references': [{'citation': 'Someone. Something.', 'doi': '10.1001/jama.288.3.321'}]}), by=by, at=at).term\n"
        "publish_term(term=term, by=Program('Test'), at=at, emergency=True, reason='Test')"
    )
    return site


@pytest.fixture
def editor(desk: Site, page: Page) -> Page:
    sign_in(page, desk, "edith")
    return page


@pytest.fixture
def refusals(page: Page) -> Iterator[list[str]]:
    """What the browser refused on any page of the test; nothing, or the test fails."""
    found: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.text.startswith("CSP") or "Content Security Policy" in message.text:
            found.append(f"{page.url}: {message.text}")

    page.add_init_script(REPORT_REFUSALS)
    page.on("console", note)
    yield found
    assert found == []


def approve(desk: Site, title: str, *, publish: bool) -> None:
    """Have the newest revision of a term approved by somebody who wrote none of it (the review has its own test)."""
    desk.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from glossary.actions import approve_review, submit_term\n"
        "from glossary.models import Term\n"
        "edith, rafael = (User.objects.get(username=name) for name in ('edith', 'rafael'))\n"
        f"review = submit_term(term=Term.objects.get(title={title!r}), by=edith, at=timezone.now())\n"
        f"approve_review(review=review, by=rafael, at=timezone.now(), publish={publish!r})"
    )


def add_row(page: Page, name: str) -> Locator:
    page.get_by_role("button", name=f"Add another {name}").click()
    return page.locator(".inline-related:not(.empty-form)", has=page.get_by_role("heading", name=name)).last


def choose(page: Page, field: str, typed: str) -> None:
    """Type into one of select2's fields and take the first suggestion."""
    page.get_by_role("searchbox", name=field).fill(typed)
    option = page.get_by_role("option", name=typed).first
    expect(option).to_be_visible()
    option.click()


def order_of(page: Page, group: str, field: str) -> list[str]:
    return [row.input_value() for row in page.locator(f"#{group}-group .inline-related:not(.empty-form) {field}").all()]


def leads_to_every_wrong_field(page: Page, *, scripts: bool) -> None:
    """A save without title and definition has failed: its summary leads to both fields."""
    summary = page.get_by_role("region", name="Nothing is saved yet")
    expect(summary.get_by_role("link")).to_have_text(
        ["Title: This field is required.", "Definition: This field is required."]
    )
    expect(summary).to_be_focused()
    expect(summary).to_be_in_viewport()
    if scripts:
        wait_for_editors(page)
    summary.get_by_role("link", name="Definition").click()
    definition = page.get_by_role("textbox", name="Definition:") if scripts else page.locator("#id_definition")
    expect(definition).to_be_in_viewport()
    if scripts:
        expect(definition).to_be_focused()
    summary.get_by_role("link", name="Title").click()
    expect(page.get_by_label("Title")).to_be_in_viewport()
    if scripts:
        expect(page.get_by_label("Title")).to_be_focused()


def test_a_term_is_written_published_changed_and_read(
    desk: Site, editor: Page, refusals: list[str], context: BrowserContext
) -> None:
    page = editor
    page.goto(f"{desk.url}/admin/glossary/term/")
    page.get_by_role("link", name="Add term").click()
    wait_for_editors(page)

    expect(page.get_by_label("Title")).to_be_focused()
    page.keyboard.type("Luteal phase")
    expect(page.get_by_role("textbox", name="Address:", exact=True)).to_have_value("luteal-phase")
    page.get_by_role("textbox", name="Definition").fill("The second half of the cycle.")
    page.get_by_role("textbox", name="Mechanism").fill("The corpus luteum makes progesterone.")
    choose(page, "Related terms", "Progesterone")
    choose(page, "Tags", "menstrual cycle")
    page.get_by_role("searchbox", name="Tags").press_sequentially("Ovary")
    page.get_by_role("searchbox", name="Tags").press("Enter")

    for name in ("Secretory phase", "LP", "Luteal stage"):
        add_row(page, "Synonym").get_by_label("Name").fill(name)
    # By keyboard: the focus stays on the button, and the new place is said.
    up = page.get_by_role("button", name="Move synonym 3 up")
    up.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#synonyms-group [role=status]")).to_have_text("Moved to position 2 of 3.")
    expect(page.get_by_role("button", name="Move synonym 2 up")).to_be_focused()
    page.keyboard.press("Enter")
    assert order_of(page, "synonyms", "[name$=-text]") == ["Luteal stage", "Secretory phase", "LP"]
    page.get_by_role("button", name="Remove synonym 2").click()
    assert order_of(page, "synonyms", "[name$=-text]") == ["Luteal stage", "LP"]

    for text in ("First insight.", "Second insight.", "Third insight."):
        add_row(page, "Insight").get_by_label("Text").fill(text)
    # By mouse: the last row's handle is dragged above the first row.
    handles = page.locator("#insights-group .inline-related:not(.empty-form) .ordered-row__handle")
    handles.last.scroll_into_view_if_needed()
    start, goal = handles.last.bounding_box(), handles.first.bounding_box()
    assert start
    assert goal
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(goal["x"] + 5, goal["y"] + 60, steps=12)
    page.mouse.move(goal["x"] + 5, goal["y"] - 5, steps=6)
    page.mouse.up()
    assert order_of(page, "insights", "textarea") == ["Third insight.", "First insight.", "Second insight."]
    page.get_by_role("combobox", name="Term that it leads to").first.click()
    choose(page, "Term that it leads to", "Ovulation")
    row = add_row(page, "Reference")
    row.get_by_label("Citation").fill("Someone. Something. 2020.")
    row.get_by_label("DOI").fill("https://doi.org/10.1001/jama.288.3.321")

    page.get_by_label("What changed, and why").last.fill("First version")
    page.get_by_role("button", name="Save and continue editing").last.click()
    page.get_by_text("is saved as revision 1").wait_for()
    approve(desk, "Luteal phase", publish=True)

    reader = context.new_page()
    reader.goto(f"{desk.url}/glossary/luteal-phase/")
    shown = reader.locator("main").inner_text()
    for text in ("The corpus luteum makes progesterone.", "Luteal stage", "Someone. Something. 2020.", "Ovary"):
        assert text in shown
    assert shown.index("Third insight.") < shown.index("First insight.") < shown.index("Second insight.")

    # The next day: one section changes, is saved, and is published as a step of its own.
    wait_for_editors(page)
    page.get_by_role("textbox", name="Mechanism").click()
    page.keyboard.press("Control+A")
    page.keyboard.type("It lasts about ")
    page.keyboard.press("Control+B")
    page.keyboard.type("two weeks")
    page.get_by_role("button", name="Save and continue editing").last.click()
    page.get_by_text("is saved as revision 2").wait_for()
    reader.reload()
    assert "two weeks" not in reader.locator("main").inner_text()
    approve(desk, "Luteal phase", publish=False)
    page.reload()
    page.get_by_role("button", name="Publish revision 2").click()
    page.get_by_text("is published").wait_for()
    page.get_by_role("link", name="View on site").click()
    expect(page.locator("main strong", has_text="two weeks")).to_be_visible()


def test_a_link_is_made_of_an_address_only(desk: Site, editor: Page) -> None:
    page = editor
    open_term(page, desk, "Progesterone")
    page.get_by_role("textbox", name="Origin").fill("guideline")
    page.get_by_role("textbox", name="Origin").click()
    page.keyboard.press("Control+A")
    page.locator(".field-origin").get_by_role("button", name="insert link").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("input")).to_have_count(1)
    # What is no address isn't made one: the person learns that, and the term of that name is offered.
    address = dialog.get_by_label("Web address")
    for typed in ("xyzzy", "javascript:alert(1)"):
        address.fill(typed)
        dialog.get_by_role("button", name="Set link").click()
        expect(dialog).to_contain_text(f"“{typed}” is not a web address")
        expect(address).to_have_value(typed)
    address.fill("ovulation")
    dialog.get_by_role("button", name="Set link").click()
    expect(dialog.get_by_label("Term of this glossary")).to_have_value("Ovulation")
    dialog.get_by_role("button", name="Set link").click()
    origin = page.get_by_role("textbox", name="Origin")
    expect(origin.locator("a")).to_have_attribute("href", "/glossary/ovulation/")
    origin.click()
    page.keyboard.press("Control+A")
    page.locator(".field-origin").get_by_role("button", name="insert link").click()
    address.fill("www.example.org/guideline")
    dialog.get_by_role("button", name="Set link").click()
    expect(origin.locator("a")).to_have_attribute("href", "https://www.example.org/guideline")
    assert 'href="https://www.example.org/guideline"' in dict(sent(page))["origin"]


def test_a_failed_save_leads_to_wrong_fields_and_leaving_with_unsaved_changes_asks(desk: Site, editor: Page) -> None:
    page = editor
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    def would_ask() -> bool:
        """What the page answers when it is about to be left."""
        return bool(page.evaluate("!dispatchEvent(new Event('beforeunload', {cancelable: true}))"))

    page.on("dialog", leave)
    open_term(page, desk, "Ovulation")
    mechanism = page.get_by_role("textbox", name="Mechanism")
    mechanism.click()
    page.get_by_role("button", name="Add another Synonym").click()
    assert not would_ask(), "a click and an empty row are no change"
    mechanism.click()
    page.keyboard.type("x")
    assert would_ask(), "something is written"
    page.keyboard.press("Backspace")
    assert not would_ask(), "what was written is taken back"
    page.get_by_role("button", name="Move insight 1 down").click()
    assert would_ask(), "rows have another order"

    page.get_by_label("Title").fill("")
    page.get_by_role("textbox", name="Definition").fill("")
    page.get_by_role("button", name="Save", exact=True).last.click()
    leads_to_every_wrong_field(page, scripts=True)
    assert axe_violations(page, part=".problems, .field-title, .field-definition") == []
    assert asked == []  # saving isn't leaving
    # What came back with errors isn't saved yet, and the browser asks those who have touched the page.
    page.goto(f"{desk.url}/admin/")
    assert asked == ["beforeunload"]


def test_every_page_of_the_desk_is_accessible_and_refuses_nothing(desk: Site, page: Page, refusals: list[str]) -> None:
    """Forms are judged in test_term_form.py and below, the other pages of a term in test_review_story.py and
    test_history.py.
    """
    sign_in(page, desk, "root")
    term = desk.python("from glossary.models import Term; print(Term.objects.get(slug='ovulation').pk)")
    base = f"{desk.url}/admin/glossary/term/"
    # Pages that are judged elsewhere, or that Django shapes, are only looked at for what the browser refuses.
    for url in (
        f"{desk.url}/admin/password_change/",
        f"{base}{term}/change/?_popup=1",
        f"{base}?_popup=1",
        f"{desk.url}/admin/auth/user/add/",
        f"{desk.url}/admin/auth/group/add/",
    ):
        page.goto(url)
    # axe tries a style of its own on the page, which the policy refuses: look at refusals before it runs.
    assert refusals == []
    found: list[str] = []
    for url in (
        f"{base}?q=nothing+like+it",
        f"{base}{term}/delete/",
        f"{desk.url}/admin/taggit/tag/",
        f"{desk.url}/admin/taggit/tag/add/",
    ):
        page.goto(url)
        rest(page)
        assert refusals == []
        found += [f"{url} {line}" for line in faults_of_desk_page(page)]
        refusals.clear()
    assert found == []


def test_the_desk_works_and_a_failed_save_leads_to_wrong_fields_without_javascript(
    desk: Site, context: BrowserContext
) -> None:
    browser = context.browser
    assert browser
    plain = browser.new_context(java_script_enabled=False)
    page = plain.new_page()
    page.goto(f"{desk.url}/admin/login/")
    page.get_by_label("Username").fill("edith")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.goto(f"{desk.url}/admin/glossary/term/")
    page.get_by_role("link", name="Ovulation", exact=True).click()
    group = page.locator("#insights-group")
    group.get_by_label("Position").nth(0).fill("2")
    group.get_by_label("Position").nth(1).fill("1")
    page.locator("#synonyms-group").get_by_label("Remove").first.check()
    page.get_by_label("Tags").fill("menstrual cycle, two words")
    page.get_by_role("button", name="Save and continue editing").last.click()
    page.get_by_text("is saved as revision").wait_for()
    assert order_of(page, "insights", "textarea") == ["Two.", "One."]
    assert order_of(page, "synonyms", "[name$=-text]") == []
    assert page.get_by_label("Tags").input_value() == "menstrual cycle, two words"
    page.get_by_label("Title").fill("")
    page.locator("#id_definition").fill("")
    page.get_by_role("button", name="Save", exact=True).last.click()
    leads_to_every_wrong_field(page, scripts=False)
    plain.close()
