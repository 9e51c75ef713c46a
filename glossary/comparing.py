"""What changed between two texts, word by word.

Markup that changes meaning counts: ``10<sup>3</sup>`` and ``103`` differ, and so do two links with the same words. What
comes out is data (blocks of segments); templates decide how an insertion or a deletion looks and is announced.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from html.parser import HTMLParser
from itertools import pairwise, zip_longest

INLINE = frozenset({"strong", "em", "sub", "sup", "a"})
# Words (with what is inside them, such as hyphens and apostrophes), runs of blanks, and single other characters.
_PIECES = re.compile(r"\w+(?:[-–’'.,]\w+)*|\s+|[^\w\s]")
# Up to so many pairs of equal items are compared by difflib, which takes its time with each pair. See _alignment().
MAX_PAIRS = 50_000
WIDTHS = (1, 3, 6)
# Two rows of a list that share this much of their words are one row, changed.
ALIKE = 0.5


class Change(StrEnum):
    """What happened to a segment on the way from the old text to the new one."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign with its markup (``marks``, outermost first), or the beginning of a block."""

    text: str
    marks: tuple[str, ...] = ()
    block: str = ""


@dataclass(frozen=True, slots=True)
class Spaced:
    """A token and the blank before it, as markup (``None`` for no blank). Blanks are no changes of their own."""

    token: Token
    blank: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive text of one kind of change and one markup. ``href`` is set inside a link."""

    change: Change
    text: str
    marks: tuple[str, ...] = ()

    @property
    def href(self) -> str:
        return next((mark.removeprefix("a ") for mark in self.marks if mark.startswith("a ")), "")

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(mark for mark in self.marks if not mark.startswith("a "))


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph or list item, and whether the block itself was added or removed."""

    tag: str
    change: Change
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts, compared. ``changed`` is false when a reader would see the same."""

    blocks: tuple[Block, ...]
    added: int
    removed: int

    @property
    def changed(self) -> bool:
        return bool(self.added or self.removed)


def compare_html(old: str, new: str) -> Comparison:
    """Return what changed from ``old`` to ``new``, two fragments of the glossary's allow-list."""
    return _compare(_tokens_of_html(old), _tokens_of_html(new))


def compare_text(old: str, new: str) -> Comparison:
    """Return what changed from ``old`` to ``new``, two plain texts of one line each."""
    return _compare(_tokens_of_text(old), _tokens_of_text(new))


def compare_rows(old: Sequence[str], new: Sequence[str]) -> Comparison:
    """Return what changed from one list of plain lines to another: a block for each row, compared word by word.

    A row that only moved is shown as removed there and added here.
    """
    blocks: list[Block] = []
    added = removed = 0
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for before, after in _pairs(old[old_from:old_to], new[new_from:new_to]):
            row = compare_text(before or "", after or "")
            change = Change.ADDED if before is None else Change.REMOVED if after is None else Change.SAME
            segments = tuple(segment for block in row.blocks for segment in block.segments)
            blocks.append(Block("li", change, segments))
            if kind != "equal":
                added, removed = added + row.added, removed + row.removed
    return Comparison(tuple(blocks), added, removed)


def _pairs(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[str | None, str | None]]:
    """Put rows that became one another side by side; of two that have little in common, one went and one came."""
    for before, after in zip_longest(old, new):
        if before is None or after is None or _alike(before, after):
            yield before, after
        else:
            yield before, None
            yield None, after


def _alike(one: str, other: str) -> bool:
    words, others = one.split(), other.split()
    return one == other or SequenceMatcher(None, words, others, autojunk=False).ratio() >= ALIKE


def _compare(old: Sequence[Spaced], new: Sequence[Spaced]) -> Comparison:
    blocks = _Blocks()
    added = removed = 0
    for change, tokens in _changes(old, new):
        for spaced in tokens:
            blocks.add(change, spaced)
        if change is Change.ADDED:
            added += len(tokens)
        elif change is Change.REMOVED:
            removed += len(tokens)
    return Comparison(blocks.finished(), added, removed)


def _changes(old: Sequence[Spaced], new: Sequence[Spaced]) -> Iterator[tuple[Change, Sequence[Spaced]]]:
    """Compare whole blocks first, and then words inside those that differ."""
    before, after = _split(old), _split(new)
    keys = [tuple(spaced.token for spaced in block) for block in (*before, *after)]
    for old_blocks, new_blocks, same in _ranges(keys[: len(before)], keys[len(before) :]):
        gone = [spaced for block in before[old_blocks] for spaced in block]
        come = [spaced for block in after[new_blocks] for spaced in block]
        if same:
            yield Change.SAME, come
            continue
        words = [spaced.token for spaced in gone], [spaced.token for spaced in come]
        for old_words, new_words, unchanged in _ranges(*words):
            if unchanged:
                yield Change.SAME, come[new_words]
                continue
            left, right = gone[old_words], come[new_words]
            if left and right and left[0].blank is not None and left[0].blank == right[0].blank:
                # The blank before both is no part of the change.
                yield Change.SAME, [Spaced(Token("", left[0].blank), left[0].blank)]
                left, right = ([Spaced(side[0].token), *side[1:]] for side in (left, right))
            yield Change.REMOVED, left
            yield Change.ADDED, right


def _split(tokens: Sequence[Spaced]) -> list[list[Spaced]]:
    """Return the tokens of each block, its beginning included."""
    blocks: list[list[Spaced]] = []
    for spaced in tokens:
        if spaced.token.block or not blocks:
            blocks.append([])
        blocks[-1].append(spaced)
    return blocks


def _ranges(old: Sequence[Hashable], new: Sequence[Hashable]) -> Iterator[tuple[slice, slice, bool]]:
    """Yield, in order, the parts of both that are the same (``True``) and what stands between them."""
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
    each other). A longer text is divided where a word, or a few words in a row, stand once on either side (patience
    diff); where nothing does, the whole part counts as replaced.
    """
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
        counts_a, counts_b = Counter(a[a_from:a_to]), Counter(b[b_from:b_to])
        if sum(count * counts_b[item] for item, count in counts_a.items()) <= MAX_PAIRS:
            # Without autojunk: it drops frequent words from matching once a text has 200 of them, and reports changes
            # that nobody made.
            matcher = SequenceMatcher(None, a[a_from:a_to], b[b_from:b_to], autojunk=False)
            yield from ((a_from + i, b_from + j, n) for i, j, n in matcher.get_matching_blocks() if n)
            continue
        for width in WIDTHS:
            if anchors := _rising(_once(a, a_from, a_to, b, b_from, b_to, width)):
                edges = [(a_from, b_from), *anchors, (a_to, b_to)]
                parts.extend((i, i_to, j, j_to) for (i, j), (i_to, j_to) in pairwise(edges))
                break


def _once(
    a: Sequence[int], a_from: int, a_to: int, b: Sequence[int], b_from: int, b_to: int, width: int
) -> list[tuple[int, int]]:
    """Return where ``width`` items in a row stand exactly once in either part: pairs of places, rising in the first."""
    places: list[dict[tuple[int, ...], int]] = []
    for items, start, stop in ((a, a_from, a_to), (b, b_from, b_to)):
        rows = list(zip(*(items[start + shift : stop] for shift in range(width)), strict=False))
        counts = Counter(rows)
        places.append({row: start + index for index, row in enumerate(rows) if counts[row] == 1})
    ours, theirs = places
    return [(i, theirs[row]) for row, i in ours.items() if row in theirs]


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
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


class _Blocks:
    """Puts tokens in a row back into blocks, joining neighbours of one kind into segments."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.tag = "p"
        self.change = Change.SAME
        self.parts: list[tuple[Change, tuple[str, ...], list[str]]] = []

    def add(self, change: Change, spaced: Spaced) -> None:
        if spaced.token.block:
            self._close()
            self.tag, self.change = spaced.token.block, change
            return
        if spaced.blank is not None:
            self._add(change, " ", spaced.blank)
        self._add(change, spaced.token.text, spaced.token.marks)

    def finished(self) -> tuple[Block, ...]:
        self._close()
        return tuple(self.blocks)

    def _add(self, change: Change, text: str, marks: tuple[str, ...]) -> None:
        if self.parts and self.parts[-1][:2] == (change, marks):
            self.parts[-1][2].append(text)
        else:
            self.parts.append((change, marks, [text]))

    def _close(self) -> None:
        if self.parts:
            segments = tuple(Segment(change, "".join(texts), marks) for change, marks, texts in self.parts)
            self.blocks.append(Block(self.tag, self.change, segments))
        self.parts = []


def _tokens_of_text(text: str) -> list[Spaced]:
    tokens = _Tokens()
    tokens.handle_data(text)
    return tokens.tokens


def _tokens_of_html(fragment: str) -> list[Spaced]:
    parser = _Tokens()
    parser.feed(fragment)
    parser.close()
    return parser.tokens


class _Tokens(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[Spaced] = []
        self.marks: list[str] = []
        self.lists: list[str] = []
        self.blank: tuple[str, ...] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("ul", "ol"):
            self.lists.append(tag)
        elif tag == "li":
            # An item of a numbered list is another thing than one of a bulleted list.
            self._begin("oli" if self.lists[-1:] == ["ol"] else "li")
        elif tag == "p":
            self._begin("p")
        elif tag == "br":
            self.tokens.append(Spaced(Token("\n", tuple(self.marks))))
            self.blank = None
        elif tag in INLINE:
            self.marks.append(f"a {dict(attrs).get('href') or ''}" if tag == "a" else tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
        elif tag in INLINE:
            for position in reversed(range(len(self.marks))):
                if self.marks[position].split(" ", 1)[0] == tag:
                    del self.marks[position]
                    break

    def handle_data(self, data: str) -> None:
        marks = tuple(self.marks)
        for piece in _PIECES.findall(data):
            if piece.isspace():
                # Before the first word of a block a blank isn't seen.
                begun = self.tokens and not self.tokens[-1].token.block
                self.blank = marks if begun else None
            else:
                self.tokens.append(Spaced(Token(piece, marks), self.blank))
                self.blank = None

    def _begin(self, block: str) -> None:
        self.tokens.append(Spaced(Token("", block=block)))
        self.blank = None
