"""Keeping what is known of lists: how many entries each has, when it changed, and which topics stand together.

Note [What lists are counted by]
    Lists are counted where entries change, by what came and what went, and never where they are read. Everything that
    makes, changes or removes an entry says how it was filed before and after. Changes queue for the row of the content
    version, as every change of public content does at its end anyway, so no two of them count at once.
    :func:`recount_lists` counts everything again, for data that came in by another way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, permutations
from operator import itemgetter

from django.db import transaction
from django.db.models import Count, F, Max, Min

from glossary.actions.batches import BATCH, chunks
from glossary.models import ContentVersion, EntryTag, Listing, PublishedEntry, TagDescription, TopicPair
from glossary.text.names import initial_of, sort_key_of

Key = tuple[str, str]
ALL: Key = (Listing.Kind.ALL, "")
# So many terms, by their keys, are one part of the sitemap, of which the protocol allows 50,000 addresses each. By keys
# and not by counting, so that a term stays in its part and a part needs no other to be found.
PART_SIZE = 40_000
TOPICS: Key = (Listing.Kind.TOPICS, "")


@dataclass(frozen=True, slots=True)
class Filed:
    """Where an entry stands in lists, and what they show of it. ``topics`` are pairs of slug and name."""

    term_id: int
    slug: str
    title: str
    summary: str
    initial: str
    topics: frozenset[tuple[str, str]]

    @property
    def keys(self) -> frozenset[Key]:
        topics = ((str(Listing.Kind.TOPIC), slug) for slug, _ in self.topics)
        part = str(Listing.Kind.PART), str(part_of(self.term_id))
        return frozenset((ALL, part, (str(Listing.Kind.LETTER), self.initial), *topics))


@dataclass(frozen=True, slots=True)
class Filing:
    """What came and went in lists with a change, added up entry by entry: a change may be of very many.

    ``changes`` are by how many entries each list grew, and ``pairs`` in how many more two topics stand together; a list
    that is named changed, even if by 0. ``topics`` are the names of topics by their slugs, and ``renamed`` the entries
    whose names are not what they were.
    """

    changes: Counter[Key] = field(default_factory=Counter)
    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    topics: dict[str, str] = field(default_factory=dict)
    renamed: set[int] = field(default_factory=set)

    def move(self, before: Filed | None, after: Filed | None) -> None:
        """Add an entry that was filed in one way and is filed in another now; ``None`` where it is not public."""
        if before == after:
            return
        for entry, sign in ((before, -1), (after, 1)):
            if entry is not None:
                self.changes.update(dict.fromkeys(entry.keys, sign))
                self.pairs.update(dict.fromkeys(permutations(sorted(slug for slug, _ in entry.topics), 2), sign))
        if after is not None:
            self.topics.update(after.topics)


def filed(entry: PublishedEntry, topics: Iterable[EntryTag]) -> Filed:
    """Return how an entry with these topics is filed."""
    pairs = frozenset((topic.slug, topic.name) for topic in topics)
    return Filed(entry.pk, entry.slug, entry.title, entry.summary, entry.initial, pairs)


def part_of(term_id: int) -> int:
    """Return the number, from 1, of the part of the sitemap in which a term stands."""
    return (term_id - 1) // PART_SIZE + 1


def keep_lists(filing: Filing, *, at: datetime) -> set[str]:
    """Count what came, changed and went. Called last, right before the content version is raised.

    Returns the slugs of the topics that have another name than before.
    """
    if not filing.changes:
        return set()
    # See Note [What lists are counted by].
    ContentVersion.objects.select_for_update().get_or_create(pk=1)
    renamed = _count_listings(filing.changes, filing.topics, at=at)
    _count_pairs({pair: change for pair, change in filing.pairs.items() if change})
    return renamed


@transaction.atomic
def recount_lists(*, at: datetime) -> None:
    """Count all lists anew. What is right already stays as it is, and so do the descriptions of topics."""
    ContentVersion.objects.select_for_update().get_or_create(pk=1)
    entries, carried = PublishedEntry.objects.order_by(), EntryTag.objects.order_by()
    right = [
        _topic(slug, name, count, newest)
        for slug, name, count, newest in carried.values_list("slug").annotate(
            Min("name"), Count("pk"), Max("entry__published_at")
        )
    ]
    for initial, count, newest in entries.values_list("initial").annotate(Count("pk"), Max("published_at")):
        right.append(Listing(kind=Listing.Kind.LETTER, key=initial, count=count, changed_at=newest))
    parts = entries.annotate(part=(F("pk") - 1) / PART_SIZE + 1).values_list("part")
    for part, count, newest in parts.annotate(Count("pk"), Max("published_at")):
        right.append(Listing(kind=Listing.Kind.PART, key=str(part), count=count, changed_at=newest))
    total = entries.aggregate(count=Count("pk"), newest=Max("published_at"))
    right.append(Listing(kind=ALL[0], key=ALL[1], count=total["count"], changed_at=total["newest"] or at))
    known = {(listing.kind, listing.key): listing for listing in Listing.objects.all()}
    wrong = [known.pop((listing.kind, listing.key), listing) for listing in right]
    for listing, counted in zip(wrong, right, strict=True):
        if listing.pk and listing.count != counted.count:
            listing.count, listing.changed_at = counted.count, at
    for listing in known.values():
        if listing.count:
            listing.count, listing.changed_at = 0, at
    _write([*wrong, *known.values()])
    newest_topic = max((listing.changed_at for listing in right if listing.kind == Listing.Kind.TOPIC), default=at)
    Listing.objects.get_or_create(kind=TOPICS[0], key=TOPICS[1], defaults={"changed_at": newest_topic})
    together: Counter[tuple[str, str]] = Counter()
    for _, rows in groupby(
        carried.order_by("entry_id").values_list("entry_id", "slug").iterator(BATCH), key=itemgetter(0)
    ):
        together.update(permutations(sorted(slug for _, slug in rows), 2))
    TopicPair.objects.all().delete()
    _count_pairs(together)


def _count_listings(changes: Mapping[Key, int], names: Mapping[str, str], *, at: datetime) -> set[str]:
    """Add ``changes`` to the counts of lists, and return the slugs of the topics whose names changed.

    Each list that is named changed, even if its count didn't.
    """
    known = _known(changes)
    listings: list[Listing] = []
    renamed: set[str] = set()
    overview_changed = False
    for (kind, key), change in changes.items():
        listing = known.get((kind, key)) or Listing(kind=kind, key=key)
        if kind == Listing.Kind.TOPIC:
            name = names.get(key, listing.name)
            if listing.pk and listing.name != name:
                renamed.add(key)
            overview_changed |= bool(change) or listing.name != name
            _name(listing, name)
        listing.count += change
        listing.changed_at = at
        listings.append(listing)
    _write(listings)
    if overview_changed:
        Listing.objects.update_or_create(kind=TOPICS[0], key=TOPICS[1], defaults={"changed_at": at})
    return renamed


def _topic(slug: str, name: str, count: int, changed_at: datetime) -> Listing:
    listing = Listing(kind=Listing.Kind.TOPIC, key=slug, count=count, changed_at=changed_at)
    _name(listing, name)
    return listing


def _name(listing: Listing, name: str) -> None:
    listing.name, listing.sort_key, listing.initial = name, sort_key_of(name), initial_of(name)


def _write(listings: Iterable[Listing]) -> None:
    """Save listings. A topic that nothing carries any more has no page; a letter without terms has one that says so."""
    listings = [listing for listing in listings if listing.pk or listing.count]
    gone = [listing.pk for listing in listings if listing.kind == Listing.Kind.TOPIC and not listing.count]
    kept = [listing for listing in listings if listing.kind != Listing.Kind.TOPIC or listing.count]
    new = [listing for listing in kept if not listing.pk]
    described = _descriptions([listing.name for listing in new if listing.kind == Listing.Kind.TOPIC])
    for listing in new:
        listing.description = described.get(listing.name, "")
    Listing.objects.bulk_create(new, batch_size=BATCH)
    known = [listing for listing in kept if listing.pk]
    Listing.objects.bulk_update(known, ["count", "changed_at", "name", "sort_key", "initial"], batch_size=100)
    for chunk in chunks(gone):
        Listing.objects.filter(pk__in=chunk).delete()


def _descriptions(names: Sequence[str]) -> dict[str, str]:
    """Return the name of a tag → what its topic is about."""
    found: dict[str, str] = {}
    for chunk in chunks(names):
        found.update(TagDescription.objects.filter(tag__name__in=chunk).order_by("pk").values_list("tag__name", "text"))
    return found


def _known(keys: Iterable[Key]) -> dict[Key, Listing]:
    found: dict[Key, Listing] = {}
    for chunk in chunks(sorted({key for _, key in keys})):
        found.update(((listing.kind, listing.key), listing) for listing in Listing.objects.filter(key__in=chunk))
    return found


def _count_pairs(changes: Mapping[tuple[str, str], int]) -> None:
    known: dict[tuple[str, str], TopicPair] = {}
    for chunk in chunks(sorted({slug for slug, _ in changes})):
        known.update(((pair.slug, pair.other), pair) for pair in TopicPair.objects.filter(slug__in=chunk))
    new = []
    changed = []
    for (slug, other), change in changes.items():
        pair = known.get((slug, other))
        if pair is None:
            new.append(TopicPair(slug=slug, other=other, count=change))
        else:
            pair.count += change
            changed.append(pair)
    TopicPair.objects.bulk_create(new, batch_size=BATCH)
    gone = [pair.pk for pair in changed if pair.count == 0]
    TopicPair.objects.bulk_update([pair for pair in changed if pair.count], ["count"], batch_size=BATCH)
    for part in chunks(gone):
        TopicPair.objects.filter(pk__in=part).delete()
