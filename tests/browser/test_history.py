"""History, comparison, restoring and “Check again” in the admin, and public pages of revisions, in a real browser."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.editing import faults_of_desk_page
from tests.browser.visiting import sign_in
from tests.sites import Site

STORY = """
import json
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
print(json.dumps({"term": term.pk, "concern": Concern.objects.get(kind="target_changed").pk}))
"""


# Those that have colours of their own in the dark.
DARK = ("comparison", "form", "public revision")


@pytest.fixture(scope="module")
def places(site: Site) -> dict[str, str]:
    """The pages of the story, by name."""
    site.add_person("edith", "Clinical editors")
    site.add_person("rafael", "Clinical reviewers")
    keys = json.loads(site.python(STORY))
    desk = f"/admin/glossary/term/{keys['term']}"
    return {
        "form": f"{desk}/change/",
        "history": f"{desk}/history/",
        "comparison": f"{desk}/compare/?from=1&to=2",
        "restoring": f"{desk}/revisions/1/restore/",
        "revision": f"{desk}/revisions/1/",
        "keeping": f"{desk}/concerns/{keys['concern']}/",
        "public revision": "/glossary/luteal-phase/revisions/2/",
    }


def test_every_page_is_accessible_and_fits_the_screen(site: Site, places: dict[str, str], page: Page) -> None:
    sign_in(page, site, "edith")
    found: list[str] = []
    for name, path in places.items():
        page.goto(site.url + path)
        page.locator("details.changes").evaluate_all("all => all.forEach(each => each.open = true)")
        # The form as a whole is judged in test_term_form.py.
        part = ".look-again" if name == "form" else ""
        # The comparison has all the colours that the others have.
        found += [f"{name}, {line}" for line in faults_of_desk_page(page, dark=name in DARK, part=part)]
    assert found == []


def test_an_editor_compares_two_revisions_and_restores_one(site: Site, places: dict[str, str], page: Page) -> None:
    sign_in(page, site, "edith")
    page.goto(site.url + places["history"])
    page.get_by_label("From revision 1", exact=True).check()
    page.get_by_label("To revision 2", exact=True).check()
    page.get_by_role("button", name="Compare the chosen revisions").click()
    mechanism = page.get_by_role("region", name="Mechanism")
    expect(mechanism.locator("del sup")).to_have_text("3")
    expect(mechanism.locator("ins").first).to_contain_text("103")
    page.get_by_role("link", name="Restore…").first.click()
    page.get_by_role("button", name="Restore revision 1").click()
    expect(page.get_by_text("Revision 1 is restored as revision 4.")).to_be_visible()
    expect(page.get_by_label("Name").first).to_have_value("LP")
    # Readers go on seeing what was approved.
    page.goto(f"{site.url}/glossary/luteal-phase/")
    expect(page.get_by_text("103 receptors.")).to_be_visible()


def test_an_editor_looks_again_and_keeps_the_term(site: Site, places: dict[str, str], page: Page) -> None:
    sign_in(page, site, "edith")
    page.goto(site.url + places["form"])
    box = page.get_by_role("region", name="Check again")
    expect(box).to_contain_text("Cites a work that was retracted: 10.1000/eggs")
    box.get_by_role("link", name="What changed there").click()
    expect(page.locator("ins")).to_contain_text("Another")
    page.goto(site.url + places["form"])
    box.get_by_role("link", name="Keep the term as it is…").click()
    page.get_by_label("Why does the term need no change?").fill("Only the wording changed")
    page.get_by_role("button", name="Keep it as it is").click()
    expect(page.get_by_text("“Luteal phase” is kept as it is.")).to_be_visible()
    expect(box).not_to_contain_text("whose clinical content changed")


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
