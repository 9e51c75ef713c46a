"""Finished pages never wait for Django: it gets fewer requests than there are threads, and others get 503."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import TIMEOUT_MAX, Event
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import setup_testing_defaults

import pytest
from django.db import connection
from django.test.signals import template_rendered
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from pagestore.serving import PageStore
from server.admission import OVERLOADED_FOR, Admission, limit_admission
from tests.pagestore.asking import Answer, ask
from tests.waiting import PATIENCE, eventually


class Streaming(list[bytes]):
    streaming = True
    closed = False

    def close(self) -> None:
        self.closed = True


@dataclass
class Busy:
    """An application whose answers at ``/slow/`` come when they are let go."""

    go_on: Event = field(default_factory=Event)
    running: list[str] = field(default_factory=list)
    answer: list[bytes] = field(default_factory=lambda: [b"done"])

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.running.append(path)
        if path == "/slow/":
            assert self.go_on.wait(PATIENCE)
        if path == "/broken/":
            raise ValueError(path)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return self.answer


def request(application: Any, path: str, method: str = "GET", body: bytes = b"", **environ: str) -> Answer:
    """Send a request without touching the database connection of this test, so that threads may."""
    sent: dict[str, Any] = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": "127.0.0.1"} | environ
    sent |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body)), "QUERY_STRING": ""}
    setup_testing_defaults(sent)
    started: list[tuple[str, list[tuple[str, str]]]] = []
    chunks = application(sent, lambda status, headers: started.append((status, headers)))
    status, headers = started[0]
    return Answer(int(status[:3]), dict(headers), b"".join(chunks))


@contextmanager
def crowded(django: Busy, application: Any, *, with_requests: int, running: int) -> Iterator[list[Future[Answer]]]:
    """Have requests in Django that end with this block."""
    with ThreadPoolExecutor(with_requests) as pool:
        futures = [pool.submit(request, application, "/slow/") for _ in range(with_requests)]
        try:
            eventually(lambda: django.running.count("/slow/") == running, lambda: str(django.running))
            yield futures
        finally:
            django.go_on.set()


@pytest.fixture
def django() -> Busy:
    return Busy()


def test_what_is_too_much_is_answered_at_once_and_says_when_to_try_again(django: Busy) -> None:
    door = Admission(django, most=2)
    with crowded(django, door, with_requests=2, running=2) as slow:
        refused = request(door, "/search/")
        assert refused.status == 503
        assert int(refused.headers["Retry-After"]) > 0
        assert "default-src 'none'" in refused.headers["Content-Security-Policy"]
        assert b"The site cannot answer just now" in refused.body
        assert b'<html lang="de"' in request(door, "/de/search/").body
        assert request(door, "/search/", method="HEAD").body == b""
        assert b'"error": "unavailable"' in request(door, "/search/suggest").body
        assert "/search/" not in django.running
    assert [each.result().body for each in slow] == [b"done"] * 2
    assert request(door, "/search/").status == 200


def test_a_few_wait_for_those_before_them(django: Busy) -> None:
    door = Admission(django, most=1, waiting=1, patience=PATIENCE)
    with ThreadPoolExecutor(2) as pool, crowded(django, door, with_requests=1, running=1):
        both = [pool.submit(request, door, "/next/") for _ in range(2)]
        [refused], [waiting] = wait(both, return_when=FIRST_COMPLETED)
        assert refused.result().status == 503
        django.go_on.set()
        assert waiting.result().status == 200


def test_nobody_waits_for_long(django: Busy) -> None:
    door = Admission(django, most=1, waiting=1, patience=0.01)
    with crowded(django, door, with_requests=1, running=1):
        assert request(door, "/next/").status == 503


def test_where_one_was_refused_the_next_do_not_wait_for_room(django: Busy) -> None:
    now = [0.0]
    door = Admission(django, most=1, moment=0.01, clock=lambda: now[0])
    with ThreadPoolExecutor(1) as pool, crowded(django, door, with_requests=1, running=1):
        assert request(door, "/search/").status == 503
        door.moment = TIMEOUT_MAX
        now[0] += OVERLOADED_FOR / 2
        assert pool.submit(request, door, "/search/").result(PATIENCE).status == 503
        now[0] += OVERLOADED_FOR
        waiting = pool.submit(request, door, "/search/")
        django.go_on.set()
        assert waiting.result().status == 200


def test_each_kind_of_refusal_is_rendered_once(django: Busy) -> None:
    door = Admission(django, most=1)
    page, json = "text/html", "application/json"
    kinds = [("/search/", page), ("/de/search/", page), ("/admin/", page), ("/search/", json)]
    rendered: list[Any] = []
    with crowded(django, door, with_requests=1, running=1):
        first = [request(door, path, HTTP_ACCEPT=kind) for path, kind in kinds]
        template_rendered.connect(note := lambda **sent: rendered.append(sent["template"]))
        again = [request(door, path, HTTP_ACCEPT=kind) for path, kind in kinds]
        template_rendered.disconnect(note)
    assert first == again
    assert len({answer.body for answer in first}) == len(kinds)
    assert rendered == []


def test_room_is_given_back_whatever_happens(django: Busy) -> None:
    door = Admission(django, most=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            request(door, "/broken/")
    assert request(door, "/search/").status == 200


def test_an_answer_that_is_made_while_it_is_sent_counts_until_its_end() -> None:
    stream = Streaming([b"a", b"b"])
    door = Admission(Busy(answer=stream), most=1)
    environ: dict[str, Any] = {"PATH_INFO": "/export/"}
    setup_testing_defaults(environ)
    sent: Any = door(environ, lambda *_: None)  # type: ignore[arg-type]  # nobody writes
    assert request(door, "/search/").status == 503
    assert b"".join(sent) == b"ab"
    sent.close()
    sent.close()
    assert stream.closed
    assert request(door, "/search/").status == 200


def test_static_files_and_the_pulse_of_the_process_are_always_admitted(
    django: Busy, settings: Settings, tmp_path: Path
) -> None:
    settings.STATIC_ROOT = tmp_path / "static"
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "static" / "css" / "site.css").touch()
    (tmp_path / "secret").touch()
    door = Admission(django, most=1)
    with crowded(django, door, with_requests=1, running=1):
        for path in ("/healthz", "/static/css/site.css"):
            assert request(door, path).status == 200, path
        for path in ("/readyz", "/static/css/none.css", "/static/css/", "/static/../secret", "/static/a\0b"):
            assert request(door, path).status == 503, path


@pytest.mark.django_db
def test_a_refusal_holds_also_where_there_is_no_room_to_record_it(django: Busy) -> None:
    door = Admission(django, most=1)
    form = "choice={}&notice=" + "a" * 64 + "&surface=banner&next=/"
    own = {"CONTENT_TYPE": "application/x-www-form-urlencoded", "HTTP_SEC_FETCH_SITE": "same-origin"}
    with crowded(django, door, with_requests=1, running=1), CaptureQueriesContext(connection) as queries:
        refused = request(door, "/consent/", "POST", form.format("reject_all").encode(), **own)
        accepted = request(door, "/consent/", "POST", form.format("accept_all").encode(), **own)
    assert refused.status == accepted.status == 503
    assert int(refused.headers["Retry-After"]) > 0
    assert "refused=banner" in refused.headers["Set-Cookie"]
    assert b"Your refusal holds in this browser" in refused.body
    assert "Set-Cookie" not in accepted.headers
    assert b"Nothing optional was switched on" in accepted.body
    assert not queries


@pytest.mark.django_db
def test_finished_pages_are_served_while_django_has_no_room(
    worker: Callable[[], PageStore], django: Busy, settings: Settings
) -> None:
    before = ask(worker())
    store = worker()
    store.refresh()
    store.application = door = Admission(django, most=1)
    with crowded(django, door, with_requests=1, running=1):
        assert request(store, "/glossary/luteal-phase/").body == before.body
        assert request(store, "/search/").status == 503


@pytest.mark.parametrize(("threads", "admitted"), [(1, 1), (2, 1), (3, 1), (6, 2), (12, 4), (0, 20)])
def test_there_are_always_fewer_requests_in_django_than_threads(
    django: Busy, settings: Settings, threads: int, admitted: int
) -> None:
    settings.SERVER_THREADS = threads
    door = limit_admission(django)
    with crowded(django, door, with_requests=20, running=admitted):
        pass
