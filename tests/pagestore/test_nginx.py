"""Finished pages as files, and nginx before them: the same answers as the store's, and never a stale one."""

from __future__ import annotations

import gzip
import http.client
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from threading import Thread
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from glossary.actions import retire_term
from glossary.models import Term
from pagestore.application import folder as page_folder
from pagestore.changes import announce, expire
from pagestore.nginx import configuration
from pagestore.public_files import remove_changed
from pagestore.serving import PageStore
from tests.pagestore.asking import TERM, Answer, Clock, Counting, ask, publish
from tests.waiting import eventually

pytestmark = pytest.mark.django_db
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed: `apt install nginx` switches this on")
PATHS = (
    "/",
    "/glossary/",
    "/glossary/letter/l/",
    TERM,
    f"/de{TERM}",
    f"{TERM}revisions/1/",
    "/robots.txt",
    "/sitemap.xml",
)


@pytest.fixture(autouse=True)
def with_files(settings: Settings, settings_of_a_store: None) -> None:
    settings.PAGE_FILES = True


def file(path: str = TERM) -> Path:
    return page_folder() / "public" / "finished" / "pages" / path.strip("/") / "index.html"


def test_a_finished_page_is_a_file_in_its_encodings(worker: Callable[[], PageStore]) -> None:
    answer = ask(worker())
    assert file().read_bytes() == answer.body
    assert gzip.decompress(file().with_name("index.html.gz").read_bytes()) == answer.body


def test_a_file_goes_before_anybody_takes_the_change_for_seen(
    worker: Callable[[], PageStore],
    term: Term,
    editor: User,
    at: datetime,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    store = worker()
    ask(store)
    ask(store, "/glossary/letter/l/")
    ask(store, "/glossary/letter/a/")
    with django_capture_on_commit_callbacks(execute=True):
        publish(term, "By light.", by=editor, at=at)
    assert not file().exists()
    assert not file().with_name("index.html.gz").exists()
    assert file("/glossary/letter/a/").exists(), "nothing on it has changed"
    ask(store)
    assert b"By light." in file().read_bytes()
    with django_capture_on_commit_callbacks(execute=True):
        retire_term(term=term, by=editor, at=at)
    assert not file().exists()
    assert ask(store).status == 410
    assert not file().exists()


def test_a_page_that_was_rendered_during_a_change_is_no_file(
    worker: Callable[[], PageStore], term: Term, editor: User, at: datetime, django: Counting
) -> None:
    store = worker()

    def changed_meanwhile(environ: dict[str, object], start_response: object) -> object:
        answer = django(environ, start_response)  # type: ignore[arg-type]
        publish(term, "By light.", by=editor, at=at)
        announce()
        return answer

    store.application = changed_meanwhile  # type: ignore[assignment]
    assert b"By hormones." in ask(store).body
    assert not file().exists()


def test_a_change_elsewhere_removes_files_within_a_second(
    worker: Callable[[], PageStore], clock: Clock, term: Term, editor: User, at: datetime
) -> None:
    store = worker()
    ask(store)
    publish(term, "By light.", by=editor, at=at)  # the callbacks of the commit never run
    store.refresh(due=True)
    assert not file().exists()


def test_a_notice_removes_all_files(worker: Callable[[], PageStore]) -> None:
    store = worker()
    ask(store)
    expire()
    assert not file().exists()
    ask(store)
    assert file().exists()


def test_what_a_killed_process_removed_too_early_is_written_again(worker: Callable[[], PageStore]) -> None:
    ask(worker())
    remove_changed(page_folder(), ["term:luteal-phase"], everything=False)
    assert not file().exists()
    ask(worker())
    assert file().exists()


def test_another_release_has_files_of_its_own(worker: Callable[[], PageStore], settings: Settings) -> None:
    ask(worker())
    before = file().read_bytes()
    settings.SITE_URL = "http://127.0.0.1:9999"
    store = worker()
    assert not file().exists()
    ask(store)
    assert file().read_bytes() != before


@pytest.mark.parametrize("path", ["/glossary/missing/", f"{TERM}revisions/1/cite.bib", "/search/"])
def test_what_nginx_cannot_send_as_the_store_does_is_no_file(worker: Callable[[], PageStore], path: str) -> None:
    ask(worker(), path)
    assert [found for found in (page_folder() / "public").rglob("*") if found.is_file()] == []


def test_the_configuration_in_the_documentation_is_what_the_command_prints(settings: Settings) -> None:
    settings.SITE_URL = "https://glossary.example.org"
    settings.SERVED_OVER_HTTPS = settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SECURE_HSTS_SECONDS = 31_536_000
    shown = (django_settings.BASE_DIR / "docs" / "nginx.conf").read_text(encoding="utf-8")
    folder = Path("/var/lib/clinical-glossary/pages")
    assert shown == configuration(application="127.0.0.1:8000", folder=folder)


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the base class calls it so)
        pass


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def nginx(folder: Path, port: int, *, application: int) -> Iterator[Path]:
    """Run nginx with the shipped configuration; yields its folder, in which ``access.log`` grows."""
    assert NGINX
    folder.mkdir()
    site = configuration(application=f"127.0.0.1:{application}", folder=page_folder())
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 64; }\n"
        f"http {{ log_format short '$request_uri $status $upstream_status'; access_log {folder}/access.log short;\n"
        + "".join(
            f"{name}_temp_path {folder}/{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        + site
        + "}\n",
        encoding="utf-8",
    )
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    tried = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr
    process = subprocess.Popen(command)
    try:
        eventually(lambda: process.poll() is not None or answers(port), "nginx does not listen")
        assert process.poll() is None, (folder / "error.log").read_text()
        yield folder
    finally:
        process.terminate()
        process.wait(20)


def fetch(port: int, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(method, path, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    response = connection.getresponse()
    answer = Answer(response.status, dict(response.getheaders()), response.read())
    connection.close()
    assert len({name.lower() for name in answer.headers}) == len(response.getheaders()), "a header stands there twice"
    return answer


def as_sent(headers: dict[str, str]) -> dict[str, str]:
    """Headers without those that belong to the server and the connection."""
    gone = ("server", "date", "connection")
    return {name.lower(): value for name, value in headers.items() if name.lower() not in gone}


@pytest.mark.processes
@needs_nginx
def test_nginx_answers_as_the_store_does(
    worker: Callable[[], PageStore], settings: Settings, tmp_path: Path, django: Counting
) -> None:
    port = free_port()
    settings.SITE_URL = f"http://127.0.0.1:{port}"
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    store = worker()
    for path in PATHS:
        assert ask(store, path).status == 200

    def application(environ: dict[str, str], start_response: Callable[..., object]) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [f"passed on: {environ['REQUEST_METHOD']} {environ['PATH_INFO']}".encode()]

    server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        with nginx(tmp_path / "nginx", port, application=server.server_port) as folder:
            for path in PATHS:
                for accepted in ("", "gzip"):
                    given = {"HTTP_ACCEPT_ENCODING": accepted} if accepted else {}
                    ours = ask(store, path, **given)
                    named = {"Accept_Encoding": accepted} if accepted else {}
                    theirs = fetch(port, path, **named)
                    assert (theirs.status, theirs.body) == (200, ours.body)
                    assert as_sent(theirs.headers) == as_sent(ours.headers)
                    head = fetch(port, path, method="HEAD", **named)
                    assert (head.status, head.body) == (200, b"")
                    assert as_sent(head.headers) == as_sent(ours.headers)
                    # A tag of the store's is good at nginx, and the other way round.
                    tag = ours.headers["ETag"]
                    same = fetch(port, path, If_None_Match=tag, **named)
                    assert (same.status, same.body) == (304, b"")
                    stored = ask(store, path, HTTP_IF_NONE_MATCH=theirs.headers["ETag"], **given)
                    assert stored.status == 304
                    assert as_sent(same.headers).items() >= as_sent(stored.headers).items()
                    assert fetch(port, path, If_None_Match='"1-1"', **named).status == 200
            # Everything else is the application's: whoever carries a cookie, any query, and what nobody has rendered.
            for path, headers in (
                (TERM, {"Cookie": "consent_choice=x"}),
                (f"{TERM}?utm_source=x", {}),
                ("/glossary/other/", {}),
                ("/admin/", {}),
                ("/search/?q=x", {}),
                ("/finished/pages/glossary/luteal-phase/index.html", {}),
                ("/robots.txt.gz", {}),
                (f"{TERM}index.html", {}),
                (f"/{TERM}", {}),
                ("/glossary/../../state", {}),
            ):
                answer = fetch(port, path, **headers)
                assert answer.body.startswith(b"passed on") or answer.status == 400, path
            assert fetch(port, TERM, method="POST", Content_Length="0").body.startswith(b"passed on: POST")
            # What changes is passed on from then, and served again when it is rendered.
            expire()
            assert fetch(port, TERM).body.startswith(b"passed on")
            ask(store)
            assert fetch(port, TERM).body == ask(store).body
            assert "error" not in (folder / "error.log").read_text()
    finally:
        server.shutdown()
        server.server_close()


def test_files_are_readable_by_nginx_under_another_account(worker: Callable[[], PageStore]) -> None:
    before = os.umask(0o022)
    try:
        ask(worker())
    finally:
        os.umask(before)
    assert file().stat().st_mode & 0o777 == 0o644
