"""Find terms for what a reader typed."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils.safestring import SafeString

from glossary.addresses import address_of
from glossary.models import EntryName, EntryTag, PublishedEntry, SearchText
from glossary.search.candidates import MAX_BESIDE_NAMED, MAX_CANDIDATES, MAX_NAMES, Filters, having_the_words, named
from glossary.search.corrections import corrections, names_like, typed_words
from glossary.search.excerpts import Sought, marked, passage
from glossary.search.indexing import INITIAL_OF_FACET, TAG_SIGN, tag_facet
from glossary.search.questions import MIN_BEGINNING, Question, ask
from glossary.search.ranking import ByWords, Rank, Tier, rank_of_name
from glossary.text.names import INITIALS
from glossary.text.words import stem_key_of

PAGE = 20
MAX_SUGGESTIONS = 8
MAX_CORRECTIONS = 3
MAX_TAG_FACETS = 10


class FoundEntry(NamedTuple):
    """A published entry, as far as a list of hits shows it. ``plain`` are the texts that excerpts are taken from."""

    pk: int
    title: str
    slug: str
    plain: str

    @property
    def url(self) -> str:
        return address_of("glossary:term", self.slug)


@dataclass(frozen=True, slots=True)
class Hit:
    """A published entry, the other name under which it was found, if it was, and a passage of its text."""

    entry: FoundEntry
    title: SafeString
    excerpt: SafeString
    found_as: SafeString | None = None


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter that would leave ``count`` of the hits."""

    value: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Results:
    """What was looked for (as it is shown) and what was found, best first: one page of it.

    ``total`` counts what was ranked, ``more`` says that there is more than that, and ``loosely`` that
    no entry has the words themselves. ``corrections`` are questions with
    an answer, for one without.
    """

    query: str
    filters: Filters = field(default_factory=Filters)
    hits: tuple[Hit, ...] = ()
    total: int = 0
    more: bool = False
    loosely: bool = False
    number: int = 1
    pages: int = 1
    tags: tuple[Facet, ...] = ()
    letters: tuple[Facet, ...] = ()
    corrections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A name that begins like, or has the words of, what is being typed; ``title`` is that of its entry."""

    name: str
    title: str
    slug: str


@dataclass(slots=True)
class _Found:
    """Entries by their best rank, with what is known about them from ranking them."""

    ranks: dict[int, Rank] = field(default_factory=dict)
    names: dict[int, str | int] = field(default_factory=dict)
    facets: dict[int, tuple[str, ...]] = field(default_factory=dict)
    more: bool = False
    loosely: bool = False

    def add(self, pk: int, rank: Rank, name: str | int) -> None:
        if pk not in self.ranks or rank < self.ranks[pk]:
            self.ranks[pk], self.names[pk] = rank, name

    def in_order(self) -> list[int]:
        return sorted(self.ranks, key=self.ranks.__getitem__)


def search(query: str, *, tag: str = "", letter: str = "", number: int = 1) -> Results:
    """Return published entries for ``query``, in the order of Note [The order of results], :data:`PAGE` a page.

    Takes anything a browser can send. ``tag`` (a slug) and ``letter`` (one of ``INITIALS``) narrow the search down. A
    page that isn't there is the last one. At most eight queries, of bounded cost: see Note [Bounded search].
    """
    question, filters = ask(query), Filters(tag, letter)
    if question.is_empty:
        return Results(question.shown, filters)
    found = _find(question, filters)
    if not found.ranks:
        # A filter hides what a correction would only find by chance.
        others = () if filters.facets else _corrections(question)
        return Results(question.shown, filters, corrections=others)
    order = found.in_order()
    pages = -(-len(order) // PAGE)
    number = min(max(number, 1), pages)
    tags, letters = _facets(found, filters)
    return Results(
        question.shown,
        filters,
        hits=tuple(_hits(order[(number - 1) * PAGE : number * PAGE], found, question)),
        total=len(order),
        more=found.more,
        loosely=found.loosely,
        number=number,
        pages=pages,
        tags=tags,
        letters=letters,
    )


def suggest(query: str) -> tuple[Suggestion, ...]:
    """Return at most :data:`MAX_SUGGESTIONS` names for what is being typed, best first. At most six queries."""
    question = ask(query)
    if question.is_empty:
        return ()
    found = _suggestions(question)
    if not found:
        corrected = next(iter(_corrections(question)), None)
        found = _suggestions(ask(corrected)) if corrected else []
    return tuple(found)


def _suggestions(question: Question) -> list[Suggestion]:
    equal, beginning = named(question, Filters())
    ranked = sorted(
        [
            *((rank_of_name(name, question, begins=False), name) for name in equal),
            *((rank_of_name(name, question, begins=True), name) for name in beginning),
        ],
        key=lambda pair: (pair[0], pair[1].pk),
    )
    found: dict[int, Suggestion] = {}
    for _, name in ranked:
        found.setdefault(name.entry, Suggestion(name.name, name.title, name.slug))
    if len(found) < MAX_SUGGESTIONS and question.parts and len(question.folded[-1]) >= MIN_BEGINNING:
        by_words = ByWords(question, beginnings=1)
        others = sorted(
            (by_words.rank(candidate)[0], candidate.pk)
            for candidate in having_the_words(question, Filters(), beginnings=1, in_names=True, at_most=60)
            if candidate.pk not in found
        )
        wanted = [pk for _, pk in others[: MAX_SUGGESTIONS - len(found)]]
        entries = PublishedEntry.objects.only("title", "slug").in_bulk(wanted)
        for pk in wanted:
            found[pk] = Suggestion(entries[pk].title, entries[pk].title, entries[pk].slug)
    return list(found.values())[:MAX_SUGGESTIONS]


def _find(question: Question, filters: Filters) -> _Found:
    found = _Found()
    equal, beginning = named(question, filters)
    found.more = len(beginning) == MAX_NAMES
    for names, begins in ((equal, False), (beginning, True)):
        for name in names:
            found.add(name.entry, rank_of_name(name, question, begins=begins), name.name)
    _add_by_words(found, question, filters, at_most=MAX_BESIDE_NAMED if equal else MAX_CANDIDATES)
    if not found.ranks:
        # Nothing has these words: what is derived from them, or begins with them, may be meant.
        _add_by_words(found, question.by_roots(), filters, beginnings=len(question.parts))
        found.loosely = bool(found.ranks)
    return found


def _add_by_words(
    found: _Found, question: Question, filters: Filters, *, beginnings: int = 0, at_most: int = MAX_CANDIDATES
) -> None:
    if not question.parts:
        return
    candidates = having_the_words(question, filters, beginnings=beginnings, at_most=at_most + 1)
    if len(candidates) > at_most:
        found.more = True
        candidates += having_the_words(question, filters, beginnings=beginnings, in_names=True)
    by_words = ByWords(question, beginnings=beginnings)
    for candidate in candidates:
        rank, number = by_words.rank(candidate)
        found.add(candidate.pk, rank, number)
        found.facets[candidate.pk] = candidate.facets


def _hits(order: list[int], found: _Found, question: Question) -> list[Hit]:
    entries = {row[0]: FoundEntry._make(row) for row in _shown(order)}
    others = _names_by_number(found, [pk for pk in order if pk in entries])
    sought = Sought.by(question.by_roots(), beginning=True) if found.loosely else Sought.by(question)
    hits = []
    for pk in order:
        # Gone since it was found.
        if pk not in entries:
            continue
        entry, tier = entries[pk], found.ranks[pk][0]
        in_names = Sought.by(question, beginning=True) if tier in (Tier.TITLE_BEGINS, Tier.NAME_BEGINS) else sought
        found_as = others.get(pk, "")
        hits.append(
            Hit(
                entry,
                title=marked(entry.title, in_names),
                excerpt=passage(entry.plain, sought, from_start=tier < Tier.IN_TEXT),
                found_as=marked(found_as, in_names) if found_as else None,
            )
        )
    return hits


def _shown(keys: Collection[int]) -> QuerySet[SearchText, tuple[int, str, str, str]]:
    """Return what a list of hits shows of entries, as :class:`FoundEntry` has it."""
    return SearchText.objects.filter(pk__in=keys).values_list("pk", "entry__title", "entry__slug", "plain")


def _facets_of(keys: Collection[int]) -> QuerySet[SearchText, tuple[int, str]]:
    return SearchText.objects.filter(pk__in=keys).values_list("pk", "facets")


def _names_of_tags(entries: Collection[int], slugs: Collection[str]) -> QuerySet[EntryTag, tuple[str, str]]:
    tags = EntryTag.objects.filter(entry__in=entries, slug__in=slugs).order_by("-pk")
    return tags.values_list("slug", "name")


def _names_of(entries: Collection[int]) -> QuerySet[EntryName, tuple[int, str]]:
    return EntryName.objects.filter(entry__in=entries).order_by("entry", "pk").values_list("entry", "name")


def _names_by_number(found: _Found, order: list[int]) -> dict[int, str]:
    """Return entry → the other name by which it was found, where it was found by one."""
    names: dict[int, str] = {}
    asked: dict[int, int] = {}
    for pk in order:
        name = found.names[pk]
        if found.ranks[pk][0] in (Tier.NAME, Tier.NAME_BEGINS):
            names[pk] = str(name)
        elif found.ranks[pk][0] == Tier.IN_NAME:
            asked[pk] = int(name)
    if asked:
        for pk, group in itertools.groupby(_names_of(asked), key=lambda row: row[0]):
            names[pk] = [name for _, name in group][asked[pk]]
    return names


def _facets(found: _Found, filters: Filters) -> tuple[tuple[Facet, ...], tuple[Facet, ...]]:
    """Return the tags and letters of what was ranked, with counts: one query or two."""
    missing = [pk for pk in found.ranks if pk not in found.facets]
    rows = _facets_of(missing) if missing else ()
    facets = found.facets | {pk: tuple(text.split()) for pk, text in rows}
    counts = Counter(facet for pk in found.ranks for facet in facets.get(pk, ()))
    slugs = {facet.removeprefix(TAG_SIGN): count for facet, count in counts.items() if facet.startswith(TAG_SIGN)}
    slugs.pop(filters.tag, None)
    top = sorted(slugs, key=lambda slug: (-slugs[slug], slug))[:MAX_TAG_FACETS]
    # One entry for each tag is enough to learn its name from.
    wanted = {tag_facet(slug) for slug in top}
    carriers = {
        facet: pk for pk in sorted(found.ranks, reverse=True) for facet in wanted.intersection(facets.get(pk, ()))
    }
    named_tags = dict(_names_of_tags(set(carriers.values()), top) if top else ())
    letters = {INITIAL_OF_FACET[facet]: count for facet, count in counts.items() if facet in INITIAL_OF_FACET}
    return (
        tuple(Facet(slug, named_tags[slug], slugs[slug]) for slug in top if slug in named_tags),
        tuple(
            Facet(initial, initial, letters[initial])
            for initial in INITIALS
            if initial in letters and not filters.letter
        ),
    )


def _corrections(question: Question) -> tuple[str, ...]:
    """Return corrected questions that have an answer, written as the name is that is meant."""
    typed = typed_words(question)
    if names := names_like(question, typed):
        return tuple({stem_key_of(name): name for name in reversed(names)}.values())[::-1][:MAX_CORRECTIONS]
    answered: dict[bytes, str] = {}
    for corrected in corrections(typed):
        other = ask(corrected)
        equal, beginning = named(other, Filters())
        if equal:
            best = min(equal, key=lambda name: (rank_of_name(name, other, begins=False), name.pk))
            written = best.name
        elif beginning or (other.parts and having_the_words(other, Filters(), at_most=1)):
            written = corrected
        else:
            continue
        answered.setdefault(stem_key_of(written), written)
        if len(answered) == MAX_CORRECTIONS:
            break
    return tuple(answered.values())
