"""What changed between two texts, word by word.

Markup that changes meaning counts: ``10<sup>3</sup>`` and ``103`` differ, and so do two links with the same words. What
comes out is data (blocks of segments); templates decide how an insertion or a deletion looks and is announced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from html.parser import HTMLParser
from itertools import zip_longest

BLOCKS = frozenset({"p", "ul", "ol", "li"})
INLINE = frozenset({"strong", "em", "sub", "sup", "a"})
# Words (with what is inside them, such as hyphens and apostrophes), runs of blanks, and single other characters.
_PIECES = re.compile(r"\w+(?:[-–’'.,]\w+)*|\s+|[^\w\s]")
# Beyond this many words on either side a whole text is shown as replaced: the comparison would take seconds.
MAX_WORDS = 20_000


class Change(StrEnum):
    """What happened to a segment on the way from the old text to the new one."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, blank or sign with its markup (``marks``, outermost first), or the beginning of a block."""

    text: str
    marks: tuple[str, ...] = ()
    block: str = ""


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
    return _compare(tuple(_tokens_of_html(old)), tuple(_tokens_of_html(new)))


def compare_text(old: str, new: str) -> Comparison:
    """Return what changed from ``old`` to ``new``, two plain texts of one line each."""
    return _compare(tuple(_words(old, ())), tuple(_words(new, ())))


def compare_rows(old: Sequence[str], new: Sequence[str]) -> Comparison:
    """Return what changed from one list of plain lines to another: a block for each row, compared word by word.

    A row that only moved is shown as removed there and added here.
    """
    blocks: list[Block] = []
    added = removed = 0
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        for before, after in zip_longest(old[old_from:old_to], new[new_from:new_to]):
            row = compare_text(before or "", after or "")
            change = Change.ADDED if before is None else Change.REMOVED if after is None else Change.SAME
            segments = tuple(segment for block in row.blocks for segment in block.segments)
            blocks.append(Block("li", change, segments))
            if kind != "equal":
                added, removed = added + row.added, removed + row.removed
    return Comparison(tuple(blocks), added, removed)


def _compare(old: Sequence[Token], new: Sequence[Token]) -> Comparison:
    blocks = _Blocks()
    added = removed = 0
    for change, tokens in _changes(old, new):
        for token in tokens:
            blocks.add(change, token)
            if change is Change.ADDED:
                added += not token.text.isspace()
            elif change is Change.REMOVED:
                removed += not token.text.isspace()
    return Comparison(blocks.finished(), added, removed)


def _changes(old: Sequence[Token], new: Sequence[Token]) -> Iterator[tuple[Change, Sequence[Token]]]:
    if max(len(old), len(new)) > MAX_WORDS and old != new:
        yield Change.REMOVED, old
        yield Change.ADDED, new
        return
    # Without autojunk: it drops frequent words from matching once a text has 200 of them, and reports changes that
    # nobody made.
    for kind, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield Change.SAME, new[new_from:new_to]
            continue
        yield Change.REMOVED, old[old_from:old_to]
        yield Change.ADDED, new[new_from:new_to]


class _Blocks:
    """Puts tokens in a row back into blocks, joining neighbours of one kind into segments."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.tag = "p"
        self.change = Change.SAME
        self.segments: list[Segment] = []

    def add(self, change: Change, token: Token) -> None:
        if token.block:
            self._close()
            self.tag, self.change = token.block, change
            return
        last = self.segments[-1] if self.segments else None
        if last and last.change is change and last.marks == token.marks:
            self.segments[-1] = Segment(change, last.text + token.text, token.marks)
        else:
            self.segments.append(Segment(change, token.text, token.marks))

    def finished(self) -> tuple[Block, ...]:
        self._close()
        return tuple(self.blocks)

    def _close(self) -> None:
        if self.segments:
            self.blocks.append(Block(self.tag, self.change, tuple(self.segments)))
        self.segments = []


def _words(text: str, marks: tuple[str, ...]) -> Iterable[Token]:
    for piece in _PIECES.findall(text):
        yield Token(" " if piece.isspace() else piece, marks)


def _tokens_of_html(fragment: str) -> list[Token]:
    parser = _Tokens()
    parser.feed(fragment)
    parser.close()
    return parser.tokens


class _Tokens(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[Token] = []
        self.marks: list[str] = []
        self.lists: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("ul", "ol"):
            self.lists.append(tag)
        elif tag == "li":
            # An item of a numbered list is another thing than one of a bulleted list.
            self.tokens.append(Token("", block="oli" if self.lists[-1:] == ["ol"] else "li"))
        elif tag == "p":
            self.tokens.append(Token("", block="p"))
        elif tag == "br":
            self.tokens.append(Token("\n", tuple(self.marks)))
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
        if data.strip() or (self.tokens[-1:] and not self.tokens[-1].block):
            self.tokens.extend(_words(data, tuple(self.marks)))
