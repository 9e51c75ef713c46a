"""Terms whose names are like a name that somebody is about to give: the same, a synonym, or a spelling away.

Looks at the working copies, since a draft is a duplicate too. Takes two queries of a bounded number of rows: the
database proposes names that share pieces with the wanted one, and Python compares those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from functools import reduce
from operator import add
from typing import Any

from django.db.models import Case, F, IntegerField, QuerySet, Value, When

from glossary.document.documents import MAX_TITLE
from glossary.models import Synonym, Term
from glossary.text.names import normalise

CANDIDATES = 40
MAX_PIECES = 8
# From so many letters on, names that differ in a letter or two are called close.
ENOUGH = 5
CLOSE = 0.86
# British and American spelling, and what is set between words, don't make another name.
_SPELLINGS = re.compile(r"oe|ae|œ|æ")
_BETWEEN = re.compile(r"[\W_]+")


class Likeness(StrEnum):
    """How a name is like the wanted one, the most alike first."""

    SAME = "same"
    CLOSE = "close"
    BEGINS = "begins"


@dataclass(frozen=True, slots=True)
class Similar:
    """A term that is like the wanted name, by its title or by a synonym (``name``)."""

    term_id: int
    title: str
    name: str
    likeness: Likeness

    def __str__(self) -> str:
        by_synonym = f", whose synonym is “{self.name}”" if self.name != self.title else ""
        match self.likeness:
            case Likeness.SAME if by_synonym:
                return f"“{self.title}” has “{self.name}” as a synonym"
            case Likeness.SAME:
                return f"“{self.title}” is already a term"
            case Likeness.CLOSE:
                return f"This is similar to “{self.title}”{by_synonym}"
        return (
            (f"“{self.title}” begins in the same way")
            if not by_synonym
            else f"“{self.title}” has “{self.name}” as a synonym"
        )


def similar_terms(name: str, *, without: int | None = None, limit: int = 5) -> list[Similar]:
    """Return terms like ``name``, the most alike first. ``without`` is the term that shall bear it."""
    wanted = normalise(name[:MAX_TITLE])
    if len(wanted) < 2:
        return []
    titles = _candidates(Term.objects.annotate(named=F("pk"), named_title=F("title")), "title", name, wanted)
    names = Synonym.objects.annotate(named=F("term_id"), named_title=F("term__title"))
    found: dict[int, Similar] = {}
    for pk, title, other in (*titles, *_candidates(names, "text", name, wanted)):
        likeness = _likeness(wanted, normalise(other)) if pk != without else None
        if likeness and (pk not in found or list(Likeness).index(likeness) < list(Likeness).index(found[pk].likeness)):
            found[pk] = Similar(pk, title, other, likeness)
    ranked = sorted(found.values(), key=lambda similar: (list(Likeness).index(similar.likeness), similar.title))
    return ranked[:limit]


def _candidates(names: QuerySet[Any], field: str, name: str, wanted: str) -> Iterable[tuple[int, str, str]]:
    """Return (term, its title, name) for names that share pieces with the wanted one, the most pieces first."""
    pieces = _pieces(wanted)
    hits = reduce(add, (_one_if(**{f"{field}__icontains": piece}) for piece in pieces))
    same = _one_if(**{f"{field}__iexact": " ".join(name.split())})
    ranked = names.alias(same=same, hits=hits).filter(hits__gte=max(1, len(pieces) // 2))
    rows: Iterable[tuple[int, str, str]] = ranked.order_by("-same", "-hits", field).values_list(
        "named", "named_title", field
    )[:CANDIDATES]
    return rows


def _one_if(**condition: str) -> Case:
    return Case(When(**condition, then=Value(1)), default=Value(0), output_field=IntegerField())


def _pieces(wanted: str) -> list[str]:
    """Return short parts of a name, most of which are still there when a letter is wrong."""
    size = 4 if len(wanted) >= 8 else 3
    starts = range(0, max(1, len(wanted) - size + 1), size)
    pieces = list(dict.fromkeys(wanted[start : start + size] for start in starts))
    if len(pieces) <= MAX_PIECES:
        return pieces
    return [pieces[round(number * (len(pieces) - 1) / (MAX_PIECES - 1))] for number in range(MAX_PIECES)]


def _likeness(wanted: str, other: str) -> Likeness | None:
    if wanted == other:
        return Likeness.SAME
    if len(wanted) < ENOUGH:
        return None
    one, two = _folded(wanted), _folded(other)
    if one == two:
        return Likeness.CLOSE
    if other.startswith(wanted):
        return Likeness.BEGINS
    matcher = SequenceMatcher(None, one, two, autojunk=False)
    if matcher.real_quick_ratio() >= CLOSE and matcher.quick_ratio() >= CLOSE and matcher.ratio() >= CLOSE:
        return Likeness.CLOSE
    return None


def _folded(name: str) -> str:
    words = _BETWEEN.sub(" ", _SPELLINGS.sub("e", name)).split()
    return " ".join(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words)
