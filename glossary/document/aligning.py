"""Which items of two sequences are the same, in a number of steps that is bounded whatever is compared."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

# Up to so many pairs of equal items are compared by difflib, which takes its time with each pair. See _alignment().
MAX_PAIRS = 50_000
# difflib looks through the whole of a part again for each run that it finds: so many items in all for one part, and for
# all parts together, with more for each item of the sequences.
MAX_LOOKS = 200_000
LOOKS_FOR_EACH = 100
WIDTHS = (1, 3, 6)


def ranges(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[slice, slice, bool]]:
    """Yield, in order, the parts of both that are the same (``True``) and what is between them."""
    numbers: dict[Hashable, int] = {}
    a = [numbers.setdefault(item, len(numbers)) for item in old]
    b = [numbers.setdefault(item, len(numbers)) for item in new]
    at, to = 0, 0
    # Behind the last pair an empty one, so that what follows it is yielded too.
    for i, j, length in (*_joined(sorted(_alignment(a, b))), (len(a), len(b), 0)):
        if at < i or to < j:
            yield slice(at, i), slice(to, j), False
        if length:
            yield slice(i, i + length), slice(j, j + length), True
        at, to = i + length, j + length


def rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return a longest part of ``pairs`` (rising in the first) that rises in the second too (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        before.append(piles[pile - 1] if pile else -1)
        tops[pile : pile + 1] = [j]
        piles[pile : pile + 1] = [index]
    found = []
    index = piles[-1] if piles else -1
    while index >= 0:
        found.append(pairs[index])
        index = before[index]
    return found[::-1]


def _joined(runs: Iterable[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """Join runs that follow one another without a gap."""
    start: tuple[int, int, int] | None = None
    for i, j, length in runs:
        if start and (start[0] + start[2], start[1] + start[2]) == (i, j):
            start = (start[0], start[1], start[2] + length)
            continue
        if start:
            yield start
        start = (i, j, length)
    if start:
        yield start


def _alignment(a: Sequence[int], b: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """Yield runs ``(i, j, length)`` with ``a[i:i + length] == b[j:j + length]``, in any order, never crossing.

    Bounded, whatever is compared. Equal beginnings and ends are taken off first. What is left goes to difflib while
    that is cheap; its time grows with the pairs of equal items, which are many in long texts (each “the” pairs with
    each other), and with the length for each run that it finds. A longer text is divided where a word, or a few words
    in a row, appear once on either side (patience diff). Where nothing does, or the bound is reached, the whole part
    counts as replaced.
    """
    looks = 5 * MAX_LOOKS + LOOKS_FOR_EACH * (len(a) + len(b))
    parts = [(0, len(a), 0, len(b))]
    while parts:
        a_from, a_to, b_from, b_to = parts.pop()
        start = 0
        while a_from + start < a_to and b_from + start < b_to and a[a_from + start] == b[b_from + start]:
            start += 1
        if start:
            yield a_from, b_from, start
        a_from, b_from = a_from + start, b_from + start
        end = 0
        while a_from < a_to - end and b_from < b_to - end and a[a_to - end - 1] == b[b_to - end - 1]:
            end += 1
        if end:
            yield a_to - end, b_to - end, end
        a_to, b_to = a_to - end, b_to - end
        if a_from == a_to or b_from == b_to:
            continue
        looks -= len(WIDTHS) * (a_to - a_from + b_to - b_from)
        counts_a, counts_b = Counter(a[a_from:a_to]), Counter(b[b_from:b_to])
        pairs = sum(count * counts_b[item] for item, count in counts_a.items())
        cost = (a_to - a_from) * min(a_to - a_from, b_to - b_from, pairs)
        if looks < 0 or not pairs:
            continue
        if pairs <= MAX_PAIRS and cost <= min(looks, MAX_LOOKS):
            looks -= cost
            # Without autojunk: it drops frequent words from matching once a text has 200 of them, and reports changes
            # that nobody made.
            matcher = SequenceMatcher(None, a[a_from:a_to], b[b_from:b_to], autojunk=False)
            yield from ((a_from + i, b_from + j, n) for i, j, n in matcher.get_matching_blocks() if n)
            continue
        for width in WIDTHS:
            if anchors := rising(_once(a, a_from, a_to, b, b_from, b_to, width)):
                edges = [(a_from, b_from), *anchors, (a_to, b_to)]
                parts.extend((i, i_to, j, j_to) for (i, j), (i_to, j_to) in pairwise(edges))
                break


def _once(
    a: Sequence[int], a_from: int, a_to: int, b: Sequence[int], b_from: int, b_to: int, width: int
) -> list[tuple[int, int]]:
    """Return where ``width`` items in a row appear once in either part: pairs of places, rising in the first."""
    places: list[dict[tuple[int, ...], int]] = []
    for items, start, stop in ((a, a_from, a_to), (b, b_from, b_to)):
        rows = list(zip(*(items[start + shift : stop] for shift in range(width)), strict=False))
        counts = Counter(rows)
        places.append({row: start + index for index, row in enumerate(rows) if counts[row] == 1})
    ours, theirs = places
    return [(i, theirs[row]) for row, i in ours.items() if row in theirs]
