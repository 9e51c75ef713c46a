"""Automatic links: mentions of published names in the texts of other terms lead there.

Links are made when a page is rendered, and never written into a document. What decides whether a mention is linked
stands in ``names``; what a text looks like afterwards in ``fragments``; where the names come from in ``current``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from glossary.linking.current import current_names, known_names, newest_change
from glossary.linking.fragments import Card, Fragment, fragment_of
from glossary.linking.names import KnownName, Mention, Names
from glossary.linking.reading import fragments_in
from glossary.models import PublishedEntry

__all__ = [
    "Card",
    "Fragment",
    "KnownName",
    "Mention",
    "Names",
    "current_names",
    "fragment_of",
    "fragments_in",
    "known_names",
    "linked_texts",
    "newest_change",
]


def linked_texts(
    fragments: Mapping[str, Fragment], entries: Iterable[PublishedEntry]
) -> tuple[dict[str, str], tuple[Card, ...]]:
    """Return the texts with their links, and a card for each term to which they lead, by title.

    ``entries`` are the published ones of their targets: what leads to another isn't linked. In each text a term is
    linked once.
    """
    cards = {
        entry.pk: Card(entry.title, entry.get_absolute_url(), entry.summary, entry.slug)
        for entry in sorted(entries, key=lambda entry: (entry.sort_key, entry.slug))
    }
    linked, used = {}, set()
    for part, fragment in fragments.items():
        linked[part], led_to = fragment.linked(cards)
        used |= led_to
    return linked, tuple(card for term, card in cards.items() if term in used)
