"""What the production server itself does: with requests that are out of the ordinary, and with its processes."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread
from urllib.parse import urlsplit

import pytest

from tests.folders import ROOT
from tests.sites import Site, ask
from tests.waiting import PATIENCE, eventually


@pytest.fixture(scope="module")
def server(new_site: Callable[..., Site]) -> Site:
    return new_site()


def send(site: Site, *lines: str, body: str = "") -> bytes:
    """Send a request as it stands here, and return the whole answer."""
    address = urlsplit(site.url)
    request = "\r\n".join((*lines, "Connection: close", "", body))
    with socket.create_connection((address.hostname, address.port), timeout=PATIENCE) as connection:
        connection.sendall(request.encode())
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_needs_no_host(server: Site, path: str) -> None:
    for lines in ((f"GET {path} HTTP/1.0",), (f"GET {path} HTTP/1.1", "Host: 10.0.0.7")):
        assert send(server, *lines).split(b" ")[1] == b"200", lines


def test_a_chunked_body_is_refused_in_words(server: Site) -> None:
    host = f"Host: {urlsplit(server.url).netloc}"
    chunked = "11\r\nchoice=reject_all\r\n0\r\n\r\n"
    answer = send(
        server,
        "POST /consent/ HTTP/1.1",
        host,
        "Content-Type: application/x-www-form-urlencoded",
        "Transfer-Encoding: chunked",
        body=chunked,
    )
    assert answer.split(b" ")[1] == b"411"
    assert b"Content-Length" in answer


def test_longer_headers_than_a_browser_sends_are_not_read(server: Site) -> None:
    host = f"Host: {urlsplit(server.url).netloc}"
    assert send(server, "GET / HTTP/1.1", host, f"Cookie: a={'x' * 30_000}").split(b" ")[1] == b"200"
    with contextlib.suppress(ConnectionError):  # it may hang up before all of them are sent
        assert send(server, "GET / HTTP/1.1", host, f"Cookie: a={'x' * 300_000}").split(b" ")[1:2] in ([b"431"], [])


FORM = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"csrftoken={'a' * 32}"}


@pytest.mark.parametrize(
    ("headers", "body", "line"),
    [
        ({"Host": "evil.example"}, "", "Invalid HTTP_HOST header: 'evil.example'"),
        (FORM, "a=1&" * 5_000, "DATA_UPLOAD_MAX_NUMBER_FIELDS"),
    ],
    ids=["foreign host", "too many fields"],
)
def test_what_a_client_sent_wrong_is_told_in_the_log_without_a_traceback(
    server: Site, headers: dict[str, str], body: str, line: str
) -> None:
    before = len(server.log())
    with contextlib.closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)) as connection:
        connection.request("POST" if body else "GET", "/admin/login/", body or None, headers)
        assert connection.getresponse().status == 400
    eventually(lambda: line in server.log()[before:], lambda: server.log()[before:])
    # A line of the next request: what was said of this one is all there.
    with contextlib.closing(http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=PATIENCE)) as connection:
        connection.request("GET", "/admin/login/", headers={"Host": "next.example"})
        assert connection.getresponse().status == 400
    eventually(lambda: "'next.example'" in server.log()[before:], lambda: server.log()[before:])
    assert "Traceback" not in server.log()[before:]


def is_replaced(server: Site, killed: int) -> bool:
    workers = server.workers()
    return bool(workers) and killed not in workers


def test_a_worker_that_is_killed_is_replaced_and_the_site_goes_on(server: Site) -> None:
    ended, answers, lost = Event(), [], []

    def read() -> None:
        while not ended.is_set():
            try:
                answers.append(ask(server, "/")[0].status)
            except (OSError, http.client.HTTPException) as error:
                lost.append(error)

    readers = [Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for number in range(2):
            eventually(server.workers, server.log)
            killed = server.workers()[number]
            os.kill(killed, signal.SIGKILL)
            eventually(lambda killed=killed: is_replaced(server, killed), server.log)  # type: ignore[misc]  # bound
            seen = len(answers)
            eventually(lambda seen=seen: len(answers) > seen + 20, server.log)  # type: ignore[misc]  # bound
            assert server.is_running(), server.log()
    finally:
        ended.set()
        for reader in readers:
            reader.join()
    assert set(answers) == {200}
    # What was with the worker that was killed is lost, and what reached it while it ended. The other one goes on.
    assert not [error for error in lost if isinstance(error, ConnectionRefusedError)], "somebody always listens"
    assert len(set(server.workers())) == 2


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serve(server: Site, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start another server of the same site, as the unit of the deploy guide does."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", "1"],
            cwd=ROOT,
            env=server.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        process.log = log  # type: ignore[attr-defined]  # our own
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def said(process: subprocess.Popen[bytes]) -> str:
    process.log.seek(0)  # type: ignore[attr-defined]  # see serve()
    words: bytes = process.log.read()  # type: ignore[attr-defined]  # see serve()
    return words.decode()


def answers_at(port: int) -> bool:
    with contextlib.suppress(OSError), contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    return False


def test_a_second_server_on_the_same_address_is_refused(server: Site) -> None:
    with serve(server, urlsplit(server.url).port or 0) as second:
        assert second.wait(timeout=PATIENCE) == 1
        assert "Another server already listens on 127.0.0.1" in said(second)
        assert "--port" in said(second)
    assert server.is_running()


def test_of_two_servers_that_start_at_once_one_serves(server: Site) -> None:
    port = free_port()
    with ExitStack() as stack:
        both = [stack.enter_context(serve(server, port)) for _ in range(2)]
        eventually(lambda: any(each.poll() is not None for each in both), "neither was refused")
        [refused] = [each for each in both if each.poll() is not None]
        assert refused.returncode == 1
        assert "Another server already listens" in said(refused)
        eventually(lambda: answers_at(port), "the other one answers")


def test_a_server_that_was_killed_is_in_nobodys_way(server: Site) -> None:
    port = free_port()
    for _ in range(2):
        with serve(server, port) as process:
            eventually(lambda: answers_at(port), lambda: said(process))


def test_an_address_that_cannot_be_used_is_named(server: Site) -> None:
    command = [sys.executable, "manage.py", "serve", "--host", "203.0.113.1"]
    done = subprocess.run(command, cwd=ROOT, env=server.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("CommandError: The site cannot be served on 203.0.113.1:8000: ")


def test_every_server_of_the_documentation_is_started_by_the_command() -> None:
    for name in ("Makefile", "docs/howto/deploy.md"):
        text = (ROOT / name).read_text()
        assert "manage.py serve" in text, name
        assert "-m granian" not in text, f"{name}: options of the server are in server/starting.py"
    assert "Restart=always" in (ROOT / "docs/howto/deploy.md").read_text()
