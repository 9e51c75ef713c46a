"""What other pages show of a term, before a change and after it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from glossary.models import EntryName, EntryTag, PublishedEntry


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What other pages show of a published term, and how it is found there.

    ``tags`` are pairs of slug and name, ``names`` of name and kind.
    """

    slug: str
    title: str
    summary: str
    initial: str
    sort_key: str
    tags: frozenset[tuple[str, str]]
    names: frozenset[tuple[str, str]]

    @property
    def place(self) -> tuple[str, str]:
        """Where the term stands among all others."""
        return self.sort_key, self.slug

    @property
    def shown(self) -> tuple[str, str, str]:
        """What is shown of it: by links to it the address and the title, by lists and previews the summary too."""
        return self.slug, self.title, self.summary

    @property
    def topics(self) -> frozenset[str]:
        """The slugs of its tags."""
        return frozenset(slug for slug, _ in self.tags)


@dataclass(frozen=True, slots=True)
class Change:
    """A term before a change and after it; ``None`` where it is not public."""

    pk: int
    before: Snapshot | None
    now: Snapshot | None

    @property
    def sides(self) -> tuple[Snapshot, ...]:
        return tuple(snapshot for snapshot in (self.before, self.now) if snapshot)

    @property
    def both(self) -> tuple[Snapshot, Snapshot] | None:
        """Both sides of a term that was public and still is."""
        return (self.before, self.now) if self.before and self.now else None

    @property
    def is_shown(self) -> bool:
        """Whether what other pages show of it has changed."""
        return self.both is None or self.both[0].shown != self.both[1].shown

    @property
    def is_renamed(self) -> bool:
        """Whether it has another title or address, and with them another place among all others, or came or went."""
        return self.both is None or self.both[0].shown[:2] != self.both[1].shown[:2]

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """The names whose mentions may look different: all, where the pages behind the links do."""
        before, now = (snapshot.names if snapshot else frozenset() for snapshot in (self.before, self.now))
        return before | now if self.is_shown else before ^ now


def snapshots(terms: Collection[int]) -> dict[int, Snapshot]:
    """Return what other pages show of those of these terms that are published. Three queries."""
    tags: dict[int, set[tuple[str, str]]] = {}
    names: dict[int, set[tuple[str, str]]] = {}
    for pk, slug, name in EntryTag.objects.filter(entry__in=terms).order_by().values_list("entry_id", "slug", "name"):
        tags.setdefault(pk, set()).add((slug, name))
    for pk, name, kind in EntryName.objects.filter(entry__in=terms).values_list("entry_id", "name", "kind"):
        names.setdefault(pk, set()).add((name, kind))
    rows = PublishedEntry.objects.filter(pk__in=terms).order_by()
    return {
        pk: Snapshot(slug, title, summary, initial, sort_key, frozenset(tags.get(pk, ())), frozenset(names.get(pk, ())))
        for pk, slug, title, summary, initial, sort_key in rows.values_list(
            "pk", "slug", "title", "summary", "initial", "sort_key"
        )
    }


def changes(before: dict[int, Snapshot], terms: Collection[int]) -> list[Change]:
    """Return how terms changed of which other pages show something; ``before`` are their snapshots before that."""
    now = snapshots(terms)
    pairs = ((pk, before.get(pk), now.get(pk)) for pk in terms)
    return [Change(pk, old, new) for pk, old, new in pairs if old != new]
