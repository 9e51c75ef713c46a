"""The page store: what it keeps, when it renders anew, and what each visitor gets of it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import brotli
import pytest
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import CommandError, call_command
from pytest_django import Settings

from glossary.actions import retire_term, save_term
from glossary.models import Term
from pagestore.application import folder as page_folder
from pagestore.application import with_page_store
from pagestore.changes import expire
from pagestore.freshness import ContentVersions, Freshness
from pagestore.rebuilding import rebuild
from pagestore.serving import PageStore
from tests.glossary.builders import document, publish_unreviewed
from tests.pagestore.asking import TERM, Answer, Clock, Committing, Counting, ask, one_connection, publish

pytestmark = pytest.mark.django_db


def test_a_page_is_rendered_once_for_all_workers(worker: Callable[[], PageStore], django: Counting) -> None:
    answers = [ask(store) for store in (worker(), worker()) for _ in range(3)]
    assert len(django.requests) == 1
    assert len({answer.body for answer in answers}) == 1
    assert b"Luteal phase: what it means." in answers[0].body


def test_the_stored_page_is_what_django_sends(worker: Callable[[], PageStore], django: Counting) -> None:
    store = worker()
    ask(store)
    stored, rendered = ask(store), ask(django)
    assert stored.body == rendered.body
    own = {"ETag": stored.headers["ETag"], "Vary": "Accept-Encoding, Cookie, Sec-GPC"}
    assert stored.headers == rendered.headers | own


def test_a_page_is_rendered_for_nobody_in_particular(worker: Callable[[], PageStore], django: Counting) -> None:
    ask(worker(), HTTP_COOKIE="sessionid=secret", HTTP_ACCEPT_LANGUAGE="de", HTTP_X_FORWARDED_HOST="evil.example")
    [request] = django.requests
    assert sorted(name for name in request if name.startswith("HTTP_")) == ["HTTP_HOST"]


def test_a_page_comes_in_the_encoding_that_is_asked_for(worker: Callable[[], PageStore]) -> None:
    store = worker()
    plain = ask(store)
    brotlied = ask(store, HTTP_ACCEPT_ENCODING="gzip, deflate, br")
    gzipped = ask(store, HTTP_ACCEPT_ENCODING="gzip;q=0.5, br;q=0")
    assert "Content-Encoding" not in plain.headers
    assert brotlied.headers["Content-Encoding"] == "br"
    assert gzipped.headers["Content-Encoding"] == "gzip"
    assert brotli.decompress(brotlied.body) == gzip.decompress(gzipped.body) == plain.body
    assert len({answer.headers["ETag"] for answer in (plain, brotlied, gzipped)}) == 3
    for answer in (plain, brotlied, gzipped):
        assert answer.headers["Content-Length"] == str(len(answer.body))
        assert answer.headers["Vary"] == "Accept-Encoding, Cookie, Sec-GPC"
        assert answer.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("accepted", ["identity", "", "gzip;q=0", "*;q=0", "br;q=nonsense", "zstd", ";;,,q"])
def test_who_takes_no_compression_gets_none(worker: Callable[[], PageStore], accepted: str) -> None:
    assert "Content-Encoding" not in ask(worker(), HTTP_ACCEPT_ENCODING=accepted).headers


def test_head_is_the_same_without_the_body(worker: Callable[[], PageStore]) -> None:
    store = worker()
    got, head = ask(store), ask(store, method="HEAD")
    assert head == Answer(200, got.headers, b"")


def test_a_page_that_the_browser_has_is_not_sent_again(worker: Callable[[], PageStore]) -> None:
    store = worker()
    got = ask(store, HTTP_ACCEPT_ENCODING="br")
    etag = got.headers["ETag"]
    for condition in (etag, f"W/{etag}", "*", f'"other", {etag}'):
        again = ask(store, HTTP_ACCEPT_ENCODING="br", HTTP_IF_NONE_MATCH=condition)
        assert (again.status, again.body) == (304, b"")
        assert again.headers == {
            name: got.headers[name]
            for name in (
                *("Content-Security-Policy", "Cross-Origin-Embedder-Policy", "Reporting-Endpoints"),
                *("ETag", "Cache-Control", "Vary"),
            )
        }
    for condition in ('"other"', etag.strip('"'), "nonsense", ""):
        assert ask(store, HTTP_ACCEPT_ENCODING="br", HTTP_IF_NONE_MATCH=condition).status == 200


def test_a_change_is_visible_on_the_next_request_to_every_worker(
    worker: Callable[[], PageStore],
    term: Term,
    editor: User,
    at: datetime,
    django_capture_on_commit_callbacks: Committing,
) -> None:
    one, other = worker(), worker()
    before = ask(one)
    ask(other)
    with django_capture_on_commit_callbacks(execute=True):
        publish(term, "By light.", by=editor, at=at)
    assert b"By light." in ask(other).body
    after = ask(one)
    assert b"By light." in after.body
    assert after.headers["ETag"] != before.headers["ETag"]


def test_a_page_that_did_not_change_keeps_its_etag(worker: Callable[[], PageStore]) -> None:
    store = worker()
    before = ask(store)
    expire()
    assert ask(store).headers == before.headers


def test_a_change_whose_process_was_killed_before_it_was_announced_shows_within_a_second(
    worker: Callable[[], PageStore], clock: Clock, term: Term, editor: User, at: datetime, django: Counting
) -> None:
    store = worker()
    ask(store)
    publish(term, "By light.", by=editor, at=at)  # the callbacks of the commit never run
    clock.now += 0.9
    assert b"By hormones." in ask(store).body
    clock.now += 0.2
    assert b"By light." in ask(store).body
    rendered = len(django.requests)
    clock.now += 5
    assert b"By light." in ask(store).body
    assert len(django.requests) == rendered, "nothing has changed since, so nothing is rendered"


def test_a_page_rendered_while_a_change_was_committed_is_never_taken_for_fresh(
    worker: Callable[[], PageStore], term: Term, editor: User, at: datetime, django: Counting
) -> None:
    def changed_meanwhile(environ: WSGIEnvironment, start_response: StartResponse) -> Any:
        answer = django(environ, start_response)  # with the old text
        publish(term, "By light.", by=editor, at=at)
        expire()
        return answer

    slow = worker()
    slow.application = changed_meanwhile
    assert b"By hormones." in ask(slow).body
    slow.application = django
    assert b"By light." in ask(slow).body
    assert b"By light." in ask(worker()).body


def test_a_retired_term_is_gone_at_once(
    worker: Callable[[], PageStore],
    term: Term,
    editor: User,
    at: datetime,
    django_capture_on_commit_callbacks: Committing,
) -> None:
    store = worker()
    assert ask(store).status == 200
    with django_capture_on_commit_callbacks(execute=True):
        retire_term(term=term, by=editor, at=at)
    gone = ask(store)
    assert gone.status == 410
    assert "Content-Security-Policy" in gone.headers


@pytest.mark.parametrize("damage", ["truncated", "flipped", "emptied", "of another page", "a folder"])
def test_a_damaged_file_is_ignored_and_written_anew(
    worker: Callable[[], PageStore], django: Counting, damage: str
) -> None:
    first = worker()
    good = ask(first)
    ask(first, "/")
    file = first.files.file(TERM)
    content = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(content[:-10])
    elif damage == "flipped":
        file.write_bytes(content[:-200] + bytes([content[-200] ^ 1]) + content[-199:])
    elif damage == "emptied":
        file.write_bytes(b"")
    elif damage == "of another page":
        file.write_bytes(first.files.file("/").read_bytes())
    else:
        file.unlink()
        file.mkdir()
    rendered = len(django.requests)
    assert ask(worker()) == good
    assert len(django.requests) == rendered + 1
    if damage != "a folder":
        assert file.read_bytes() == content


def test_a_deleted_folder_is_made_anew(
    worker: Callable[[], PageStore],
    clock: Clock,
    django_capture_on_commit_callbacks: Committing,
    term: Term,
    editor: User,
    at: datetime,
) -> None:
    one, other = worker(), worker()
    ask(one)
    ask(other)
    for file in sorted(one.folder.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    one.folder.rmdir()
    with django_capture_on_commit_callbacks(execute=True):
        publish(term, "By light.", by=editor, at=at)
    clock.now += 1.1
    assert b"By light." in ask(one).body
    assert b"By light." in ask(other).body
    with django_capture_on_commit_callbacks(execute=True):
        publish(term, "By night.", by=editor, at=at)
    assert b"By night." in ask(one).body
    assert b"By night." in ask(other).body


def test_the_site_is_served_where_the_folder_cannot_be_used(
    django: Counting, term: Term, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "pages").write_text("a file stands where the folder should be")
    application = with_page_store(django)
    assert application is django
    assert "The page store is off" in caplog.text
    expire()
    assert "could not be expired at once" in caplog.text


def test_the_store_can_be_switched_off(django: Counting, settings: Settings) -> None:
    settings.PAGE_STORE = False
    assert with_page_store(django) is django


def test_the_site_is_served_while_pages_cannot_be_written(
    worker: Callable[[], PageStore], django: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    store = worker()
    store.files.file(TERM).parent.write_text("a file stands where the folder should be")
    assert ask(store).status == 200
    assert "could not be written" in caplog.text
    ask(store)
    assert len(django.requests) == 1


@pytest.mark.parametrize(
    "request_",
    [
        {"path": "/search/"},
        {"path": "/admin/login/"},
        {"path": "/healthz"},
        {"path": "/readyz"},
        {"path": "/search/", "QUERY_STRING": "q=luteal"},
        {"path": "/cookies/", "QUERY_STRING": "saved"},
        {"method": "POST"},
        {"path": "/nowhere/"},
        {"path": "/glossary/../../etc/passwd"},
        {"path": "/glossary/" + "a" * 400 + "/"},
        {"path": "/glossary/\xc3\xa9/"},
        {"SCRIPT_NAME": "/prefix"},
    ],
)
def test_nothing_but_public_pages_is_kept(worker: Callable[[], PageStore], request_: dict[str, str]) -> None:
    store = worker()
    ask(store, **request_)
    assert list(store.folder.rglob("*.page")) == []


def test_answers_that_are_no_finished_pages_are_not_kept(worker: Callable[[], PageStore], django: Counting) -> None:
    store = worker()
    for _ in range(2):
        missing = ask(store, "/glossary/missing/", HTTP_ACCEPT_ENCODING="br")
        assert missing.status == 404
        assert b"There is no page here" in missing.body
    assert len(django.requests) == 2
    assert list(store.folder.rglob("*.page")) == []


@pytest.mark.parametrize("header", [("Set-Cookie", "a=b"), ("Cache-Control", "no-store")])
def test_a_page_that_sets_a_cookie_or_forbids_it_is_not_kept(
    worker: Callable[[], PageStore], header: tuple[str, str]
) -> None:
    def with_header(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain"), header])
        return [b"for you alone"]

    store = worker()
    store.application = with_header
    assert ask(store).body == b"for you alone"
    assert list(store.folder.rglob("*.page")) == []
    assert ask(worker()).body != b"for you alone"


def test_hosts_that_are_not_ours_are_left_to_django(
    worker: Callable[[], PageStore], django: Counting, settings: Settings
) -> None:
    settings.ALLOWED_HOSTS = ["127.0.0.1", "glossary.example", ".clinic.example"]
    store = worker()
    pages_ = [ask(store, HTTP_HOST=host) for host in ("127.0.0.1", "glossary.example:8000", "a.clinic.example")]
    assert [page.status for page in pages_] == [200, 200, 200]
    assert len({page.body for page in pages_}) == 1
    for host in ("elsewhere.example", "127.0.0.1.elsewhere.example", "", "glossary.example/x", "[::1"):
        assert ask(store, HTTP_HOST=host).status == 400


def test_plain_http_is_redirected_where_the_site_is_served_over_https(
    worker: Callable[[], PageStore], django: Counting, settings: Settings
) -> None:
    settings.SITE_URL = "https://127.0.0.1"
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_HSTS_SECONDS = 3600
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    django.django = WSGIHandler()  # reads these settings when it starts
    store = worker()
    secure = ask(store, HTTP_X_FORWARDED_PROTO="https")
    assert secure.status == 200
    assert secure.headers["Strict-Transport-Security"] == "max-age=3600"
    for proto in ({}, {"HTTP_X_FORWARDED_PROTO": "http"}, {"HTTP_X_FORWARDED_PROTO": "http, https"}):
        plain = ask(store, **proto)
        assert (plain.status, plain.headers["Location"]) == (301, f"https://127.0.0.1{TERM}")


@pytest.mark.slow
def test_memory_is_bounded_and_what_it_lost_is_in_the_folder(
    worker: Callable[[], PageStore], django: Counting, editor: User, at: datetime
) -> None:
    paths = []
    for number in range(10):
        other = save_term(document=document(f"Term {number}"), by=editor, at=at).term
        publish_unreviewed(term=other, by=editor, at=at)
        paths.append(f"/glossary/term-{number}/")
    store = PageStore(django, folder=page_folder(), memory=100_000)
    for path in paths * 2:
        assert ask(store, path).status == 200
    assert store.memory_used <= 100_000
    assert len(django.requests) == len(paths)


def test_pages_of_another_release_are_not_served(
    worker: Callable[[], PageStore], django: Counting, settings: Settings
) -> None:
    ask(worker())
    settings.SITE_URL = "http://127.0.0.1:9999"
    assert b"http://127.0.0.1:9999/glossary/luteal-phase/" in ask(worker()).body
    assert len(django.requests) == 2


@pytest.mark.slow
@pytest.mark.database
def test_rebuilding_finishes_every_page_ahead_of_time(
    worker: Callable[[], PageStore], django: Counting, term: Term, capsys: pytest.CaptureFixture[str]
) -> None:
    left_over = worker().files.file("/glossary/gone/")
    left_over.parent.mkdir()
    left_over.write_bytes(b"")
    with one_connection():
        call_command("rebuild_pages")
    assert "0 were already up to date, 1 old files removed." in capsys.readouterr().out
    store = worker()
    for path in ("/", "/glossary/", "/glossary/letter/l/", TERM, "/robots.txt", "/sitemap.xml"):
        assert ask(store, path).status == 200
    assert django.requests == []
    with one_connection():
        call_command("rebuild_pages")
    assert "0 rendered, " in capsys.readouterr().out


def test_a_rebuild_compresses_quickly_and_one_page_for_a_reader_well(
    worker: Callable[[], PageStore], django: Counting
) -> None:
    for_a_reader = ask(PageStore(django, folder=page_folder()), HTTP_ACCEPT_ENCODING="br")
    with one_connection():
        rebuild([TERM], folder=page_folder(), processes=1, everything=True, progress=lambda done: None)
    rebuilt = ask(worker(), HTTP_ACCEPT_ENCODING="br")
    assert brotli.decompress(rebuilt.body) == brotli.decompress(for_a_reader.body)
    assert len(for_a_reader.body) < len(rebuilt.body) < 1.2 * len(for_a_reader.body)


@pytest.mark.parametrize("page_files", [False, True])
def test_a_rebuild_that_cannot_write_says_so_and_fails(
    worker: Callable[[], PageStore], settings: Settings, capsys: pytest.CaptureFixture[str], page_files: bool
) -> None:
    settings.PAGE_FILES = page_files
    store = worker()
    # Nothing can be made where the pages, or their files for nginx, belong, as on a full disk.
    if store.public:
        store.public.links.write_bytes(b"")
    else:
        for number in range(256):
            (store.files.folder / f"{number:02x}").write_bytes(b"")
    with one_connection(), pytest.raises(CommandError, match=r"The folder .* cannot be used: .*run the command again"):
        call_command("rebuild_pages")
    assert "rendered" not in capsys.readouterr().out


def test_generations_move_on_for_everybody_and_never_repeat(tmp_path: Path) -> None:
    one, other = Freshness(tmp_path / "a"), Freshness(tmp_path / "a")
    start = one.now()
    first = ContentVersions(1, 5, 0)
    assert one.advance(start, first, everything=False)
    assert not other.advance(start, ContentVersions(2, 6, 0), everything=False), "it has moved on since that was seen"
    assert other.now() == one.now() == (start.generation + 1, start.epoch, first)
    other.begin_epoch()
    assert one.now() == (start.generation + 2, start.epoch + 1, first)
    assert Freshness(tmp_path / "b").now().epoch != start.epoch


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 32])
def test_a_damaged_state_is_replaced(tmp_path: Path, content: bytes) -> None:
    before = Freshness(tmp_path).generation()
    (tmp_path / "state").unlink()
    (tmp_path / "state").write_bytes(content)
    assert Freshness(tmp_path).generation() != before
    assert (tmp_path / "state").stat().st_size == 48
