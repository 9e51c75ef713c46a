"""The page store's folder: it takes no more room than it was given, and what has to go is rendered again."""

from __future__ import annotations

import random
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
from pytest_django import Settings

from pagestore.application import folder as page_folder
from pagestore.files import PARTS
from pagestore.serving import PageStore
from tests.pagestore.asking import Answer, Clock, ask

pytestmark = pytest.mark.django_db
# Each part of the folder makes room by itself, so that a few parts show what all of them do.
FEW_PARTS = [f"{number:02x}" for number in range(16)]
# Two or three pages in each part of the folder, of four that are asked for.
ROOM = PARTS * 5_000
ROOM_OF_FEW = len(FEW_PARTS) * 5_000


class Made:
    """Pages of half a kilobyte that no compression makes smaller, each another one and always the same.

    With the mark of a way to withdraw: a page without it isn't kept.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        path = environ["PATH_INFO"]
        self.asked.append(path)
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        return [b"data-consent-withdrawal " + path.encode() + random.Random(path).randbytes(500)]  # noqa: S311  (no secret)


@pytest.fixture
def made() -> Made:
    return Made()


@pytest.fixture
def store(made: Made, clock: Clock, settings: Settings) -> PageStore:
    settings.PAGE_FILES = True
    store = PageStore(made, folder=page_folder(), memory=0, clock=clock, quickly=True)
    store.files.room = ROOM
    return store


def paths(store: PageStore, name: str) -> list[str]:
    """Return the paths of a thousand pages that are kept in the few parts."""
    every = (f"/glossary/{name}-{number}/" for number in range(1_000))
    return [path for path in every if store.files.file(path).parent.name in FEW_PARTS]


def taken(store: PageStore) -> int:
    return sum(file.stat().st_size for file in store.files.folder.rglob("*.page"))


def test_the_folder_stays_within_its_room_and_pages_stay_right(store: PageStore, made: Made) -> None:
    first: dict[str, Answer] = {}
    every = paths(store, "term")
    for path in every:
        first[path] = ask(store, path)
        assert taken(store) <= ROOM_OF_FEW * 1.5
    assert taken(store) > ROOM_OF_FEW // 2, "there would have been room for more"
    assert made.asked == every
    kept = {path for path in every if store.is_finished(path)}
    assert 0 < len(kept) < len(every)
    public = page_folder() / "public" / "finished" / "pages"
    served = {f"/{file.parent.relative_to(public)}/" for file in public.rglob("index.html")}
    assert served == kept, "what goes from the folder goes from what nginx serves"
    for path in every:
        assert ask(store, path) == first[path]
    assert set(made.asked[len(every) :]) >= set(every) - kept, "what went is rendered again"


def test_a_new_process_makes_room_for_what_others_have_written(store: PageStore, made: Made, clock: Clock) -> None:
    store.files.room = ROOM * 10
    for path in paths(store, "term"):
        ask(store, path)
    assert taken(store) > ROOM_OF_FEW * 1.5
    later = PageStore(made, folder=page_folder(), memory=0, clock=clock, quickly=True)
    later.files.room = ROOM
    others = paths(later, "other")
    assert {later.files.file(path).parent.name for path in others} == set(FEW_PARTS)
    for path in others:
        ask(later, path)
    assert taken(later) <= ROOM_OF_FEW * 1.5
