"""The public pages of notices: frozen, named by their hash, and dated."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.test import Client

from consent.actions import publish_notice
from consent.models import Notice
from consent.notice import views as notice_views
from consent.notice.comparing import Part, words
from pagestore.serving import PageStore
from tests.pagestore.asking import ask
from tests.steps import assert_linear

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("settings_of_a_store")]


def publish(by: User, at: datetime, *, material: bool, description: str) -> Notice:
    CookieGroup.objects.filter(varname="analytics").update(description=description)
    return publish_notice(by=by, at=at, material=material, reason="An internal reason")


def main_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return " ".join(response.content.decode().partition("<main")[2].partition("</main>")[0].split())


def test_a_notice_stands_whole_under_its_hash(client: Client) -> None:
    notice = Notice.objects.get()
    main = main_of(client, f"/consent/notices/{notice.sha256}/")
    for category in notice.document["categories"]:
        assert category["purpose"] in main
    assert notice.document["text"]["summary"] in main
    assert "everybody was asked" in main


def test_the_name_is_the_hash_of_the_bytes(client: Client) -> None:
    notice = Notice.objects.get()
    response = client.get(f"/consent/notices/{notice.sha256}.json")
    assert response["Content-Type"] == "application/json"
    assert hashlib.sha256(response.content).hexdigest() == notice.sha256
    assert response.json() == notice.document


def test_the_list_says_when_each_was_in_force_and_who_was_asked_again(client: Client, operator: User) -> None:
    publish(operator, datetime(2031, 3, 2, 12, tzinfo=UTC), material=True, description="Follows you about.")
    third = publish(
        operator, datetime(2031, 4, 5, 9, 30, tzinfo=UTC), material=False, description="Follows you around."
    )
    main = main_of(client, "/consent/notices/")
    assert main.index("Notice 3") < main.index("Notice 2") < main.index("Notice 1")
    assert "asked again about Analytics." in main
    assert "nobody was asked again" in main
    assert ">2 March 2031, 12:00</time> to <time" in main
    assert "In force since" in main
    assert main.count("In force from") == 2
    page = main_of(client, f"/consent/notices/{third.sha256}/")
    assert "<del>" in page
    assert "[removed: </span>about.<" in page
    assert "[added: </span>around.<" in page
    # Why it was published, and by whom, is the operators' own business.
    assert "An internal reason" not in main + page
    assert "Olga" not in main + page


@pytest.mark.parametrize("path", [f"{'0' * 64}/", f"{'0' * 64}.json"])
def test_an_unknown_hash_is_not_found(client: Client, path: str) -> None:
    assert client.get(f"/consent/notices/{path}").status_code == 404


def test_visitors_find_them_from_the_preferences(client: Client) -> None:
    page = client.get("/cookies/").content.decode()
    assert f"/consent/notices/{Notice.objects.get().sha256}/" in page
    assert 'href="/consent/notices/"' in page


def test_they_are_kept_finished_until_another_is_published(
    worker: Callable[[], PageStore], operator: User, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    store = worker()
    for path in notice_views.public_paths():
        assert ask(store, path).status == 200
        assert store.is_finished(path)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]  # a context manager
        publish(operator, datetime(2031, 3, 2, tzinfo=UTC), material=False, description="Counts.")
    assert b"Notice 2" in ask(store, "/consent/notices/").body


@pytest.mark.parametrize(
    ("before", "after", "parts"),
    [
        ("", "New.", [Part("added", "New.")]),
        ("Old.", "", [Part("removed", "Old.")]),
        (
            "Counts all visits here.",
            "Counts some visits here.",
            [Part("same", "Counts "), Part("removed", "all"), Part("added", "some"), Part("same", " visits here.")],
        ),
        (
            "Counts visits.",
            "Shows adverts to you.",
            [Part("removed", "Counts visits."), Part("added", "Shows adverts to you.")],
        ),
    ],
)
def test_texts_are_compared_word_by_word(before: str, after: str, parts: list[Part]) -> None:
    assert words(before, after) == parts


def test_long_texts_are_compared_sentence_by_sentence_in_bounded_steps() -> None:
    text = " ".join(f"This is what sentence {number} says." for number in range(300))
    other = text.replace(" 7 ", " seven ").replace(" 280 ", " 281 ")
    assert [part for part in words(text, other) if part.kind != "same"] == [
        Part("removed", "7 says. "),
        Part("added", "seven says. "),
        Part("removed", "This is what sentence 280"),
        Part("added", "This is what sentence 281"),
    ]
    assert "".join(part.text for part in words(text, other) if part.kind != "added") == text
    # 10,000 words on either side, and twice as many.
    assert_linear(lambda size: words("the and " * size, "and the " * size), 5_000, may_run=True)
    assert_linear(lambda size: words("One. Two. " * size, "Two! Two. " * size), 5_000, may_run=True)
