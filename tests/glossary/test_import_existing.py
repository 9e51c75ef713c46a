"""Importing over terms that exist: nothing is changed, or published, without a word."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from glossary.actions import document_of, save_term, submit_term
from glossary.document.documents import TermDocument
from glossary.models import PublishedEntry, Review, Revision, Term
from tests.glossary.builders import approve, document, publish_unreviewed
from tests.people import person

pytestmark = pytest.mark.django_db

PUBLISH = ("--publish", "--as", "ada", "--reason", "First load")
REPLACE = ("--existing", "replace")
FILL = ("--existing", "fill-empty")


@pytest.fixture(autouse=True)
def superuser(db: None) -> User:
    return person("ada", "Ada Root", superuser=True)


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    """A file that has one term with an empty mechanism."""
    path = tmp_path / "terms.csv"
    path.write_text("title,definition,mechanism,tags\nAlpha,Imported.,,greek\n", encoding="utf-8")
    return path


def run(path: Path, *arguments: str) -> str:
    out = io.StringIO()
    call_command("import_terms", str(path), *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def alpha(**fields: Any) -> TermDocument:
    return document("Alpha", **fields)


def published(document: TermDocument, *, by: User, at: datetime) -> Term:
    term = save_term(document=document, by=by, at=at).term
    publish_unreviewed(term=term, by=by, at=at)
    return term


def test_terms_that_exist_are_left_alone_and_named(csv: Path, editor: User, at: datetime) -> None:
    term = save_term(document=alpha(), by=editor, at=at).term
    output = run(csv)
    assert document_of(Term.objects.get()) == alpha()
    assert Revision.objects.count() == 1
    assert "Created: 0\nChanged: 0\nUnchanged: 0\nSkipped: 1\n" in output
    assert "Alpha (alpha), row 2: the term exists, and differs in definition, mechanism and tags" in output
    assert "--existing fill-empty" in output
    assert run(csv, "--existing", "skip") == output
    assert term.revisions.count() == 1


def test_a_row_that_says_what_the_term_says_is_unchanged_and_not_skipped(
    tmp_path: Path, editor: User, at: datetime
) -> None:
    save_term(document=alpha(tags=["Greek"]), by=editor, at=at)
    path = tmp_path / "terms.csv"
    path.write_text("title,origin,tags\nAlpha,From Latin.,greek\n", encoding="utf-8")
    for how in ("skip", "fill-empty", "replace"):
        output = run(path, "--existing", how)
        assert "Unchanged: 1" in output
        assert "Skipped" not in output
    assert Revision.objects.count() == 1


def hand_made(slug: str, *, by: User, at: datetime, title: str = "Ménière’s disease") -> Term:
    """Save a term whose address nobody would make from its title."""
    return save_term(document=document(title, slug=slug), by=by, at=at).term


def rows(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("title", ["Ménière’s disease", "MÉNIÈRE'S  disease"])
def test_a_row_without_a_slug_is_about_the_term_with_its_title(
    tmp_path: Path, editor: User, at: datetime, title: str
) -> None:
    hand_made("endolymphatic-hydrops", by=editor, at=at)
    path = rows(tmp_path / "terms.csv", f"title,origin\n{title},After a physician.\n")
    assert "(endolymphatic-hydrops), row 2: the term exists, and differs in" in run(path)
    run(path, *REPLACE)
    assert Term.objects.get().origin == "<p>After a physician.</p>"


def test_a_title_that_several_terms_have_is_not_guessed(tmp_path: Path, editor: User, at: datetime) -> None:
    for slug in ("cold", "cold-2"):
        hand_made(slug, title="Cold", by=editor, at=at)
    words = "row 2 (“Cold”), line 2: title: 2 terms are called “Cold”, 'cold' and 'cold-2': say which is meant"
    with pytest.raises(CommandError) as refused:
        run(rows(tmp_path / "terms.csv", "title,origin\nCold,From Norse.\n"), *REPLACE)
    assert words in str(refused.value)
    run(rows(tmp_path / "terms.csv", "slug,title,origin\ncold-2,Cold,From Norse.\n"), *REPLACE)
    assert Term.objects.get(origin="<p>From Norse.</p>").slug == "cold-2"


@pytest.mark.parametrize("how", [(), REPLACE])
def test_no_second_term_gets_a_title_by_another_slug(
    tmp_path: Path, editor: User, at: datetime, how: tuple[str, ...]
) -> None:
    hand_made("endolymphatic-hydrops", by=editor, at=at)
    path = rows(tmp_path / "terms.csv", "slug,title,definition\nmenieres,ménière's disease,Dizziness.\n")
    with pytest.raises(CommandError) as refused:
        run(path, *how)
    assert (
        "line 2: title: “ménière's disease” is the title of 'endolymphatic-hydrops' already: use "
        "that slug to change that term, or give 'menieres' another title"
    ) in str(refused.value)
    assert Term.objects.count() == 1


def test_a_term_is_not_renamed_to_the_title_of_another(tmp_path: Path, editor: User, at: datetime) -> None:
    hand_made("endolymphatic-hydrops", by=editor, at=at)
    save_term(document=alpha(), by=editor, at=at)
    path = rows(tmp_path / "terms.csv", "slug,title\nalpha,Ménière’s disease\n")
    with pytest.raises(CommandError, match="is the title of 'endolymphatic-hydrops' already"):
        run(path, *REPLACE)
    assert "Skipped: 1" in run(path)
    assert Term.objects.get(slug="alpha").title == "Alpha"


def test_two_terms_of_one_title_come_from_a_file_that_has_both(tmp_path: Path, editor: User, at: datetime) -> None:
    hand_made("cold", title="Cold", by=editor, at=at)
    path = rows(tmp_path / "terms.csv", "slug,title,definition\ncold,Cold,An illness.\ncold-2,Cold,Not warm.\n")
    assert "Created: 1\n  Cold (cold-2), row 3" in run(path)
    assert "Created: 0" in run(path)


def test_filling_writes_into_empty_fields_only(csv: Path, editor: User, at: datetime) -> None:
    save_term(document=alpha(), by=editor, at=at)
    output = run(csv, *FILL)
    assert document_of(Term.objects.get()) == alpha(tags=["greek"])
    assert "Changed: 1\n  Fields filled: 1, replaced: 0, emptied: 0\n" in output
    assert "    tags filled: “greek”\n" in output
    assert "definition" not in output


def test_json_fills_what_is_empty_and_needs_nothing_else(tmp_path: Path, editor: User, at: datetime) -> None:
    save_term(document=alpha(mechanism=""), by=editor, at=at)
    path = tmp_path / "terms.json"
    path.write_text(json.dumps([{"title": "Alpha", "definition": None, "mechanism": "By magic."}]), encoding="utf-8")
    run(path, *FILL)
    assert document_of(Term.objects.get()) == alpha(mechanism="By magic.")


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_replacing_lists_every_field_that_it_empties_or_replaces(
    csv: Path, editor: User, at: datetime, dry: tuple[str, ...]
) -> None:
    save_term(document=alpha(), by=editor, at=at)
    output = run(csv, *REPLACE, *dry)
    assert "Changed: 1\n  Fields filled: 1, replaced: 1, emptied: 1\n  Alpha (alpha), row 2\n" in output
    assert "    definition replaced: “Alpha: what it means.” by “Imported.”\n" in output
    assert "    mechanism emptied: it was “By hormones.”\n" in output
    assert "    tags filled: “greek”\n" in output
    assert "origin" not in output
    assert Term.objects.get().mechanism == ("<p>By hormones.</p>" if dry else "")


def test_a_change_that_only_markup_shows_is_shown(tmp_path: Path, editor: User, at: datetime) -> None:
    save_term(document=alpha(definition="<p>Levels of E2 rise.</p>"), by=editor, at=at)
    path = tmp_path / "terms.csv"
    path.write_text("title,definition\nAlpha,<p>Levels of E<sub>2</sub> rise.</p>\n", encoding="utf-8")
    assert "“<p>Levels of E2 rise.</p>” by “<p>Levels of E<sub>2</sub> rise.</p>”" in run(path, *REPLACE)


@pytest.mark.parametrize("how", [REPLACE, FILL])
def test_what_a_clinician_approved_is_changed_only_when_named(
    csv: Path, editor: User, reviewer: User, at: datetime, how: tuple[str, ...]
) -> None:
    term = save_term(document=alpha(), by=editor, at=at).term
    approve(term=term, by=reviewer, at=at, publish=True)
    output = run(csv, *how, *PUBLISH)
    assert document_of(Term.objects.get()) == alpha()
    assert PublishedEntry.objects.get().revision.number == 1
    assert "Changed: 0" in output
    assert f"row 2: {reviewer.get_full_name()} approved it on" in output
    assert "add --approved alpha to have " in output
    output = run(csv, *how, "--approved", "alpha")
    assert "Changed: 1" in output
    assert "Skipped" not in output
    assert Term.objects.get().revisions.count() == 2


@pytest.mark.parametrize("slug", ["\u200b", "&", "\ufeff\u2060"])
@pytest.mark.parametrize("how", [(), REPLACE])
def test_a_slug_that_nobody_sees_hides_no_term_that_exists(
    tmp_path: Path, editor: User, reviewer: User, at: datetime, slug: str, how: tuple[str, ...]
) -> None:
    term = save_term(document=alpha(), by=editor, at=at).term
    approve(term=term, by=reviewer, at=at, publish=True)
    path = tmp_path / "terms.csv"
    path.write_text(f"title,slug,definition\nAlpha,{slug},Imported.\n", encoding="utf-8")
    if slug == "&":
        with pytest.raises(CommandError, match="slug: '&' must be lower-case letters"):
            run(path, *how, *PUBLISH)
    else:
        assert "Skipped: 1" in run(path, *how, *PUBLISH)
    assert document_of(Term.objects.get()) == alpha()
    assert PublishedEntry.objects.get().revision.number == 1


@pytest.mark.parametrize("blank", ["", "  ", "\u200b", "<p>&nbsp;</p>", "&#8203;"])
def test_what_looks_empty_is_empty_when_fields_are_filled(
    tmp_path: Path, editor: User, at: datetime, blank: str
) -> None:
    save_term(document=alpha(mechanism=""), by=editor, at=at)
    path = tmp_path / "terms.csv"
    path.write_text(f"title,definition,origin,mechanism\nAlpha,{blank},{blank},It acts.\n", encoding="utf-8")
    assert "Fields filled: 1, replaced: 0, emptied: 0" in run(path, *FILL)
    assert document_of(Term.objects.get()) == alpha(mechanism="It acts.")


def test_naming_approved_terms_is_checked(csv: Path, editor: User, at: datetime) -> None:
    save_term(document=alpha(), by=editor, at=at)
    with pytest.raises(CommandError, match="has no row for 'alhpa', named by --approved"):
        run(csv, *REPLACE, "--approved", "alpha", "alhpa")
    with pytest.raises(CommandError, match="Add --existing fill-empty or --existing replace"):
        run(csv, "--approved", "alpha")
    assert Term.objects.get().revisions.count() == 1


@pytest.mark.parametrize("was_public", [True, False])
def test_nobodys_draft_is_published_with_what_was_imported(
    tmp_path: Path, editor: User, at: datetime, was_public: bool
) -> None:
    if was_public:
        term = published(alpha(mechanism=""), by=editor, at=at)
        save_term(document=alpha(mechanism="Not reviewed."), by=editor, at=at, term=term)
    else:
        save_term(document=alpha(origin="", mechanism="Not reviewed."), by=editor, at=at)
    path = tmp_path / "terms.csv"
    path.write_text("title,definition\nAlpha,Imported.\n", encoding="utf-8")
    output = run(path, *REPLACE, *PUBLISH)
    assert Term.objects.get().definition == "<p>Imported.</p>"
    assert not PublishedEntry.objects.filter(revision__document__mechanism="<p>Not reviewed.</p>").exists()
    assert PublishedEntry.objects.count() == was_public
    number = 2 if was_public else 1
    assert (
        "Published: 0\nNot published: 1\n  Alpha (alpha), row 2: its working copy has unpublished mechanism, saved "
        f"by {editor.get_full_name()} as revision {number}\n"
    ) in output
    assert "submit it for review" in output


@pytest.mark.parametrize("how", [(), REPLACE])
def test_a_draft_of_a_person_is_theirs_to_submit_even_if_the_file_says_the_same(
    tmp_path: Path, editor: User, at: datetime, how: tuple[str, ...]
) -> None:
    save_term(document=alpha(), by=editor, at=at)
    path = tmp_path / "terms.json"
    path.write_text(json.dumps([alpha().as_json()]), encoding="utf-8")
    output = run(path, *how, *PUBLISH)
    assert "Unchanged: 1\n  Alpha (alpha), row 1\nPublished: 0\nNot published: 1\n" in output
    assert f"saved by {editor.get_full_name()} as revision 1" in output
    assert not PublishedEntry.objects.exists()


def test_what_was_imported_over_a_public_term_is_published_with_what_is_public(
    csv: Path, editor: User, at: datetime
) -> None:
    published(alpha(), by=editor, at=at)
    output = run(csv, *FILL, *PUBLISH)
    assert "Published: 1\n  Alpha (alpha), row 2\n" in output
    assert PublishedEntry.objects.get().revision.document == alpha(tags=["greek"]).as_json()


def test_what_was_imported_as_drafts_is_published_by_the_same_file(csv: Path) -> None:
    run(csv)
    output = run(csv, *PUBLISH)
    assert "Created: 0\nChanged: 0\nUnchanged: 1\n" in output
    assert "Published: 1\n" in output
    assert "Not published" not in output


def test_a_term_that_was_skipped_is_not_published(csv: Path, editor: User, at: datetime) -> None:
    save_term(document=alpha(), by=editor, at=at)
    output = run(csv, *PUBLISH)
    assert "Skipped: 1" in output
    assert "Published: 0" in output
    assert not PublishedEntry.objects.exists()


def test_a_review_that_ends_since_the_text_was_imported_is_named(csv: Path, editor: User, at: datetime) -> None:
    term = save_term(document=alpha(), by=editor, at=at).term
    submit_term(term=term, by=editor, at=at)
    output = run(csv)
    assert Review.objects.open().count() == 1
    assert "Withdrawn from review" not in output
    output = run(csv, *REPLACE)
    assert not Review.objects.open().exists()
    assert "Withdrawn from review, because the text changed: 1\n  Alpha (alpha), row 2: submitted by " in output


def test_a_term_whose_slug_was_made_before_dots_were_kept_apart_keeps_it(
    tmp_path: Path, editor: User, at: datetime
) -> None:
    save_term(document=document("22q11.2 deletion", slug="22q112-deletion"), by=editor, at=at)
    path = tmp_path / "terms.csv"
    path.write_text('title,definition\n22q11.2 deletion,Better.\n"2,4-D",New.\n', encoding="utf-8")
    output = run(path, *REPLACE)
    assert "22q11.2 deletion (22q112-deletion), row 2\n    definition replaced" in output
    assert set(Term.objects.values_list("slug", flat=True)) == {"22q112-deletion", "2-4-d"}


def test_what_was_created_is_named(tmp_path: Path) -> None:
    path = tmp_path / "terms.csv"
    path.write_text("title,definition\n" + "".join(f"Term {n},x\n" for n in range(30)), encoding="utf-8")
    output = run(path)
    assert "Created: 30\n  Term 0 (term-0), row 2\n" in output
    assert "  and 10 more; “-v 2” lists all of them" in output
    assert "Term 29" not in output
