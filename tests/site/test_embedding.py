"""What pages of other sites fetch: definitions as JSON, and the script that shows them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from wsgiref.types import WSGIApplication

import brotli
import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from glossary.actions import retire_term, save_term
from glossary.models import Credentials, RetractedWork, Term
from glossary.public.embedding import releases
from pagestore.serving import PageStore
from tests.glossary.builders import approve, document, publish_unreviewed
from tests.pagestore.asking import Counting, ask

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("settings_of_a_store")]

TERM = "/embed/v1/terms/luteal-phase.json"
SCRIPT = "/embed/v1/glossary.js"
WORK = {"citation": "Doe J. On eggs. 2020.", "doi": "10.1000/182"}
# Sites have pinned these: see Note [Scripts that others pinned] in glossary.public.embedding. Add to them; change none.
RELEASED = {"1.0.0": "sha384-NePUatkNC+vtJwm+UkjfLVd2QDrwEfiDED3fKWZIznYWl6BEQRRPULHGVld/HZJk"}


@pytest.fixture
def term(editor: User, reviewer: User, at: datetime) -> Term:
    Credentials.objects.create(user=reviewer, text="MD, endocrinologist")
    term = save_term(document=document(references=[WORK]), by=editor, at=at).term
    approve(term=term, by=reviewer, at=at, publish=True)
    return term


@pytest.fixture(params=["Django", "page store"])
def site(request: pytest.FixtureRequest, django: Counting, worker: Callable[[], PageStore]) -> WSGIApplication:
    """Each of the two that answer."""
    return django if request.param == "Django" else worker()


def told(client: Client, path: str = TERM) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(path).json()
    return answer


def test_a_term_says_what_it_means_where_it_stands_and_who_stands_behind_it(
    client: Client, term: Term, settings: Any
) -> None:
    assert told(client) == {
        "title": "Luteal phase",
        "summary": "Luteal phase: what it means.",
        "url": f"{settings.SITE_URL}/glossary/luteal-phase/",
        "credit": "Clinical Glossary. Reviewed on 2 March 2026.",
        "lang": "en",
        "dir": "ltr",
        "publisher": "Clinical Glossary",
        "licence": None,
        "revision": {
            "number": 1,
            "url": f"{settings.SITE_URL}/glossary/luteal-phase/revisions/1/",
            "sha256": Term.objects.get().revisions.get().sha256,
            "published": "2026-03-02",
        },
        "review": {
            "date": "2026-03-02",
            "by": "Rafael Lindqvist",
            "credentials": "MD, endocrinologist",
            "due": "2028-03-02",
            "overdue": False,
        },
        "relies_on_retracted_work": False,
    }
    settings.GLOSSARY_LICENCE = "https://creativecommons.org/licenses/by/4.0/"
    assert told(client)["licence"] == "https://creativecommons.org/licenses/by/4.0/"


def test_a_text_claims_no_more_elsewhere_than_on_its_own_page(
    client: Client, term: Term, editor: User, at: datetime
) -> None:
    Term.objects.update(next_review_date=date(2026, 4, 1))
    assert told(client)["credit"] == (
        "Clinical Glossary. Reviewed on 2 March 2026; the next review was due on 1 April 2026."
    )
    RetractedWork.objects.create(doi="10.1000/182", listed_at=at + timedelta(days=1), checked_at=at)
    found = told(client)
    assert found["credit"] == "Clinical Glossary. Relies on a work that was retracted."
    assert (found["review"], found["relies_on_retracted_work"]) == (None, True)
    other = save_term(document=document("Menopause"), by=editor, at=at).term
    publish_unreviewed(term=other, by=editor, at=at)
    assert told(client, "/embed/v1/terms/menopause.json")["credit"] == "Clinical Glossary. Published without review."


def test_an_answer_is_open_to_every_site_and_the_same_for_everybody(term: Term, site: WSGIApplication) -> None:
    for path, kind, caching in (
        (TERM, "application/json", "public, max-age=300"),
        (SCRIPT, "text/javascript; charset=utf-8", "public, max-age=3600"),
        ("/embed/v1/glossary-1.0.0.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable"),
    ):
        plain = ask(site, path)
        assert plain.status == 200
        assert plain.headers["Content-Type"] == kind
        assert plain.headers["Access-Control-Allow-Origin"] == "*"
        assert plain.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert plain.headers["Cache-Control"] == caching
        assert plain.headers["X-Robots-Tag"] == "noindex"
        assert "Set-Cookie" not in plain.headers
        assert "Cookie" not in plain.headers.get("Vary", "")
        cookies = {"HTTP_COOKIE": "consent_choice=analytics=1", "HTTP_ORIGIN": "https://other.example"}
        assert ask(site, path, **cookies) == plain


def test_nothing_else_is_opened_to_other_sites(term: Term, site: WSGIApplication) -> None:
    for path in ("/", "/glossary/luteal-phase/", "/glossary/luteal-phase/revisions/1/cite.bib", "/sitemap.xml"):
        headers = ask(site, path).headers
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert "Access-Control-Allow-Origin" not in headers, path


def test_a_stored_answer_is_compressed_asked_for_by_its_tag_and_follows_the_next_publication(
    term: Term,
    worker: Callable[[], PageStore],
    editor: User,
    reviewer: User,
    at: datetime,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    store = worker()
    first = ask(store, TERM, HTTP_ACCEPT_ENCODING="br")
    assert first.headers["Content-Encoding"] == "br"
    again = ask(store, TERM, HTTP_ACCEPT_ENCODING="br", HTTP_IF_NONE_MATCH=first.headers["ETag"])
    assert (again.status, again.headers["Cache-Control"]) == (304, "public, max-age=300")
    # Another worker finds it in the folder, with its headers.
    assert ask(worker(), TERM, HTTP_ACCEPT_ENCODING="br") == first
    with django_capture_on_commit_callbacks(execute=True):
        save_term(document=document(definition="<p>Anew.</p>", references=[WORK]), by=editor, at=at, term=term)
        approve(term=term, by=reviewer, at=at + timedelta(days=1), publish=True)
    assert json.loads(ask(store, TERM).body)["summary"] == "Anew."


def test_addresses_lead_on_and_say_when_a_term_is_gone_also_to_other_sites(
    term: Term, editor: User, reviewer: User, at: datetime, site: WSGIApplication
) -> None:
    save_term(document=document("Secretory phase", references=[WORK]), by=editor, at=at, term=term)
    approve(term=term, by=reviewer, at=at + timedelta(days=1), publish=True)
    moved = ask(site, TERM)
    assert (moved.status, moved.headers["Location"]) == (301, "/embed/v1/terms/secretory-phase.json")
    missing = ask(site, "/embed/v1/terms/never-was.json")
    assert missing.status == 404
    retire_term(term=term, by=reviewer, at=at + timedelta(days=2))
    gone = ask(site, "/embed/v1/terms/secretory-phase.json")
    assert (gone.status, "withdrawn it" in gone.body.decode()) == (410, True)
    unreleased = ask(site, "/embed/v1/glossary-9.9.9.js")
    assert unreleased.status == 404
    for answer in (moved, missing, gone, unreleased):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["Cache-Control"] == "public, max-age=300"


def test_the_script_has_a_moving_address_and_one_for_ever(client: Client) -> None:
    newest = client.get(SCRIPT)
    assert newest.content == client.get("/embed/v1/glossary-1.0.0.js").content
    assert client.post(SCRIPT).status_code == 405


def test_no_released_script_was_changed() -> None:
    """Where this fails: put the old file back, and release yours under the next number."""
    assert {version: release.integrity for version, release in releases().items()} == RELEASED


def test_the_script_is_small() -> None:
    assert max(len(brotli.compress(release.script, quality=5)) for release in releases().values()) < 3_000


def test_the_snippet_that_is_documented_pins_the_newest_script(settings: Any) -> None:
    howto = (settings.BASE_DIR / "docs/howto/embed.md").read_text(encoding="utf-8")
    version, newest = list(releases().items())[-1]
    assert f"/embed/v1/glossary-{version}.js" in howto
    assert f'integrity="{newest.integrity}"' in howto
