"""Two people on one term, sessions that expire, crashes, and the preview, in real browsers: nothing typed is lost."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, ViewportSize, expect

from tests.browser.visiting import CHROMIUM, CHROMIUM_OPTIONS, TIMEOUT, faults_of_any_look, rest, sign_in, until
from tests.sites import Site
from tests.waiting import eventually

NARROW: ViewportSize = {"width": 320, "height": 640}
WIDE: ViewportSize = {"width": 1280, "height": 900}


LOOKING: list[Page] = []


def axe(page: Page) -> list[str]:
    """Return what axe finds at a desktop's and at a narrow phone's width, and leave the page at the first."""
    LOOKING.append(page)
    # What happens to stand half behind the bar is a small target to axe, and one that a reader scrolls.
    page.locator(".save-bar").evaluate_all("bars => bars.forEach(bar => (bar.style.position = 'static'))")
    found = faults_of_any_look(page, widths=(WIDE["width"], NARROW["width"]), dark=False)
    page.locator(".save-bar").evaluate_all("bars => bars.forEach(bar => (bar.style.position = ''))")
    page.set_viewport_size(WIDE)
    rest(page)
    LOOKING.pop()
    return found


@pytest.fixture(scope="module")
def desk(site: Site) -> Site:
    """The site with two editors."""
    site.add_person("edith", "Clinical editors")
    site.add_person("emil", "Clinical editors")
    return site


@pytest.fixture
def term(desk: Site, request: pytest.FixtureRequest) -> str:
    """The address of a new term's form, for one test."""
    title = request.node.name.removeprefix("test_").replace("_", " ").replace("[", " ").rstrip("]").capitalize()
    key = desk.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from glossary.actions import save_term\n"
        "from glossary.documents import parse_document\n"
        "by, at = User.objects.get(username='edith'), timezone.now()\n"
        "if not User.objects.get(username='edith').terms.filter(slug='progesterone').exists():\n"
        "    save_term(document=parse_document({'title': 'Progesterone', 'definition': 'A hormone.'}), by=by, at=at)\n"
        f"term = save_term(document=parse_document({{'title': {title!r}, 'definition': 'An event.', 'origin': 'Latin.',"
        " 'tags': ['menstrual cycle'], 'related': ['progesterone'], 'synonyms': [{'text': 'First name'}, "
        "{'text': 'FN', 'kind': 'abbreviation'}],"
        " 'insights': [{'text': 'One.', 'term': 'progesterone'}, {'text': 'Two.', 'url': 'https://example.org/'}],"
        " 'references': [{'citation': 'Someone. Something.', 'doi': '10.1001/jama.288.3.321'}]}), by=by, at=at).term\n"
        "print(term.pk)"
    )
    return f"{desk.url}/admin/glossary/term/{key}/change/"


@pytest.fixture
def refusals() -> Iterator[list[str]]:
    """What a browser refused, or a script threw, on any page of the test; nothing, or the test fails."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def somebody(browser: Browser, desk: Site, refusals: list[str]) -> Iterator[Callable[[str], Page]]:
    """A function that signs a person in, in a browser profile of her own."""
    contexts: list[BrowserContext] = []

    def come(username: str) -> Page:
        context = browser.new_context(viewport=WIDE, locale="en-GB")
        context.set_default_timeout(TIMEOUT)
        contexts.append(context)
        page = context.new_page()
        watch(page, refusals)
        sign_in(page, desk, username)
        return page

    yield come
    for context in contexts:
        context.close()


def watch(page: Page, refusals: list[str]) -> None:
    def note(message: ConsoleMessage) -> None:
        # axe tries styles of its own on the page, which the policy refuses.
        if "Content Security Policy" in message.text and not LOOKING:
            refusals.append(f"{page.url}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: refusals.append(str(error)))


def open_form(page: Page, url: str) -> None:
    page.goto(url)
    wait_for_form(page)


def wait_for_form(page: Page) -> None:
    expect(page.locator(".ProseMirror[aria-labelledby]")).to_have_count(3)


def text(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name, exact=True)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("is saved as revision")).to_be_visible()
    wait_for_form(page)


def row_of(page: Page, group: str) -> Locator:
    return page.locator(f"#{group}-group .inline-related:not(.empty-form)")


def rows(page: Page, group: str, field: str) -> list[str]:
    return [row.input_value() for row in row_of(page, group).locator(field).all()]


def sent(page: Page) -> list[list[str]]:
    """Return what the term's form would send, without what belongs to the page alone. Rows are numbered by position."""
    found: list[list[str]] = page.evaluate(
        """() => {
          const own = /^(csrfmiddlewaretoken|draft|_.*|choice_.*|conflicts|opened_on|both_from|.*-ORDER)$/
          const data = new FormData(document.querySelector("#term_form"))
          const place = (name, part, row) => `${part}-${data.get(`${part.replace("initial-", "")}-${row}-ORDER`)}-`
          return [...data]
            .filter(([name]) => !own.test(name))
            .map(([name, value]) => [name.replace(/^(.*)-(\\d+)-/, place), value])
        }"""
    )
    return sorted(found)


def switched_off(desk: Site, term: str) -> set[str]:
    """Return the names of a term that are not linked, as the database has them."""
    key = term.split("/")[-3]
    said = desk.python(f"from glossary.models import UnlinkedName as N; print(*N.objects.filter(term={key}), sep='|')")
    return {name for name in said.strip().split("|") if name}


def switch_off(desk: Site, term: str, name: str) -> None:
    desk.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from glossary.actions import switch_links\n"
        "from glossary.models import Term\n"
        f"term, by = Term.objects.get(pk={term.split('/')[-3]}), User.objects.get(username='edith')\n"
        f"switch_links(term=term, by=by, at=timezone.now(), off=[{name!r}])"
    )


def copies(page: Page) -> list[dict[str, Any]]:
    """Return the copies of unsaved text that this browser keeps."""
    found: list[dict[str, Any]] = page.evaluate(
        """() => new Promise((done, failed) => {
          const opening = indexedDB.open("glossary-drafts", 1)
          opening.onupgradeneeded = () => opening.result.createObjectStore("drafts", { keyPath: "id" })
          opening.onerror = () => failed(opening.error)
          opening.onsuccess = () => {
            const reading = opening.result.transaction("drafts").objectStore("drafts").getAll()
            reading.onsuccess = () => {
              opening.result.close()
              done(reading.result)
            }
          }
        })"""
    )
    return found


def crash(page: Page, url: str) -> Page:
    """Close a page with unsaved text as a crash would, and return another one on which its copy is offered."""
    expect(page.get_by_text("kept in this browser at")).to_be_visible()
    after = page.context.new_page()
    page.close(run_before_unload=False)
    open_form(after, url)
    return after


def restore(page: Page) -> None:
    page.get_by_role("button", name="Restore").click()
    expect(page.locator("[data-draft-said]")).to_contain_text("Restored")


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


@pytest.mark.database
def test_two_people_collide_decide_side_by_side_and_nothing_is_lost(somebody: Callable[[str], Page], term: str) -> None:
    mine, theirs = somebody("edith"), somebody("emil")
    open_form(mine, term)
    open_form(theirs, term)
    # Each is told of the other. The beat of whoever came first is not waited for.
    expect(theirs.get_by_text("Edith Example has had this open since")).to_be_visible()

    text(theirs, "Definition:").fill("An event of their own.")
    text(theirs, "Origin:").fill("Greek.")
    row_of(theirs, "synonyms").get_by_label("Name").first.fill("Their name")
    row_of(theirs, "references").get_by_label("Citation").fill("Their reference.")
    save(theirs)

    text(mine, "Definition:").fill("An event of my own.")
    text(mine, "Mechanism:").fill("By my hormones.")
    row_of(mine, "synonyms").get_by_label("Name").first.fill("My name")
    mine.locator("#insights-group textarea").first.fill("My insight.")
    mine.get_by_role("button", name="Save and continue editing").click()

    expect(mine.get_by_role("heading", name="You both changed this")).to_be_visible()
    wait_for_form(mine)
    assert text(mine, "Definition:").inner_text() == "An event of my own."
    assert text(mine, "Mechanism:").inner_text() == "By my hormones."
    assert text(mine, "Origin:").inner_text() == "Greek."  # merged
    assert rows(mine, "synonyms", "[name$=-text]") == ["My name", "FN"]
    assert rows(mine, "insights", "textarea")[0] == "My insight."
    assert rows(mine, "references", "textarea") == ["Their reference."]  # merged
    assert axe(mine) == []

    # What is chosen is seen in the form at once, and can be taken back.
    synonyms = mine.get_by_role("group", name="Synonyms").filter(has=mine.get_by_label("Take theirs"))
    definition = mine.get_by_role("group", name="Definition").filter(has=mine.get_by_label("Take theirs"))
    synonyms.get_by_label("Take theirs").check()
    assert rows(mine, "synonyms", "[name$=-text]") == ["Their name", "FN"]
    synonyms.get_by_label("Keep mine").check()
    assert rows(mine, "synonyms", "[name$=-text]") == ["My name", "FN"]
    synonyms.get_by_label("Take theirs").check()
    definition.get_by_label("Take theirs").check()
    expect(text(mine, "Definition:")).to_have_text("An event of their own.")
    text(mine, "Definition:").click()
    mine.keyboard.press("End")
    mine.keyboard.type(" And mine.")
    expect(definition.get_by_label("Edit by hand")).to_be_checked()
    expect(synonyms.get_by_label("Take theirs")).to_be_checked()
    save(mine)
    assert text(mine, "Definition:").inner_text() == "An event of their own. And mine."
    assert rows(mine, "synonyms", "[name$=-text]") == ["Their name", "FN"]
    assert text(mine, "Mechanism:").inner_text() == "By my hormones."


def test_somebody_saves_meanwhile_and_the_open_page_says_so(somebody: Callable[[str], Page], term: str) -> None:
    mine, theirs = somebody("edith"), somebody("emil")
    open_form(mine, term)
    open_form(theirs, term)
    text(theirs, "Origin:").fill("Greek.")
    save(theirs)
    mine.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when she comes back to the tab
    expect(mine.get_by_text("Emil Example saved revision 2")).to_be_visible()
    expect(mine.get_by_text("Emil Example has had this open since")).to_be_visible()
    assert axe(mine) == []
    with mine.context.expect_page() as opened:
        mine.get_by_role("link", name="See what changed, in a new tab").click()
    expect(opened.value.locator("ins", has_text="Greek").first).to_be_visible()
    text(mine, "Mechanism:").fill("Mine.")
    save(mine)
    expect(mine.get_by_text("origin came from there")).to_be_visible()
    assert text(mine, "Origin:").inner_text() == "Greek."


def test_a_session_that_expired_keeps_the_text_and_goes_on_after_signing_in(
    somebody: Callable[[str], Page], desk: Site, term: str, refusals: list[str]
) -> None:
    page = somebody("edith")
    open_form(page, term)
    text(page, "Mechanism:").fill("Written while the session ran out.")
    desk.python("from django.contrib.sessions.models import Session; Session.objects.all().delete()")
    page.get_by_role("button", name="Save and continue editing").click()
    dialog = page.get_by_role("dialog", name="Not saved yet")
    expect(dialog).to_contain_text("You are signed out.")
    assert axe(page) == []
    dialog.get_by_role("button", name="Save now").click()
    expect(dialog).to_contain_text("You are signed out.")

    with page.context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in in a new tab").click()
    login = opened.value
    watch(login, refusals)
    login.get_by_label("Username").fill("edith")
    login.get_by_label("Password").fill("a long demonstration password")
    login.get_by_role("button", name="Log in").click()
    login.wait_for_url(f"{desk.url}/admin/")
    login.close()

    dialog.get_by_role("button", name="Save now").click()
    expect(page.get_by_text("is saved as revision 2")).to_be_visible()
    wait_for_form(page)
    assert text(page, "Mechanism:").inner_text() == "Written while the session ran out."
    expect(page.get_by_text("You didn’t save this")).to_be_hidden()


def test_somebody_else_signs_in_and_is_told_in_whose_name_it_is_saved(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    page = somebody("edith")
    open_form(page, term)
    text(page, "Mechanism:").fill("Whose?")
    other = page.context.new_page()
    page.context.clear_cookies()
    sign_in(other, desk, "emil")
    page.bring_to_front()
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog", name="Not saved yet")
    expect(dialog).to_contain_text("You are signed in as Emil Example now.")
    dialog.get_by_role("button", name="Save as Emil Example").click()
    expect(page.get_by_text("is saved as revision 2")).to_be_visible()


def test_the_server_goes_away_and_the_page_waits(somebody: Callable[[str], Page], desk: Site, term: str) -> None:
    page = somebody("edith")
    open_form(page, term)
    text(page, "Mechanism:").fill("Written on a train.")
    page.context.set_offline(True)
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog", name="Not saved yet")
    expect(dialog).to_contain_text("The server can’t be reached")
    page.context.set_offline(False)
    dialog.get_by_role("button", name="Save now").click()
    expect(page.get_by_text("is saved as revision 2")).to_be_visible()


def test_a_crash_loses_nothing_and_the_whole_form_comes_back(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    page = somebody("edith")
    open_form(page, term)
    text(page, "Mechanism:").fill("Written before the crash.")
    page.get_by_label("Title").fill("Crashed")
    page.get_by_role("button", name="Remove synonym 1").click()
    page.get_by_role("button", name="Add another Synonym").click()
    row_of(page, "synonyms").get_by_label("Name").last.fill("New name")
    row_of(page, "synonyms").get_by_label("Kind").last.select_option("former")
    page.get_by_role("button", name="Move insight 1 down").click()
    page.get_by_role("searchbox", name="Tags").press_sequentially("Ovary")
    page.get_by_role("searchbox", name="Tags").press("Enter")
    page.get_by_role("button", name="Remove item Progesterone").or_(
        page.locator(".field-related .select2-selection__choice__remove")
    ).first.click()
    expect(page.get_by_text("kept in this browser at")).to_be_visible()
    assert "Written before the crash." in str(copies(page))

    after = page.context.new_page()
    page.close(run_before_unload=False)  # as when the browser dies
    open_form(after, term)
    expect(after.get_by_role("heading", name="You didn’t save this")).to_be_visible()
    assert text(after, "Mechanism:").inner_text().strip() == ""
    assert axe(after) == []
    after.get_by_role("button", name="Restore").click()
    expect(after.get_by_text("Restored. Nothing is saved yet.")).to_be_visible()
    assert text(after, "Mechanism:").inner_text() == "Written before the crash."
    assert after.get_by_label("Title").input_value() == "Crashed"
    assert rows(after, "synonyms", "[name$=-text]") == ["FN", "New name"]
    assert rows(after, "synonyms", "select") == ["abbreviation", "former"]
    assert rows(after, "insights", "textarea") == ["Two.", "One."]
    assert rows(after, "insights", "[name$=-url]") == ["https://example.org/", ""]
    expect(after.locator(".field-tags")).to_contain_text("Ovary")
    assert after.locator("[name=related] option:checked").count() == 0
    assert axe(after) == []
    save(after)
    assert rows(after, "synonyms", "[name$=-text]") == ["FN", "New name"]
    expect(after.locator("#insights-group")).to_contain_text("Progesterone")
    expect(after.locator(".field-tags")).to_contain_text("Ovary")
    expect(after.get_by_text("You didn’t save this")).to_be_hidden()
    until(after, lambda: not copies(after), "what is saved is kept no longer")


def test_every_kind_of_field_comes_back_as_it_was(somebody: Callable[[str], Page], desk: Site, term: str) -> None:
    switch_off(desk, term, "FN")
    page = somebody("edith")
    open_form(page, term)
    page.get_by_label("Title").fill("Everything")
    page.locator("#id_unlinked").check()
    page.locator("#id_slug").fill("all-of-it")
    text(page, "Definition:").fill("Plain, ")
    page.keyboard.press("End")
    page.keyboard.press("ControlOrMeta+b")
    page.keyboard.type("bold")
    page.keyboard.press("ControlOrMeta+b")
    page.keyboard.type(" & <angled>")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("a line")
    page.get_by_role("searchbox", name="Tags").press_sequentially("Ovary, and more")
    page.get_by_role("searchbox", name="Tags").press("Enter")
    page.locator(".field-related .select2-selection__choice__remove").first.click()
    page.keyboard.press("Escape")
    page.get_by_label("Looked after by").select_option(label="Emil Example")
    page.get_by_label("Review every").fill("7")
    page.get_by_label("What changed, and why").fill("“Everything”")
    page.get_by_role("button", name="Add another Synonym").click()
    row_of(page, "synonyms").get_by_label("Name").last.fill("New name")
    row_of(page, "synonyms").get_by_label("Kind").last.select_option("former")
    row_of(page, "synonyms").get_by_label("Don't link").last.check()
    page.get_by_role("button", name="Move synonym 3 up").click()
    page.get_by_role("button", name="Move insight 1 down").click()
    row_of(page, "references").get_by_label("Citation").fill("Two\nlines.")
    # An empty row isn't one.
    page.get_by_role("button", name="Add another Synonym").click()
    before = [pair for pair in sent(page) if not pair[0].startswith(("synonyms-4", "initial-synonyms-4"))]
    assert ["initial-synonyms-3-unlinked", "True"] in before

    after = crash(page, term)
    restore(after)
    total = ["synonyms-TOTAL_FORMS", "3"]
    assert sent(after) == sorted(total if pair[0] == total[0] else pair for pair in before)
    save(after)
    assert switched_off(desk, term) == {"FN", "Everything", "New name"}
    expect(after.get_by_label("Looked after by")).to_have_value(dict(before)["owner"])


def test_a_restored_text_leaves_the_switches_of_links_alone(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    switch_off(desk, term, "FN")
    page = somebody("edith")
    open_form(page, term)
    text(page, "Mechanism:").fill("Nothing else.")
    before = sent(page)
    after = crash(page, term)
    restore(after)
    assert sent(after) == before
    save(after)
    assert switched_off(desk, term) == {"FN"}


def test_a_restored_text_does_not_undo_what_was_switched_meanwhile(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    page = somebody("edith")
    open_form(page, term)
    text(page, "Mechanism:").fill("Nothing else.")
    row_of(page, "synonyms").get_by_label("Don't link").last.check()
    expect(page.get_by_text("kept in this browser at")).to_be_visible()
    switch_off(desk, term, "First name")
    after = crash(page, term)
    restore(after)
    for box in row_of(after, "synonyms").get_by_label("Don't link").all():
        expect(box).to_be_checked()
    save(after)
    assert switched_off(desk, term) == {"FN", "First name"}


def test_a_copy_from_before_boxes_were_kept_leaves_them_as_the_page_shows_them(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    switch_off(desk, term, "FN")
    page = somebody("edith")
    open_form(page, term)
    # As it was written: the box's value was replaced by that of the hidden field beside it.
    page.evaluate(
        """() => {
          const { user, term } = document.querySelector("[data-term-form]").dataset
          const rows = {
            synonyms: [
              { text: "First name", kind: [["synonym", "Synonym"]], unlinked: "False" },
              { text: "FN", kind: [["abbreviation", "Abbreviation"]], unlinked: "True" },
              { text: "Another", kind: [["synonym", "Synonym"]], unlinked: "False" },
            ],
          }
          const fields = { mechanism: "<p>From before.</p>", unlinked: false, "initial-unlinked": "False" }
          const draft = { revision: "1", at: Date.now(), state: { fields, rows } }
          localStorage.setItem(`glossary-draft:1:${user}:${term}:0123456789abcdef01234567`, JSON.stringify(draft))
        }"""
    )
    page.reload()
    wait_for_form(page)
    restore(page)
    boxes = row_of(page, "synonyms").get_by_label("Don't link")
    assert [box.is_checked() for box in boxes.all()] == [False, True, False]
    assert not page.locator("#id_unlinked").is_checked()
    save(page)
    assert text(page, "Mechanism:").inner_text() == "From before."
    assert rows(page, "synonyms", "[name$=-text]") == ["First name", "FN", "Another"]
    assert switched_off(desk, term) == {"FN"}


def test_taking_theirs_and_keeping_mine_leaves_every_field_as_it_was(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    switch_off(desk, term, "FN")
    mine, theirs = somebody("edith"), somebody("emil")
    open_form(mine, term)
    open_form(theirs, term)
    for page, whose in ((theirs, "Their"), (mine, "My")):
        page.get_by_label("Title").fill(f"{whose} title of {desk.url[-5:]}")
        text(page, "Definition:").fill(f"{whose} definition.")
        page.get_by_role("searchbox", name="Tags").press_sequentially(f"{whose} tag")
        page.get_by_role("searchbox", name="Tags").press("Enter")
        page.locator(".field-related .select2-selection__choice__remove").first.click()
        page.keyboard.press("Escape")
        row_of(page, "synonyms").get_by_label("Name").first.fill(f"{whose} name")
        page.get_by_role("button", name="Move insight 1 down").click()
        page.locator("#insights-group textarea").first.fill(f"{whose} insight.")
        row_of(page, "references").get_by_label("Citation").fill(f"{whose} reference.")
    row_of(mine, "synonyms").get_by_label("Don't link").first.check()
    save(theirs)
    mine.get_by_role("button", name="Save and continue editing").click()
    expect(mine.get_by_role("heading", name="You both changed this")).to_be_visible()
    wait_for_form(mine)

    before = sent(mine)
    assert ["synonyms-1-unlinked", "on"] in before
    assert ["synonyms-2-unlinked", "on"] in before
    boxes = row_of(mine, "synonyms").get_by_label("Don't link")
    for choice in mine.get_by_label("Take theirs").all():
        choice.check()
    assert rows(mine, "synonyms", "[name$=-text]") == ["Their name", "FN"]
    assert [box.is_checked() for box in boxes.all()] == [False, True]
    for choice in mine.get_by_label("Keep mine").all():
        choice.check()
    assert sent(mine) == before

    # What was written by hand is still there after a look at the other side.
    definition = mine.get_by_role("group", name="Definition").filter(has=mine.get_by_label("Take theirs"))
    text(mine, "Definition:").fill("By hand.")
    definition.get_by_label("Take theirs").check()
    expect(text(mine, "Definition:")).to_have_text("Their definition.")
    definition.get_by_label("Edit by hand").check()
    expect(text(mine, "Definition:")).to_have_text("By hand.")
    save(mine)
    assert switched_off(desk, term) == {"FN", "My name"}


def test_a_draft_of_an_undecided_collision_is_asked_about_again(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    mine, theirs = somebody("edith"), somebody("emil")
    open_form(mine, term)
    open_form(theirs, term)
    text(theirs, "Definition:").fill("Theirs.")
    save(theirs)
    text(mine, "Definition:").fill("Mine.")
    mine.get_by_role("button", name="Save and continue editing").click()
    expect(mine.get_by_role("heading", name="You both changed this")).to_be_visible()
    wait_for_form(mine)
    after = crash(mine, term)
    restore(after)
    after.get_by_role("button", name="Save and continue editing").click()
    expect(after.get_by_role("heading", name="You both changed this")).to_be_visible()
    wait_for_form(after)
    expect(text(after, "Definition:")).to_have_text("Mine.")


def test_an_address_written_by_hand_stays_after_a_draft_is_restored(
    somebody: Callable[[str], Page], desk: Site
) -> None:
    page = somebody("edith")
    add = f"{desk.url}/admin/glossary/term/add/"
    page.goto(add)
    wait_for_form(page)
    page.get_by_label("Title").fill("Its own address")
    page.get_by_label("Title").press("Tab")
    page.locator("#id_slug").fill("by-hand")
    after = crash(page, add)
    restore(after)
    after.locator("#id_slug").focus()
    after.get_by_label("Title").focus()
    expect(after.locator("#id_slug")).to_have_value("by-hand")


def test_text_that_the_bar_says_is_kept_survives_a_browser_that_is_killed(
    browser: Browser, desk: Site, term: str, tmp_path: Path
) -> None:
    def start() -> tuple[subprocess.Popen[bytes], Page]:
        assert CHROMIUM
        address = tmp_path / "DevToolsActivePort"
        address.unlink(missing_ok=True)
        options = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={tmp_path}", *CHROMIUM_OPTIONS]
        process = subprocess.Popen([CHROMIUM, *options, "about:blank"], stderr=subprocess.DEVNULL)
        started.append(process)
        eventually(lambda: address.exists() and "\n" in address.read_text(), "the browser starts")
        port = address.read_text().splitlines()[0]
        context = browser.browser_type.connect_over_cdp(f"http://127.0.0.1:{port}", timeout=TIMEOUT).contexts[0]
        context.set_default_timeout(TIMEOUT)
        # The browser writes its cookies down when it pleases: the session may have outlived it, or not.
        context.clear_cookies()
        page = context.new_page()
        sign_in(page, desk, "edith")
        open_form(page, term)
        return process, page

    started: list[subprocess.Popen[bytes]] = []
    try:
        process, page = start()
        text(page, "Mechanism:").fill("Written just before.")
        expect(page.get_by_text("kept in this browser at")).to_be_visible()
        process.kill()
        process.wait()
        process, page = start()
        restore(page)
        expect(text(page, "Mechanism:")).to_have_text("Written just before.")
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_the_bar_says_so_when_nothing_is_kept(somebody: Callable[[str], Page], term: str) -> None:
    page = somebody("edith")
    # As where a browser forbids a site to keep anything.
    page.add_init_script("IDBFactory.prototype.open = () => { throw new DOMException('No', 'SecurityError') }")
    open_form(page, term)
    text(page, "Mechanism:").fill("Nowhere else.")
    expect(page.get_by_text("this browser keeps no copy").first).to_be_visible()
    expect(page.get_by_text("kept in this browser")).to_have_count(0)
    save(page)


def test_text_of_the_last_moment_is_kept_when_the_page_is_left(somebody: Callable[[str], Page], term: str) -> None:
    page = somebody("edith")
    open_form(page, term)
    page.on("dialog", lambda dialog: dialog.accept())
    text(page, "Mechanism:").fill("At the last moment.")
    open_form(page, term)
    restore(page)
    expect(text(page, "Mechanism:")).to_have_text("At the last moment.")


def test_a_restored_draft_is_merged_with_what_was_saved_since(somebody: Callable[[str], Page], term: str) -> None:
    page, other = somebody("edith"), somebody("emil")
    open_form(page, term)
    text(page, "Mechanism:").fill("Mine, from before.")
    expect(page.get_by_text("kept in this browser at")).to_be_visible()
    fresh = page.context.new_page()
    page.close(run_before_unload=False)
    open_form(other, term)
    text(other, "Origin:").fill("Greek.")
    save(other)
    open_form(fresh, term)
    fresh.get_by_role("button", name="Restore").click()
    expect(fresh.get_by_text("Restored, as written on revision 1.")).to_be_visible()
    save(fresh)
    assert text(fresh, "Origin:").inner_text() == "Greek."
    assert text(fresh, "Mechanism:").inner_text() == "Mine, from before."


def test_drafts_are_forgotten_when_discarded_old_or_logged_out(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    page = somebody("edith")

    def keeps(count: int) -> None:
        until(page, lambda: len(copies(page)) == count, f"this browser keeps {count} copies")

    def write() -> None:
        open_form(page, term)
        text(page, "Mechanism:").fill("Not for others.")
        expect(page.get_by_text("kept in this browser at")).to_be_visible()

    page.on("dialog", lambda dialog: dialog.accept())
    write()
    keeps(1)
    # What is taken back by hand is no draft.
    text(page, "Mechanism:").press("ControlOrMeta+a")
    text(page, "Mechanism:").press("Delete")
    expect(page.get_by_text("kept in this browser at")).to_be_hidden()
    keeps(0)
    write()
    open_form(page, term)
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("You didn’t save this")).to_be_hidden()
    keeps(0)
    write()
    page.evaluate(
        """() => new Promise((done) => {
          const opening = indexedDB.open("glossary-drafts", 1)
          opening.onsuccess = () => {
            const transaction = opening.result.transaction("drafts", "readwrite")
            const store = transaction.objectStore("drafts")
            store.getAll().onsuccess = ({ target }) => {
              store.put({ ...target.result[0], id: "older000", at: Date.now() - 8 * 86400000 })
              store.put({ id: "nonsense" })
            }
            transaction.oncomplete = () => {
              opening.result.close()
              done()
            }
          }
        })"""
    )
    page.evaluate("localStorage['glossary-draft:0:nonsense'] = '{'")
    keeps(3)
    page.goto(f"{desk.url}/admin/")
    keeps(1)
    page.get_by_role("button", name="Log out").click()
    page.get_by_text("Thanks for spending").or_(page.get_by_text("Log in again")).first.wait_for()
    keeps(0)


def test_the_preview_shows_the_public_page_beside_the_form(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    page = somebody("edith")
    open_form(page, term)
    expect(page.get_by_text("Whole page: 3 words, too short to judge")).to_be_visible()
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
    assert axe(page) == []
    page.get_by_role("button", name="Hide preview").click()
    expect(page.get_by_title("Preview of the public page")).to_be_hidden()


def test_a_title_like_another_is_named_while_it_is_typed(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    page = somebody("edith")
    page.goto(f"{desk.url}/admin/glossary/term/add/")
    wait_for_form(page)
    page.get_by_label("Title").press_sequentially("Progestrone")
    expect(page.get_by_text("This is much like “Progesterone”")).to_be_visible()
    assert axe(page) == []
    page.get_by_label("Title").fill("Ovary")
    expect(page.get_by_text("This is much like")).to_have_count(0)


def test_a_new_term_is_kept_and_offered_back_too(somebody: Callable[[str], Page], desk: Site) -> None:
    page = somebody("edith")
    page.goto(f"{desk.url}/admin/glossary/term/add/")
    wait_for_form(page)
    page.get_by_label("Title").fill("Half written")
    text(page, "Definition:").fill("Not finished.")
    expect(page.get_by_text("kept in this browser at")).to_be_visible()
    # While that tab lives, its text isn't offered in another.
    second = page.context.new_page()
    second.goto(f"{desk.url}/admin/glossary/term/add/")
    wait_for_form(second)
    expect(second.get_by_text("You didn’t save this")).to_be_hidden()
    page.close(run_before_unload=False)
    second.reload()
    wait_for_form(second)
    second.get_by_role("button", name="Restore").click()
    save(second)
    expect(second.get_by_label("Title")).to_have_value("Half written")


def test_keys_save_and_leave_the_editor_its_own(somebody: Callable[[str], Page], term: str) -> None:
    page = somebody("edith")
    open_form(page, term)
    text(page, "Mechanism:").click()
    page.keyboard.type("One")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("two")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("is saved as revision 2")).to_be_visible()
    wait_for_form(page)
    expect(text(page, "Mechanism:").locator("br:not(.ProseMirror-trailingBreak)")).to_have_count(1)


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_the_bar_stays_in_sight_and_hides_no_focus(
    somebody: Callable[[str], Page], term: str, size: ViewportSize
) -> None:
    page = somebody("edith")
    page.set_viewport_size(size)
    open_form(page, term)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.locator(".save-bar").bounding_box()
    assert box
    assert abs(box["y"] + box["height"] - size["height"]) < 2
    assert box["height"] < 130
    page.get_by_label("Title").focus()
    assert hidden_by_the_bar(page) == []
    assert axe(page) == []
