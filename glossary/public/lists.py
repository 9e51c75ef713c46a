"""The lists by which readers browse: letters, topics, and the pages of entries under each.

What they need to know of a whole list is kept in ``Listing``; a page reads its own entries and nothing of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy

from glossary.addresses import address_of, fixed_address_of
from glossary.dependents import keys
from glossary.models import EntryTag, Listing, PublishedEntry, TermSnapshot, TopicPair
from glossary.text.names import INITIALS, SEGMENTS

# The overview of topics shows all of them up to here, and only their letters and the most used beyond.
WHOLE_OVERVIEW = 400
RELATED_TOPICS = 12
BEGINNING = 160

# Letter key → what stands for it where there is little room, and what it is called.
SIGNS = {
    "0-9": ("0–9", gettext_lazy("Numbers")),
    "Greek": ("Α–Ω", gettext_lazy("Greek letters")),
    "Cyrillic": ("А–Я", gettext_lazy("Cyrillic letters")),
    "Armenian": ("Ա–Ֆ", gettext_lazy("Armenian letters")),
    "Georgian": ("ა–ჰ", gettext_lazy("Georgian letters")),
    "Hebrew": ("א–ת", gettext_lazy("Hebrew letters")),
    "Arabic": ("ا–ي", gettext_lazy("Arabic letters")),
    "Devanagari": ("अ–ह", gettext_lazy("Devanagari letters")),
    "Bengali": ("অ–হ", gettext_lazy("Bengali letters")),
    "Tamil": ("அ–ஹ", gettext_lazy("Tamil letters")),
    "Thai": ("ก–ฮ", gettext_lazy("Thai letters")),
    "Hangul": ("가–힣", gettext_lazy("Korean letters")),
    "Kana": ("あ–ん", gettext_lazy("Japanese syllables")),
    "Han": ("漢字", gettext_lazy("Chinese characters")),
    "Other": ("…", gettext_lazy("Other scripts")),
    "#": ("#", gettext_lazy("Symbols")),
}
INITIAL_OF_SEGMENT = {segment: initial for initial, segment in SEGMENTS.items()}


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as lists are divided by it, or the script of those that don't begin with a Latin one."""

    initial: str
    count: int = 0
    changed_at: datetime | None = None
    of_topics: bool = False

    @property
    def sign(self) -> str:
        return SIGNS[self.initial][0] if self.initial in SIGNS else self.initial

    @property
    def label(self) -> str:
        return str(SIGNS[self.initial][1]) if self.initial in SIGNS else self.initial

    @property
    def is_spelled(self) -> bool:
        """Whether the sign needs its label to be understood when it is read aloud."""
        return self.initial in SIGNS

    @property
    def url(self) -> str:
        return tag_letter_url(self.initial) if self.of_topics else letter_url(self.initial)


@dataclass(frozen=True, slots=True)
class Tag:
    """A topic with the number of published terms that carry it."""

    name: str
    slug: str
    count: int
    initial: str = ""
    description: str = ""
    changed_at: datetime | None = None

    @property
    def url(self) -> str:
        return tag_url(self.slug)

    @property
    def beginning(self) -> str:
        """The beginning of the description, in one line."""
        return Truncator(" ".join(self.description.split())).chars(BEGINNING)


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list, with its neighbours' addresses. ``entries`` are what stands on it."""

    entries: tuple[Any, ...]
    number: int
    pages: int
    previous_url: str
    next_url: str
    #: The numbers and addresses of all pages.
    links: tuple[tuple[int, str], ...] = ()


def letter_url(initial: str, page: int = 1) -> str:
    """Return the path of a page of a letter's list."""
    segment = SEGMENTS[initial]
    return fixed_address_of("glossary:letter", segment, *(() if page == 1 else (page,)))


def tag_letter_url(initial: str, page: int = 1) -> str:
    """Return the path of a page of the topics under a letter."""
    segment = SEGMENTS[initial]
    return fixed_address_of("glossary:tag_letter", segment, *(() if page == 1 else (page,)))


def tag_url(slug: str, page: int = 1) -> str:
    """Return the path of a page of a topic's list."""
    return address_of("glossary:tag", slug, *(() if page == 1 else (page,)))


def total() -> int:
    """Return the number of published terms. One query."""
    counts = Listing.objects.filter(kind=Listing.Kind.ALL).values_list("count", flat=True)
    return counts.first() or 0


def letters() -> tuple[Letter, ...]:
    """Return the letters A to Z, digits, and what else titles begin with, in order, with their counts. One query."""
    kept = {listing.key: listing for listing in Listing.objects.filter(kind=Listing.Kind.LETTER)}
    return tuple(
        Letter(initial, kept[initial].count, kept[initial].changed_at) if initial in kept else Letter(initial)
        for initial in INITIALS
        if (len(initial) == 1 and initial.isalpha()) or initial == "0-9" or (initial in kept and kept[initial].count)
    )


def tag(slug: str) -> Tag | None:
    """Return a published topic, or ``None``. One query."""
    listing = Listing.objects.filter(kind=Listing.Kind.TOPIC, key=slug).first()
    return _tag(listing) if listing else None


def most_used_tags(most: int) -> tuple[Tag, ...]:
    """Return the topics that most entries carry, the most used first. One query."""
    topics = Listing.objects.filter(kind=Listing.Kind.TOPIC).order_by("-count", "sort_key", "key")
    return tuple(map(_tag, topics[:most]))


def tag_letters() -> tuple[Letter, ...]:
    """Return the letters under which topics stand, with the number of topics of each. One query."""
    topics = Listing.objects.filter(kind=Listing.Kind.TOPIC).order_by()
    counts = dict(topics.values_list("initial").annotate(Count("pk")))
    return tuple(Letter(initial, counts[initial], of_topics=True) for initial in INITIALS if initial in counts)


def tags_in_order() -> tuple[Tag, ...]:
    """Return all topics in order. One query."""
    return tuple(map(_tag, Listing.objects.filter(kind=Listing.Kind.TOPIC).order_by("sort_key", "key")))


def tag_letter_page(letter: Letter, number: int) -> ListPage | None:
    """Return page ``number`` of the topics under a letter, or ``None`` when there is no such page. One query."""
    topics = Listing.objects.filter(kind=Listing.Kind.TOPIC, initial=letter.initial).order_by("sort_key", "key")
    return list_page(
        lambda start: [_tag(topic) for topic in topics[start : start + keys.PAGE_SIZE]],
        number=number,
        total=letter.count,
        url=lambda page: tag_letter_url(letter.initial, page),
    )


def related_tags(slug: str) -> tuple[Tag, ...]:
    """Return the topics that stand on the most entries together with this one, each with the number of those. Two
    queries.
    """
    pairs = dict(
        TopicPair.objects.filter(slug=slug).order_by("-count", "other").values_list("other", "count")[:RELATED_TOPICS]
    )
    topics = {topic.key: topic for topic in Listing.objects.filter(kind=Listing.Kind.TOPIC, key__in=pairs)}
    return tuple(Tag(topics[other].name, other, count) for other, count in pairs.items() if other in topics)


def letter_page(letter: Letter, number: int) -> ListPage | None:
    """Return page ``number`` of a letter's entries, or ``None`` when there is no such page. Two queries."""
    entries = PublishedEntry.objects.under_letter(letter.initial).order_by("sort_key", "slug")

    def of_page(start: int) -> Sequence[TermSnapshot]:
        # Where the page begins is read from an index alone, however many entries stand before it.
        first = entries.values_list("sort_key", "slug")[start : start + 1].first() if start else ("", "")
        if first is None:
            return ()
        rest = entries.filter(sort_key__gte=first[0]).exclude(sort_key=first[0], slug__lt=first[1])
        return rest[: keys.PAGE_SIZE].snapshots()

    return list_page(of_page, number=number, total=letter.count, url=lambda page: letter_url(letter.initial, page))


def tag_page(tag: Tag, number: int) -> ListPage | None:
    """Return page ``number`` of a topic's entries, or ``None`` when there is no such page. Two queries."""
    # From the index of topics, in the order that it keeps; the entries' own rows are read for this page only.
    carried = EntryTag.objects.filter(slug=tag.slug).order_by("sort_key", "entry_id").values_list("entry_id", flat=True)

    def of_page(start: int) -> Sequence[TermSnapshot]:
        ids = list(carried[start : start + keys.PAGE_SIZE])
        entries = PublishedEntry.objects.only(*TermSnapshot._fields).in_bulk(ids)
        return [entries[pk].snapshot for pk in ids if pk in entries]

    return list_page(of_page, number=number, total=tag.count, url=lambda page: tag_url(tag.slug, page))


def list_page(
    of_page: Callable[[int], Sequence[Any]], *, number: int, total: int, url: Callable[[int], str]
) -> ListPage | None:
    """Return page ``number`` (from 1) of a list of ``total`` items, or ``None`` when there is no such page.

    ``of_page`` returns the items of the page that begins at a position (from 0); ``url`` the address of a page.
    """
    pages = page_count(total)
    if not 1 <= number <= pages:
        return None
    return ListPage(
        entries=tuple(of_page((number - 1) * keys.PAGE_SIZE)),
        number=number,
        pages=pages,
        previous_url=url(number - 1) if number > 1 else "",
        next_url=url(number + 1) if number < pages else "",
        links=tuple((page, url(page)) for page in range(1, pages + 1)),
    )


def page_count(total: int) -> int:
    """Return on how many pages a list of ``total`` items stands."""
    return max(1, -(-total // keys.PAGE_SIZE))


def _tag(listing: Listing) -> Tag:
    return Tag(listing.name, listing.key, listing.count, listing.initial, listing.description, listing.changed_at)
