"""What stands between a browser and the site: a proxy whose answers a test decides."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import urlsplit

from tests.sites import Site
from tests.waiting import PATIENCE


class Asked(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""


class Answered(NamedTuple):
    """Header names are in lower case. After ``pause_at`` bytes of the body, as on a slow line, nothing comes until
    ``go_on``.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    pause_at: int = 0
    go_on: threading.Event | None = None


def ask_site(site: Site, asked: Asked) -> Answered:
    """Return what the site answers."""
    with closing(http.client.HTTPConnection(urlsplit(site.url).netloc, timeout=60)) as connection:
        connection.request(asked.method, asked.path, asked.body, asked.headers)
        response = connection.getresponse()
        # More than one cookie is set in one answer; everything else stands there once.
        headers = {name.lower(): value for name, value in response.getheaders()}
        if cookies := response.headers.get_all("Set-Cookie"):
            headers["set-cookie"] = "\n".join(cookies)
        return Answered(response.status, headers, response.read())


@contextmanager
def proxy(answer: Callable[[Asked], Answered]) -> Iterator[str]:
    """Serve what ``answer`` returns, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answered = answer(Asked(self.command, self.path, dict(self.headers.items()), body))
            self.send_response_only(answered.status)
            for name, values in answered.headers.items():
                for value in values.split("\n") if name not in ("connection", "transfer-encoding") else ():
                    self.send_header(name, value)
            self.end_headers()
            # A browser that goes on to another page hangs up.
            with suppress(OSError):
                if answered.go_on:
                    self.wfile.write(answered.body[: answered.pause_at])
                    answered.go_on.wait(PATIENCE)
                self.wfile.write(answered.body[answered.pause_at :])

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
