"""The keys under which pages stand. A page is stale when a change names one of its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

#: How many entries one page of a list has. 200 titles with their summaries are about as long as a reader scrolls.
PAGE_SIZE = 200

#: What every edition changes: the home page, the A-Z, the sitemap, feeds.
OVERVIEWS = "overviews"
#: Every page of a letter's list: they all show which letters have terms.
ALPHABET = "alphabet"
#: The overview of topics.
TOPICS = "tags"

#: View → keys under which its pages stand. A view that isn't named here changes with every edition.
KEYS: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, ...]]] = {
    "glossary:letter": lambda kwargs: (*_of_list(letter(kwargs["segment"]), kwargs), ALPHABET),
    "glossary:tags": lambda kwargs: (TOPICS,),
    "glossary:tag_letter": lambda kwargs: (TOPICS,),
    "glossary:tag": lambda kwargs: _of_list(topic(kwargs["slug"]), kwargs),
    "glossary:term": lambda kwargs: (term(kwargs["slug"]),),
    "glossary:revisions": lambda kwargs: (history(kwargs["slug"]),),
    "glossary:revision": lambda kwargs: (history(kwargs["slug"]), revision(kwargs["slug"])),
    "glossary:embedded_term": lambda kwargs: (term(kwargs["slug"]),),
    "glossary:embed_script": lambda kwargs: (),
    "glossary:embed_release": lambda kwargs: (),
    "glossary:cite": lambda kwargs: (history(kwargs["slug"]),),
    "glossary:robots": lambda kwargs: (),
    "glossary:saved": lambda kwargs: (),
}


def keys_of(view: str, kwargs: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys under which a page of the glossary stands, by its view's name and arguments."""
    named = KEYS.get(view)
    return named(kwargs) if named else (OVERVIEWS,)


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


def _of_list(of_list: str, kwargs: Mapping[str, Any]) -> tuple[str, str]:
    return of_list, page(of_list, kwargs.get("number", 1))
