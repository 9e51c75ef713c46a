"""What the index finds for a question, in bounded numbers and the same on either database.

Note [Bounded search]
A word may stand in every term, and ranking a hundred thousand of them takes a third of a second. So the index is never
asked for more than :data:`MAX_CANDIDATES` entries, the oldest first, and those are ranked. Names are asked for by
themselves as soon as that cuts anything off: an entry whose name has the words is never lost to one whose text has.
Where a name is what was typed, its entry is what most readers want, and of those that speak of it half as many are
ranked (:data:`MAX_BESIDE_NAMED`).
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import NamedTuple

from django.db.models import Q, QuerySet

from glossary.models import EntryName, Matches, PublishedEntry, PublishedEntryQuerySet, SearchText
from glossary.search.indexing import BREAK, letter_facet, tag_facet
from glossary.search.questions import MIN_BEGINNING, Part, Question
from glossary.search.traces import sought
from glossary.text.words import stems

MAX_CANDIDATES = 200
MAX_BESIDE_NAMED = 100
MAX_NAMES = 60
# What names are ranked and shown by, as FoundName has it.
NAME_FIELDS = (
    *("pk", "name", "normalised", "kind", "key", "stem_key"),
    *("entry_id", "entry__title", "entry__slug", "entry__sort_key"),
)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the entries found shall have: a tag (its slug) and a letter (one of ``INITIALS``), where not empty."""

    tag: str = ""
    letter: str = ""

    @property
    def facets(self) -> tuple[str, ...]:
        """Return the filters as the index calls them."""
        found = []
        if self.letter:
            found.append(letter_facet(self.letter))
        if self.tag:
            found.append(tag_facet(self.tag))
        return tuple(found)


class FoundName(NamedTuple):
    """A published name, with what it is ranked by. ``entry`` is a primary key, and what follows is that entry's."""

    pk: int
    name: str
    normalised: str
    kind: str
    key: bytes
    stem_key: bytes
    entry: int
    title: str
    slug: str
    sort_key: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry that has the words of a question, with what it is ranked by."""

    pk: int
    sort_key: str
    slug: str
    names: tuple[str, ...]
    text: str
    facets: tuple[str, ...]


def named(question: Question, filters: Filters) -> tuple[list[FoundName], list[FoundName]]:
    """Return the names that are what was typed, and those that begin with it; in two queries."""
    chosen = {name: value for name, value in (("tag", filters.tag), ("letter", filters.letter)) if value}
    ends = [key + b"\xff" for key in question.keys]
    return _found(_equal(question.stem_keys, **chosen)), _found(_beginning(question.keys, ends, **chosen))


def _found(names: QuerySet[EntryName]) -> list[FoundName]:
    return [FoundName._make(row) for row in names.values_list(*NAME_FIELDS)]


def _equal(keys: Collection[bytes], **chosen: str) -> QuerySet[EntryName]:
    return _names(**chosen).filter(stem_key__in=keys).order_by("pk")[: MAX_NAMES * 2]


def _beginning(keys: Collection[bytes], ends: Collection[bytes], **chosen: str) -> QuerySet[EntryName]:
    within = reduce(operator.or_, (Q(key__gt=key, key__lt=end) for key, end in zip(keys, ends, strict=True)))
    return _names(**chosen).filter(within).order_by("key", "pk")[:MAX_NAMES]


def _names(*, tag: str | None = None, letter: str | None = None) -> QuerySet[EntryName]:
    names = EntryName.objects.all()
    if tag is not None:
        names = names.filter(entry__entry_tags__slug=tag)
    if letter is not None:
        names = names.filter(entry__initial=letter)
    return names


def having_the_words(
    question: Question, filters: Filters, *, beginnings: int = 0, in_names: bool = False, at_most: int = MAX_CANDIDATES
) -> list[Candidate]:
    """Return the first entries in whose names or texts all the words are.

    Of the last ``beginnings`` words, what begins with them will do.
    """
    condition = matching(question.parts, filters.facets, beginnings=beginnings, in_names=in_names, at_most=at_most)
    found = SearchText.objects.filter(condition).order_by("pk")
    rows = found.values_list("pk", "entry__sort_key", "entry__slug", "names", "text", "facets")[:at_most]
    return [
        Candidate(pk, sort_key, slug, tuple(names.split(BREAK)[:-1]), text, tuple(facets.split()))
        for pk, sort_key, slug, names, text, facets in rows
    ]


def matching(
    parts: tuple[Part, ...],
    facets: tuple[str, ...] = (),
    *,
    beginnings: int = 0,
    in_names: bool = False,
    at_most: int | None = None,
) -> Matches:
    """Return the condition that all parts are there, in the languages of both indexes.

    A stem holds letters and digits only, and a filter the signs of a slug, so that neither can be taken for syntax.
    """
    fts5, tsquery = [], []
    for number, part in enumerate(parts):
        begins = number >= len(parts) - beginnings
        ways = [[(stem, begins and len(stem) >= MIN_BEGINNING) for stem in way] for way in part.ways]
        fts5.append(_any(" OR ", " AND ", '"{}"', '"{}"*', ways))
        tsquery.append(_any(" | ", " & ", "'{}'", "'{}':*", ways))
    words = " AND ".join(fts5)
    # Not in facets: there a beginning could be found that isn't meant.
    everything = f"{'names' if in_names else '{names text}'} : ({words})"
    return Matches(
        fts5=" AND ".join([everything, *(f'facets : "{facet}"' for facet in facets)]),
        tsquery=" & ".join([*tsquery, *(f"'{facet}'" for facet in facets)]),
        column="names" if in_names else "everything",
        at_most=at_most,
    )


def _any(either: str, both: str, whole: str, beginning: str, ways: list[list[tuple[str, bool]]]) -> str:
    found = (both.join((beginning if begins else whole).format(stem) for stem, begins in way) for way in ways)
    return f"({either.join(f'({way})' for way in found)})"


def texts_with_traces_of(names: Iterable[str]) -> QuerySet[SearchText]:
    """Return the texts (their keys are those of entries) in which one of ``names`` may stand as links find them: all
    such, and some more that have its words apart. See Note [No mention is missed] in ``glossary.search.traces``.
    """
    found = [matching(parts) for name in names for parts in sought(name)]
    if not found:
        return SearchText.objects.none()
    either = Matches(
        fts5=" OR ".join(f"({one.fts5})" for one in found), tsquery=" | ".join(f"({one.tsquery})" for one in found)
    )
    return SearchText.objects.filter(either)


def entries_with_phrase(name: str) -> PublishedEntryQuerySet:
    """Return the published entries in whose names or texts ``name`` stands, in any of its inflections and spellings.

    As a phrase: its words one behind the other, as search compares words. Links compare them in another way: what must
    not miss a link asks :func:`texts_with_traces_of`. An empty query for a name
    without letters and digits. Found through the index; for several words, the database compares the texts too.
    """
    phrase = stems(name)
    if not phrase:
        return PublishedEntry.objects.none()
    found = SearchText.objects.filter(matching(tuple(Part(((stem,),)) for stem in dict.fromkeys(phrase))))
    if len(phrase) > 1:
        together = f" {' '.join(phrase)} "
        found = found.filter(Q(text__contains=together) | Q(names__contains=together))
    return PublishedEntry.objects.filter(pk__in=found.values("pk"))
