"""Check that each erased record has its event, and each event of an erasure its record.

A record can be erased by anybody who has the database and knows what it says, and the leaf stays right. The event that
an erasure leaves is what tells a visitor's from another one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from consent.ledger.faults import Fault, Faulty
from consent.ledger.tree import BLOCK_LEVEL
from consent.models import ConsentEvent, ConsentRecord, PrunedBlock

AT_ONCE = 500


@dataclass(slots=True)
class _Told:
    """What events tell of erasures: by leaf, or, as older ones did, by index or by nothing."""

    leaves: dict[str, int | None] = field(default_factory=dict)
    indexes: set[int] = field(default_factory=set)
    unnamed: int = 0


def check_erasures() -> list[str]:
    """Return what could not be compared, in words. Raises :class:`Faulty` for the first that doesn't match.

    Holds a leaf for each erasure in memory.
    """
    # Records first: what is erased meanwhile has an event by the time that events are read.
    erased = dict(ConsentRecord.objects.erased().order_by("index").values_list("leaf", "index"))
    told = _told()
    without = {leaf: index for leaf, index in erased.items() if leaf not in told.leaves and index not in told.indexes}
    if len(without) > told.unnamed:
        index = next(iter(without.values()))
        where = "that waits to be sealed" if index is None else f"{index}"
        raise Faulty(Fault.ERASURE, f"Record {where} was erased, but no event says so.", index)
    _look_for_records({leaf: index for leaf, index in told.leaves.items() if leaf not in erased}, "leaf")
    _look_for_records({index: index for index in told.indexes - set(erased.values())}, "index")
    if told.unnamed > len(without) and not PrunedBlock.objects.exists():
        raise Faulty(Fault.ERASURE, f"{told.unnamed - len(without)} events say that a record was erased, but none was.")
    if told.unnamed:
        return [f"{told.unnamed:,} of the events of erasures, which are too old to name their record"]
    return []


def _told() -> _Told:
    told = _Told()
    events = ConsentEvent.objects.filter(verb=ConsentEvent.Verb.ERASED).order_by("pk")
    for details in events.values_list("details", flat=True).iterator(chunk_size=AT_ONCE):
        leaf, index = details.get("leaf"), details.get("index")
        if (leaf in told.leaves) if leaf else (index in told.indexes):
            raise Faulty(Fault.ERASURE, f"Two events say that record {index} was erased.", index)
        if leaf:
            told.leaves[leaf] = index
        elif index is None:
            told.unnamed += 1
        else:
            told.indexes.add(index)
    return told


def _look_for_records(told: dict[Any, int | None], column: str) -> None:
    """Look at the records that events call erased and that were not, at that moment."""
    named = list(told)
    for start in range(0, len(named), AT_ONCE):
        keys = named[start : start + AT_ONCE]
        rows = ConsentRecord.objects.filter(**{f"{column}__in": keys}).values_list(column, "personal_sha256", "index")
        found = {key: (erased, index) for key, erased, index in rows}
        for key in keys:
            erased, index = found.get(key, ("", told[key]))
            if erased or (key not in found and _is_pruned(index)):
                continue
            raise Faulty(
                Fault.ERASURE,
                f"An event says that record {'' if index is None else index} was erased, and it "
                + ("was not." if key in found else "is gone."),
                index,
            )


def _is_pruned(index: int | None) -> bool:
    """Whether the record with this index, or one that was not sealed yet, may have gone with its block."""
    blocks = PrunedBlock.objects.all() if index is None else PrunedBlock.objects.filter(number=index >> BLOCK_LEVEL)
    return blocks.exists()
