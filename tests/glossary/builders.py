"""Terms for tests: documents, what becomes of them, and what readers see."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from glossary.actions import approve_review, publish_term, save_terms, submit_term
from glossary.document.documents import TermDocument
from glossary.document.parsing import parse_document
from glossary.models import Approval, Program, PublishedEntry, Term, name_of


def publish_unreviewed(*, term: Term, by: User, at: datetime) -> PublishedEntry:
    """Publish the newest revision as a program does, without review: for tests that are about something else."""
    return publish_term(term=term, by=Program(name_of(by)), at=at, emergency=True, reason="Test")


def approve(*, term: Term, by: User, at: datetime, publish: bool = False) -> Approval:
    """Have the newest revision submitted by its author and approved by ``by``."""
    term = Term.objects.select_related("head__created_by").get(pk=term.pk)
    assert term.head
    assert term.head.created_by
    review = submit_term(term=term, by=term.head.created_by, at=at)
    return approve_review(review=review, by=by, at=at, publish=publish)


def document(title: str = "Luteal phase", **fields: Any) -> TermDocument:
    """Return a small valid document; ``fields`` replace its parts."""
    data: dict[str, Any] = {
        "title": title,
        "definition": f"<p>{title}: what it means.</p>",
        "origin": "<p>From Latin.</p>",
        "mechanism": "<p>By hormones.</p>",
    }
    return parse_document(data | fields)


def publish(*documents: TermDocument, by: User, at: datetime) -> list[Term]:
    """Save and publish documents that may name one another."""
    terms = [saved.term for saved in save_terms(documents=documents, by=by, at=at)]
    for term in terms:
        publish_unreviewed(term=term, by=by, at=at)
    return terms


def text_of(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status
    return response.content.decode()


FULL = document(
    "Progesterone support",
    definition="<p>Giving <strong>progesterone</strong>.</p>",
    insights=[
        {"text": "Leads to a term.", "term": "luteal-phase"},
        {"text": "Leads to a page.", "url": "https://www.example.org/study?a=1&b=2"},
        {"text": "Leads to a draft.", "term": "draft"},
    ],
    synonyms=[
        {"text": "luteal support"},
        {"text": "LPS", "kind": "abbreviation"},
        {"text": "gestagen support", "kind": "former"},
    ],
    references=[
        {"citation": "Rossouw JE. Risks and benefits. JAMA. 2002.", "doi": "10.1001/jama.288.3.321", "pmid": "1"}
    ],
    related=["luteal-phase", "draft"],
    tags=["hormone therapy"],
)


def publish_full(*, by: User, at: datetime) -> Term:
    """Return a published term that uses every field of a document, beside a draft and another published one."""
    drafts = [document("Draft"), document("Luteal phase"), FULL]
    _, luteal, term = (saved.term for saved in save_terms(documents=drafts, by=by, at=at))
    publish_unreviewed(term=luteal, by=by, at=at)
    publish_unreviewed(term=term, by=by, at=at)
    return term
