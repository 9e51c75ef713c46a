"""Render a page: Django's answer to a request that carries nothing about a reader."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls import Resolver404, resolve

from publicpages import page_of


@dataclass(frozen=True, slots=True)
class StorablePage:
    """A page that may be stored: the keys on which it depends, and whether other sites may embed it."""

    keys: tuple[str, ...]
    for_other_sites: bool


def storable_page_at(path: str) -> StorablePage | None:
    """Return the page at ``path``; ``None`` if there is none that may be stored."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    page = page_of(match.func)
    if page.keys is None:
        return None
    return StorablePage(page.keys(match.kwargs), page.for_other_sites)


def neutral_request(path: str, *, host: str) -> WSGIEnvironment:
    """Return a request without cookie, language or client address."""
    scheme = urlsplit(settings.SITE_URL).scheme
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": host,
        "SERVER_PORT": "443" if scheme == "https" else "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": host,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scheme,
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    if settings.SECURE_PROXY_SSL_HEADER:
        name, value = settings.SECURE_PROXY_SSL_HEADER
        environ[name] = value
    return environ


def run(application: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return an application's answer: status, headers and the whole body."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        started.append((status, headers))
        return written.append

    chunks: Any = application(environ, start_response)
    try:
        body = b"".join([*chunks])
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    status, headers = started[-1]
    return status, headers, b"".join(written) + body


def own_host() -> str:
    """Return the host of SITE_URL, or the first of ALLOWED_HOSTS if the site refuses that one."""
    host = urlsplit(settings.SITE_URL).netloc
    if validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return host
    return str(settings.ALLOWED_HOSTS[0]).lstrip(".")
