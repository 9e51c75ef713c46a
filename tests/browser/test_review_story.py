"""The story of a clinical change, played by two people in a real browser: written, refused to its author, sent back,
written again, approved for a time, and published when it is due.

Texts that two people write at once are in ``test_together.py``, what is written after a publication in
``test_editing.py``, and restoring in ``test_history.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.browser.editing import REPORT_REFUSALS, axe, faults_of_desk_page, open_term, wait_for_editors, watch
from tests.browser.visiting import TIMEOUT, axe_violations, faults_of_any_look, rest, sign_in, until
from tests.sites import Site

MECHANISM = "The corpus luteum makes progesterone."
BETTER = "The corpus luteum makes progesterone, which the endometrium answers."


@pytest.fixture(scope="module")
def desk(site: Site) -> Site:
    """The site with four people and a term in public that a second clinician stands for."""
    site.add_person("edith", "Clinical editors")
    # Emil may review as well: that they wrote something, and not their group, keeps them out of the list of reviewers.
    site.add_person("emil", "Clinical editors", "Clinical reviewers")
    site.add_person("rafael", "Clinical reviewers")
    site.add_person("root", superuser=True)
    site.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from glossary.actions import approve_review, save_term, submit_term\n"
        "from glossary.document.parsing import parse_document\n"
        "from glossary.models import Credentials\n"
        "edith, rafael = (User.objects.get(username=name) for name in ('edith', 'rafael'))\n"
        "Credentials.objects.create(user=rafael, text='MD, endocrinologist')\n"
        "at = timezone.now()\n"
        "term = save_term(document=parse_document({'title': 'Luteal phase', 'definition': 'The second half.',"
        f" 'mechanism': {MECHANISM!r}, 'tags': ['cycle'], 'insights': [{{'text': 'One.'}}]}}), by=edith, at=at).term\n"
        "review = submit_term(term=term, by=edith, at=at)\n"
        "approve_review(review=review, by=rafael, at=at, publish=True)"
    )
    return site


@pytest.fixture
def people(browser: Browser, desk: Site) -> Iterator[dict[str, Page]]:
    """A signed-in page for each person; the test fails when the browser refused anything on one of them."""
    pages, contexts = {}, []
    refused: list[str] = []
    for name in ("edith", "rafael"):
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        context.set_default_timeout(TIMEOUT)
        pages[name] = context.new_page()
        watch(pages[name], refused)
        sign_in(pages[name], desk, name)
        contexts.append(context)
    yield pages
    for context in contexts:
        context.close()
    assert refused == []


def public_text(page: Page, desk: Site) -> str:
    page.goto(f"{desk.url}/glossary/luteal-phase/")
    return page.locator("main").inner_text()


@pytest.mark.database
def test_a_change_is_reviewed_by_somebody_who_wrote_none_of_it(desk: Site, people: dict[str, Page]) -> None:
    edith, rafael = people["edith"], people["rafael"]

    # Two people have written since the last approval: Emil before, and Edith now.
    desk.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from glossary.actions import save_term\n"
        "from glossary.document.parsing import parse_document\n"
        "from glossary.models import Term\n"
        "term, emil = Term.objects.get(slug='luteal-phase'), User.objects.get(username='emil')\n"
        "document = parse_document(term.head.document | {'origin': 'From Latin luteus, yellow.'})\n"
        "save_term(document=document, by=emil, at=timezone.now(), term=term)"
    )
    open_term(edith, desk, "Luteal phase")
    edith.get_by_role("textbox", name="Mechanism").fill(BETTER)
    edith.get_by_role("button", name="Save and submit for review…").last.click()
    edith.get_by_label("What should the reviewer look at?").fill("The answer of the endometrium")
    expect(edith.get_by_label("Reviewer").locator("option")).to_have_text(
        ["Any reviewer", "Rafael Example, MD, endocrinologist", "Root Example"]
    )
    edith.get_by_role("button", name="Submit for review", exact=True).click()
    expect(edith.get_by_text("Revision 3 of “Luteal phase” was submitted for review.")).to_be_visible()
    edith.get_by_role("link", name="Read the review").click()
    expect(edith.get_by_role("heading", name="Definition")).to_be_visible()
    expect(edith.get_by_role("button", name="Approve")).to_have_count(0)
    assert BETTER not in public_text(edith, desk)

    # The reviewer finds it in their queue, reads what changes, comments, and sends it back.
    rafael.goto(f"{desk.url}/admin/")
    expect(rafael.get_by_role("heading", name="Waiting for me")).to_be_visible()
    rafael.get_by_role("link", name="Luteal phase").click()
    rafael.get_by_role("link", name="Review…").click()
    address = rafael.url
    mechanism = rafael.get_by_role("region", name="Mechanism")
    expect(mechanism.locator("ins")).to_contain_text("which the endometrium answers")
    expect(rafael.get_by_role("region", name="Definition")).to_contain_text("unchanged")
    mechanism.get_by_text("Comment on mechanism").click()
    mechanism.get_by_label("Comment").fill("How does it answer?")
    mechanism.get_by_role("button", name="Add comment").click()
    expect(rafael.get_by_role("list", name="Comments on mechanism")).to_contain_text("How does it answer?")
    rafael.get_by_label("What should change?").fill("Say how the endometrium answers.")
    rafael.get_by_role("button", name="Send back").click()
    expect(rafael.get_by_text("was sent back to its authors")).to_be_visible()

    # The author finds it in their queue, with the reason, and submits anew.
    edith.goto(f"{desk.url}/admin/")
    expect(edith.get_by_role("heading", name="Sent back to me")).to_be_visible()
    edith.get_by_role("link", name="Luteal phase").first.click()
    expect(edith.get_by_role("region", name="State")).to_contain_text("Say how the endometrium answers.")
    wait_for_editors(edith)
    edith.get_by_role("textbox", name="Mechanism").fill(f"{BETTER} It becomes secretory.")
    edith.get_by_role("button", name="Save and submit for review…").last.click()
    edith.get_by_role("button", name="Submit for review", exact=True).click()
    expect(edith.get_by_text("Revision 4 of “Luteal phase” was submitted for review.")).to_be_visible()

    # Approved for a time to come: nothing is public before it.
    rafael.goto(f"{desk.url}/admin/glossary/term/?queue=waiting")
    rafael.get_by_role("link", name="Luteal phase", exact=True).click()
    # Who may only review reads the term, and is offered nothing that they may not do.
    expect(rafael.get_by_role("heading", name="Definition")).to_be_visible()
    expect(rafael.locator("textarea, .ProseMirror")).to_have_count(0)
    expect(rafael.get_by_role("button", name="Publish revision")).to_have_count(0)
    assert axe(rafael, part="main") == []
    rafael.get_by_role("link", name="Review…").click()
    assert rafael.url != address
    rafael.get_by_role("link", name="Compare with revision 3, what was last sent back").click()
    expect(rafael.get_by_role("region", name="Mechanism").locator("ins")).to_contain_text("It becomes secretory")
    rafael.get_by_label("Publish it at a time").check()
    due = datetime.now(UTC) + timedelta(days=2)
    rafael.get_by_label("Time (UTC)").fill(f"{due:%Y-%m-%dT%H:%M}")
    rafael.get_by_role("button", name="Approve").click()
    expect(rafael.get_by_text("is approved, and will be published on")).to_contain_text("UTC")
    desk.manage("publish_due")
    assert "secretory" not in public_text(rafael, desk)

    # The time has come: the page names who reviewed it.
    desk.python(
        "from datetime import timedelta\n"
        "from django.db.models import F\n"
        "from glossary.models import ScheduledChange\n"
        "ScheduledChange.objects.update(due_at=F('due_at') - timedelta(days=3))"
    )
    desk.manage("publish_due")
    shown = public_text(rafael, desk)
    assert "It becomes secretory." in shown
    assert "From Latin luteus, yellow." in shown
    assert "Rafael Example" in shown
    assert "MD, endocrinologist" in shown


def test_nothing_typed_on_the_page_of_a_review_is_dropped(desk: Site, people: dict[str, Page]) -> None:
    ids = desk.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from glossary.actions import save_term, submit_term\n"
        "from glossary.document.parsing import parse_document\n"
        "edith, at = User.objects.get(username='edith'), timezone.now()\n"
        "document = parse_document({'title': 'Typed into', 'definition': 'x', 'origin': 'Latin.'})\n"
        "term = save_term(document=document, by=edith, at=at).term\n"
        "print(term.pk, submit_term(term=term, by=edith, at=at).pk)"
    )
    term, review = ids.split()
    rafael = people["rafael"]
    rafael.goto(f"{desk.url}/admin/glossary/term/{term}/reviews/{review}/")
    origin = rafael.get_by_role("region", name="Origin")
    definition = rafael.get_by_role("region", name="Definition")
    for section, words in ((definition, "Half a comm"), (origin, "From which word?")):
        section.locator("summary", has_text="Comment").click()
        section.get_by_label("Comment:").fill(words)
    rafael.get_by_label("Leave publishing to the editors").check()
    rafael.get_by_label("What should change?").fill("Perhaps the origin")
    # Enter in a line doesn't decide anything.
    rafael.get_by_label("Time (").press("Enter")

    origin.get_by_role("button", name="Add comment").click()
    expect(rafael.get_by_text("Your comment was added.")).to_be_visible()
    expect(origin.get_by_role("listitem").filter(has_text="From which word?")).to_be_visible()
    expect(origin).to_be_in_viewport()
    expect(definition.get_by_label("Comment:")).to_have_value("Half a comm")
    rafael.get_by_role("button", name="Don’t link “Typed into”").click()
    expect(rafael.get_by_text("Mentions of “Typed into” are no longer linked")).to_be_visible()
    expect(definition.get_by_label("Comment:")).to_have_value("Half a comm")
    expect(rafael.get_by_label("What should change?")).to_have_value("Perhaps the origin")

    rafael.get_by_role("button", name="Approve").click()
    expect(rafael.get_by_text("You also filled in “What should change?”").first).to_be_visible()
    expect(rafael.get_by_label("Leave publishing to the editors")).to_be_checked()
    # Leaving asks first.
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    rafael.once("dialog", stay)
    rafael.get_by_role("link", name="To the term").click(no_wait_after=True)
    until(rafael, lambda: asked == ["beforeunload"], "the browser asks before it leaves")
    rafael.get_by_label("What should change?").fill("")
    rafael.get_by_role("button", name="Approve").click()
    expect(rafael.get_by_text("“Typed into” is approved.")).to_be_visible()
    expect(definition.get_by_role("listitem").filter(has_text="Half a comm")).to_be_visible()


def test_every_new_screen_is_accessible_at_both_widths(desk: Site, page: Page) -> None:
    sign_in(page, desk, "root")
    ids = desk.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from glossary.actions import comment_on_review, count_names, publish_term, save_term\n"
        "from glossary.actions import schedule_retirement, submit_term\n"
        "from glossary.document.parsing import parse_document\n"
        "from glossary.models import Program\n"
        "from datetime import timedelta\n"
        "edith, at = User.objects.get(username='edith'), timezone.now()\n"
        "def save(title, **more):\n"
        "    document = parse_document({'title': title, 'definition': 'x', **more})\n"
        "    found = save_term(document=document, by=edith, at=at).term\n"
        "    publish_term(term=found, by=Program('Test'), at=at, emergency=True, reason='Test')\n"
        "    changed = {'definition': '10<sup>3</sup> <a href=\"https://example.org/\">x</a>', 'tags': ['t'], **more}\n"
        "    again = parse_document({'title': title, **changed})\n"
        "    return save_term(document=again, by=edith, at=at, term=found).term\n"
        "reviewed, changed = save('Reviewed', origin='Latin.'), save('Changed')\n"
        "review = submit_term(term=reviewed, by=edith, at=at, note='Please')\n"
        "comment_on_review(review=review, section='origin', text='Why?', by=edith, at=at)\n"
        "schedule_retirement(term=changed, due_at=at + timedelta(days=1), by=edith, at=at)\n"
        "count_names(at=at)\n"
        "print(reviewed.pk, review.pk, changed.pk)"
    )
    reviewed, review, changed = ids.split()
    base = f"{desk.url}/admin/glossary/term/"
    # One of each kind: queues are shown by the list, and each step of a term asks on the same page. Of a term's form,
    # which is judged in test_term_form.py, what the term's state adds to it.
    screens = {
        base: "",
        f"{base}{reviewed}/reviews/{review}/": "",
        f"{base}{changed}/change/": ".steps",
        **{f"{base}{changed}/{step}/": "" for step in ("submit", "retire")},
        f"{base}names/": "",
        f"{desk.url}/admin/glossary/event/": "",
    }
    refused: list[str] = []
    page.add_init_script(REPORT_REFUSALS)
    page.on("console", lambda message: refused.append(message.text) if message.text.startswith("CSP") else None)
    page.goto(f"{desk.url}/admin/")
    rest(page)
    found = [f"/admin/: {line}" for line in refused]
    found += [f"/admin/ {line}" for line in faults_of_any_look(page, dark=False)]
    for url, part in screens.items():
        refused.clear()  # axe tries styles of its own, which are refused
        page.goto(url)
        rest(page)
        found += [f"{url}: {line}" for line in refused]
        found += [f"{url} {line}" for line in faults_of_desk_page(page, part=part)]
    # One comes only by a post.
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(base)
    page.get_by_label("Select this object for an action - Changed").check()
    page.get_by_label("Action:").select_option("tag_selected")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".step__terms")).to_contain_text("Changed")
    found += [f"tag_selected {line}" for line in axe_violations(page)]
    assert found == []
