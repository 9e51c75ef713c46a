"""What the production server itself does: with requests that are out of the ordinary, and with its processes."""

from __future__ import annotations

import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.sites import Site
from tests.waiting import PATIENCE


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
