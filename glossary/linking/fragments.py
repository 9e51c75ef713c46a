"""Links in the HTML of one text: found in its text, never inside a tag, a link, a heading or code.

What is put in are ``a`` elements around slices of what is there: no other character changes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.utils.html import escape

from glossary.document.markup import split_at_tags
from glossary.linking.definitions import bare
from glossary.linking.names import Mention, Names
from glossary.text.normalising import WORD

_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)")
_CLOSED = frozenset({"a", "button", "code", "h1", "h2", "h3", "h4", "h5", "h6", "kbd", "pre", "samp", "var"})
# These stand inside a word: “vitamin B<sub>12</sub>” doesn't mention vitamin B.
_INLINE = frozenset({"a", "b", "em", "i", "strong", "sub", "sup"})


class Card(NamedTuple):
    """What a link leads to, as its preview shows it."""

    title: str
    url: str
    summary: str
    slug: str


class Piece(NamedTuple):
    """A piece of text between two tags, and whether its first or last word goes on beyond the tag."""

    number: int
    text: str
    glued_before: bool
    glued_after: bool


class _Found(NamedTuple):
    piece: int
    mention: Mention


@dataclass(frozen=True, slots=True)
class Fragment:
    """A text with the mentions in it that shall become links: for each term the first."""

    pieces: tuple[str, ...]
    found: tuple[_Found, ...]

    @property
    def targets(self) -> set[int]:
        """The terms that the text shall lead to."""
        return {found.mention.target for found in self.found}

    def text_of(self, piece: int) -> str:
        """Return a piece of the text as readers see it."""
        return html.unescape(self.pieces[piece])

    def linked(self, cards: Mapping[int, Card]) -> tuple[str, set[int]]:
        """Return the text with its links, and the terms to which they lead.

        A term without a card gets no link, nor one to which the author has set a link by hand.
        """
        by_piece: dict[int, list[Mention]] = {}
        by_hand = "".join(self.pieces[1::2])
        used: set[int] = set()
        for piece, mention in self.found:
            card = cards.get(mention.target)
            if card is not None and f'/{card.slug}/"' not in by_hand:
                by_piece.setdefault(piece, []).append(mention)
                used.add(mention.target)
        pieces = list(self.pieces)
        for piece, mentions in by_piece.items():
            pieces[piece] = _with_links(pieces[piece], mentions, cards)
        return "".join(pieces), used


def fragment_of(
    source: str, names: Names, *, own: Collection[int] = (), defined: Collection[str] = frozenset()
) -> Fragment:
    """Return an HTML fragment of the allow-list with the mentions that shall be linked.

    ``own`` are terms to which nothing leads: the one whose page this is. Their names are known all the same, so that
    no shorter name inside one is linked. ``defined`` are the abbreviations that the page defines otherwise
    (``glossary.linking.definitions``).
    """
    pieces = split_at_tags(source)
    seen: set[int] = set()
    owned = frozenset(own)
    found: list[_Found] = []
    for piece in _readable(pieces):
        mentions = names.mentions(piece.text, glued_before=piece.glued_before, glued_after=piece.glued_after)
        for mention in mentions:
            if defined and bare(piece.text[mention.start : mention.end]) in defined:
                continue
            if mention.target and mention.target not in seen and owned.isdisjoint(mention.bearers):
                seen.add(mention.target)
                found.append(_Found(piece.number, mention))
    return Fragment(tuple(pieces), tuple(found))


def pieces_of(source: str) -> Iterator[Piece]:
    """Yield the pieces of text of an HTML fragment in which links may stand."""
    return _readable(split_at_tags(source))


def _readable(pieces: list[str]) -> Iterator[Piece]:
    """Yield what can be linked of a source that is divided into text (at even places) and tags."""
    closed = 0
    before = ""
    for number, piece in enumerate(pieces):
        if number % 2:
            name = _name(piece)
            if name in _CLOSED:
                closed = max(0, closed + (-1 if piece.startswith("</") else 1))
            if name not in _INLINE:
                before = ""
        elif piece:
            if not closed:
                text = html.unescape(piece) if "&" in piece else piece
                yield Piece(number, text, _is_word(before[-1:]), _is_word(_following(pieces, number)))
            before = piece


def _name(tag: str) -> str:
    match = _NAME.match(tag)
    return match[1].lower() if match else ""


def _following(pieces: list[str], number: int) -> str:
    """Return the first character behind a piece of text, if only inline elements lie between."""
    for place in range(number + 1, len(pieces)):
        if place % 2:
            if _name(pieces[place]) not in _INLINE:
                return ""
        elif pieces[place]:
            return pieces[place][0]
    return ""


def _is_word(character: str) -> bool:
    return bool(character) and WORD.match(character) is not None


def _with_links(piece: str, mentions: list[Mention], cards: Mapping[int, Card]) -> str:
    text = html.unescape(piece) if "&" in piece else piece
    out, at = [], 0
    for mention in mentions:
        card = cards[mention.target]
        out.append(_escaped(text[at : mention.start]))
        out.append(f'<a class="term-link" href="{escape(card.url)}" data-card="{escape(card.slug)}">')
        out.append(_escaped(text[mention.start : mention.end]))
        out.append("</a>")
        at = mention.end
    out.append(_escaped(text[at:]))
    return "".join(out)


def _escaped(text: str) -> str:
    """Return text as the allow-list's serialiser writes it."""
    return html.escape(text, quote=False).replace("\u00a0", "&nbsp;")
