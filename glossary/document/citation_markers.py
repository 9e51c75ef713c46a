"""Citation markers within a text: “[1]” or “[2, 4–6]” lead to the list of references, and this leads back.

Editors write them as journals do. A number that no reference has is a mistake, which saving and publishing refuse
(:func:`marks_without_reference`); where it was published before that, the text stays as it was written.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping

from glossary.document.markup import split_at_tags

# Tried where a bracket opens and nowhere else, and no repeat gives back what it took: see Note [Linear patterns] in
# ``glossary.document.markup``.
_MARK = re.compile(r"\[(\d{1,3}+(?:\s*+[,–-]\s*+\d{1,3}+)*+)\]")
_BLANK = "&nbsp;"


def with_marks(texts: Mapping[str, str], *, references: int) -> tuple[dict[str, str], dict[int, list[str]]]:
    """Return HTML texts with their marks as links, and for each reference the ids of the marks that name it, in order.

    ``texts`` are fragments of the allow-list by their names, in the order in which they are read; ``references`` is the
    number of works in the list, whose items have the ids ``ref-1``, ``ref-2``, and so on.
    """
    places: dict[int, list[str]] = defaultdict(list)

    def linked(match: re.Match[str]) -> str | None:
        numbers = _numbers(match[1], references)
        if not numbers:
            return None
        links = []
        for number in numbers:
            place = f"cite-{number}-{len(places[number]) + 1}"
            places[number].append(place)
            links.append(f'<a id="{place}" href="#ref-{number}" role="doc-noteref">{number}</a>')
        return f'<sup class="mark">{", ".join(links)}</sup>'

    return {name: _replaced(text, linked) for name, text in texts.items()}, dict(places)


def without_marks(text: str, *, references: int) -> str:
    """Return an HTML fragment without its marks, for where no list of references stands below it."""
    return _replaced(text, lambda match: "" if _numbers(match[1], references) else None)


def marks_without_reference(text: str, *, references: int) -> list[str]:
    """Return the marks of an HTML fragment that name a reference which doesn't exist, each once.

    ``[0]`` begins an interval, and what goes on behind the bracket is a name of chemistry, such as ``[1,4]oxazine``.
    """
    found: dict[str, None] = {}

    def look(match: re.Match[str]) -> None:
        numbers = [int(number) for number in re.findall(r"\d+", match[1])]
        behind = match.string[match.end() : match.end() + 1]
        if 0 not in numbers and max(numbers) > references and not (behind.isalnum() or behind == "-"):
            found[match[0]] = None

    _replaced(text, look)
    return list(found)


def _replaced(text: str, replacement: Callable[[re.Match[str]], str | None]) -> str:
    if "[" not in text:
        return text
    pieces = split_at_tags(text)
    within_link = False
    for index, piece in enumerate(pieces):
        if index % 2:
            within_link = piece.startswith("<a ") or (within_link and piece != "</a>")
        elif not within_link:
            pieces[index] = _replaced_in_piece(piece, replacement)
    return "".join(pieces)


def _replaced_in_piece(piece: str, replacement: Callable[[re.Match[str]], str | None]) -> str:
    """Replace the marks of a piece of text, and the blanks before each; what ``None`` is returned for stays."""
    parts = []
    at = looked = 0
    while (start := piece.find("[", looked)) >= 0:
        mark = _MARK.match(piece, start)
        looked = mark.end() if mark else start + 1
        if mark and (instead := replacement(mark)) is not None:
            parts += [_without_blanks_behind(piece[at:start]), instead]
            at = looked
    return "".join([*parts, piece[at:]])


def _without_blanks_behind(text: str) -> str:
    end = len(text)
    while end:
        if text[end - 1].isspace():
            end -= 1
        elif text.endswith(_BLANK, 0, end):
            end -= len(_BLANK)
        else:
            break
    return text[:end]


def _numbers(mark: str, references: int) -> list[int]:
    """Return the references that a mark names, each once and in order, or nothing if one of them doesn't exist."""
    numbers: set[int] = set()
    for part in mark.replace("–", "-").split(","):
        ends = [int(number) for number in part.split("-")]
        if not all(1 <= number <= references for number in ends):
            return []
        numbers.update(range(ends[0], ends[-1] + 1))
    return sorted(numbers)
