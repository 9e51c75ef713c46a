"""History, comparison, restoring and “Check again” in the admin, and public pages of revisions, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.editing import faults_of_desk_page
from tests.browser.visiting import sign_in
from tests.sites import Site

STORY = """
from datetime import UTC, date, datetime, timedelta
from django.contrib.auth.models import User
from glossary.actions import approve_review, save_term, submit_term
from glossary.document.parsing import parse_document
from glossary.models import Concern, RetractedWork
at = datetime(2026, 3, 2, 12, tzinfo=UTC)
editor, reviewer = User.objects.get(username="edith"), User.objects.get(username="rafael")
def write(term=None, publish=True, **fields):
    global at
    at += timedelta(days=1)
    document = parse_document({"definition": "<p>What it means, to everybody.</p>"} | fields)
    term = save_term(document=document, by=editor, at=at, term=term, note="A note").term
    if publish:
        review = submit_term(term=term, by=editor, at=at)
        approve_review(review=review, by=reviewer, at=at, publish=True, reason="Read by the board")
    return term
other = write(title="Progesterone", mechanism="<p>One way.</p>")
first = {
    "title": "Luteal phase", "mechanism": "<p>10<sup>3</sup> receptors and <a href='https://example.org/'>more</a>.</p>",
    "insights": [{"text": "Leads on.", "term": "progesterone"}], "synonyms": [{"text": "LP", "kind": "abbreviation"}],
    "references": [{"citation": "Doe J. On eggs. 2020.", "doi": "10.1000/eggs"}], "tags": ["cycle"],
}
term = write(**first)
write(term, **first | {"mechanism": "<p>103 receptors.</p><ul><li>one</li></ul>", "synonyms": []})
write(term, publish=False, **first | {"tags": []})
write(other, title="Progesterone", mechanism="<p>Another way.</p>")
RetractedWork.objects.create(
    doi="10.1000/eggs", title="On eggs", reason="Data fabricated", retracted_date=date(2026, 5, 1),
    listed_at=at + timedelta(days=60), checked_at=at,
)
Concern.objects.create(term=term, kind="retracted", detail="10.1000/eggs", created_at=at)
print(term.pk)
"""


@pytest.fixture(scope="module")
def places(site: Site) -> dict[str, str]:
    """Where the story begins, and what readers see of it."""
    site.add_person("edith", "Clinical editors")
    site.add_person("rafael", "Clinical reviewers")
    key = site.python(STORY)
    return {
        "form": f"/admin/glossary/term/{key}/change/",
        "history": f"/admin/glossary/term/{key}/history/",
        "revision": f"/admin/glossary/term/{key}/revisions/1/",
        "public revision": "/glossary/luteal-phase/revisions/2/",
    }


def test_an_editor_compares_restores_and_keeps_a_term_on_accessible_pages_that_fit_the_screen(
    site: Site, places: dict[str, str], page: Page
) -> None:
    found: list[str] = []

    def judge(name: str, *, dark: bool = False, part: str = "") -> None:
        page.locator("details.changes").evaluate_all("all => all.forEach(each => each.open = true)")
        found.extend(f"{name}, {line}" for line in faults_of_desk_page(page, dark=dark, part=part))

    sign_in(page, site, "edith")
    page.goto(site.url + places["history"])
    judge("history")
    page.get_by_label("From revision 1", exact=True).check()
    page.get_by_label("To revision 2", exact=True).check()
    page.get_by_role("button", name="Compare the chosen revisions").click()
    mechanism = page.get_by_role("region", name="Mechanism")
    expect(mechanism.locator("del sup")).to_have_text("3")
    expect(mechanism.locator("ins").first).to_contain_text("103")
    # It has all the colours that the others have. The form and the page of readers have some of their own.
    judge("comparison", dark=True)
    page.get_by_role("link", name="Restore…").first.click()
    expect(page.get_by_role("button", name="Restore revision 1")).to_be_visible()
    judge("restoring")
    page.get_by_role("button", name="Restore revision 1").click()
    expect(page.get_by_text("Revision 1 is restored as revision 4.")).to_be_visible()
    expect(page.get_by_label("Name").first).to_have_value("LP")

    # The form as a whole is judged in test_term_form.py.
    box = page.get_by_role("region", name="Check again")
    expect(box).to_contain_text("Cites a work that was retracted: 10.1000/eggs")
    judge("form", dark=True, part=".look-again")
    changed = page.context.new_page()
    changed.goto(site.url + str(box.get_by_role("link", name="What changed there").get_attribute("href")))
    expect(changed.locator("ins")).to_contain_text("Another")
    changed.close()
    box.get_by_role("link", name="Keep the term as it is…").click()
    expect(page.get_by_role("button", name="Keep it as it is")).to_be_visible()
    judge("keeping")
    page.get_by_label("Why does the term need no change?").fill("Only the wording changed")
    page.get_by_role("button", name="Keep it as it is").click()
    expect(page.get_by_text("“Luteal phase” is kept as it is.")).to_be_visible()
    expect(box).not_to_contain_text("whose clinical content changed")

    page.goto(site.url + places["revision"])
    judge("revision")
    page.goto(site.url + places["public revision"])
    judge("public revision", dark=True)
    # Readers go on seeing what was approved.
    page.goto(f"{site.url}/glossary/luteal-phase/")
    expect(page.get_by_text("103 receptors.")).to_be_visible()
    assert found == []


def test_a_reader_without_scripts_sees_what_changed(site: Site, places: dict[str, str], browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url + places["public revision"])
    changed = page.locator("details.changes")
    page.emulate_media(media="print")
    expect(changed.locator("section").first).to_be_visible()  # on paper, where nobody can unfold it
    page.emulate_media(media="screen")
    expect(changed.locator("section").first).to_be_hidden()
    expect(changed.locator("ins").first).not_to_be_visible()
    changed.locator("summary").click()
    expect(changed.locator("ins").first).to_be_visible()
    expect(page.get_by_text("This text relies on a work that was retracted")).to_be_visible()
    context.close()
