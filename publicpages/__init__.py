"""What is said of a public page, beside its address.

An app writes in its ``urls``::

    path("glossary/tags/", public_page(views.tags, stored_under=keys.TOPICS, translated=True, queries=4), name="tags")

The rest of the site reads it from the view that an address resolves to, so there is no other list of pages. A page that
says nothing is not stored, exists in the site's own language only, and may not read the query of its address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

#: From the arguments of an address to the keys under which its page is stored.
KeysOf = Callable[[Mapping[str, Any]], tuple[str, ...]]


#: A view, as ``path()`` takes it.
View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicPage:
    """How the pages of one view are stored and addressed.

    ``keys`` returns the keys under which a page is stored: it is rendered again when a change names one of them. It is
    ``None`` for pages that are not stored. ``for_other_sites`` is for what pages of other sites fetch, in which nothing
    depends on consent. ``reads_query`` means that the answer depends on the query of the address (``?q=…``); such a
    page is never stored, because stored pages are served whatever the query is. ``queries`` is the most database
    queries that rendering one may take, in a glossary of any size; ``None`` where nothing bounds them.
    """

    keys: KeysOf | None = None
    for_other_sites: bool = False
    translated: bool = False
    reads_query: bool = False
    queries: int | None = None

    @property
    def is_stored(self) -> bool:
        """Whether the page store keeps these pages."""
        return self.keys is not None

    @property
    def is_same_for_everybody(self) -> bool:
        """Whether a page of the site itself is the same for all its readers."""
        return self.is_stored and not self.for_other_sites


_NOT_REGISTERED = PublicPage()


def public_page(
    view: View,
    *,
    stored_under: KeysOf | str | tuple[str, ...] | None = None,
    for_other_sites: bool = False,
    translated: bool = False,
    reads_query: bool = False,
    queries: int | None = None,
) -> View:
    """Return the view for use in ``path()``, with what :class:`PublicPage` says of its pages.

    ``stored_under`` is one key, several, or a function that returns them for the arguments of an address. An empty
    tuple is for pages that no change of content makes stale.

    Raises ``ValueError`` for a page that would be stored although it reads the query of its address.
    """
    if stored_under is not None and reads_query:
        raise ValueError("A page that reads the query of its address cannot be stored.")

    @wraps(view)
    def registered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    registered.public_page = PublicPage(  # type: ignore[attr-defined]  # read by page_of
        keys=_keys(stored_under),
        for_other_sites=for_other_sites,
        translated=translated,
        reads_query=reads_query,
        queries=queries,
    )
    return registered


def page_of(view: object) -> PublicPage:
    """Return what was said of the pages of a view (``resolve(path).func``, or the ``callback`` of a pattern)."""
    page: PublicPage = getattr(view, "public_page", _NOT_REGISTERED)
    return page


def _keys(stored_under: KeysOf | str | tuple[str, ...] | None) -> KeysOf | None:
    if stored_under is None or callable(stored_under):
        return stored_under
    keys = (stored_under,) if isinstance(stored_under, str) else stored_under
    return lambda arguments: keys
