"""The public history of a term, the permanent pages of its revisions, and the line that says who reviewed it."""

import json
import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from glossary.actions import approve_review, publish_term, retire_term, save_term, submit_term
from glossary.models import Credentials, PublishedEntry, RetractedWork, Term
from tests.glossary.builders import approve, document, publish_unreviewed

pytestmark = pytest.mark.django_db

PAGE = "/glossary/luteal-phase/"
REVISIONS = "/glossary/luteal-phase/revisions/"
WORK = {"citation": "Doe J. On eggs. 2020.", "doi": "10.1000/182"}


def text_of(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path)
    assert response.status_code == status, path
    return " ".join(response.content.decode().split())


def words(page: str) -> str:
    """Return what a reader sees of a page."""
    main = page[page.index("<main") : page.index("</main>")].replace("<dd>", " <dd>")
    return " ".join(re.sub(r"<[^>]*>", "", main).split())


def data_of(page: str) -> dict[str, Any]:
    [data] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    found: dict[str, Any] = next(node for node in json.loads(data)["@graph"] if node["@type"] == "MedicalWebPage")
    return found


@pytest.fixture
def term(editor: User, reviewer: User, at: datetime) -> Term:
    """A term whose revisions 1 and 3 were published after review; 2 never was, and 4 is a draft."""
    Credentials.objects.create(user=reviewer, text="MD, endocrinologist")
    term = save_term(document=document(references=[WORK]), by=editor, at=at, note="Not for readers").term
    review = submit_term(term=term, by=editor, at=at)
    approve_review(review=review, by=reviewer, at=at, publish=True, reason="First edition")
    at += timedelta(days=40)
    save_term(document=document(mechanism="<p>By one hormone.</p>", references=[WORK]), by=editor, at=at, term=term)
    save_term(document=document(mechanism="<p>By two hormones.</p>", references=[WORK]), by=editor, at=at, term=term)
    review = submit_term(term=term, by=editor, at=at)
    approve_review(review=review, by=reviewer, at=at, publish=True, reason="New guideline")
    save_term(document=document(mechanism="<p>Secret draft.</p>"), by=editor, at=at, term=term)
    return Term.objects.get()


# -- The line on the term's page --------------------------------------------------------------------------------------


def test_a_reviewed_term_names_reviewer_and_dates(client: Client, term: Term) -> None:
    page = text_of(client, PAGE)
    assert (
        "Reviewed on 11 April 2026 by Rafael Lindqvist, MD, endocrinologist; next review due 11 April 2028."
        in words(page)
    )
    about = data_of(page)
    assert about["lastReviewed"] == "2026-04-11"
    assert about["reviewedBy"] == {
        "@type": "Person",
        "name": "Rafael Lindqvist",
        "hasCredential": {"@type": "EducationalOccupationalCredential", "name": "MD, endocrinologist"},
    }


def test_an_overdue_term_says_so(client: Client, term: Term) -> None:
    Term.objects.update(next_review_date=date(2020, 1, 31))
    assert "endocrinologist. Review was due on 31 January 2020." in words(text_of(client, PAGE))


def test_what_was_published_without_review_says_why_and_claims_none(client: Client, editor: User, at: datetime) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    page = text_of(client, PAGE)
    assert "Published without review: Test" in words(page)
    assert "Reviewed" not in page
    assert "reviewedBy" not in data_of(page)


def test_what_was_published_before_there_were_reviews_claims_nothing(
    client: Client, editor: User, at: datetime
) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    PublishedEntry.objects.update(approval=None)
    page = text_of(client, PAGE)
    for word in ("Reviewed", "review due", "without review", "reviewedBy"):
        assert word not in page


def test_an_approval_of_a_later_text_is_not_claimed_for_the_public_one(
    client: Client, editor: User, reviewer: User, at: datetime
) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    save_term(document=document(mechanism="<p>Another.</p>"), by=editor, at=at, term=term)
    approve(term=term, by=reviewer, at=at)
    page = text_of(client, PAGE)
    assert "Published without review: Test" in words(page)
    assert "lastReviewed" not in page


def test_a_retraction_that_nobody_could_know_of_breaks_the_seal_in_public(
    client: Client, term: Term, editor: User, reviewer: User, at: datetime
) -> None:
    later = at + timedelta(days=100)
    RetractedWork.objects.create(
        doi="10.1000/182",
        title="On eggs",
        reason="Data fabricated",
        retracted_date=date(2026, 5, 1),
        listed_at=later,
        checked_at=later,
    )
    page = text_of(client, PAGE)
    assert "This text relies on a work that was retracted Doe J. On eggs. 2020. Retracted on 1 May 2026: Data" in words(
        page
    )
    assert "Reviewed on" not in page
    assert "lastReviewed" not in page
    assert "relies on a work that was retracted" in text_of(client, f"{REVISIONS}1/")
    # Somebody approves it with the retraction in sight: the reference stays marked, the seal is whole.
    save_term(document=document(mechanism="<p>By two hormones.</p>", references=[WORK]), by=editor, at=later, term=term)
    approve(term=term, by=reviewer, at=later + timedelta(days=1), publish=True)
    page = text_of(client, PAGE)
    assert "relies on a work that was retracted" not in page
    assert "Reviewed on 11 June 2026" in words(page)
    assert "Retracted on 1 May 2026: Data fabricated" in words(page)


def test_a_page_is_cited_by_its_permanent_address(client: Client, term: Term, settings: Any) -> None:
    assert f'<a href="{settings.SITE_URL}{REVISIONS}3/">' in text_of(client, PAGE)


# -- The history ------------------------------------------------------------------------------------------------------


def test_the_history_lists_what_was_public_the_newest_first(client: Client, term: Term) -> None:
    seen = words(text_of(client, REVISIONS))
    who = "Rafael Lindqvist, MD, endocrinologist"
    parts = [
        f"3 current Public since 11 April 2026 Changed Mechanism Why New guideline Reviewed 11 April 2026, {who}",
        f"1 Public since 2 March 2026 Changed First publication Why First edition Reviewed 2 March 2026, {who}",
    ]
    positions = [seen.find(part) for part in parts]
    assert -1 not in positions, seen
    assert positions == sorted(positions)
    for hidden in ("Revision 2", "Revision 4", "Secret", "Not for readers"):
        assert hidden not in seen


def test_a_permanent_page_shows_the_text_as_it_was_and_what_changed(client: Client, term: Term, settings: Any) -> None:
    old, new = text_of(client, f"{REVISIONS}1/"), text_of(client, f"{REVISIONS}3/")
    assert "By hormones." in old
    assert f'This is an earlier text.</strong> <a href="{PAGE}">' in old
    assert '<meta name="robots" content="noindex">' in old
    assert f'<link rel="canonical" href="{settings.SITE_URL}{REVISIONS}1/">' in old
    assert "earlier text" not in new
    assert "noindex" not in new
    assert f'<link rel="canonical" href="{settings.SITE_URL}{REVISIONS}3/">' in new
    # Against revision 1, which readers saw before, and not against 2, which they never did.
    assert "What changed since revision 1: mechanism" in new
    assert re.search(r"<ins>[^/]*</span> ?two", new)
    assert "one hormone" not in new
    assert Term.objects.get().revisions.get(number=3).sha256 in new


@pytest.mark.parametrize("path", [f"{REVISIONS}2/", f"{REVISIONS}4/", f"{REVISIONS}99/", f"{REVISIONS}0/"])
def test_what_never_was_public_is_not_found(client: Client, term: Term, path: str) -> None:
    text_of(client, path, 404)


def test_a_draft_has_no_history(client: Client, editor: User, at: datetime) -> None:
    save_term(document=document("Menopause"), by=editor, at=at)
    for path in ("/glossary/menopause/revisions/", "/glossary/menopause/revisions/1/", "/glossary/nowhere/revisions/"):
        text_of(client, path, 404)
    text_of(client, f"{REVISIONS}{'9' * 5000}/", 404)


def test_old_addresses_lead_to_the_history_and_numbers_have_one_address(
    client: Client, term: Term, editor: User, reviewer: User, at: datetime
) -> None:
    save_term(document=document("Secretory phase", references=[WORK]), by=editor, at=at, term=term)
    approve(term=term, by=reviewer, at=at + timedelta(days=50), publish=True)
    for path, goal in (
        (REVISIONS, "/glossary/secretory-phase/revisions/"),
        (f"{REVISIONS}1/", "/glossary/secretory-phase/revisions/1/"),
        ("/glossary/secretory-phase/revisions/001/", "/glossary/secretory-phase/revisions/1/"),
    ):
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (301, goal)
    # The revision keeps the title that it had.
    assert '<h1 class="term__title" id="title">Luteal phase</h1>' in text_of(
        client, "/glossary/secretory-phase/revisions/1/"
    )


def test_the_revisions_of_a_retired_term_stay_citable_and_say_that_it_is_retired(
    client: Client, term: Term, reviewer: User, at: datetime
) -> None:
    retire_term(term=term, by=reviewer, at=at + timedelta(days=90))
    text_of(client, PAGE, 410)
    for path in (REVISIONS, f"{REVISIONS}1/", f"{REVISIONS}3/"):
        page = text_of(client, path)
        assert "This term was retired." in page
        assert '<meta name="robots" content="noindex">' in page
        assert f'href="{PAGE}"' not in page
    publish_term(
        term=term, revision=term.revisions.get(number=3), by=reviewer, at=at + timedelta(days=91), reason="Back"
    )
    seen = words(text_of(client, REVISIONS))
    assert "Revision 3 current Public again since 1 June 2026 Changed Nothing Why Back" in seen


def test_an_emergency_is_shown_for_ever_and_a_later_review_beside_it(
    client: Client, editor: User, reviewer: User, at: datetime
) -> None:
    term = save_term(document=document(), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    approve(term=term, by=reviewer, at=at + timedelta(days=1))
    for path in (REVISIONS, f"{REVISIONS}1/"):
        seen = words(text_of(client, path))
        assert re.search(r"without review:? Test", seen, re.IGNORECASE), seen
        assert "3 March 2026" in seen
    assert "Reviewed on 3 March 2026 by Rafael Lindqvist" in words(text_of(client, PAGE))


@pytest.mark.parametrize("path", [REVISIONS, f"{REVISIONS}2/"])
def test_queries_do_not_grow_with_the_history(client: Client, editor: User, at: datetime, path: str) -> None:
    term = save_term(document=document(tags=["tag 0"]), by=editor, at=at).term

    def publish(numbers: range) -> None:
        for number in numbers:
            save_term(document=document(tags=[f"tag {number}"], references=[WORK]), by=editor, at=at, term=term)
            publish_unreviewed(term=term, by=editor, at=at + timedelta(days=number))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            text_of(client, path)
        return len(captured)

    publish(range(1, 3))
    few = queries()
    publish(range(3, 12))
    assert queries() == few
    assert few <= 12
