"""Marks of references in the midst of a text: “[1]” or “[2, 4–6]” lead to the list of references, and this leads back.

Editors write them as journals do. A number that no reference has is no mark: the text stays as it was written.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping

# A quotation mark inside an attribute is always written as a reference, by the allow-list's serialiser.
_TAG = re.compile(r'(<[^<>"]*(?:"[^"]*"[^<>"]*)*>)')
_MARK = re.compile(r"(?:\s|&nbsp;)*\[(\d{1,3}(?:\s*[,–-]\s*\d{1,3})*)\]")
_PART = re.compile(r"(\d+)(?:\s*[–-]\s*(\d+))?")


def with_marks(texts: Mapping[str, str], *, references: int) -> tuple[dict[str, str], dict[int, list[str]]]:
    """Return HTML texts with their marks as links, and for each reference the ids of the marks that name it, in order.

    ``texts`` are fragments of the allow-list by their names, in the order in which they are read; ``references`` is the
    number of works in the list, whose items have the ids ``ref-1``, ``ref-2``, and so on.
    """
    places: dict[int, list[str]] = defaultdict(list)

    def linked(match: re.Match[str]) -> str:
        numbers = _numbers(match[1], references)
        if not numbers:
            return match[0]
        links = []
        for number in numbers:
            place = f"cite-{number}-{len(places[number]) + 1}"
            places[number].append(place)
            links.append(f'<a id="{place}" href="#ref-{number}" role="doc-noteref">{number}</a>')
        return f'<sup class="mark">{", ".join(links)}</sup>'

    return {name: _replaced(text, linked) for name, text in texts.items()}, dict(places)


def without_marks(text: str, *, references: int) -> str:
    """Return an HTML fragment without its marks, for where no list of references stands below it."""
    return _replaced(text, lambda match: "" if _numbers(match[1], references) else match[0])


def _replaced(text: str, replacement: Callable[[re.Match[str]], str]) -> str:
    if "[" not in text:
        return text
    pieces = _TAG.split(text)
    within_link = False
    for index, piece in enumerate(pieces):
        if index % 2:
            within_link = piece.startswith("<a ") or (within_link and piece != "</a>")
        elif not within_link:
            pieces[index] = _MARK.sub(replacement, piece)
    return "".join(pieces)


def _numbers(mark: str, references: int) -> list[int]:
    """Return the references that a mark names, each once and in order, or nothing if one of them doesn't exist."""
    numbers: list[int] = []
    for first, last in _PART.findall(mark):
        numbers.extend(range(int(first), int(last or first) + 1))
    return sorted(set(numbers)) if numbers and all(1 <= number <= references for number in numbers) else []
