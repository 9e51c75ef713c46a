"""What readers look for in vain: counted without anything of the reader, bounded, and shown to editors."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from glossary.actions import count_missing, dismiss_missing, forget_missing
from glossary.models import MissingTerm
from tests.glossary.search_corpus import publish_corpus, term
from tests.glossary.term_form import signed_in

pytestmark = pytest.mark.django_db

# As a browser sends the form of this site.
FORM = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
TODAY = date(2026, 3, 2)


def counted() -> dict[str, int]:
    return dict(MissingTerm.objects.values_list("text", "times"))


def look_for(client: Client, query: str, headers: dict[str, str] | None = None, **more: str) -> None:
    sent = FORM if headers is None else headers
    assert client.get("/search/", {"q": query, **more}, headers=sent).status_code == 200


def test_what_is_found_nowhere_is_counted_by_text_and_day(client: Client, editor: User, at: datetime) -> None:
    publish_corpus(term("Luteal phase", "A phase."), by=editor, at=at)
    for query in ("Ashérman  syndrome", "asherman SYNDROME", "luteal", "phases"):
        look_for(client, query)
    assert counted() == {"asherman syndrome": 2}
    line = MissingTerm.objects.get()
    assert line.first_date == line.last_date == timezone.now().date()
    assert {field.name for field in MissingTerm._meta.get_fields()} == {
        *("id", "text", "times", "first_date", "last_date", "dismissed_at", "dismissed_by", "dismissed_by_name")
    }


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {**FORM, "Sec-Fetch-Site": "cross-site"},
        {**FORM, "Sec-Fetch-Site": "none"},
        {**FORM, "Sec-Fetch-Mode": "cors"},
        {**FORM, "Sec-Purpose": "prefetch;prerender"},
        {**FORM, "Purpose": "prefetch"},
    ],
)
def test_programs_links_and_prefetching_count_nothing(client: Client, headers: dict[str, str]) -> None:
    look_for(client, "asherman syndrome", headers)
    client.head("/search/?q=asherman", headers=FORM)
    client.get("/search/suggest?q=asherman", headers=FORM)
    assert counted() == {}


def test_a_filter_that_hides_everything_counts_nothing(client: Client) -> None:
    look_for(client, "asherman", tag="cycle")
    look_for(client, "asherman", letter="a")
    assert counted() == {}


@pytest.mark.parametrize(
    "query",
    [
        *("edith@example.org", "07700 900123", "+44 20 7946 0958", "NHS 943 476 5919", "born 12031984", "1984"),
        *("https://example.org/a", "www.example.org", "<script>", "a", "42", "%%%", "x" * 61),
        "my sister has had pain since the operation last week",
    ],
)
def test_what_may_be_about_somebody_is_not_kept(client: Client, query: str) -> None:
    look_for(client, query)
    assert counted() == {}


def test_names_with_digits_are_kept(client: Client) -> None:
    for query in ("ca 19-9", "17-ohp", "b12 deficiency", "interleukin-6"):
        look_for(client, query)
    assert len(counted()) == 4


def test_no_more_than_so_many_new_texts_are_kept_in_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glossary.actions.missing.MAX_NEW_A_DAY", 3)
    for text in ("one", "two", "three", "four", "one"):
        count_missing(query=text, on=TODAY)
    assert counted() == {"one": 2, "two": 1, "three": 1}
    count_missing(query="four", on=TODAY + timedelta(days=1))
    assert "four" in counted()


def test_what_nobody_looks_for_any_more_is_forgotten(settings: Any) -> None:
    settings.GLOSSARY_MISSING_DAYS = 30
    count_missing(query="old", on=TODAY)
    count_missing(query="new", on=TODAY + timedelta(days=1))
    assert forget_missing(on=TODAY + timedelta(days=31)) == 1
    assert counted() == {"new": 1}
    call_command("publish_due", verbosity=0)
    assert counted() == {}


def test_a_published_name_takes_its_line_off_the_queue(editor: User, at: datetime) -> None:
    for text in ("estriol", "e3 hormone", "estetrol"):
        count_missing(query=text, on=TODAY)
    publish_corpus(term("Éstriol", "A weak estrogen.", "E3 hormone"), by=editor, at=at)
    assert counted() == {"estetrol": 1}


def test_editors_dismiss_a_line_or_start_a_term_with_its_name(editor: User, reviewer: User, at: datetime) -> None:
    for text in ("estriol", "estetrol", "estriol"):
        count_missing(query=text, on=TODAY)
    desk = signed_in(editor)
    page = desk.get("/admin/glossary/missingterm/").content.decode()
    assert page.index("estriol") < page.index("estetrol")
    assert 'href="/admin/glossary/term/add/?title=Estriol"' in page
    form = desk.get("/admin/glossary/term/add/?title=Estriol").content.decode()
    assert 'value="Estriol"' in form
    chosen = MissingTerm.objects.get(text="estetrol")
    post = {"action": "dismiss", "_selected_action": [chosen.pk]}
    answer = desk.post("/admin/glossary/missingterm/", post, follow=True).content.decode()
    assert "Dismissed: 1" in answer
    assert "estetrol" not in answer
    chosen.refresh_from_db()
    assert chosen.dismissed_by_name == "Edith Okafor"
    count_missing(query="estetrol", on=TODAY)
    assert "estetrol" not in desk.get("/admin/glossary/missingterm/").content.decode()
    page = signed_in(reviewer).get("/admin/glossary/missingterm/").content.decode()
    assert "estriol" in page
    assert "Start “" not in page
    assert 'value="dismiss"' not in page
    assert dismiss_missing(missing=[chosen], by=editor, at=datetime(2026, 3, 3, tzinfo=UTC)) == 0
