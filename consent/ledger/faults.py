"""What can be wrong with the ledger, by name."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What can be wrong, in one word each."""

    CHANGED = "changed"  # a record says something else than what was sealed
    FORGED = "forged"  # a record was put in by somebody without the key
    MISSING = "missing"  # a record within the ledger is gone
    CUT_OFF = "cut off"  # the newest records are gone
    SWAPPED = "swapped"  # two records stand at one another's place
    MOVED = "moved"  # a record stands at another place than it was given
    REWRITTEN = "rewritten"  # all rows fit together, but not the head that was signed over them
    ADDED = "added"  # a record counts as sealed, but no head was signed over it
    TREE = "tree"  # a stored node or pruned block doesn't fit the records
    HEAD = "head"  # a signed head isn't one, or isn't ours
    NOTICE = "notice"  # a notice isn't what its hash says
    ERASURE = "erasure"  # a record was erased without an event, or an event tells of an erasure that wasn't
    JOURNAL = "journal"  # a notice's date or reason, an event or a count of statistics was changed or is gone
    TIME = "time"  # times contradict one another: of a record, its notice and the heads


class Faulty(Exception):
    """The first thing that isn't as it was sealed: what it is, where, and in words."""

    def __init__(self, fault: Fault, words: str, index: int | None = None) -> None:
        super().__init__(words)
        self.fault, self.words, self.index = fault, words, index
