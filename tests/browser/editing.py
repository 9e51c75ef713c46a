"""The term form, as editors meet it in a browser."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, ViewportSize, expect

from tests.browser.visiting import faults_of_any_look, rest
from tests.sites import Site

NARROW: ViewportSize = {"width": 320, "height": 640}
WIDE: ViewportSize = {"width": 1280, "height": 900}
REPORT_REFUSALS = (
    "addEventListener('securitypolicyviolation', (event) => console.error('CSP', event.violatedDirective))"
)
_LOOKING: list[Page] = []


def open_term(page: Page, desk: Site, title: str) -> None:
    page.goto(f"{desk.url}/admin/glossary/term/")
    page.get_by_role("link", name=title, exact=True).click()
    wait_for_editors(page)


def open_form(page: Page, url: str) -> None:
    page.goto(url)
    wait_for_editors(page)


def wait_for_editors(page: Page) -> None:
    expect(page.locator(".ProseMirror[aria-labelledby]")).to_have_count(3)


def watch(page: Page, refusals: list[str]) -> None:
    """Note what the browser refuses on the page, and what its scripts throw."""

    def note(message: ConsoleMessage) -> None:
        # axe tries styles of its own on the page, which the policy refuses.
        if "Content Security Policy" in message.text and page not in _LOOKING:
            refusals.append(f"{page.url}: {message.text}")

    page.on("console", note)
    page.on("pageerror", lambda error: refusals.append(str(error)))


def axe(page: Page, part: str = "", *, dark: bool = False) -> list[str]:
    """Return what :func:`faults_of_any_look` finds on a term's form. The page is left at a desktop's width.

    ``part`` is the selector of what a state adds to the form, which is judged where there is least room for it. The
    whole form is judged once, in ``test_term_form.py``.
    """
    _LOOKING.append(page)
    # What happens to be half behind the bar is a small target to axe, and one that a reader scrolls.
    page.locator(".save-bar").evaluate_all("bars => bars.forEach(bar => (bar.style.position = 'static'))")
    widths = (NARROW["width"],) if part else (WIDE["width"], NARROW["width"])
    found = faults_of_any_look(page, widths=widths, dark=dark, part=part)
    page.locator(".save-bar").evaluate_all("bars => bars.forEach(bar => (bar.style.position = ''))")
    page.set_viewport_size(WIDE)
    rest(page)
    _LOOKING.remove(page)
    return found


def faults_of_desk_page(page: Page, *, dark: bool = False, part: str = "") -> list[str]:
    """Return what axe finds on a page of the admin where there is least room, and which width doesn't hold the page.

    On a desktop there is more around it, the same on every page: that is judged on the first one, in
    ``test_review_story.py``.
    """
    page.set_viewport_size(WIDE)
    rest(page)
    needed = page.evaluate("document.documentElement.scrollWidth")
    found = [f"{WIDE['width']}: needs {needed} px"] if needed > WIDE["width"] else []
    return found + faults_of_any_look(page, widths=(NARROW["width"],), dark=dark, part=part)


def text(page: Page, name: str) -> Locator:
    return page.get_by_role("textbox", name=name, exact=True)


def save(page: Page) -> None:
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("is saved as revision")).to_be_visible()
    wait_for_editors(page)


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


def unlinked(page: Page) -> set[str]:
    """Return the names of a term that are not linked, as a form shows them that was opened or saved just now."""
    title = {page.get_by_label("Title").input_value()} if page.locator("#id_unlinked").is_checked() else set()
    boxed = row_of(page, "synonyms").filter(has=page.get_by_label("Don't link").and_(page.locator(":checked")))
    return title | {name.input_value() for name in boxed.locator("[name$=-text]").all()}


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
