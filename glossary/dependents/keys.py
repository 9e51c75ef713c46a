"""The keys under which pages stand. A page is stale when a change names one of its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: How many entries one page of a list has. 200 titles with their summaries are about as long as a reader scrolls.
PAGE_SIZE = 200

#: What every content version changes: the home page, the A-Z, the sitemap, feeds.
OVERVIEWS = "overviews"
#: Every page of a letter's list: they all show which letters have terms.
ALPHABET = "alphabet"
#: The overview of topics.
TOPICS = "tags"


def term(slug: str) -> str:
    """Return the key of a term's page."""
    return f"term:{slug}"


def history(slug: str) -> str:
    """Return the key of all pages of a term's public revisions."""
    return f"history:{slug}"


def revision(slug: str) -> str:
    """Return the key of those of them that show the titles of other terms."""
    return f"revision:{slug}"


def letter(segment: str) -> str:
    """Return the key of all pages of a letter, by its part of an address."""
    return f"letter:{segment}"


def topic(slug: str) -> str:
    """Return the key of all pages of a topic."""
    return f"tag:{slug}"


def page(of_list: str, number: int) -> str:
    """Return the key of one page of a list (one that :func:`letter` or :func:`topic` returned)."""
    return f"{of_list}:{number}"


def own(slugs: Iterable[str]) -> set[str]:
    """Return the keys of the pages that stand under a term's addresses."""
    return {key for slug in slugs for key in (term(slug), history(slug))}


def of_term(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of a term's page."""
    return (term(arguments["slug"]),)


def of_history(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of the list of a term's public revisions."""
    return (history(arguments["slug"]),)


def of_revision(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of the page of one public revision."""
    return history(arguments["slug"]), revision(arguments["slug"])


def of_letter(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of a page of a letter."""
    return (*_of_list(letter(arguments["segment"]), arguments), ALPHABET)


def of_topic(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of a page of a topic."""
    return _of_list(topic(arguments["slug"]), arguments)


def _of_list(of_list: str, arguments: Mapping[str, Any]) -> tuple[str, str]:
    return of_list, page(of_list, arguments.get("number", 1))
