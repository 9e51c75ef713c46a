"""Which public pages a change shows on, found through indexes and never by rendering anything.

Pages are named by *keys*, not by addresses, so that they are the same in every language: ``glossary.urls`` says which
keys the pages of each view have, and the functions below say which keys a change touches. They run inside the change's
transaction, after ``glossary.actions.publishing`` has locked the content version: see Note [Two changes at once].

Note [Two changes at once]
    One editor publishes a new name while another publishes a text that mentions it; or two publish new neighbours.
    Each looks for the pages that they change while the other's change isn't visible yet. So the row of the content
    version is locked first and the pages are looked for after that: the second one sees what the first has committed,
    and what a page showed in between is named by one of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from glossary.dependents import keys
from glossary.dependents.document_references import addresses, citing, named_in, naming, write_namings
from glossary.dependents.lists import of_lists, of_neighbours
from glossary.dependents.snapshot import PublicState, changes, public_states
from glossary.linking.mentions import TooMany, entries_that_mention, silent, with_ends
from glossary.models import EVERYTHING, PublishedEntry

__all__ = [
    "MANY_KEYS",
    "MANY_TERMS",
    "PublicState",
    "everything",
    "named_in",
    "of_mentions",
    "of_own_pages",
    "of_terms",
    "of_topic",
    "of_works",
    "public_states",
    "write_namings",
]

#: A change of more terms than this, or of more pages, is written down as a change of everything. See docs/adr/0200.
MANY_TERMS = 2_000
MANY_KEYS = 20_000


def everything() -> set[str]:
    """Return the key of all pages, for changes of which nobody has said what they show on."""
    return {EVERYTHING}


def of_topic(slug: str) -> set[str]:
    """Return the keys of the pages that say what a topic is about."""
    return {keys.OVERVIEWS, keys.TOPICS, keys.topic(slug)}


def of_own_pages(terms: Collection[int]) -> set[str]:
    """Return the keys of these terms' own pages, under every address that they have or had."""
    if not terms or len(terms) > MANY_TERMS:
        return {EVERYTHING} if terms else set()
    return {keys.OVERVIEWS, *keys.own(slug for found in addresses(terms).values() for slug in found)}


def of_works(identifiers: Collection[str]) -> set[str]:
    """Return the keys of all pages that cite one of these works, DOIs and PubMed numbers as ``references`` has them."""
    return of_own_pages(citing(identifiers))


def of_terms(
    before: dict[int, PublicState],
    terms: Collection[int],
    *,
    renamed_topics: Collection[str] = frozenset(),
    progress: Callable[[int, int], None] = silent,
) -> set[str]:
    """Return the keys of all pages that show one of these terms, or show it no longer.

    ``before`` is what was public of them before the change; those of now are read. ``renamed_topics`` are the slugs of
    topics that have another name than before. ``progress`` is told for how many of how many names mentions were looked
    up.
    """
    if len(terms) > MANY_TERMS:
        return {EVERYTHING}
    changed = changes(before, terms)
    slugs = addresses(terms)
    for pk, state in before.items():
        slugs.setdefault(pk, set()).add(state.shown.slug)
    renamed = {slug for change in changed if change.is_renamed for slug in slugs.get(change.pk, ())}
    found = {keys.OVERVIEWS, *keys.own(slug for of_term in slugs.values() for slug in of_term)}
    found |= of_lists(changed, renamed_topics=renamed_topics)
    found |= of_neighbours(changed)
    found |= naming(renamed, at_most=MANY_KEYS)
    if EVERYTHING in found or len(found) > MANY_KEYS:
        return {EVERYTHING}
    found |= of_mentions({name for change in changed for name in change.names}, progress=progress)
    return {EVERYTHING} if EVERYTHING in found or len(found) > MANY_KEYS else found


def of_mentions(names: Collection[tuple[str, str]], *, progress: Callable[[int, int], None] = silent) -> set[str]:
    """Return the keys of the terms whose links may change with one of these names (pairs of a name and its kind)."""
    try:
        entries = entries_that_mention(with_ends(names), at_most=MANY_KEYS, progress=progress)
    except TooMany:
        return {EVERYTHING}
    # Permanent pages of revisions have no links: only the term's own page is another one.
    return {keys.term(entry.slug) for entry in PublishedEntry.objects.only("slug").in_bulk(entries).values()}
