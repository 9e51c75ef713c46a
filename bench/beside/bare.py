"""A WSGI application that does nothing but return bytes: the page in the file BENCH_BODY, and BENCH_BODY.br of it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from bench.beside import TAG

_PLAIN = Path(os.environ["BENCH_BODY"]).read_bytes()
_BROTLI = Path(os.environ["BENCH_BODY"] + ".br").read_bytes()


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ.get("HTTP_IF_NONE_MATCH") == TAG:
        start_response("304 Not Modified", [("ETag", TAG)])
        return []
    is_brotli = environ.get("HTTP_ACCEPT_ENCODING") == "br"
    body = _BROTLI if is_brotli else _PLAIN
    headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body))), ("ETag", TAG)]
    if is_brotli:
        headers.append(("Content-Encoding", "br"))
    start_response("200 OK", headers)
    return [body]
