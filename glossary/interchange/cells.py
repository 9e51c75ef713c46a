r"""Lists in a CSV cell, for people who write them in a spreadsheet.

Entries are separated by ``|``; what belongs to an entry stands behind its text in square brackets::

    synonyms     luteal stage | LP [abbreviation] | corpus luteum phase [former]
    insights     It lasts about two weeks. [term: luteal-phase] | Read more. [url: https://example.org/]
    references   Author A. Title. Journal. 2020. [doi: 10.1000/182] [pmid: 12345]
    related      progesterone | endometrium

A backslash takes the ``|``, ``[``, ``]`` or ``\`` behind it literally; any other backslash is itself. Brackets with
anything else in them are text, as in ``[18F]FDG``. :func:`write_cell` writes what :func:`read_cell` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from glossary.document.documents import SYNONYM_KINDS

# Field → the text's own key, and the keys that may stand behind it in brackets.
LISTS = {
    "synonyms": ("text", ()),
    "insights": ("text", ("term", "url")),
    "references": ("citation", ("doi", "pmid", "url")),
    "related": ("", ()),
    "tags": ("", ()),
}
# A list of a hundred entries, each as long as one may be.
MAX_CELL = 500_000

_ENTRY = re.compile(r"(?:[^\\|]|\\.|\\$)+", re.DOTALL)
_BRACKET = re.compile(r"[\[\]]")
_ESCAPED = re.compile(r"\\([\\|\[\]])")
# DOIs of some publishers have brackets in them: one level may stand in a value as it is.
_VALUE = r"((?:[^\[\]\\]|\\.|\[(?:[^\[\]\\]|\\.)*\])*)"
_SUFFIX = re.compile(rf"(?<!\\)\[(term|url|doi|pmid):{_VALUE}\]$", re.DOTALL)
_KIND = re.compile(rf"(?<!\\)\[({'|'.join(SYNONYM_KINDS)})\]$", re.IGNORECASE)


class CellError(ValueError):
    """A cell isn't written as a list. The message says what is wrong with it."""


def read_cell(field: str, cell: str) -> list[Any]:
    """Return the entries of a list field's cell in the form of the term document, without empty ones.

    Raises :class:`CellError` for a cell that is too long, and for a key that stands twice or has no place there.
    """
    if len(cell) > MAX_CELL:
        raise CellError(f"has {len(cell):,} characters; the limit is {MAX_CELL:,}")
    entries = (entry.strip() for entry in _ENTRY.findall(cell))
    return [_read_entry(field, entry) for entry in entries if entry]


#: A name in capitals that is no longer than this looks like an abbreviation.
MAX_CAPITALS = 6


def write_cell(field: str, entries: Iterable[Any]) -> str:
    """Return the cell for a list field of a term document."""
    return " | ".join(_write_entry(field, entry) for entry in entries)


def _read_entry(field: str, entry: str) -> Any:
    name, keys = LISTS[field]
    if not name:
        return _plain(entry)
    found: dict[str, str] = {}
    if field == "synonyms" and (kind := _KIND.search(entry)):
        found["kind"] = kind[1].lower()
        entry = entry[: kind.start()].rstrip()
    while keys and (suffix := _last_suffix(entry)):
        key = suffix[1]
        if key in found:
            raise CellError(f"an entry has two [{key}: …]")
        if key not in keys:
            raise CellError(f"an entry has a [{key}: …], which {field} cannot have")
        found[key] = _plain(suffix[2].strip())
        entry = entry[: suffix.start()].rstrip()
    return {name: _plain(entry.strip()), **found}


def looks_abbreviated(name: str) -> bool:
    """Whether a name whose kind isn't given is an abbreviation: two to :data:`MAX_CAPITALS` letters, all of them
    capitals, with whatever else stands between them, as in “LH” or “CA-125”.
    """
    letters = [character for character in name if character.isalpha()]
    return 2 <= len(letters) <= MAX_CAPITALS and all(character.isupper() for character in letters)


def with_kinds(synonyms: Any) -> Any:
    """Return the synonyms of a file's term with the kind of those that have none and look abbreviated."""
    if not isinstance(synonyms, list | tuple):
        return synonyms
    return [
        {**item, "kind": "abbreviation"}
        if isinstance(item, dict) and not item.get("kind") and looks_abbreviated(str(item.get("text", "")))
        else item
        for item in synonyms
    ]


def _last_suffix(entry: str) -> re.Match[str] | None:
    # Only what ends in a bracket is searched, and from its last opening keys on: a long text costs nothing.
    return _SUFFIX.search(entry) if entry.endswith("]") else None


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _write_entry(field: str, entry: Any) -> str:
    name, keys = LISTS[field]
    if not name:
        return _escape(entry)
    data: Mapping[str, str] = entry
    text = _escape(data[name])
    if text.endswith("]"):
        text = text[:-1] + r"\]"
    # Left out, a kind is read as what it looks like.
    if data.get("kind", "synonym") != "synonym" or ("kind" in data and looks_abbreviated(data[name])):
        text += f" [{data['kind']}]"
    for key in keys:
        if data.get(key):
            value = _BRACKET.sub(r"\\\g<0>", _escape(data[key]))
            text += f" [{key}: {value}]"
    return text


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|")
