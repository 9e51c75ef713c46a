"""Writing terms in the admin: what is typed becomes one document, saved by the action or refused with words."""

from __future__ import annotations

import re
from datetime import datetime
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.core.checks import run_checks
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from glossary.actions import save_term
from glossary.admin.widgets import PROSE_EXTENSIONS
from glossary.models import PublishedEntry, Revision, Term
from tests.glossary.builders import approve, document, publish_unreviewed
from tests.glossary.term_form import (
    add_url,
    change_url,
    errors_of,
    fields_of,
    messages_of,
    signed_in,
    with_row,
    without_pages,
)
from tests.people import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(editor: User) -> Client:
    return without_pages(editor)


@pytest.fixture
def pages(editor: User) -> Client:
    """For tests that read what a page says."""
    return signed_in(editor)


@pytest.fixture
def term(editor: User, at: datetime) -> Term:
    """A saved term with rows of every kind."""
    other = save_term(document=document("Progesterone"), by=editor, at=at).term
    return save_term(
        document=document(
            insights=[{"text": "First.", "term": other.slug}, {"text": "Second.", "url": "https://example.org/"}],
            synonyms=[{"text": "LP", "kind": "abbreviation"}, {"text": "Secretory phase"}],
            references=[{"citation": "Someone. Something. 2020.", "doi": "10.1001/jama.288.3.321"}],
            related=["progesterone"],
            tags=["menstrual cycle", "Fertility"],
        ),
        by=editor,
        at=at,
    ).term


def document_now(term: Term) -> dict[str, object]:
    revision = Revision.objects.filter(term=term).latest("number")
    saved: dict[str, object] = revision.document
    return saved


# -- Adding ------------------------------------------------------------------------------------------------------------


def test_pages_of_terms_leave_out_django_s_scripts_that_make_addresses(pages: Client, term: Term) -> None:
    for address in (add_url(), change_url(term), reverse("admin:glossary_term_changelist")):
        html = pages.get(address).content.decode()
        assert "admin/js/core.js" in html, address
        for script in ("urlify", "xregexp", "prepopulate."):
            assert script not in html, f"{address} loads {script}, although the server makes addresses"


def test_a_new_term_is_saved_whole_with_its_rows_in_order(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(add_url())) | {
        "title": "Corpus luteum",
        "definition": "<p>A <b>yellow</b> body.</p>",
        "related": [str(term.pk)],
        "tags": 'Ovary, menstrual cycle, "a, b"',
        "note": "First version",
    }
    data = with_row(data, "synonyms", text="Yellow body", kind="synonym") | {"synonyms-0-ORDER": 2}
    data = with_row(data, "synonyms", text="CL", kind="abbreviation") | {"synonyms-1-ORDER": 1}
    data = with_row(data, "insights", text="It fades.", target=str(term.pk), url="")
    data = with_row(data, "references", citation="A. B. 2020.", doi="doi:10.1001/jama.288.3.321", pmid="", url="")
    data = with_row(data, "references", citation="", doi="", pmid="", url="")

    response = desk.post(add_url(), data)

    new = Term.objects.get(slug="corpus-luteum")
    assert "“Corpus luteum” is saved as revision 1." in messages_of(response)[0]
    saved = document_now(new)
    assert saved["definition"] == "<p>A <strong>yellow</strong> body.</p>"
    assert [row["text"] for row in saved["synonyms"]] == ["CL", "Yellow body"]  # type: ignore[attr-defined]
    assert saved["insights"] == [{"text": "It fades.", "term": term.slug, "url": ""}]
    assert saved["references"] == [{"citation": "A. B. 2020.", "doi": "10.1001/jama.288.3.321", "pmid": "", "url": ""}]
    assert saved["related"] == [term.slug]
    assert saved["tags"] == ["a, b", "menstrual cycle", "Ovary"]
    revision = new.revisions.get()
    assert (revision.note, revision.created_by_name) == ("First version", "Edith Okafor")
    assert LogEntry.objects.get(object_id=str(new.pk)).is_addition()


def test_a_taken_address_is_refused_beside_its_field(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(add_url())) | {"title": "Luteal phase", "definition": "<p>Again.</p>"}
    response = desk.post(add_url(), data)
    assert response.context["adminform"].form.errors == {
        "slug": ["'luteal-phase' is or was the address of another term: choose a different one."]
    }
    assert fields_of(response)["definition"] == "<p>Again.</p>"
    assert Term.objects.count() == 2


def test_a_new_tag_needs_the_permission_to_add_tags(desk: Client, term: Term, editor: User) -> None:
    group = Group.objects.get(name="Clinical editors")
    group.permissions.remove(group.permissions.get(codename="add_tag"))
    data = fields_of(desk.get(change_url(term))) | {"tags": "fertility, Nonsense"}
    response = desk.post(change_url(term), data)
    assert response.context["adminform"].form.errors == {
        "tags": ["You cannot add new tags. Choose from the list instead of: (Nonsense)."]
    }


# -- Changing ----------------------------------------------------------------------------------------------------------


def test_a_form_that_comes_back_untouched_changes_nothing(desk: Client, term: Term) -> None:
    response = desk.post(change_url(term), fields_of(desk.get(change_url(term))))
    assert messages_of(response) == ["You changed nothing: “Luteal phase” is still revision 1."]
    assert term.revisions.count() == 1
    assert not LogEntry.objects.exists()


def test_a_change_is_saved_sanitised_and_logged(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(change_url(term))) | {
        "mechanism": '<p onclick="x()">10<sup>3</sup> cells</p><script>alert(1)</script><h2>Not here</h2>',
    }
    response = desk.post(change_url(term), data)
    assert messages_of(response) == ["“Luteal phase” is saved as revision 2. Readers cannot see this term yet."]
    assert document_now(term)["mechanism"] == "<p>10<sup>3</sup> cells</p><p>Not here</p>"
    assert LogEntry.objects.get().get_change_message() == "Changed mechanism."


def test_rows_are_reordered_and_removed(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(change_url(term))) | {
        "insights-0-ORDER": "2",
        "insights-1-ORDER": "1",
        "synonyms-0-DELETE": "on",
    }
    desk.post(change_url(term), data)
    saved = document_now(term)
    assert [row["text"] for row in saved["insights"]] == ["Second.", "First."]  # type: ignore[attr-defined]
    assert [row["text"] for row in saved["synonyms"]] == ["Secretory phase"]  # type: ignore[attr-defined]


def test_a_row_without_a_usable_position_stands_last(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(change_url(term))) | {"insights-0-ORDER": "", "insights-1-ORDER": "9"}
    desk.post(change_url(term), data)
    assert [row["text"] for row in document_now(term)["insights"]] == ["Second.", "First."]  # type: ignore[attr-defined]


def test_a_change_that_breaks_no_seal_is_saved_and_published_at_once(
    desk: Client, pages: Client, term: Term, reviewer: User, at: datetime
) -> None:
    assert "_publish" not in pages.get(change_url(term)).content.decode()
    approve(term=term, by=reviewer, at=at, publish=True)
    page = pages.get(change_url(term))
    assert "_publish" in page.content.decode()
    data = fields_of(page) | {"tags": "Fertility", "_publish": "1"}
    response = desk.post(change_url(term), data)
    assert "is published" in messages_of(response)[-1]
    assert PublishedEntry.objects.get().revision.document["tags"] == ["Fertility"]
    assert response["Location"] == change_url(term)


def test_a_clinical_change_is_saved_and_says_why_it_is_not_published(
    desk: Client, term: Term, reviewer: User, at: datetime
) -> None:
    approve(term=term, by=reviewer, at=at, publish=True)
    data = fields_of(desk.get(change_url(term))) | {"mechanism": "<p>New.</p>", "_publish": "1"}
    response = desk.post(change_url(term), data)
    assert "is not approved. Submit it for review" in messages_of(response)[-1]
    assert document_now(term)["mechanism"] == "<p>New.</p>"
    assert PublishedEntry.objects.get().revision.number == 1


def test_saving_leads_on_to_submitting(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(change_url(term))) | {"mechanism": "<p>New.</p>", "_submit": "1"}
    response = desk.post(change_url(term), data)
    assert response["Location"] == reverse("admin:glossary_term_submit", args=[term.pk])
    assert document_now(term)["mechanism"] == "<p>New.</p>"


# -- Refusals keep what was typed --------------------------------------------------------------------------------------


def test_a_page_that_is_posted_twice_is_saved_once(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(change_url(term))) | {"mechanism": "<p>New.</p>"}
    desk.post(change_url(term), data)
    response = desk.post(change_url(term), data)
    assert messages_of(response)[-1].startswith("You changed nothing")
    assert term.revisions.count() == 2


# What is typed into the form of a term, and what is said of it.
REFUSED: list[tuple[dict[str, object], str]] = [
    ({"title": "  "}, "This field is required."),
    ({"title": "x" * 201}, "at most 200 characters"),
    ({"slug": "Luteal Phase"}, "valid “slug”"),
    ({"slug": "_"}, "must be lower-case letters, digits and single hyphens"),
    ({"definition": "<p> </p>"}, "Is missing: every term needs one."),
    ({"definition": "x" * 1_000_000}, "Has 1,000,000 characters; the limit is 100,000."),
    ({"origin": "<p>a\x01b</p>"}, "Contains the control character U+0001 at position 5."),
    ({"origin": "<p>a\x00b</p>"}, "Null characters are not allowed."),
    ({"tags": "y" * 101}, "Has 101 characters; the limit is 100."),
    ({"related": ["999999"]}, "999999 is not one of the available choices"),
    ({"related": ["x"]}, "“x” is not a valid value"),
    ({"related": ["9" * 40]}, "is not a valid value"),
    ({"insights-0-target": "999999"}, "That choice is not one of the available choices"),
    ({"insights-0-target": "9" * 40}, "That choice is not one of the available choices"),
    ({"insights-0-url": "https://example.org/"}, "Leads to both a term and a URL: keep one."),
    ({"insights-1-url": "javascript:alert(1)"}, "Enter a valid URL."),
    ({"insights-1-text": "", "insights-1-ORDER": "1"}, "This field is required."),
    ({"synonyms-1-text": "LP"}, "is listed twice"),
    ({"synonyms-1-kind": "nickname"}, "nickname is not one of the available choices"),
    ({"references-0-doi": "11.5/x"}, "is not a DOI"),
    ({"references-0-pmid": "x1"}, "is not a PubMed number"),
    ({"synonyms-TOTAL_FORMS": "many"}, "ManagementForm data is missing"),
    ({"note": "x" * 501}, "at most 500 characters"),
]


def test_what_cannot_be_saved_is_named_beside_what_was_typed(desk: Client, term: Term) -> None:
    opened = fields_of(desk.get(change_url(term))) | {"mechanism": "<p>Typed.</p>"}
    for fields, words in REFUSED:
        response = desk.post(change_url(term), opened | fields)
        assert words in errors_of(response), fields
        assert response.context["adminform"].form["mechanism"].value() == "<p>Typed.</p>"
    assert term.revisions.count() == 1


def test_the_error_of_a_moved_row_stands_at_that_row(desk: Client, term: Term) -> None:
    data = fields_of(desk.get(change_url(term))) | {
        "insights-0-ORDER": "2",
        "insights-1-ORDER": "1",
        "insights-0-url": "https://example.org/",
    }
    response = desk.post(change_url(term), data)
    insights = next(i.formset for i in response.context["inline_admin_formsets"] if i.formset.prefix == "insights")
    assert [bool(form.errors) for form in insights.forms] == [True, False]
    assert [form["text"].value() for form in insights.extra_forms] == ["Second.", "First."]


def test_a_post_in_another_encoding_is_refused_without_an_error(desk: Client, term: Term) -> None:
    response = desk.post(
        change_url(term), "title=\xe9", content_type="application/x-www-form-urlencoded; charset=latin-1"
    )
    assert response.status_code == 400
    assert term.revisions.count() == 1


def test_a_changed_address_says_that_the_old_one_goes_on_working(
    desk: Client, pages: Client, term: Term, reviewer: User, at: datetime
) -> None:
    assert "the old address still works" in pages.get(change_url(term)).content.decode()
    approve(term=term, by=reviewer, at=at, publish=True)
    page = pages.get(change_url(term))
    assert "Readers find this term at /glossary/luteal-phase/" in page.content.decode()
    data = fields_of(page) | {"slug": "luteal", "_publish": "1"}
    desk.post(change_url(term), data)
    assert PublishedEntry.objects.get().slug == "luteal"
    assert term.old_slugs.get().slug == "luteal-phase"


def test_the_largest_term_can_be_edited(desk: Client, editor: User, at: datetime) -> None:
    large = save_term(
        document=document(
            "Large",
            synonyms=[{"text": f"Name {number}"} for number in range(100)],
            insights=[{"text": f"Insight {number}"} for number in range(100)],
            references=[{"citation": f"Reference {number}"} for number in range(100)],
        ),
        by=editor,
        at=at,
    ).term
    data = fields_of(desk.get(change_url(large))) | {"mechanism": "<p>New.</p>"}
    desk.post(change_url(large), data)
    assert large.revisions.count() == 2


# -- List, tags, queries -----------------------------------------------------------------------------------------------


def test_the_list_finds_by_title_and_synonym_and_filters_by_state_and_tag(
    desk: Client, pages: Client, term: Term, editor: User, at: datetime
) -> None:
    publish_unreviewed(term=term, by=editor, at=at)
    save_term(
        document=document("Progesterone", origin="<p>New.</p>"),
        by=editor,
        at=at,
        term=Term.objects.get(slug="progesterone"),
    )
    url = reverse("admin:glossary_term_changelist")

    def titles(**query: str) -> list[str]:
        return [found.title for found in desk.get(url, query).context["cl"].result_list]

    assert titles(q="secretory") == titles(q="luteal") == ["Luteal phase"]
    assert titles(q="nothing like it") == []
    assert titles(state="published") == titles(tag="fertility") == ["Luteal phase"]
    assert titles(state="draft") == ["Progesterone"]
    assert titles(state="changed") == titles(state="retired") == []
    assert "No terms found" in pages.get(url, {"state": "retired"}).content.decode()
    page = pages.get(url).content.decode()
    assert 'href="/glossary/luteal-phase/"' in page
    assert page.count(">View page<") == 1


def test_an_empty_glossary_invites_to_write_the_first_term(pages: Client) -> None:
    assert "Write the first one" in pages.get(reverse("admin:glossary_term_changelist")).content.decode()


def test_the_list_takes_as_many_queries_for_a_hundred_terms_as_for_two(
    pages: Client, term: Term, editor: User, at: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(98):
        save_term(document=document(f"Term {number}", tags=[f"tag {number % 7}"]), by=editor, at=at)
    with django_assert_max_num_queries(11):
        pages.get(reverse("admin:glossary_term_changelist"))


def test_the_form_takes_as_many_queries_for_many_rows_as_for_few(
    pages: Client, term: Term, editor: User, at: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    many = [{"text": f"Insight {number}", "term": "progesterone"} for number in range(30)]
    save_term(document=document(insights=many, tags=list("abcdefgh")), by=editor, at=at, term=term)
    publish_unreviewed(term=term, by=editor, at=at)
    with django_assert_max_num_queries(20):
        page = pages.get(change_url(term))
    with django_assert_max_num_queries(60):
        pages.post(change_url(term), fields_of(page) | {"mechanism": "<p>New.</p>"})


def test_tags_are_suggested_to_those_who_may_see_them(desk: Client, term: Term) -> None:
    url = reverse("admin:glossary_term_tags")
    assert desk.get(url, {"term": "CYCLE"}).json() == {
        "results": [{"id": "menstrual cycle", "text": "menstrual cycle"}],
        "pagination": {"more": False},
    }
    assert signed_in(person("nobody", "No Body")).get(url).status_code == 403
    assert Client().get(url).status_code == 302


def test_related_terms_are_suggested(desk: Client, term: Term) -> None:
    url = reverse("admin:autocomplete")
    for model, field in (("term", "related"), ("insight", "target")):
        query = {"app_label": "glossary", "model_name": model, "field_name": field, "term": "proges"}
        assert [item["text"] for item in desk.get(url, query).json()["results"]] == ["Progesterone"]


# -- Configuration -----------------------------------------------------------------------------------------------------


def test_an_editor_that_offers_more_than_is_kept_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [message for message in run_checks() if message.id == "glossary.E001"] == []
    monkeypatch.setitem(PROSE_EXTENSIONS, "Underline", True)
    errors = [message for message in run_checks() if message.id == "glossary.E001"]
    assert [error.msg for error in errors] == ["The prose editor and the allow-list of HTML differ: only offered: u."]


# -- What is wrong -----------------------------------------------------------------------------------------------------


def summary_of(response: Any) -> list[tuple[str, str]]:
    """Return the lines of the error summary with what each leads to, after a look that the page has it, once."""
    html = response.content.decode()
    box = re.search(r"<section class=\"problems\"[^>]*>.*?</section>", html, re.DOTALL)
    assert box, "the page has no summary of what is wrong"
    assert "autofocus" in box[0]
    lines = re.findall(r'<li><a href="#([^"]+)">([^<]+)</a></li>', box[0])
    for target, _ in lines:
        assert html.count(f' id="{target}"') == 1, target
    return [(unescape(words), target) for target, words in lines]


def test_a_save_that_failed_lists_every_wrong_field_with_a_link_in_the_order_of_the_page(
    desk: Client, pages: Client, term: Term
) -> None:
    data = fields_of(desk.get(change_url(term))) | {"title": "", "definition": "", "review_months": "0"}
    data = with_row(data, "insights", text="", url="https://example.org/")
    data = with_row(data, "references", citation="Someone. Something.", doi="11.5/x")
    lines = summary_of(pages.post(change_url(term), data))
    assert [target for _, target in lines[:3]] == ["id_title", "id_definition", "id_review_months"]
    assert lines[0][0] == "Title: This field is required."
    assert lines[3][0].startswith("Related insights 3, ")
    assert lines[3][1].startswith("id_insights-")
    # What only the document knows is listed alike.
    data |= {"title": "Titled", "definition": "<p>x</p>", "review_months": "12", "insights-2-text": "One."}
    ((words, target),) = summary_of(pages.post(change_url(term), data))
    assert words.startswith("References 2, DOI: ")
    assert target.startswith("id_references-")


def test_a_step_that_failed_lists_every_wrong_field_with_a_link(reviewer: User, term: Term) -> None:
    response = signed_in(reviewer).post(
        reverse("admin:glossary_term_retire", args=[term.pk]), {"reason": "", "due_at": "2020-01-01T10:00"}
    )
    assert [target for _, target in summary_of(response)] == ["id_reason", "id_due_at"]
