"""What is public of a term, before a change and after it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from glossary.models import EntryName, EntryTag, PublishedEntry, TermSnapshot


@dataclass(frozen=True, slots=True)
class PublicState:
    """What other pages show of a published term (``shown``), and how it is found there.

    ``tags`` are pairs of slug and name, ``names`` of name and kind.
    """

    shown: TermSnapshot
    initial: str
    sort_key: str
    tags: frozenset[tuple[str, str]]
    names: frozenset[tuple[str, str]]

    @property
    def place(self) -> tuple[str, str]:
        """Where the term stands among all others."""
        return self.sort_key, self.shown.slug

    @property
    def topics(self) -> frozenset[str]:
        """The slugs of its tags."""
        return frozenset(slug for slug, _ in self.tags)


@dataclass(frozen=True, slots=True)
class Change:
    """A term before a change and after it; ``None`` where it is not public."""

    pk: int
    before: PublicState | None
    now: PublicState | None

    @property
    def sides(self) -> tuple[PublicState, ...]:
        return tuple(state for state in (self.before, self.now) if state)

    @property
    def both(self) -> tuple[PublicState, PublicState] | None:
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
        before, now = (state.names if state else frozenset() for state in (self.before, self.now))
        return before | now if self.is_shown else before ^ now


def public_states(terms: Collection[int]) -> dict[int, PublicState]:
    """Return what is public of those of these terms that are published. Three queries."""
    tags: dict[int, set[tuple[str, str]]] = {}
    names: dict[int, set[tuple[str, str]]] = {}
    for pk, slug, name in EntryTag.objects.filter(entry__in=terms).order_by().values_list("entry_id", "slug", "name"):
        tags.setdefault(pk, set()).add((slug, name))
    for pk, name, kind in EntryName.objects.filter(entry__in=terms).values_list("entry_id", "name", "kind"):
        names.setdefault(pk, set()).add((name, kind))
    rows = PublishedEntry.objects.filter(pk__in=terms).order_by()
    return {
        pk: PublicState(
            TermSnapshot(*shown), initial, sort_key, frozenset(tags.get(pk, ())), frozenset(names.get(pk, ()))
        )
        for pk, initial, sort_key, *shown in rows.values_list("pk", "initial", "sort_key", *TermSnapshot._fields)
    }


def changes(before: dict[int, PublicState], terms: Collection[int]) -> list[Change]:
    """Return how terms changed of which other pages show something; ``before`` is what was public of them."""
    now = public_states(terms)
    pairs = ((pk, before.get(pk), now.get(pk)) for pk in terms)
    return [Change(pk, old, new) for pk, old, new in pairs if old != new]
