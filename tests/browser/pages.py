"""A glossary with a page of every kind, and where these are."""

from __future__ import annotations

TERMS = """
from datetime import UTC, datetime, timedelta
from django.contrib.auth.models import User
from glossary.actions import approve_review, describe_tag, publish_term, retire_term, save_term, save_terms, submit_term
from glossary.document.parsing import parse_document
from glossary.models import Credentials, Program, RetractedWork, Term
from taggit.models import Tag
by, at = User.objects.create_user("pages"), datetime(2026, 3, 2, 12, tzinfo=UTC)
documents = [parse_document(data) for data in [
    {"title": "Luteal phase", "definition": "<p>The second half of the menstrual cycle.</p>", "tags": ["cycle"]},
    {
        "title": "Retracted work",
        "definition": "<p>It relies on one.</p>",
        "references": [{"citation": "Doe J. On eggs. 2020.", "doi": "10.1000/retracted"}],
    },
    {"title": "β-estradiol", "definition": "<p>A hormone.</p>", "tags": ["cycle", "hormones"]},
    {"title": "Withdrawn notion", "definition": "<p>Taken back.</p>"},
    {
        "title": "Pseudohypoparathyroidism with an unreasonably long name",
        "definition": "<p>Giving <strong>progesterone</strong>, H<sub>2</sub>O and a list:</p><ul><li>one</li></ul>",
        "origin": "<p>From Latin <em>luteus</em>, yellow.</p>",
        "mechanism": "<p>By hormones. <a href='https://example.org/'>More</a>.</p>",
        "insights": [{"text": "Leads on.", "term": "luteal-phase"}, {"text": "Leads nowhere."}],
        "synonyms": [{"text": "long synonym"}, {"text": "PHP", "kind": "abbreviation"}],
        "references": [{"citation": "Someone. 2002.", "doi": "10.1001/" + "jama.288.3.321" * 6, "pmid": "1"}],
        "related": ["luteal-phase"],
        "tags": ["cycle", "hormone therapy"],
        "slug": "long-name",
    },
]]
reviewer = User.objects.create_user("rafael", first_name="Rafael", last_name="Lindqvist")
Credentials.objects.create(user=reviewer, text="MD, consultant endocrinologist")
later = at + timedelta(days=9)
RetractedWork.objects.create(doi="10.1000/retracted", reason="Data fabricated", listed_at=later, checked_at=later)
for saved in save_terms(documents=documents, by=by, at=at):
    publish_term(term=saved.term, by=Program("Test"), at=at, emergency=True, reason="Test")
    if saved.term.slug in ("long-name", "retracted-work"):
        review = submit_term(term=saved.term, by=by, at=at)
        approve_review(review=review, by=reviewer, at=at + timedelta(days=1), publish=True)
    if saved.term.slug == "long-name":
        data = {**documents[4].as_json(), "mechanism": "<p>By 10<sup>3</sup> hormones.</p>", "tags": ["cycle"]}
        save_term(document=parse_document(data), by=by, at=at, term=saved.term)
        publish_term(term=saved.term, by=Program("Test"), at=at, emergency=True, reason="Correction of the dose")
    if saved.term.slug == "withdrawn-notion":
        retire_term(term=saved.term, by=by, at=at, successor=Term.objects.get(slug="luteal-phase"))
describe_tag(tag=Tag.objects.get(name="cycle"), text="What comes each month.\\n\\nAnd why.", by=by, at=at)
"""


PAGES = {
    "home": "/",
    "A to Z": "/glossary/",
    "letter": "/glossary/letter/l/",
    "empty letter": "/glossary/letter/q/",
    "script": "/glossary/letter/greek/",
    "term": "/glossary/long-name/",
    "term with a retracted work": "/glossary/retracted-work/",
    "revisions": "/glossary/long-name/revisions/",
    "earlier revision": "/glossary/long-name/revisions/1/",
    "current revision": "/glossary/long-name/revisions/2/",
    "revision of a retired term": "/glossary/withdrawn-notion/revisions/1/",
    "tags": "/glossary/tags/",
    "tags by letter": "/glossary/tags/letter/c/",
    "tag": "/glossary/tags/cycle/",
    "cookies": "/cookies/",
    "notices": "/consent/notices/",
    "own terms": "/saved/",
    "search": "/search/",
    "search with hits": "/search/?q=luteal",
    "search without hits": "/search/?q=lutael",
    # More parameters than Django reads.
    "bad request": "/search/?" + "&" * 2000,
    # A form without a token, as it may be sent nowhere else.
    "not allowed": "/admin/login/",
    "not found": "/nowhere/",
    "retired": "/glossary/withdrawn-notion/",
    "fault": "/glossary/",
    "unavailable": "/search/?q=luteal",
}
