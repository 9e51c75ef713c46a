"""Servers on this machine that stand in for third parties."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@contextmanager
def serve(handler: type[BaseHTTPRequestHandler], *, port: int = 0, certificate: Path | None = None) -> Iterator[int]:
    """Serve on this machine within the context, over TLS with a ``certificate``. Gives the port."""
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        # In the thread of each visitor: a browser opens connections ahead of time, on which it says nothing.
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def remembering(asked: list[str], answer: Callable[[str], tuple[str, str]]) -> type[BaseHTTPRequestHandler]:
    """Return a handler that notes each address in ``asked``, and answers with content type and body for its path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            kind, text = answer(self.path.partition("?")[0])
            body = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Access-Control-Allow-Origin", "*")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.do_GET()

        def log_message(self, *args: object) -> None:
            pass

    return Handler
