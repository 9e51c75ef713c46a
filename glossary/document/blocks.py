"""The blocks of a text (paragraphs, list items, rows), as a comparison takes them apart and puts them together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from html.parser import HTMLParser

INLINE = frozenset({"strong", "em", "sub", "sup", "a"})

# Words (with what is inside them, such as hyphens and apostrophes), runs of blanks, and single other characters.
_PIECES = re.compile(r"\w+(?:[-–’'.,]\w+)*|\s+|[^\w\s]")

_WORD = re.compile(r"\w")


class Change(StrEnum):
    """What happened to a segment on the way from the old text to the new one."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign with its markup (``marks``, outermost first)."""

    text: str
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spaced:
    """A token and the blank before it, as markup (``None`` for no blank). Blanks are no changes of their own."""

    token: Token
    blank: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """What a block is: a paragraph (``p``), or an item of a bulleted (``li``) or numbered (``oli``) list.

    ``level`` says in how many lists it is. ``begins`` is true for the first item of a list directly behind another of
    its kind, with which it would otherwise be one.
    """

    tag: str = "p"
    level: int = 0
    begins: bool = False


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
    """A paragraph, list item or row, and whether the block itself was added or removed.

    ``was`` is its shape before, if that changed; ``moved`` its places before and now, counted from 1, if it moved.
    ``divided`` is true for the second part of one that became two, ``joined`` for one that was two.
    """

    shape: Shape
    change: Change
    segments: tuple[Segment, ...]
    was: Shape | None = None
    moved: tuple[int, int] | None = None
    divided: bool = False
    joined: bool = False

    @property
    def tag(self) -> str:
        return self.shape.tag

    @property
    def rearranged(self) -> bool:
        """Whether more changed than words."""
        return bool(self.was or self.moved or self.divided or self.joined)

    @property
    def changed(self) -> bool:
        return self.rearranged or any(segment.change is not Change.SAME for segment in self.segments)


@dataclass(frozen=True, slots=True)
class Part:
    """A block of one of the two texts."""

    shape: Shape
    spaced: list[Spaced] = field(default_factory=list)

    @property
    def tokens(self) -> tuple[Token, ...]:
        return tuple(spaced.token for spaced in self.spaced)

    @property
    def words(self) -> list[str]:
        """The words, or the signs if there are none."""
        texts = [spaced.token.text for spaced in self.spaced]
        return [text for text in texts if _WORD.match(text)] or texts

    def as_block(self, change: Change) -> Block:
        line = Line(self.shape)
        line.add(change, self.spaced)
        return line.block(change)


class Line:
    """A block in the making, whose neighbours of one kind are joined into segments."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._parts: list[tuple[Change, tuple[str, ...], list[str]]] = []

    def add(self, change: Change, tokens: Sequence[Spaced]) -> None:
        for spaced in tokens:
            if spaced.blank is not None:
                self._add(change, " ", spaced.blank)
            self._add(change, spaced.token.text, spaced.token.marks)

    def block(self, change: Change) -> Block:
        return Block(
            self.shape, change, tuple(Segment(change, "".join(texts), marks) for change, marks, texts in self._parts)
        )

    def _add(self, change: Change, text: str, marks: tuple[str, ...]) -> None:
        if self._parts and self._parts[-1][:2] == (change, marks):
            self._parts[-1][2].append(text)
        else:
            self._parts.append((change, marks, [text]))


def parts_of_rows(rows: Sequence[str], shape: Shape = Shape()) -> list[Part]:
    return [part for row in rows if (part := Part(shape, _Blanks().spaced(row))).spaced]


def parts_of_html(fragment: str) -> list[Part]:
    parser = _Parts()
    parser.feed(fragment)
    parser.close()
    return [part for part in parser.parts if part.spaced]


class _Blanks:
    """Divides text into words and signs, each with the blank before it."""

    def __init__(self) -> None:
        self.blank: tuple[str, ...] | None = None

    def spaced(self, text: str, marks: tuple[str, ...] = (), *, begun: bool = False) -> list[Spaced]:
        """Return the pieces of a text. Before the first word of a block (not yet ``begun``) a blank isn't seen."""
        found: list[Spaced] = []
        for piece in _PIECES.findall(text):
            if piece.isspace():
                self.blank = marks if begun or found else None
            else:
                found.append(Spaced(Token(piece, marks), self.blank))
                self.blank = None
        return found


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[Part] = []
        self.marks: list[str] = []
        self.lists: list[str] = []
        self.blanks = _Blanks()
        # The shape of the block that the next text begins; none if it belongs to the last one.
        self.shape: Shape | None = Shape()
        # The list that was closed last: what it was, in how many lists, and how many blocks there were then.
        self.closed = ("", 0, 0)
        self.begins = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("ul", "ol"):
            self.lists.append(tag)
            self.begins = self.closed == (tag, len(self.lists), len(self.parts))
        elif tag == "li":
            # An item of a numbered list is another thing than one of a bulleted list.
            self.shape = Shape("oli" if self.lists[-1:] == ["ol"] else "li", len(self.lists), self.begins)
            self.begins = False
        elif tag == "p":
            # The first paragraph of an item is the item.
            if self.shape is None or self.shape.tag == "p":
                self.shape = Shape("p", len(self.lists))
        elif tag == "br":
            self._add([Spaced(Token("\n", tuple(self.marks)))])
            self.blanks.blank = None
        elif tag in INLINE:
            self.marks.append(f"a {dict(attrs).get('href') or ''}" if tag == "a" else tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ul", "ol") and self.lists:
            self.closed = (tag, len(self.lists), len(self.parts))
            self.lists.pop()
        if tag in ("ul", "ol", "li", "p"):
            self.shape = Shape("p", len(self.lists))
        elif tag in INLINE:
            for position in reversed(range(len(self.marks))):
                if self.marks[position].split(" ", 1)[0] == tag:
                    del self.marks[position]
                    break

    def handle_data(self, data: str) -> None:
        self._add(self.blanks.spaced(data, tuple(self.marks), begun=self.shape is None))

    def _add(self, spaced: list[Spaced]) -> None:
        if not spaced:
            return
        if self.shape is not None:
            self.parts.append(Part(self.shape))
            self.shape = None
            spaced[0] = Spaced(spaced[0].token)
        self.parts[-1].spaced.extend(spaced)
