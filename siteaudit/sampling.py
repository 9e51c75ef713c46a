"""Choose the pages to audit from the site itself: one of every kind, and more terms at even distances."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from html import unescape
from html.parser import HTMLParser
from http.client import HTTPException
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote_plus, unquote, urljoin, urlsplit
from urllib.request import Request, urlopen
from xml.etree import ElementTree as ET

from django.urls import Resolver404, resolve, reverse

from siteaudit import CouldNotAudit
from siteaudit.declared import Declaration, declaration_of
from siteaudit.observed import SampledPage

T = TypeVar("T")
Read = Callable[[str], str]

#: Kinds of pages, by the names of their addresses, whose subject is a secret.
ABOUT_A_TERM = ("glossary:term", "glossary:revisions", "glossary:revision", "glossary:tag", "glossary:search")
TIMEOUT_SECONDS = 30
MAX_BYTES = 60_000_000
AGENT = "ClinicalGlossaryAudit/1"


def read_from(base_url: str) -> Read:
    """Return a function that returns the text at a path of the site. It raises :class:`CouldNotAudit`."""

    def read(path: str) -> str:
        url = urljoin(base_url + "/", path)
        try:
            with urlopen(Request(url, headers={"User-Agent": AGENT}), timeout=TIMEOUT_SECONDS) as response:  # noqa: S310  (the command lets only http and https pass)
                content: bytes = response.read(MAX_BYTES)
                return content.decode("utf-8", "replace")
        except HTTPError as error:
            raise CouldNotAudit(
                f"{url} answers {error.code}. Check that this is the address of the glossary."
            ) from error
        except (URLError, HTTPException, OSError) as error:
            raise CouldNotAudit(f"{url} cannot be read: {error}. Check that the site is running there.") from error

    return read


def read_declaration(read: Read) -> Declaration:
    """Return what the site's current notice declares."""
    page = read(reverse("glossary:home"))
    # The banner has this field, and without one the form at the end of the page that withdraws consent.
    named = re.search(r'<input[^>]*name="notice"[^>]*value="([0-9a-f]{64})"', page)
    if named is None:
        raise CouldNotAudit("The front page names no notice, so there is nothing to check the site against.")
    try:
        document = json.loads(read(reverse("consent:notice_document", args=[named[1]])))
    except json.JSONDecodeError as error:
        raise CouldNotAudit(f"The notice {named[1][:12]} cannot be read: {error}.") from error
    opted_out = _OptedOut()
    opted_out.feed(page)
    return declaration_of(document, named[1], opted_out.categories)


class _OptedOut(HTMLParser):
    """Reads from a page which categories its client refuses under Global Privacy Control."""

    def __init__(self) -> None:
        super().__init__()
        self.categories: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if "data-consent-gpc" in attributes and (category := attributes.get("data-consent-category")):
            self.categories.add(category)


def sample(read: Read, declaration: Declaration, *, more_terms: int) -> list[SampledPage]:
    """Return a page of every public kind, and ``more_terms`` terms taken at even distances from the sitemap."""
    by_kind: dict[str, list[str]] = {}
    for path in _sitemap(read):
        by_kind.setdefault(_kind(path), []).append(path)
    terms = by_kind.get("glossary:term", [])
    if not terms:
        raise CouldNotAudit("The sitemap names no term, so there is nothing to audit. Publish a term first.")
    paths = [path for kind, found in by_kind.items() if kind != "glossary:term" for path in _evenly(found, 1)]
    paths += _evenly(terms, 1 + more_terms)
    term = paths[-1 - more_terms] if len(terms) > more_terms else terms[0]
    slug, title = unquote(term.rstrip("/").rpartition("/")[2]), _title(read(term))
    paths += [
        reverse("glossary:revisions", args=[slug]),
        *_first_match(rf'href="({re.escape(reverse("glossary:revisions", args=[slug]))}\d+/)"', read(term)),
        f"{reverse('glossary:search')}?q={quote_plus(title)}",
        reverse("consent:preferences"),
        reverse("consent:receipt"),
        reverse("consent:notice_list"),
        reverse("consent:notice", args=[declaration.sha256]),
        reverse("consent:heads"),
        f"{reverse('glossary:index')}{slug}-that-is-not-there/",
    ]
    return pages(read, dict.fromkeys(paths))


def pages(read: Read, paths: Iterable[str]) -> list[SampledPage]:
    """Return these paths as pages, each with its secrets: a term's or topic's title and slug."""
    return [_page(read, path) for path in paths]


def _page(read: Read, path: str) -> SampledPage:
    kind = _kind(path)
    if kind not in ABOUT_A_TERM:
        return SampledPage(path, kind)
    if kind == "glossary:search":
        # The words of a search are as secret as a title.
        words = unquote(urlsplit(path).query.partition("q=")[2].partition("&")[0]).replace("+", " ").strip()
        return SampledPage(path, kind, (words,) if words else ())
    parts = urlsplit(path).path.strip("/").split("/")
    slug = unquote(parts[2] if kind == "glossary:tag" else parts[1])
    try:
        title = _title(read(reverse("glossary:tag" if kind == "glossary:tag" else "glossary:term", args=[slug])))
    except CouldNotAudit:
        return SampledPage(path, kind, (slug,))  # a page that says that there is no such term
    return SampledPage(path, kind, tuple(dict.fromkeys(word for word in (title, slug) if word)))


def _sitemap(read: Read) -> list[str]:
    """Return the path of every page in the sitemap, without its host."""
    paths: list[str] = []
    unread = [reverse("glossary:sitemap")]
    while unread:
        text = read(unread.pop(0))
        if "<!DOCTYPE" in text[:2_000].upper():
            raise CouldNotAudit(
                "The sitemap has a document type, which this site's sitemaps never have, so it was not read."
            )
        try:
            root = ET.fromstring(text)  # noqa: S314  (without a document type there are no entities to expand)
        except ET.ParseError as error:
            raise CouldNotAudit(f"The sitemap cannot be read: {error}.") from error
        found = [urlsplit(element.text or "").path for element in root.iter() if element.tag.endswith("}loc")]
        (unread if root.tag.endswith("}sitemapindex") else paths).extend(found)
    return paths


def _kind(path: str) -> str:
    try:
        return resolve(urlsplit(path).path).view_name
    except Resolver404:
        return "unknown"


def _evenly(items: Sequence[T], number: int) -> list[T]:
    """Return the middle item of each of ``number`` equal parts."""
    number = min(number, len(items))
    return [items[(2 * position + 1) * len(items) // (2 * number)] for position in range(number)]


def _first_match(pattern: str, text: str) -> list[str]:
    """Return what the pattern finds first, if anything."""
    return re.findall(pattern, text)[:1]


def _title(html: str) -> str:
    """Return the text of a page's first heading."""
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", html, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]*>", "", heading[1])).split()) if heading else ""
