"""Automatic links on the pages of terms: where they lead, when they change, and what they cost."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from glossary.actions import counting, publishing, retire_term, save_term, save_terms, switch_links
from glossary.document.documents import TermDocument
from glossary.linking import Names, current_names, known_names
from glossary.models import ContentChange, Event, NameChange, NameUse, PublishedEntry, Revision, Term, UnlinkedName
from tests.glossary.builders import document, publish_unreviewed
from tests.glossary.term_form import messages_of, signed_in

pytestmark = pytest.mark.django_db


def publish(*documents: TermDocument, by: User, at: datetime) -> list[Term]:
    terms = [saved.term for saved in save_terms(documents=documents, by=by, at=at)]
    for term in terms:
        publish_unreviewed(term=term, by=by, at=at)
    return terms


def links(client: Client, slug: str = "progesterone") -> list[tuple[str, str]]:
    """Return address and words of the automatic links on a term's page."""
    page = client.get(f"/glossary/{slug}/").content.decode()
    return re.findall(r'<a class="term-link" href="([^"]*)"[^>]*>(.*?)</a>', page)


READER = document(
    "Progesterone",
    definition="<p>Progesterone rises in the luteal phase. The luteal phase is long.</p>",
    origin="<p>Named for the <em>corpus luteum</em>.</p>",
    mechanism="<p>In the luteal phases.</p>",
)
LUTEAL = document("Luteal phase", definition="<p>The time <strong>after</strong> ovulation &amp; before bleeding.</p>")
CORPUS = document("Yellow body", synonyms=[{"text": "corpus luteum"}])


def test_mentions_of_names_and_synonyms_lead_to_their_terms_once_in_a_section(
    client: Client, editor: User, at: datetime
) -> None:
    publish(READER, LUTEAL, CORPUS, by=editor, at=at)
    assert links(client) == [
        ("/glossary/luteal-phase/", "luteal phase"),
        ("/glossary/yellow-body/", "corpus luteum"),
        ("/glossary/luteal-phase/", "luteal phases"),
    ]


def test_each_target_has_one_card_that_is_inert(client: Client, editor: User, at: datetime) -> None:
    publish(READER, LUTEAL, CORPUS, by=editor, at=at)
    page = client.get("/glossary/progesterone/").content.decode()
    assert re.findall('<template data-card-of="([^"]*)">', page) == ["luteal-phase", "yellow-body"]
    assert "<p>The time after ovulation &amp; before bleeding.</p></template>" in page
    assert 'src="/static/glossary/entry.js"' in page


def test_a_page_without_links_carries_nothing_of_them(client: Client, editor: User, at: datetime) -> None:
    publish(READER, by=editor, at=at)
    page = client.get("/glossary/progesterone/").content.decode()
    assert "term-card" not in page


def test_documents_and_permanent_pages_stay_as_they_were_frozen(client: Client, editor: User, at: datetime) -> None:
    publish(READER, LUTEAL, by=editor, at=at)
    assert links(client)
    assert all("term-link" not in str(revision.document) for revision in Revision.objects.all())
    assert "term-link" not in client.get("/glossary/progesterone/revisions/1/").content.decode()


def test_links_are_in_the_language_of_the_page(client: Client, editor: User, at: datetime) -> None:
    publish(READER, LUTEAL, by=editor, at=at)
    page = client.get("/ar/glossary/progesterone/").content.decode()
    assert '<a class="term-link" href="/ar/glossary/luteal-phase/"' in page
    assert re.search(r'<div class="term-card__content" lang="en-GB" dir="ltr"', page)


def test_links_follow_what_is_published_renamed_and_retired(client: Client, editor: User, at: datetime) -> None:
    publish(READER, by=editor, at=at)
    assert links(client) == []
    [luteal] = publish(LUTEAL, by=editor, at=at)
    assert links(client)[0] == ("/glossary/luteal-phase/", "luteal phase")
    save_term(document=document("Secretory phase"), by=editor, at=at, term=luteal)
    assert len(links(client)) == 2, "a draft changes nothing"
    publish_unreviewed(term=luteal, by=editor, at=at)
    assert links(client) == []
    publish(CORPUS, by=editor, at=at)
    assert links(client) == [("/glossary/yellow-body/", "corpus luteum")]
    retire_term(term=Term.objects.get(slug="yellow-body"), by=editor, at=at)
    assert links(client) == []


def test_a_draft_is_never_linked(client: Client, editor: User, at: datetime) -> None:
    save_term(document=LUTEAL, by=editor, at=at)
    publish(READER, by=editor, at=at)
    assert links(client) == []


def test_a_name_can_be_switched_off_and_on(client: Client, editor: User, at: datetime) -> None:
    publish(READER, CORPUS, by=editor, at=at)
    term = Term.objects.get(slug="yellow-body")
    assert switch_links(term=term, by=editor, at=at, off=["Corpus Luteum"]) == ["Corpus Luteum"]
    assert links(client) == []
    assert switch_links(term=term, by=editor, at=at, off=["corpus luteum"]) == []
    assert switch_links(term=term, by=editor, at=at, on=["corpus luteum"]) == ["corpus luteum"]
    assert links(client) == [("/glossary/yellow-body/", "corpus luteum")]
    lines = Event.objects.filter(verb__in=["unlinked", "linked"]).order_by("pk").values_list("verb", "reason")
    assert list(lines) == [("unlinked", "Corpus Luteum"), ("linked", "corpus luteum")]


def test_a_switch_stays_when_the_term_is_saved_and_published_again(client: Client, editor: User, at: datetime) -> None:
    publish(READER, by=editor, at=at)
    [term] = publish(CORPUS, by=editor, at=at)
    switch_links(term=term, by=editor, at=at, off=["corpus luteum"])
    save_term(
        document=document("Yellow body", synonyms=[{"text": "corpus luteum"}], tags=["x"]), by=editor, at=at, term=term
    )
    publish_unreviewed(term=term, by=editor, at=at)
    assert links(client) == []
    assert UnlinkedName.objects.count() == 1


def test_a_synonym_of_two_terms_is_linked_to_neither(client: Client, editor: User, at: datetime) -> None:
    publish(READER, CORPUS, document("Scar", synonyms=[{"text": "Corpus luteum"}]), by=editor, at=at)
    assert links(client) == []
    switch_links(term=Term.objects.get(slug="scar"), by=editor, at=at, off=["corpus luteum"])
    assert links(client) == [("/glossary/yellow-body/", "corpus luteum")]


def test_a_text_that_changes_has_no_names_read_again(client: Client, editor: User, at: datetime) -> None:
    publish(READER, LUTEAL, by=editor, at=at)
    links(client)
    before = NameChange.objects.count()
    luteal = Term.objects.get(slug="luteal-phase")
    save_term(document=document("Luteal phase", definition="<p>New.</p>"), by=editor, at=at, term=luteal)
    publish_unreviewed(term=luteal, by=editor, at=at)
    assert NameChange.objects.count() == before
    assert "<p>New.</p></template>" in client.get("/glossary/progesterone/").content.decode()


def test_links_take_one_query_however_many_there_are(client: Client, editor: User, at: datetime) -> None:
    def queries() -> int:
        client.get("/glossary/progesterone/")  # reads the names that changed
        with CaptureQueriesContext(connection) as captured:
            client.get("/glossary/progesterone/")
        return sum("glossary_" in query["sql"] for query in captured.captured_queries)

    publish(READER, by=editor, at=at)
    without = queries()
    publish(LUTEAL, by=editor, at=at)
    # The one that also asks for what the page names otherwise, which this page does not.
    assert queries() == without + 1
    publish(CORPUS, by=editor, at=at + timedelta(hours=1))
    assert queries() == without + 1


def test_texts_are_searched_anew_when_a_name_in_them_means_another_term(
    client: Client, editor: User, at: datetime
) -> None:
    [_, luteal, body] = publish(READER, LUTEAL, CORPUS, by=editor, at=at)
    assert ("/glossary/yellow-body/", "corpus luteum") in links(client)
    save_term(document=document("Yellow body"), by=editor, at=at, term=body)
    publish_unreviewed(term=body, by=editor, at=at)
    assert links(client) == [("/glossary/luteal-phase/", "luteal phase"), ("/glossary/luteal-phase/", "luteal phases")]
    renamed = document("Luteal phase", slug="luteal-phase", synonyms=[{"text": "corpus luteum"}])
    save_term(document=renamed, by=editor, at=at, term=luteal)
    publish_unreviewed(term=luteal, by=editor, at=at)
    assert ("/glossary/luteal-phase/", "corpus luteum") in links(client)


def test_no_row_written_around_the_actions_brings_a_tag_that_is_not_allowed(
    client: Client, editor: User, at: datetime
) -> None:
    [term] = publish(LUTEAL, by=editor, at=at)
    written = Revision.objects.get(term=term)
    written.document |= {"definition": "<p>What <script>alert(1)</script>it means.</p>"}
    written.pk, written.number, written.parent_id = None, 2, written.pk
    written.save()
    client.get("/glossary/luteal-phase/")
    PublishedEntry.objects.filter(pk=term.pk).update(revision=written)
    assert "<p>What it means.</p>" in client.get("/glossary/luteal-phase/").content.decode()


@pytest.mark.parametrize("noted", [1_000, 0], ids=["term by term", "all at once"])
def test_names_that_were_brought_up_to_date_are_those_in_the_database(
    editor: User, at: datetime, monkeypatch: pytest.MonkeyPatch, noted: int
) -> None:
    monkeypatch.setattr(publishing, "NAMES_NOTED", noted)
    text = "alpha, beta, gamma one, gamma ones, delta, ALPHA, alphas"

    def agree() -> bool:
        return current_names().mentions(text) == Names(known_names()).mentions(text)

    assert agree()
    publish(document("Alpha", synonyms=[{"text": "gamma one"}]), by=editor, at=at)
    assert agree()
    [term] = publish(document("Beta", synonyms=[{"text": "alpha"}, {"text": "ALPHA"}]), by=editor, at=at)
    assert agree()
    switch_links(term=term, by=editor, at=at, off=["alpha"])
    assert agree()
    publish(*(document(title) for title in ("Delta", "Gamma", "Gamma ones")), by=editor, at=at)
    retire_term(term=term, by=editor, at=at)
    assert agree()


def test_names_are_read_once_after_a_change_also_where_the_database_was_set_back(
    client: Client, editor: User, at: datetime
) -> None:
    publish(*(document(title) for title in ("Alpha", "Beta", "Gamma")), by=editor, at=at)
    current_names()
    NameChange.objects.filter(pk__gt=NameChange.objects.earliest("pk").pk).delete()
    NameChange.objects.update(token=1)
    for expected in (True, False):
        with CaptureQueriesContext(connection) as captured:
            current_names()
        assert (len(captured) > 1) == expected


def test_a_process_that_missed_too_much_reads_all_names_again(
    editor: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(document("Alpha"), by=editor, at=at)
    current_names()
    monkeypatch.setattr(publishing, "NAMES_KEPT", 1)
    publish(document("Beta"), document("Delta"), by=editor, at=at)
    assert NameChange.objects.count() == 1
    assert len(current_names().mentions("alpha, beta, delta")) == 3


ACC = document("Aplasia cutis congenita", synonyms=[{"text": "ACC", "kind": "abbreviation"}])
LH = document("Luteinizing hormone", synonyms=[{"text": "LHX", "kind": "abbreviation"}])


@pytest.mark.parametrize(
    ("definition", "mechanism", "linked"),
    [
        ("In adenoid cystic carcinoma (ACC) cells divide.", "ACC grows, ACCs spread.", []),
        ("In <em>adenoid cystic carcinoma</em> (ACC; rare) cells divide.", "ACC grows.", []),
        ("ACC (adenoid cystic carcinoma) grows.", "It spreads.", []),
        # Further down counts too: a page means one thing by an abbreviation.
        ("ACC grows.", "Adenoid cystic carcinoma (ACC) spreads.", []),
        # What it defines is the very term.
        ("Aplasia cutis congenita (ACC) shows at birth.", "ACC heals.", ["Aplasia cutis congenita", "ACC"]),
        ("The skin defect (ACC) shows at birth.", "ACC heals.", ["ACC", "ACC"]),
        ("Luteinising-hormone X (LHX) and luteinising hormone (LHX).", "LHX acts.", ["Luteinising-hormone"]),
        ("The acc (which (ACC is not.", "A (ACC) B (", ["ACC", "ACC"]),
    ],
)
def test_an_abbreviation_that_the_page_defines_otherwise_is_never_linked(
    client: Client, editor: User, at: datetime, definition: str, mechanism: str, linked: list[str]
) -> None:
    reader = document("Reader", definition=f"<p>{definition}</p>", origin="", mechanism=f"<p>{mechanism}</p>")
    publish(reader, ACC, LH, by=editor, at=at)
    assert [words for _, words in links(client, "reader")] == linked


@pytest.mark.parametrize(
    ("definition", "titles", "linked"),
    [
        ("The Centers for Disease Control count.", ["Disease"], []),
        ("Joints and nerves tear.", ["Tears"], []),
        ("Changes may mean a risk.", ["Mean"], []),
        ("Paget disease of the bone.", ["Paget disease", "Paget's disease of bone"], ["pagets-disease-of-bone"]),
        ("The blood pressure rises.", ["Blood", "High blood pressure"], []),
        ("The blood pressure of the blood.", ["Blood", "High blood pressure"], ["blood"]),
    ],
)
def test_a_doubtful_mention_is_not_linked(
    client: Client, editor: User, at: datetime, definition: str, titles: list[str], linked: list[str]
) -> None:
    reader = document("Reader", definition=f"<p>{definition}</p>", origin="", mechanism="")
    publish(reader, *(document(title, definition="<p>What it is.</p>") for title in titles), by=editor, at=at)
    assert [address.split("/")[2] for address, _ in links(client, "reader")] == linked


def test_a_longer_name_keeps_the_words_of_its_end_together_on_other_pages(
    client: Client, editor: User, at: datetime
) -> None:
    reader = document("Reader", definition="<p>Blood pressures rise.</p>", origin="", mechanism="")
    publish(reader, document("Blood", definition="<p>It flows.</p>"), document("Iron"), by=editor, at=at)
    assert links(client, "reader") == [("/glossary/blood/", "Blood")]
    [term] = publish(document("High blood pressure", definition="<p>Too much.</p>"), by=editor, at=at)
    assert links(client, "reader") == []
    assert "term:reader" in ContentChange.objects.latest("version").keys
    retire_term(term=term, by=editor, at=at)
    assert links(client, "reader") == [("/glossary/blood/", "Blood")]
    assert "term:reader" in ContentChange.objects.latest("version").keys


def names_listed(desk: Client, **query: str) -> list[tuple[str, str, int, int, bool]]:
    """Return name, term, links, ambiguous mentions, and whether it is off, as the overview shows them."""
    rows = desk.get(NAMES, query).context["rows"]
    return [(use.name, use.entry.title, use.links, use.ambiguous, is_off) for use, is_off in rows]


NAMES = "/admin/glossary/term/names/"


def test_all_names_are_listed_by_their_links_and_ambiguous_ones_first(
    client: Client, editor: User, reviewer: User, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = document("Agenesis of the corpus callosum", synonyms=[{"text": "ACC", "kind": "abbreviation"}])
    reader = document("Reader", definition="<p>Luteal phases; ACC is known.</p>", mechanism="<p>The luteal phase.</p>")
    aplasia = publish(ACC, other, reader, READER, LUTEAL, by=editor, at=at)[0]
    desk = signed_in(editor)
    assert "The links have not been counted yet." in desk.get(NAMES).content.decode()
    # In pieces, each of which says how far it is.
    monkeypatch.setattr(counting, "PAGES", 4)
    page = desk.post(NAMES, {"count": "1"})
    assert "4 of 5 pages" in page.content.decode()
    data = {"count": "1", "after": page.context["after"], "done": page.context["done"]}
    assert messages_of(desk.post(NAMES, data)) == ["The links on 5 pages have been counted."]
    assert names_listed(desk) == [
        ("ACC", "Aplasia cutis congenita", 0, 1, False),
        ("ACC", "Agenesis of the corpus callosum", 0, 1, False),
        ("Luteal phase", "Luteal phase", 4, 0, False),
        ("Agenesis of the corpus callosum", "Agenesis of the corpus callosum", 0, 0, False),
        ("Aplasia cutis congenita", "Aplasia cutis congenita", 0, 0, False),
        ("Progesterone", "Progesterone", 0, 0, False),
        ("Reader", "Reader", 0, 0, False),
    ]
    assert [name for name, *_ in names_listed(desk, q="LUTEAL")] == ["Luteal phase"]
    # The switch beside a name makes the other one clear.
    use = NameUse.objects.get(entry=aplasia.pk, name="ACC")
    told = messages_of(desk.post(NAMES, {"use": use.pk, "off": "1"}))
    assert told == ["Mentions of “ACC” are no longer linked to this term."]
    assert not NameUse.objects.filter(is_ambiguous=True).exists()
    assert ("ACC", "Aplasia cutis congenita", 0, 1, True) in names_listed(desk)
    assert ("/glossary/agenesis-of-the-corpus-callosum/", "ACC") in links(client, "reader")
    desk.post(NAMES, {"use": use.pk, "on": "1"})
    assert NameUse.objects.filter(is_ambiguous=True).count() == 2
    assert desk.post(NAMES, {"use": "999", "off": "1"}).status_code == 404
    assert signed_in(reviewer).get(NAMES).status_code == 200


def test_mentions_that_are_held_back_are_counted_beside_the_links(editor: User, at: datetime) -> None:
    reader = document("Reader", definition="<p>Blood pressure. Its blood.</p>", mechanism="<p>Blood pressure.</p>")
    publish(reader, document("Blood"), document("High blood pressure"), by=editor, at=at)
    desk = signed_in(editor)
    desk.post(NAMES, {"count": "1"})
    assert NameUse.objects.filter(held_back__gt=0).values_list("name", "links", "held_back").get() == ("Blood", 1, 2)
    assert re.search(r'data-label="Held back">\s*2\s*<', desk.get(NAMES).content.decode())
