"""Before a name goes live: what it would link, what looks wrong, and the switch at the desk."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from glossary.actions import save_term, save_terms, submit_term, switch_links
from glossary.linking import impact
from glossary.linking.impact import Impact, impact_of
from glossary.models import PublishedEntry, Term, UnlinkedName
from tests.glossary.builders import document, publish_unreviewed
from tests.glossary.term_form import add_url, change_url, fields_of, messages_of, signed_in, with_row, without_pages
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def published(editor: User, at: datetime) -> list[Term]:
    documents = [
        document("Anemia", definition="<p>A low blood count. The mean is low; by all means.</p>"),
        document("Blood count", definition="<p>Counts cells.</p>", mechanism="<p>Blood flows. blood, Blood.</p>"),
        document("Cell", synonyms=[{"text": "corpuscle"}], origin="<p>It has a Mean value in blood-forming bones.</p>"),
    ]
    terms = [saved.term for saved in save_terms(documents=documents, by=editor, at=at)]
    for term in terms:
        publish_unreviewed(term=term, by=editor, at=at)
    return terms


def of(name: str, kind: str = "title") -> Impact:
    return impact_of(name, kind, term=None)


def test_links_and_pages_are_counted_as_readers_would_meet_them(published: list[Term]) -> None:
    found = of("Blood")
    # Once in a text, and not inside “blood count”, which is a term.
    assert (found.links, found.pages, found.words) == (2, 2, "2 links on 2 pages")
    assert any("part of a longer name" in note for note in found.notes)
    assert of("Spleen").words == "no link"


def test_doubtful_mentions_are_counted_and_make_no_link(published: list[Term], editor: User, at: datetime) -> None:
    texts = {"definition": "<p>The flow rate, by the Flow Institute. It may flow.</p>", "origin": "", "mechanism": ""}
    for title in ("Rates", "Low flow rate"):
        publish_unreviewed(term=save_term(document=document(title, **texts), by=editor, at=at).term, by=editor, at=at)
    flow = of("flow", "synonym")
    assert (flow.links, flow.pages) == (1, 1)
    assert flow.notes[-3:] == (
        "2 times it is a verb, and is not linked there.",
        "2 times it is part of a longer expression, and is not linked there.",
        "2 times it is part of a proper name, and is not linked there.",
    )


def test_a_sample_shows_the_name_in_its_sentence(published: list[Term]) -> None:
    sample = next(sample for sample in of("flow", "synonym").samples)
    assert (sample.title, sample.before, sample.words, sample.after) == (
        "Blood count",
        "Blood ",
        "flows",
        ". blood, Blood.",
    )


def test_what_looks_wrong_is_said(published: list[Term]) -> None:
    mean = of("mean")
    assert any("everyday word" in doubt for doubt in mean.doubts)
    doubts = {doubt for sample in mean.samples for doubt in sample.doubts}
    assert any("proper name" in doubt for doubt in doubts)
    assert any("part of a compound" in doubt for sample in of("blood").samples for doubt in sample.doubts)
    assert any("very short" in doubt for doubt in of("has").doubts)
    assert any("with the same capitals" in note for note in of("ALL").notes)
    assert any("fewer than three letters" in note for note in of("it").notes)


def test_a_name_that_others_bear_says_who_gets_the_links(published: list[Term]) -> None:
    title = of("Corpuscles")
    assert any(
        "“Cell” has this name too, as a synonym: mentions will link to this term" in doubt for doubt in title.doubts
    )
    synonym = of("corpuscle", "synonym")
    assert (synonym.links, "not linked to any of them" in synonym.notes[0]) == (0, True)
    assert "mentions keep linking to that term" in of("cell", "synonym").notes[0]


def test_a_name_that_stands_everywhere_is_doubted(editor: User, at: datetime, published: list[Term]) -> None:
    for number in range(impact.OFTEN):
        saved = save_term(document=document(f"Term {number}", definition="<p>Of the thorax.</p>"), by=editor, at=at)
        publish_unreviewed(term=saved.term, by=editor, at=at)
    assert any("very often" in doubt for doubt in of("thorax").doubts)


def test_no_more_than_so_many_pages_are_read(published: list[Term], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impact, "MAX_PAGES", 2)
    assert of("blood").words == "1 link on 1 page of the first 2; 1 more page may mention it"


def test_the_form_asks_for_new_names_only_and_saves_nothing(editor: User, at: datetime, published: list[Term]) -> None:
    desk = without_pages(editor)
    url = reverse("admin:glossary_term_impact", args=[published[2].pk])
    data = with_row(fields_of(desk.get(change_url(published[2]))), "synonyms", text="blood", kind="synonym")
    [found] = desk.post(url, data).json()["impacts"]
    assert (found["name"], found["words"], found["is_linked"]) == ("blood", "1 link on 1 page", True)
    new = fields_of(desk.get(add_url())) | {"title": "mean"}
    [found] = desk.post(reverse("admin:glossary_term_impact"), new).json()["impacts"]
    assert found["kind"] == "title"
    assert Term.objects.count() == 3
    assert without_pages(None).post(url, data).status_code == 302


def test_the_boxes_of_the_form_switch_names_off_and_on(editor: User, at: datetime, published: list[Term]) -> None:
    desk = without_pages(editor)
    term = published[2]
    data = fields_of(desk.get(change_url(term)))
    desk.post(change_url(term), data | {"unlinked": "on", "synonyms-0-unlinked": "on", "_continue": "1"})
    assert set(term.unlinked_names.values_list("name", flat=True)) == {"Cell", "corpuscle"}
    assert term.revisions.count() == 1, "a switch is no part of the document"
    data = fields_of(desk.get(change_url(term)))
    assert (data["unlinked"], data["synonyms-0-unlinked"]) == (True, True)
    shown = {"initial-unlinked": "True", "initial-synonyms-0-unlinked": "True"}
    desk.post(change_url(term), data | shown | {"unlinked": "", "synonyms-0-unlinked": "on", "_continue": "1"})
    assert list(term.unlinked_names.values_list("name", flat=True)) == ["corpuscle"]


def test_a_page_that_was_opened_before_a_switch_leaves_it_alone(
    editor: User, at: datetime, published: list[Term]
) -> None:
    desk = without_pages(editor)
    data = fields_of(desk.get(change_url(published[2])))
    switch_links(term=published[2], by=editor, at=at, off=["cell"])
    desk.post(change_url(published[2]), data | {"initial-unlinked": "False", "origin": "<p>New.</p>", "_continue": "1"})
    assert published[2].unlinked_names.count() == 1
    assert published[2].revisions.count() == 2


def test_a_new_term_comes_with_its_switches(editor: User, published: list[Term]) -> None:
    desk = without_pages(editor)
    data = fields_of(desk.get(add_url())) | {"title": "Mean", "definition": "<p>An average.</p>", "unlinked": "on"}
    desk.post(add_url(), with_row(data, "synonyms", text="average", kind="synonym", unlinked="on"))
    assert set(UnlinkedName.objects.values_list("name", flat=True)) == {"Mean", "average"}


def test_a_row_with_nothing_but_its_box_is_not_there(editor: User, published: list[Term]) -> None:
    desk = without_pages(editor)
    data = fields_of(desk.get(change_url(published[0])))
    desk.post(change_url(published[0]), with_row(data, "synonyms", text="", kind="synonym", unlinked="on"))
    assert published[0].revisions.count() == 1
    assert not UnlinkedName.objects.exists()


def test_submitting_and_reviewing_show_what_new_names_would_link(
    editor: User, reviewer: User, at: datetime, published: list[Term]
) -> None:
    term = save_term(document=document("Blood"), by=editor, at=at).term
    desk = signed_in(editor)
    asked = desk.get(reverse("admin:glossary_term_submit", args=[term.pk])).content.decode()
    assert "2 links on 2 pages" in asked
    review = submit_term(term=term, by=editor, at=at)
    url = reverse("admin:glossary_term_review", args=[term.pk, review.pk])
    desk = signed_in(reviewer)
    page = desk.get(url).content.decode()
    assert "a Mean value in <mark>blood</mark>-forming bones." in page
    answer = desk.post(
        reverse("admin:glossary_term_links", args=[term.pk]), {"name": "Blood", "off": "1", "next": url}, follow=True
    )
    assert answer.redirect_chain == [(url, 302)]
    assert messages_of(answer) == ["Mentions of “Blood” are no longer linked to this term."]
    assert '<strong class="flag">Off</strong> (' in answer.content.decode()
    review.refresh_from_db()
    assert review.status == "open"


def test_the_page_about_links_shows_public_names_and_switches_them(
    editor: User, at: datetime, published: list[Term]
) -> None:
    desk = signed_in(editor)
    url = reverse("admin:glossary_term_links", args=[published[1].pk])
    page = desk.get(url).content.decode()
    assert "Blood count" in page
    assert "1 link on 1 page" in page
    desk.post(url, {"name": "blood count", "off": "1", "next": "https://example.org/"})
    switched = " ".join(desk.get(url).content.decode().split())
    assert switched.count('<strong class="flag">Off</strong> (otherwise 1 link on 1 page)') == 1
    answer = desk.post(url, {"name": "Blood count", "on": "1", "next": "https://example.org/"})
    assert answer["Location"] == url
    assert not UnlinkedName.objects.exists()


def test_only_who_works_on_terms_switches(at: datetime, published: list[Term]) -> None:

    url = reverse("admin:glossary_term_links", args=[published[1].pk])
    assert without_pages(person("nobody", "No Body")).post(url, {"name": "x", "off": "1"}).status_code == 403
    assert not UnlinkedName.objects.exists()
    assert PublishedEntry.objects.count() == 3
