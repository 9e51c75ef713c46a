"""While the database is away: what needs it answers 503, and the log says so once."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator
from logging.config import dictConfig
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.test import Client

from glossary.models import Term
from server import outages
from tests.outages import database_away

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def desk(editor: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(editor)
    return client


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the site's own handlers write."""
    written = io.StringIO()
    root = logging.getLogger()
    before = root.handlers[:]
    dictConfig(settings.LOGGING)
    outages.outage.is_on = False  # whatever other tests left behind
    [handler] = [each for each in root.handlers if type(each) is logging.StreamHandler]
    handler.setStream(written)
    yield written
    root.handlers[:] = before


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Moves the clock of outages on by a minute."""

    def move_on() -> None:
        then = outages.outage.clock() + 60
        monkeypatch.setattr(outages.outage, "clock", lambda: then)

    return move_on


def choose(client: Client, choice: str) -> Any:
    body = f"choice={choice}&notice={'a' * 64}&surface=banner&next=/"
    kind = "application/x-www-form-urlencoded"
    return client.post("/consent/", body, content_type=kind, headers={"Sec-Fetch-Site": "same-origin"})


PUBLIC = ["/", "/glossary/", "/search/?q=phase", "/consent/heads/", "/glossary/no-such-term/"]
PUBLIC += ["/cookies/", "/cookies/de/"]
DESK = ["/admin/", "/admin/glossary/term/", "/admin/auth/user/add/"]


@pytest.mark.parametrize("path", [*PUBLIC, *DESK])
def test_a_page_that_needs_the_database_says_that_the_site_is_away(desk: Client, full: Term, path: str) -> None:
    with database_away():
        answer = desk.get(path)
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert answer["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    text = answer.content.decode()
    assert "<h1" in text
    assert "The site cannot answer just now" in text
    assert "nothing optional" not in text


def test_it_says_so_in_the_language_of_the_address(browser: Client) -> None:
    with database_away():
        text = browser.get("/de/search/?q=a").content.decode()
    assert '<html lang="de"' in text
    assert "The site cannot answer" not in text
    assert 'href="/de/"' in text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/search/suggest?q=lut", {}),
        ("/consent/heads/1/2/", {}),
        ("/consent/heads/", {"Accept": "application/json"}),
        ("/consent/heads/?format=json", {}),
        ("/embed/v1/terms/luteal-phase.json", {}),
        ("/admin/glossary/term/", {"Sec-Fetch-Dest": "empty"}),
    ],
)
def test_a_program_gets_it_in_json(desk: Client, full: Term, path: str, headers: dict[str, str]) -> None:
    with database_away():
        answer = desk.get(path, headers=headers)
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert answer.json()["error"] == "unavailable"
    assert "try again" in answer.json()["reason"]


@pytest.mark.parametrize(
    "error", [OperationalError("database is locked"), InterfaceError("connection already closed")], ids=str
)
def test_every_way_of_being_away_is_one(browser: Client, error: Exception) -> None:
    with database_away(error):
        assert browser.get("/search/?q=a").status_code == 503


def test_a_fault_in_a_statement_of_ours_is_no_outage(browser: Client) -> None:
    with database_away(ProgrammingError("syntax error")):
        assert browser.get("/search/?q=a").status_code == 500


def test_a_table_that_is_not_there_is_an_outage_on_every_database(browser: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE consent_checkpoint RENAME TO elsewhere")
    assert browser.get("/consent/heads/").status_code == 503


def test_a_statement_that_cannot_be_read_is_a_fault_on_every_database(browser: Client) -> None:
    def garble(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        return execute(f"{sql} garbled, too", *rest)

    with connection.execute_wrapper(garble):
        assert browser.get("/consent/heads/").status_code == 500


def test_a_choice_that_cannot_be_recorded_is_answered_as_ever(browser: Client) -> None:
    with database_away():
        for choice in ("accept_all", "reject_all"):
            answer = choose(browser, choice)
            assert answer.status_code == 503
            assert ("Your refusal holds" in answer.content.decode()) is (choice == "reject_all")
            assert bool(answer.cookies) is (choice == "reject_all")


def test_a_receipt_that_cannot_be_looked_up_says_nothing_of_a_choice(browser: Client) -> None:
    browser.cookies["consent_receipt"] = "r" * 32
    with database_away():
        answer = browser.get("/consent/receipt/")
    assert answer.status_code == 503
    assert "The site cannot answer just now" in answer.content.decode()


def test_the_log_says_once_that_it_is_away_and_once_that_it_is_back(
    desk: Client, full: Term, log: io.StringIO, later: Callable[[], None]
) -> None:
    for number in range(2):
        with database_away():
            for path in (*PUBLIC, *DESK, "/search/suggest?q=a", "/readyz"):
                desk.get(path)
            assert choose(desk, "accept_all").status_code == 503
        desk.get("/glossary/")  # may be one answer between two failures
        later()
        for _ in range(3):
            assert desk.get("/glossary/").status_code == 200
        lines = log.getvalue().splitlines()
        assert len(lines) == 2 * (number + 1), lines
        assert "Connection refused" in lines[-2]
        assert "The database answers again" in lines[-1]


def test_probes_tell_it_in_their_own_way(browser: Client) -> None:
    with database_away():
        assert browser.get("/healthz").status_code == 200
        ready = browser.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["database"] == "does not answer"
