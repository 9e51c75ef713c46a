"""Catalogues read without gettext's programs, which this machine needn't have, and the texts that they must hold."""

from __future__ import annotations

import ast
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.translation.template import templatize

from tests.folders import PACKAGES

LOCALE = settings.BASE_DIR / "locale"
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]

# Functions that mark a text → how many of their arguments are texts, and whether the first is a context.
_MARKS = {"gettext": (1, False), "ngettext": (2, False), "pgettext": (2, True), "npgettext": (3, True)}
_MARKS |= {f"{name}_{kind}": how for name, how in list(_MARKS.items()) for kind in ("lazy", "noop")}


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """A text as it is marked in the code: with its context and its plural, or ``""``."""

    one: str
    many: str = ""
    context: str = ""

    @property
    def key(self) -> str:
        """Its name in a compiled catalogue."""
        return (f"{self.context}\x04" if self.context else "") + self.one


@dataclass(slots=True)
class Entry:
    """A text of a catalogue with its translations: one, or one for each plural form of the language."""

    text: Text
    said: list[str]
    fuzzy: bool = False


@dataclass(slots=True)
class Catalogue:
    """A ``.po`` file."""

    head: str
    entries: list[Entry] = field(default_factory=list)

    @property
    def forms(self) -> int:
        found = re.search(r"nplurals=(\d)", self.head)
        assert found
        return int(found[1])


@cache
def marked_texts() -> set[Text]:
    """Return every text that is marked for translation in code and public templates."""
    found: set[Text] = set()
    for folder in PACKAGES:
        for file in (settings.BASE_DIR / folder).rglob("*.py"):
            found.update(_in_python(file.read_text()))
    for folder in (".", *PACKAGES):
        for file in (settings.BASE_DIR / folder / "templates").rglob("*"):
            # The site's own pages of the admin are in English, and translated by Django where they say what its do.
            if file.is_file() and settings.BASE_DIR / "templates" / "admin" not in file.parents:
                found.update(_in_template(file.read_text()))
    return found


def read(file: Path) -> Catalogue:
    """Return a catalogue. Understands what msgfmt does of the parts that our files have."""
    head, entries = "", []
    for block in re.split(r"\n{2,}", file.read_text().strip()):
        lines = [line for line in block.splitlines() if not line.startswith("#~")]
        parts: dict[str, str] = {}
        name = ""
        for line in lines:
            if line.startswith("#"):
                continue
            if not line.startswith('"'):
                name, _, line = line.partition(" ")
                parts[name] = ""
            parts[name] += ast.literal_eval(line)
        if not parts:
            continue
        said = [text for name, text in parts.items() if name.startswith("msgstr")]
        if not parts["msgid"]:
            head = said[0]
            continue
        text = Text(parts["msgid"], parts.get("msgid_plural", ""), parts.get("msgctxt", ""))
        entries.append(Entry(text, said, any(line.startswith("#,") and "fuzzy" in line for line in lines)))
    return Catalogue(head, entries)


def compiled(file: Path) -> dict[str, str]:
    """Return what a ``.mo`` file holds, as it holds it: key → translation, plural forms parted by NUL."""
    content = file.read_bytes()
    magic, _, count, originals, translations = struct.unpack_from("<5I", content)
    assert magic == 0x950412DE
    found = {}
    for number in range(count):
        pair = []
        for table in (originals, translations):
            length, start = struct.unpack_from("<2I", content, table + 8 * number)
            pair.append(content[start : start + length].decode())
        found[pair[0]] = pair[1]
    return found


def compile_to(file: Path, messages: dict[str, str]) -> None:
    """Write a ``.mo`` file of messages as :func:`compiled` returns them."""
    keys = sorted(messages, key=str.encode)
    originals, translations = ([text.encode() for text in texts] for texts in (keys, [messages[key] for key in keys]))
    start = 28 + 16 * len(keys)
    tables, body = b"", b""
    for texts in (originals, translations):
        for text in texts:
            tables += struct.pack("<2I", len(text), start + len(body))
            body += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(head + tables + body)


def messages_of(catalogue: Catalogue) -> dict[str, str]:
    """Return what the compiled form of a catalogue holds."""
    found = {"": catalogue.head}
    for entry in catalogue.entries:
        key = entry.text.key + (f"\0{entry.text.many}" if entry.text.many else "")
        found[key] = "\0".join(entry.said)
    return found


def _in_python(source: str) -> Iterator[Text]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _MARKS:
            yield _text(node)


def _in_template(source: str) -> Iterator[Text]:
    # What Django makes of a template for xgettext: calls in the midst of what isn't code.
    marked = templatize(source)
    for found in re.finditer(r"(?<![\w.])(?:n?p?n?gettext|_)\(", marked):
        yield _text(_call_at(marked, found.start()))


def _call_at(source: str, start: int) -> ast.Call:
    for end in (found.end() for found in re.finditer(r"\)", source[start:])):
        try:
            parsed = ast.parse(source[start : start + end].replace("%%", "%"), mode="eval").body
        except SyntaxError:
            continue  # a bracket within the text
        if isinstance(parsed, ast.Call):
            return parsed
    raise AssertionError(source[start : start + 80])


def _text(call: ast.Call) -> Text:
    assert isinstance(call.func, ast.Name)
    count, has_context = _MARKS.get(call.func.id, (1, False))
    texts = []
    for argument in call.args[:count]:
        # A text that isn't written out where it is marked is in no catalogue.
        assert isinstance(argument, ast.Constant), ast.unparse(call)
        assert isinstance(argument.value, str), ast.unparse(call)
        texts.append(argument.value)
    context = texts.pop(0) if has_context else ""
    return Text(texts[0], texts[1] if len(texts) > 1 else "", context)


def in_language(path: str, code: str) -> str:
    if not code:
        return path
    return path.replace("/consent/receipt/", f"/consent/{code}/receipt/") if "receipt" in path else f"/{code}{path}"
