"""Which pages of lists a change shows on: letters, topics, and the terms before and behind another.

A list is divided into pages by counting. So a term that comes or goes changes every page of its list, each of which
says how many terms there are; one that moves within it changes the pages from its old place to its new one; and one
that only looks different changes the page on which it stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection

from glossary.dependents import keys
from glossary.dependents.snapshot import Change, PublicState
from glossary.models import EntryTag, PublishedEntry, TopicPair
from glossary.text.names import SEGMENTS

#: A change that touches lists in more places than this changes all of their pages: each place is a query.
MANY_PLACES = 50
# So many places go into one statement.
_CHUNK = 200

# Where an entry stands in a list: its sort key, and what decides between equal ones (its slug or its primary key).
Place = tuple[str, str | int]


@dataclass
class _Touched:
    """Places of a list at which something changed. ``balance`` says how much longer the list is than before."""

    balance: int = 0
    stayed: set[Place] = field(default_factory=set)
    moved: set[Place] = field(default_factory=set)

    def add(self, before: Place | None, now: Place | None) -> None:
        self.balance += (now is not None) - (before is not None)
        (self.stayed if before == now else self.moved).update(place for place in (before, now) if place)


def of_lists(changes: Sequence[Change], *, renamed_topics: Collection[str]) -> set[str]:
    """Return the keys of the pages of letters and topics that a change shows on."""
    letters: dict[str, _Touched] = defaultdict(_Touched)
    topics: dict[str, _Touched] = defaultdict(_Touched)
    found = {keys.topic(slug) for slug in renamed_topics}
    filed: set[str] = set()
    for change in changes:
        before, now = change.before, change.now
        if change.is_shown:
            for initial in {state.initial for state in change.sides}:
                letters[initial].add(_in_letter(before, initial), _in_letter(now, initial))
        if change.both is None or change.both[0].initial != change.both[1].initial:
            filed.update(state.initial for state in change.sides)
        if change.both is None or change.both[0].tags != change.both[1].tags:
            # Each of them tells with how many terms it stands beside which others.
            carried = {keys.topic(slug) for state in change.sides for slug in state.topics}
            found |= {keys.TOPICS, *carried} if carried else set()
        elif change.is_shown:
            for slug in change.both[0].topics:
                topics[slug].add((change.both[0].sort_key, change.pk), (change.both[1].sort_key, change.pk))
    if renamed_topics:
        beside = TopicPair.objects.filter(other__in=renamed_topics).values_list("slug", flat=True).distinct()
        found |= {keys.TOPICS, *map(keys.topic, beside)}
    # The first page of a topic says when the topic changed last.
    found |= {keys.page(keys.topic(slug), 1) for slug in topics}
    places = sum(len(touched.stayed | touched.moved) for touched in (*letters.values(), *topics.values()))
    narrowly = places <= MANY_PLACES
    for initial, touched in letters.items():
        found |= _pages(keys.letter(SEGMENTS[initial]), touched, _before_in_letter(initial), narrowly=narrowly)
    for slug, touched in topics.items():
        found |= _pages(keys.topic(slug), touched, _before_in_topic(slug), narrowly=narrowly)
    # Every letter's page shows which letters have terms.
    others = PublishedEntry.objects.exclude(pk__in=[change.pk for change in changes])
    if any(not others.under_letter(initial).exists() for initial in filed):
        found.add(keys.ALPHABET)
    return found


def of_neighbours(changes: Iterable[Change]) -> set[str]:
    """Return the keys of the terms before and behind each place that was taken, left, or has another title."""
    places = {state.place for change in changes if change.is_renamed for state in change.sides}
    found: set[str] = set()
    ordered = sorted(places)
    for start in range(0, len(ordered), _CHUNK):
        found.update(map(keys.term, _beside(ordered[start : start + _CHUNK])))
    return found


def _beside(places: Sequence[tuple[str, str]]) -> set[str]:
    """Return the slugs of the entries before and behind places, two look-ups in an index for each. One query."""
    table = connection.ops.quote_name(PublishedEntry._meta.db_table)
    beside = "SELECT slug FROM {} WHERE (sort_key, slug) {} (place.column1, place.column2) ORDER BY {} LIMIT 1"
    earlier = beside.format(table, "<", "sort_key DESC, slug DESC")
    later = beside.format(table, ">", "sort_key, slug")
    values = ", ".join(["(%s, %s)"] * len(places))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT ({earlier}), ({later}) FROM (VALUES {values}) AS place",  # noqa: S608  (nothing but our own text)
            [part for place in places for part in place],
        )
        return {slug for row in cursor.fetchall() for slug in row if slug}


def _in_letter(state: PublicState | None, initial: str) -> Place | None:
    return state.place if state and state.initial == initial else None


def _pages(of_list: str, touched: _Touched, standing_before: Callable[[Place], int], *, narrowly: bool) -> set[str]:
    if touched.balance or not narrowly:
        return {of_list}
    numbers = {_page_at(standing_before(place)) for place in touched.stayed}
    if touched.moved:
        # What stood between the outermost two has shifted; what stands outside of them is where it was.
        moved = [_page_at(standing_before(place)) for place in touched.moved]
        numbers.update(range(min(moved), max(moved) + 1))
    return {keys.page(of_list, number) for number in numbers}


def _page_at(index: int) -> int:
    return index // keys.PAGE_SIZE + 1


def _before_in_letter(initial: str) -> Callable[[Place], int]:
    entries = PublishedEntry.objects.under_letter(initial).order_by()

    def count(place: Place) -> int:
        return entries.filter(sort_key__lte=place[0]).exclude(sort_key=place[0], slug__gte=place[1]).count()

    return count


def _before_in_topic(slug: str) -> Callable[[Place], int]:
    carried = EntryTag.objects.filter(slug=slug).order_by()

    def count(place: Place) -> int:
        return carried.filter(sort_key__lte=place[0]).exclude(sort_key=place[0], entry_id__gte=place[1]).count()

    return count
