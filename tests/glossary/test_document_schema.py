"""Stored term documents: what was frozen by an earlier release is read, compared and verified as it was."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from glossary.actions import publish_term, save_term
from glossary.document.differences import compare_documents
from glossary.document.documents import SCHEMA, DocumentError, TermDocument, UnknownSchema, document_sha256, upgrade
from glossary.document.parsing import parse_document
from glossary.models import Revision, Term

AT = datetime(2026, 3, 1, tzinfo=UTC)

# As the first release froze it, before documents said their schema. Never change it: such documents are on disks.
FIRST: dict[str, Any] = {
    "title": "Luteal phase",
    "slug": "luteal-phase",
    "definition": "<p>The days between ovulation and menstruation.</p>",
    "origin": "",
    "mechanism": "<p>The corpus luteum makes progesterone.</p>",
    "insights": [{"text": "It lasts about two weeks.", "term": "", "url": ""}],
    "synonyms": [{"text": "LP", "kind": "abbreviation"}],
    "references": [{"citation": "A study. 2020.", "doi": "10.1000/xyz", "pmid": "", "url": ""}],
    "related": [],
    "tags": ["Cycle"],
}
FIRST_SHA256 = "d123ee1f8ee4427139d6881b67bcbc1aa2ae6a7f0ba4b0e95a880edb54b6629b"


def test_a_document_of_the_first_release_has_the_hash_that_it_always_had() -> None:
    assert document_sha256(FIRST) == FIRST_SHA256
    read = TermDocument.from_frozen(FIRST)
    assert read.sha256() == FIRST_SHA256
    assert document_sha256(read.as_json()) == FIRST_SHA256


def test_what_is_frozen_now_says_its_schema() -> None:
    assert TermDocument.from_frozen(FIRST).as_json().items() >= {"schema": 1, **FIRST}.items()


def test_documents_of_two_releases_with_the_same_content_do_not_differ() -> None:
    now = TermDocument.from_frozen(FIRST).as_json()
    assert not any(difference.changed for difference in compare_documents(FIRST, now))


def test_what_an_older_document_lacks_is_as_it_is_in_a_new_one() -> None:
    older = {name: value for name, value in FIRST.items() if name not in ("tags", "origin")}
    assert upgrade(older).items() >= {"schema": 1, **FIRST, "tags": []}.items()


def test_a_document_of_a_later_release_is_refused_and_says_what_to_do() -> None:
    with pytest.raises(UnknownSchema, match=rf"schema {SCHEMA + 1}, and this release reads up to {SCHEMA}: upgrade"):
        TermDocument.from_frozen({"schema": SCHEMA + 1, **FIRST})


@pytest.mark.parametrize("schema", [SCHEMA + 1, 0, "1", None, True, 1.5])
def test_an_import_names_a_schema_that_it_cannot_read(schema: object) -> None:
    with pytest.raises(DocumentError, match=r"schema: is .*, and this release of the site reads 1 to"):
        parse_document({"schema": schema, **FIRST})


def test_an_import_takes_documents_with_and_without_a_schema() -> None:
    assert parse_document({"schema": 1, **FIRST}) == parse_document(FIRST)


@pytest.mark.django_db
def test_a_revision_of_the_first_release_is_read_saved_and_published_as_any(admin_user: User) -> None:
    saved = save_term(document=parse_document(FIRST), by=admin_user, at=AT)
    kept = Revision.objects.create(
        term=saved.term,
        number=2,
        parent=saved.revision,
        document=FIRST,
        sha256=FIRST_SHA256,
        created_at=AT,
        created_by_name="Earlier release",
    )
    Term.objects.filter(pk=saved.term.pk).update(head=kept)
    term = Term.objects.get(pk=saved.term.pk)
    assert term.head is not None
    assert term.head.document.items() >= {"schema": 1, **FIRST}.items()
    again = save_term(term=term, document=TermDocument.from_frozen(term.head.document), by=admin_user, at=AT)
    assert again.revision is None, "the same content is no change, whatever release froze it"
    entry = publish_term(term=term, by=admin_user, at=AT, reason="A trial", emergency=True)
    assert entry.revision.document["mechanism"] == FIRST["mechanism"]


@pytest.mark.django_db
def test_terms_in_json_may_say_their_schema(tmp_path: Path) -> None:
    file = tmp_path / "terms.json"
    file.write_text(json.dumps({"terms": [{"schema": 1, **FIRST}]}), encoding="utf-8")
    call_command("import_terms", file)
    assert Term.objects.get().title == "Luteal phase"
