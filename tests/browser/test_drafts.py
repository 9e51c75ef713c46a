"""Text that isn't saved yet, in real browsers: it comes back after a crash as it was, and goes when it should."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.editing import (
    axe,
    copies,
    crash,
    open_form,
    restore,
    row_of,
    rows,
    save,
    sent,
    switch_off,
    text,
    unlinked,
    wait_for_editors,
    watch,
)
from tests.browser.visiting import CHROMIUM_OPTIONS, HEADLESS, TIMEOUT, sign_in, until
from tests.sites import Site
from tests.waiting import eventually


def test_a_crash_loses_nothing_and_every_kind_of_field_comes_back_as_it_was(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    switch_off(desk, term, "FN")
    page = somebody("edith")
    open_form(page, term)
    text(page, "Mechanism:").fill("Written before the crash.")
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
    page.get_by_label("Owner").select_option(label="Emil Example")
    page.get_by_label("Review every").fill("7")
    page.get_by_label("What changed, and why").fill("“Everything”")
    page.get_by_role("button", name="Remove synonym 1").click()
    page.get_by_role("button", name="Add another Synonym").click()
    row_of(page, "synonyms").get_by_label("Name").last.fill("New name")
    row_of(page, "synonyms").get_by_label("Kind").last.select_option("former")
    row_of(page, "synonyms").get_by_label("Don't link").last.check()
    page.get_by_role("button", name="Move synonym 2 up").click()
    page.get_by_role("button", name="Move insight 1 down").click()
    row_of(page, "references").get_by_label("Citation").fill("Two\nlines.")
    # An empty row isn't one.
    page.get_by_role("button", name="Add another Synonym").click()
    before = [pair for pair in sent(page) if not re.match(r"(initial-)?synonyms-3-", pair[0])]
    assert ["initial-synonyms-2-unlinked", "True"] in before
    expect(page.get_by_text("kept in this browser at")).to_be_visible()
    assert "Written before the crash." in str(copies(page))

    after = page.context.new_page()
    page.close(run_before_unload=False)  # as when the browser dies
    open_form(after, term)
    expect(after.get_by_role("heading", name="Text that you did not save")).to_be_visible()
    assert text(after, "Mechanism:").inner_text().strip() == ""
    assert axe(after, part=".beside") == []
    after.get_by_role("button", name="Restore").click()
    expect(after.get_by_text("Restored. Your changes are not saved yet.")).to_be_visible()
    total = ["synonyms-TOTAL_FORMS", "2"]
    assert sent(after) == sorted(total if pair[0] == total[0] else pair for pair in before)
    assert axe(after, part="#synonyms-group, .beside, .field-related, .field-tags") == []
    save(after)
    assert text(after, "Mechanism:").inner_text() == "Written before the crash."
    assert rows(after, "synonyms", "[name$=-text]") == ["New name", "FN"]
    assert rows(after, "synonyms", "select") == ["former", "abbreviation"]
    assert rows(after, "insights", "textarea") == ["Two.", "One."]
    assert rows(after, "insights", "[name$=-url]") == ["https://example.org/", ""]
    expect(after.locator("#insights-group")).to_contain_text("Progesterone")
    expect(after.locator(".field-tags")).to_contain_text("Ovary")
    assert after.locator("[name=related] option:checked").count() == 0
    # Of the names that aren't linked, the one that nobody had touched is as it was.
    assert unlinked(after) == {"FN", "Everything", "New name"}
    expect(after.get_by_label("Owner")).to_have_value(dict(before)["owner"])
    expect(after.get_by_text("Text that you did not save")).to_be_hidden()
    until(after, lambda: not copies(after), "what is saved is kept no longer")


def test_a_restored_draft_is_merged_with_what_was_saved_and_switched_since(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    page = somebody("edith")
    open_form(page, term)
    text(page, "Mechanism:").fill("Mine, from before.")
    row_of(page, "synonyms").get_by_label("Don't link").last.check()
    expect(page.get_by_text("kept in this browser at")).to_be_visible()
    switch_off(desk, term, "First name")
    desk.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from glossary.actions import save_term\n"
        "from glossary.document.parsing import parse_document\n"
        "from glossary.models import Term\n"
        f"term = Term.objects.get(pk={term.split('/')[-3]})\n"
        "document = parse_document(term.head.document | {'origin': 'Greek.'})\n"
        "save_term(document=document, by=User.objects.get(username='emil'), at=timezone.now(), term=term)"
    )
    after = crash(page, term)
    restore(after)
    expect(after.get_by_text("Restored from your changes to revision 1.")).to_be_visible()
    for box in row_of(after, "synonyms").get_by_label("Don't link").all():
        expect(box).to_be_checked()
    save(after)
    expect(after.get_by_text("origin came from it")).to_be_visible()
    assert text(after, "Origin:").inner_text() == "Greek."
    assert text(after, "Mechanism:").inner_text() == "Mine, from before."
    assert unlinked(after) == {"FN", "First name"}


def test_a_copy_from_before_boxes_were_kept_leaves_them_as_the_page_shows_them(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    switch_off(desk, term, "FN")
    page = somebody("edith")
    shown = re.search(r'data-user="(\d+)"\s+data-term="(\d+)"', page.request.get(term).text())
    assert shown
    page.goto(f"{desk.url}/admin/password_change/")  # a page of the same browser that looks after no copies
    # As it was written: the box's value was replaced by that of the hidden field beside it.
    page.evaluate(
        """([user, term]) => {
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
        }""",
        list(shown.groups()),
    )
    open_form(page, term)
    restore(page)
    boxes = row_of(page, "synonyms").get_by_label("Don't link")
    assert [box.is_checked() for box in boxes.all()] == [False, True, False]
    assert not page.locator("#id_unlinked").is_checked()
    would_send = sent(page)
    assert ["mechanism", "<p>From before.</p>"] in would_send
    assert [value for name, value in would_send if re.match(r"synonyms-\d-text", name)] == [
        "First name",
        "FN",
        "Another",
    ]
    assert [name for name, value in would_send if name.endswith("unlinked") and value == "on"] == [
        "synonyms-2-unlinked"
    ]


def test_text_that_the_bar_says_is_kept_survives_a_browser_that_is_killed(
    browser: Browser, desk: Site, term: str, tmp_path: Path
) -> None:
    def start() -> tuple[subprocess.Popen[bytes], Page]:
        assert HEADLESS
        address = tmp_path / "DevToolsActivePort"
        address.unlink(missing_ok=True)
        options = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={tmp_path}", *CHROMIUM_OPTIONS]
        process = subprocess.Popen(
            [HEADLESS, *options, "about:blank"], stderr=subprocess.DEVNULL, start_new_session=True
        )
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

    def kill(process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)  # Debian's command is a script that starts the browser
            process.wait()

    started: list[subprocess.Popen[bytes]] = []
    try:
        process, page = start()
        text(page, "Mechanism:").fill("Written just before.")
        expect(page.get_by_text("kept in this browser at")).to_be_visible()
        kill(process)
        process, page = start()
        restore(page)
        expect(text(page, "Mechanism:")).to_have_text("Written just before.")
    finally:
        for process in started:
            kill(process)


def test_where_nothing_is_kept_the_bar_says_so_and_keys_save(somebody: Callable[[str], Page], term: str) -> None:
    page = somebody("edith")
    # As where a browser forbids a site to keep anything.
    page.add_init_script("IDBFactory.prototype.open = () => { throw new DOMException('No', 'SecurityError') }")
    open_form(page, term)
    text(page, "Mechanism:").click()
    page.keyboard.type("One")
    page.keyboard.press("Shift+Enter")  # the editor's own
    page.keyboard.type("two")
    expect(page.get_by_text("this browser cannot keep a copy").first).to_be_visible()
    expect(page.get_by_text("kept in this browser")).to_have_count(0)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("is saved as revision 2")).to_be_visible()
    wait_for_editors(page)
    expect(text(page, "Mechanism:").locator("br:not(.ProseMirror-trailingBreak)")).to_have_count(1)


def test_drafts_are_kept_when_the_page_is_left_and_forgotten_when_discarded_old_or_logged_out(
    page: Page, desk: Site, term: str, refusals: list[str]
) -> None:
    watch(page, refusals)
    sign_in(page, desk, "edith")

    def keeps(count: int) -> None:
        until(page, lambda: len(copies(page)) == count, f"this browser keeps {count} copies")

    def write(words: str) -> None:
        text(page, "Mechanism:").fill(words)
        expect(page.get_by_text("kept in this browser at")).to_be_visible()

    page.on("dialog", lambda dialog: dialog.accept())
    open_form(page, term)
    write("Not for others.")
    keeps(1)
    # What is taken back by hand is no draft.
    text(page, "Mechanism:").press("ControlOrMeta+a")
    text(page, "Mechanism:").press("Delete")
    expect(page.get_by_text("kept in this browser at")).to_be_hidden()
    keeps(0)
    # Text of the last moment is one, although the page is left before the bar can say so.
    text(page, "Mechanism:").fill("At the last moment.")
    open_form(page, term)
    expect(page.get_by_role("heading", name="Text that you did not save")).to_be_visible()
    assert "At the last moment." in str(copies(page))
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Text that you did not save")).to_be_hidden()
    keeps(0)
    write("Not for others.")
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
