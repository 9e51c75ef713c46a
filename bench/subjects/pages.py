"""A term's page as readers get it, from the page store: beside a static file of nginx, a bare WSGI application,
Django's empty view, and Wagtail with and without a cache.
"""

from __future__ import annotations

import contextlib
import http.client
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.beside import TAG, nginx, wagtail
from bench.beside.missing import Missing
from bench.figures import Figure, by_turns
from bench.load import ask
from bench.servers import Server, free_port, granian, running
from bench.sites import Run
from bench.terms import slug, titles

# A term like most, and so many to walk through when pages are asked for one after the other.
TYPICAL_AT = 3
WALK = 1_000
WARM = 30
BROTLI = {"Accept-Encoding": "br"}


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a server, as far as it is compared."""

    status: int
    body: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Contender:
    """A server, and how it is asked for its page in one form."""

    name: str
    server: Server
    paths: Sequence[str]
    headers: Mapping[str, str]


def measure(run: Run) -> list[Figure]:
    path = term_path(TYPICAL_AT)
    with contextlib.ExitStack() as stack:
        ours = {site.size: stack.enter_context(site.serving()) for site in run.sites}
        page = fetch(ours[run.sites[0].size], path)
        compressed = fetch(ours[run.sites[0].size], path, BROTLI)
        forms: dict[str, list[Contender]] = {"plain": [], "br": [], "304": []}
        for size, server in ours.items():
            forms["plain"].append(Contender(f"site {size}", server, [path], {}))
            forms["br"].append(Contender(f"site {size}", server, [path], BROTLI))
            tag = fetch(server, path, BROTLI).etag
            forms["304"].append(Contender(f"site {size}", server, [path], BROTLI | {"If-None-Match": tag}))
        with left_out():
            server = stack.enter_context(nginx.serving(run.folder / "nginx", plain=page.body, brotli=compressed.body))
            tag = fetch(server, "/br.html").etag
            forms["plain"].append(Contender("nginx", server, ["/plain.html"], {}))
            forms["br"].append(Contender("nginx", server, ["/br.html"], {}))
            forms["304"].append(Contender("nginx", server, ["/br.html"], {"If-None-Match": tag}))
        server = stack.enter_context(serving_bytes(run, page.body, compressed.body))
        forms["plain"].append(Contender("bare", server, ["/"], {}))
        forms["br"].append(Contender("bare", server, ["/"], BROTLI))
        forms["304"].append(Contender("bare", server, ["/"], {"If-None-Match": TAG}))
        forms["plain"].append(Contender("empty", stack.enter_context(serving_empty(run)), ["/"], {}))
        if not run.smoke:
            with left_out():
                beside = wagtail.prepare(stack.enter_context(run.databases.empty()), run.folder)
                their = [f"/{slug(titles(wagtail.PAGES)[TYPICAL_AT])}/"]
                for name, cached in (("wagtail", False), ("wagtail cached", True)):
                    server = stack.enter_context(beside.serving(cached=cached))
                    forms["plain"].append(Contender(name, server, their, {}))
        found: list[Figure] = []
        for form, contenders in forms.items():
            found += compared(form, contenders, run)
        return found + walked(ours, run)


def compared(form: str, contenders: Sequence[Contender], run: Run) -> list[Figure]:
    """Return answers a second and CPU for each answer: each site beside each other contender and the smallest site."""
    for contender in contenders:
        status = fetch(contender.server, contender.paths[0], contender.headers).status
        if status != (304 if form == "304" else 200):
            raise RuntimeError(f"{contender.name} answers {status} when asked for {form}")
        # Each worker's first answers are slow: templates are compiled, names are read.
        for _ in range(1 if run.smoke else WARM):
            fetch(contender.server, contender.paths[0], contender.headers)
    found = by_turns(
        {name: partial(loaded, each, run.seconds) for name, each in ((each.name, each) for each in contenders)},
        rounds=run.rounds,
    )
    rates = {name: tuple(load[0] for load in loads) for name, loads in found.items()}
    costs = {name: tuple(load[1] for load in loads) for name, loads in found.items()}
    figures = []
    smallest = f"site {run.sites[0].size}"
    for site in run.sites:
        ours = f"site {site.size}"
        others = [name for name in rates if not name.startswith("site ")]
        if ours != smallest:
            others.append(smallest)
        for other in others:
            name = f"{form} / {'smallest' if other == smallest else other}"
            beside = NAMES.get(other, f"the same among {run.sites[0].size:,} terms")
            figures += [
                Figure(name, FORMS[form], "a second", site.size, rates[ours], beside, rates[other]),
                Figure(f"{name}, CPU", FORMS[form], "µs of CPU", site.size, costs[ours], beside, costs[other]),
            ]
    return figures


FORMS = {
    "plain": "Term page, plain",
    "br": "Term page, Brotli",
    "304": "Term page, unchanged (304)",
    "rendered": "Term page, rendered for each request",
    "rendered in turn": "A thousand term pages in turn, rendered for each request",
    "walk": "A thousand term pages in turn, Brotli",
}
NAMES = {
    "nginx": "nginx, a file of the same bytes",
    "bare": "granian, an application that returns the same bytes",
    "empty": "Django, an empty view",
    "wagtail": "Wagtail, a page of the same shape",
    "wagtail cached": "Wagtail behind Django's per-site cache in local memory",
}


def walked(ours: Mapping[int, Server], run: Run) -> list[Figure]:
    """Return what it costs to hand out many pages in turn, in the smallest glossary and in the others."""
    count = min(WALK, run.sites[0].size, 20 if run.smoke else WALK)
    paths = [term_path(number) for number in range(count)]
    contenders = []
    for size, server in ours.items():
        ask(server.port, paths, headers=BROTLI, seconds=min(run.seconds, 1))
        for path in paths:  # finished once, so that none is rendered while it is measured
            fetch(server, path)
        contenders.append(Contender(f"site {size}", server, paths, BROTLI))
    found = by_turns({each.name: partial(loaded, each, run.seconds) for each in contenders}, rounds=run.rounds)
    smallest = run.sites[0].size
    return [
        Figure(
            "walk / smallest",
            FORMS["walk"],
            "a second",
            site.size,
            tuple(load[0] for load in found[f"site {site.size}"]),
            "" if site.size == smallest else f"the same among {smallest:,} terms",
            () if site.size == smallest else tuple(load[0] for load in found[f"site {smallest}"]),
        )
        for site in run.sites
    ]


def loaded(contender: Contender, seconds: float) -> tuple[float, float]:
    """Return answers a second, and µs of CPU that the server took for each."""
    before = contender.server.cpu()
    load = ask(contender.server.port, contender.paths, headers=contender.headers, seconds=seconds)
    return load.rate, (contender.server.cpu() - before) / load.answers * 1e6


def term_path(number: int) -> str:
    """Return the path of the page of the term in this place."""
    return f"/glossary/{slug(titles(1_000)[number])}/"


def fetch(server: Server, path: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Ask once for a page."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as connection:
        connection.request("GET", path, headers=dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.read(), response.headers.get("ETag", ""))


@contextlib.contextmanager
def left_out() -> Iterator[None]:
    """Go on without what is missing, and say so."""
    try:
        yield
    except Missing as missing:
        sys.stderr.write(f"Left out: {missing}.\n")


@contextlib.contextmanager
def serving_bytes(run: Run, plain: bytes, compressed: bytes) -> Iterator[Server]:
    """Serve the two forms of a page by a bare WSGI application."""
    body, port = run.folder / "body", free_port()
    body.write_bytes(plain)
    Path(f"{body}.br").write_bytes(compressed)
    with running(
        granian("bench.beside.bare:application", port, workers=run.workers),
        port=port,
        environment={"BENCH_BODY": str(body)},
        log=run.folder / "bare.log",
    ) as server:
        yield server


@contextlib.contextmanager
def serving_empty(run: Run) -> Iterator[Server]:
    """Serve Django's empty view."""
    port = free_port()
    with running(
        granian("bench.beside.empty:application", port, workers=run.workers),
        port=port,
        environment={},
        log=run.folder / "empty.log",
    ) as server:
        yield server
