"""Search for readers: the page of results, and suggestions while somebody types."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from urllib.parse import urlencode

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from glossary.actions import count_missing
from glossary.models import EntryTag
from glossary.public.lists import INITIAL_OF_SEGMENT, Letter
from glossary.public.views.answers import page_of
from glossary.search import MAX_QUERY, Facet, Results
from glossary.search import search as find
from glossary.search import suggest as names_for
from glossary.text.names import SEGMENTS

logger = logging.getLogger(__name__)

MAX_TYPED = 80
# The same letters are typed again and again; a new term may wait that long to be suggested.
KEPT_SECONDS = 300

_SLUG = re.compile(r"[a-z0-9_-]{1,100}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter to choose, or a chosen one to drop: what it is called (`is_content`: by editors) and where it leads."""

    label: str
    url: str
    count: int = 0
    is_content: bool = False


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Published terms for the words in `q`, best first; of a `tag` or a `letter`, where given; 20 a `page`."""
    tag, letter = _slug(request.GET.get("tag", "")), INITIAL_OF_SEGMENT.get(request.GET.get("letter", "").lower(), "")
    number = request.GET.get("page", "")
    results = find(
        request.GET.get("q", ""), tag=tag, letter=letter, number=int(number) if _NUMBER.fullmatch(number) else 1
    )
    if not results.hits and not results.filters.facets and _is_asked_by_a_reader(request):
        _count(results.query)
    return page_of(
        request,
        "glossary/search.html",
        reverse("glossary:search"),
        results=results,
        max_query=MAX_QUERY,
        chosen=_chosen(results),
        tags=[
            Choice(facet.label, _address(results, tag=facet.value), facet.count)
            for facet in _telling(results.tags, results)
        ],
        letters=[
            Choice(Letter(facet.value).label, _address(results, letter=facet.value), facet.count)
            for facet in _telling(results.letters, results)
        ],
        corrections=[
            Choice(text, f"{reverse('glossary:search')}?{urlencode({'q': text})}") for text in results.corrections
        ],
        everything=_address(results, tag="", letter=""),
        previous_url=_address(results, number=results.number - 1) if results.number > 1 else "",
        next_url=_address(results, number=results.number + 1) if results.number < results.pages else "",
    )


def _is_asked_by_a_reader(request: HttpRequest) -> bool:
    """Return whether a browser says that somebody sent the form of this site, and isn't fetching ahead.

    The one look at headers that a public view takes. The page is the same either way. Programs seldom send these, and
    links on other sites have another origin; who does send them is held by the bounds of the count.
    """
    return (
        request.method == "GET"
        and request.headers.get("Sec-Fetch-Site") == "same-origin"
        and request.headers.get("Sec-Fetch-Mode") == "navigate"
        and "Sec-Purpose" not in request.headers
        and "Purpose" not in request.headers
    )


def _count(query: str) -> None:
    try:
        count_missing(query=query, on=timezone.now().date())
    except DatabaseError as error:
        # Readers come first: they get their page though the database takes no more writes.
        logger.warning("A search that found nothing could not be counted: %s", error, extra={"outage": True})


@require_safe
def suggest(request: HttpRequest) -> JsonResponse:
    """At most eight names for what is being typed in `q`, as JSON: `name`, `title` and `url` of each."""
    query = request.GET.get("q", "")
    # Nobody types on for a name after so many letters, and each address is kept for itself.
    found = names_for(query) if len(query) <= MAX_TYPED else ()
    suggestions = [
        {"name": one.name, "title": one.title, "url": reverse("glossary:term", args=[one.slug])} for one in found
    ]
    response = JsonResponse({"suggestions": suggestions})
    response["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    response["X-Robots-Tag"] = "noindex"
    return response


def _chosen(results: Results) -> list[Choice]:
    """Return the filters in force, each leading to the search without it."""
    found = []
    if slug := results.filters.tag:
        name = EntryTag.objects.filter(slug=slug).order_by("name").values_list("name", flat=True).first()
        found.append(Choice(name or slug, _address(results, tag=""), is_content=True))
    if initial := results.filters.letter:
        found.append(Choice(Letter(initial).label, _address(results, letter="")))
    return found


def _telling(facets: tuple[Facet, ...], results: Results) -> list[Facet]:
    """Return the filters that would leave some of the results, and not all."""
    return [facet for facet in facets if facet.count < results.total]


def _address(results: Results, *, tag: str | None = None, letter: str | None = None, number: int = 1) -> str:
    """Return the address of this search with another filter or page."""
    tag = results.filters.tag if tag is None else tag
    letter = results.filters.letter if letter is None else letter
    parameters = {
        "q": results.query,
        "tag": tag,
        "letter": SEGMENTS.get(letter, ""),
        "page": str(number) if number > 1 else "",
    }
    return f"{reverse('glossary:search')}?{urlencode({name: value for name, value in parameters.items() if value})}"


def _slug(value: str) -> str:
    return value if _SLUG.fullmatch(value) else ""
