"""Two people on one term, and sessions that expire, in real browsers: nothing typed is lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.editing import (
    axe,
    crash,
    open_form,
    restore,
    row_of,
    rows,
    save,
    sent,
    switch_off,
    text,
    wait_for_editors,
    watch,
)
from tests.browser.visiting import rest, sign_in
from tests.sites import PASSWORD, Site


@pytest.mark.database
def test_two_people_collide_decide_side_by_side_and_nothing_is_lost(somebody: Callable[[str], Page], term: str) -> None:
    mine, theirs = somebody("edith"), somebody("emil")
    open_form(mine, term)
    open_form(theirs, term)
    # Each is told of the other. The beat of the one who came first is not waited for.
    expect(theirs.get_by_text("Edith Example has had this open since")).to_be_visible()

    text(theirs, "Definition:").fill("An event of their own.")
    text(theirs, "Origin:").fill("Greek.")
    row_of(theirs, "synonyms").get_by_label("Name").first.fill("Their name")
    row_of(theirs, "references").get_by_label("Citation").fill("Their reference.")
    save(theirs)

    # The page that is open says so, once its editor comes back to it.
    mine.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(mine.get_by_text("Emil Example saved revision 2")).to_be_visible()
    expect(mine.get_by_text("Emil Example has had this open since")).to_be_visible()
    assert axe(mine, part=".beside") == []
    with mine.context.expect_page() as opened:
        mine.get_by_role("link", name="See what changed, in a new tab").click()
    expect(opened.value.locator("ins", has_text="Greek").first).to_be_visible()
    opened.value.close()

    text(mine, "Definition:").fill("An event of my own.")
    text(mine, "Mechanism:").fill("By my hormones.")
    row_of(mine, "synonyms").get_by_label("Name").first.fill("My name")
    mine.get_by_role("button", name="Add another Synonym").click()
    row_of(mine, "synonyms").get_by_label("Name").last.fill("P4")
    mine.locator("#insights-group textarea").first.fill("My insight.")
    mine.get_by_role("button", name="Save and continue editing").click()

    expect(mine.get_by_role("heading", name="You both changed this")).to_be_visible()
    expect(mine.get_by_text("after you opened this page")).to_contain_text("Emil Example saved revision 2")
    wait_for_editors(mine)
    assert text(mine, "Definition:").inner_text() == "An event of my own."
    assert text(mine, "Mechanism:").inner_text() == "By my hormones."
    assert text(mine, "Origin:").inner_text() == "Greek."  # merged
    assert rows(mine, "synonyms", "[name$=-text]") == ["My name", "FN", "P4"]
    assert rows(mine, "insights", "textarea")[0] == "My insight."
    assert rows(mine, "references", "textarea") == ["Their reference."]  # merged
    assert axe(mine, part="[data-collision]") == []

    # What is chosen is seen in the form at once, and can be taken back.
    synonyms = mine.get_by_role("group", name="Synonyms").filter(has=mine.get_by_label("Take theirs"))
    definition = mine.get_by_role("group", name="Definition").filter(has=mine.get_by_label("Take theirs"))
    synonyms.get_by_label("Take theirs").check()
    assert rows(mine, "synonyms", "[name$=-text]") == ["Their name", "FN"]
    synonyms.get_by_label("Keep mine").check()
    assert rows(mine, "synonyms", "[name$=-text]") == ["My name", "FN", "P4"]
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


def save_meanwhile(desk: Site, term: str, **changed: object) -> None:
    """Have Emil save other parts of a term's document while somebody has its form open."""
    desk.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from glossary.actions import save_term\n"
        "from glossary.document.parsing import parse_document\n"
        "from glossary.models import Term\n"
        f"term = Term.objects.get(pk={term.split('/')[-3]})\n"
        f"document = parse_document(term.head.document | {changed!r})\n"
        "save_term(document=document, by=User.objects.get(username='emil'), at=timezone.now(), term=term)"
    )


def test_what_is_chosen_of_a_collision_is_seen_in_every_field_and_can_be_taken_back(
    somebody: Callable[[str], Page], desk: Site, term: str
) -> None:
    switch_off(desk, term, "FN")
    mine = somebody("edith")
    open_form(mine, term)
    mine.get_by_label("Title").fill("My title")
    text(mine, "Definition:").fill("My definition.")
    mine.get_by_role("searchbox", name="Tags").press_sequentially("My tag")
    mine.get_by_role("searchbox", name="Tags").press("Enter")
    mine.locator(".field-related .select2-selection__choice__remove").first.click()
    mine.keyboard.press("Escape")
    row_of(mine, "synonyms").get_by_label("Name").first.fill("My name")
    row_of(mine, "synonyms").get_by_label("Don't link").first.check()
    mine.get_by_role("button", name="Move insight 1 down").click()
    mine.locator("#insights-group textarea").first.fill("My insight.")
    row_of(mine, "references").get_by_label("Citation").fill("My reference.")
    save_meanwhile(
        desk,
        term,
        title="Their title",
        definition="<p>Their definition.</p>",
        tags=["menstrual cycle", "Their tag"],
        related=[],
        synonyms=[{"text": "Their name"}, {"text": "FN", "kind": "abbreviation"}],
        insights=[{"text": "Their insight.", "url": "https://example.org/"}, {"text": "One.", "term": "progesterone"}],
        references=[{"citation": "Their reference.", "doi": "10.1001/jama.288.3.321"}],
    )
    mine.get_by_role("button", name="Save and continue editing").click()
    expect(mine.get_by_role("heading", name="You both changed this")).to_be_visible()
    wait_for_editors(mine)

    # Undecided, it survives a crash, and is asked about again.
    mine = crash(mine, term)
    restore(mine)
    mine.get_by_role("button", name="Save and continue editing").click()
    expect(mine.get_by_role("heading", name="You both changed this")).to_be_visible()
    wait_for_editors(mine)
    expect(text(mine, "Definition:")).to_have_text("My definition.")

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
    would_send = sent(mine)
    assert ["definition", "<p>By hand.</p>"] in would_send
    # As before: a name that was switched off elsewhere, and one that is switched off here.
    assert ["synonyms-1-unlinked", "on"] in would_send
    assert ["synonyms-2-unlinked", "on"] in would_send


def test_a_save_that_does_not_arrive_says_why_keeps_the_text_and_goes_on(
    page: Page, desk: Site, term: str, refusals: list[str]
) -> None:
    watch(page, refusals)
    sign_in(page, desk, "edith")
    open_form(page, term)
    dialog = page.get_by_role("dialog", name="Not saved yet")

    # The server can't be reached; and once it can, the session has expired.
    text(page, "Mechanism:").fill("Written on a train.")
    page.context.set_offline(True)
    page.keyboard.press("Control+s")
    expect(dialog).to_contain_text("The server cannot be reached")
    session = next(cookie["value"] for cookie in page.context.cookies() if "session" in cookie["name"])
    desk.python(f"from django.contrib.sessions.models import Session; Session.objects.get(pk={session!r}).delete()")
    page.context.set_offline(False)
    dialog.get_by_role("button", name="Save now").click()
    expect(dialog).to_contain_text("You are signed out.")
    assert axe(page, part="[data-session-dialog]") == []
    dialog.get_by_role("button", name="Save now").click()
    expect(dialog).to_contain_text("You are signed out.")
    with page.context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in in a new tab").click()
    login = opened.value
    watch(login, refusals)
    login.get_by_label("Username").fill("edith")
    login.get_by_label("Password").fill(PASSWORD)
    login.get_by_role("button", name="Log in").click()
    login.wait_for_url(f"{desk.url}/admin/")
    dialog.get_by_role("button", name="Save now").click()
    expect(page.get_by_text("is saved as revision 2")).to_be_visible()
    wait_for_editors(page)
    assert text(page, "Mechanism:").inner_text() == "Written on a train."
    expect(page.get_by_text("Text that you did not save")).to_be_hidden()

    # Somebody else has signed in meanwhile, and is told in whose name it is saved.
    text(page, "Mechanism:").fill("Whose?")
    page.context.clear_cookies()
    sign_in(login, desk, "emil")
    page.bring_to_front()
    page.keyboard.press("Control+s")
    expect(dialog).to_contain_text("You are signed in as Emil Example now.")
    dialog.get_by_role("button", name="Save as Emil Example").click()
    expect(page.get_by_text("is saved as revision 3")).to_be_visible()
    rest(page)
