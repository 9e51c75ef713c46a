"""What word processors write as HTML, put into the elements that the glossary's texts have.

Word writes an item of a list as a paragraph with a sign, and a cell of a table as a paragraph; its footnotes, as those
of LibreOffice and Google Docs, are links to places that exist only in its own document. Everything here reads the
pieces of a text once, from the first to the last. ``static/glossary/admin/pasted.js`` does the same where something is
pasted.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

# A refused element that holds a block of text becomes a paragraph.
BLOCKS = frozenset(
    {
        *("address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "div", "dl", "dt"),
        *("fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup"),
        *("legend", "main", "menu", "nav", "pre", "section", "summary", "tr"),
    }
)
_SCHEME = re.compile(r"(?!https?:|mailto:)[a-z][a-z0-9+.-]{0,20}:", re.IGNORECASE)
# Places inside of a word processor's document, and those of them that are footnotes.
_INNER = re.compile(r"#(?:_|ftnt|cmnt|sdfootnote|sdendnote|heading=|bookmark=)", re.IGNORECASE)
_FOOTNOTE = re.compile(r"#(?:_ftn|_edn|ftnt|sdfootnote|sdendnote)", re.IGNORECASE)
_SIGN = re.compile(r"\s*\[?([0-9a-zA-Z*†‡]{1,6})\]?\s*")
_LEVEL = re.compile(r"mso-list:\s*l\d+\s+level(\d{1,2})", re.IGNORECASE)
_IGNORED = re.compile(r"mso-list:\s*ignore", re.IGNORECASE)
_NO_BOLD = re.compile(r"font-weight:\s*(?:normal|400)", re.IGNORECASE)
_NUMBER = re.compile(r"\(?(\d{1,3}|[a-zA-Z]{1,4})[.)]")
_FIRST = frozenset({"1", "a", "i"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text: text, or a tag by its ``name``. ``source`` is what the parser is given for it.

    ``element`` is the element of the allow-list that it becomes, "" for text and for tags that are left out.
    """

    source: str
    text: str
    name: str = ""
    closes: bool = False
    element: str = ""
    attributes: str = ""

    @property
    def is_block(self) -> bool:
        return self.name in BLOCKS or self.name in ("p", "ul", "ol", "li", "table", "hr", "body")


_BLANK = Token(" ", " ")
# Between the cells of a row.
_DASH = Token("—", "—")


def converted(tokens: Sequence[Token]) -> list[Token]:
    """Return the pieces of a text with lists as lists, rows of tables as lines, and without links to nowhere."""
    return list(_with_rows(list(_with_lists(list(_without_inner_links(tokens))))))


# What becomes of what the glossary's texts cannot hold, one of it and several: see :func:`not_kept`.
_NOT_KEPT = {
    "image": "is left out|images are left out",
    "embedded object": "is left out|embedded objects are left out",
    "script": "is left out|scripts are left out",
    "form field": "is left out|form fields are left out",
    "table": "becomes lines, one for each row|tables become lines, one for each row",
    "heading": "becomes a paragraph|headings become paragraphs",
    "list": "is numbered from 1|lists are numbered from 1",
    "footnote": "becomes plain text, such as “(footnote 1)”|footnotes become plain text, such as “(footnote 1)”",
    "link": "becomes plain text|links become plain text",
    "struck-out text": "becomes plain text|struck-out texts become plain text",
    "quotation": "loses its quotation marks|quotations lose their quotation marks",
}
_KINDS = {
    name: kind
    for kind, names in {
        "image": "img svg canvas v:imagedata",
        "embedded object": "iframe object embed applet video audio frame math",
        "script": "script",
        "form field": "input select textarea button",
        "table": "table",
        "heading": "h1 h2 h3 h4 h5 h6",
        "struck-out text": "s strike del",
        "quotation": "q",
    }.items()
    for name in names.split()
}
# Attributes in which words are that readers of a page see or hear.
_WORDS_IN = {"img": "alt", "area": "alt", "input": "alt", "abbr": "title", "acronym": "title", "dfn": "title"}
_VALUE = {
    name: re.compile(rf"(?<![\w-]){name}\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'<>]++))", re.IGNORECASE)
    for name in {*_WORDS_IN.values(), "href", "start", "value"}
}
_SHOWN_LINK = 60


def words_of(token: Token) -> str:
    """Return the words of a piece of a text, with those that readers are given of a tag."""
    words = _value_of(_WORDS_IN[token.name], token) if token.name in _WORDS_IN and not token.closes else ""
    return f" {words} " if words else token.text


def not_kept(tokens: Iterable[Token]) -> list[str]:
    """Return what of a text as it was given the glossary's texts cannot hold, and what becomes of it.

    Words are not among it: ``glossary.document.markup.lost_words`` has these.
    """
    counts = Counter[str]()
    footnotes: set[str] = set()
    links: list[str] = []
    for token in tokens:
        if token.closes:
            continue
        if token.name == "a" and (href := _value_of("href", token)):
            if _FOOTNOTE.match(href):
                footnotes.add("".join(filter(str.isdigit, href)))
            elif _INNER.match(href) or _SCHEME.match(href):
                links.append(href)
        elif kind := _KINDS.get(token.name):
            counts[kind] += 1
        elif (token.name == "ol" and _value_of("start", token) not in ("", "1")) or (
            token.name == "li" and _value_of("value", token)
        ):
            counts["list"] += 1
    counts.update(footnote=len(footnotes), link=len(links))
    found = [_becomes(kind, counts[kind]) for kind in _NOT_KEPT if counts[kind]]
    if links:
        shown = f"“{links[0][:_SHOWN_LINK]}”" + (f" and {len(links) - 1} more" if len(links) > 1 else "")
        found = [f"{words}: {shown}" if "link" in words else words for words in found]
    return found


def _becomes(kind: str, count: int) -> str:
    one, other = _NOT_KEPT[kind].split("|")
    return f"1 {kind} {one}" if count == 1 else f"{count} {other}"


def _value_of(attribute: str, token: Token) -> str:
    found = _VALUE[attribute].search(token.attributes)
    return html.unescape(next(filter(None, found.groups()), "")).strip() if found else ""


def _without_inner_links(tokens: Sequence[Token]) -> Iterator[Token]:
    """Turn links that lead nowhere into text. Of a footnote the sign is put in words: “[1]” would cite a reference."""
    in_footnote = has_begun = had_begun = False
    for token in tokens:
        if token.is_block:
            has_begun = False
        elif not token.name and token.text.strip():
            has_begun, had_begun = True, has_begun
        if token.name == "a":
            href = "" if token.closes else _value_of("href", token)
            in_footnote = bool(_FOOTNOTE.match(href))
            leads_nowhere = not token.closes and (not href or _INNER.match(href) or _SCHEME.match(href))
            yield replace(token, source="", element="") if leads_nowhere else token
        elif in_footnote and not token.name and (sign := _SIGN.fullmatch(token.text)):
            words = f"{' ' if had_begun else ''}(footnote {sign[1]})"
            yield Token(words, words)
        elif token.element == "strong" and _NO_BOLD.search(token.attributes):
            # Google Docs puts such a one around everything.
            yield replace(token, source="", element="")
        else:
            yield token


def _with_lists(tokens: Sequence[Token]) -> Iterator[Token]:
    """Make lists of the paragraphs that Word writes for their items."""
    lists: list[str] = []
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        is_item = "mso-list" in token.attributes and token.is_block and not token.closes
        level = _LEVEL.search(token.attributes) if is_item else None
        if level is None:
            if token.is_block or token.text.strip():
                yield from _closed(lists, 0)
            yield token
            continue
        end = next((place for place in range(at, len(tokens)) if tokens[place].is_block), len(tokens))
        marker, content = _without_marker(tokens[at:end])
        # The end of the paragraph goes with it.
        at = end + 1 if end < len(tokens) and tokens[end].closes else end
        number = _NUMBER.match(marker)
        tag = "ol" if number else "ul"
        depth = min(max(int(level[1]), 1), len(lists) + 1)
        yield from _closed(lists, depth)
        if len(lists) == depth and lists[-1] != tag:
            yield from _closed(lists, depth - 1)
        if len(lists) == depth:
            yield _end("li")
        elif number and number[1].lower() not in _FIRST:
            # A list would give it another number.
            yield from _closed(lists, 0)
            yield from (_start("p"), Token(f"{marker} ", f"{marker} "), *content, _end("p"))
            continue
        else:
            yield _start(tag)
            lists.append(tag)
        yield from (_start("li"), *content)
    yield from _closed(lists, 0)


def _closed(lists: list[str], depth: int) -> Iterator[Token]:
    while len(lists) > depth:
        yield _end("li")
        yield _end(lists.pop())


def _without_marker(tokens: Sequence[Token]) -> tuple[str, list[Token]]:
    """Return the sign or number of an item, and what is in the item besides."""
    marker, content = "", []
    depth = 0
    for token in tokens:
        if depth or (token.name == "span" and "mso-list" in token.attributes and _IGNORED.search(token.attributes)):
            if token.name == "span":
                depth += -1 if token.closes else 1
            marker += token.text
        else:
            content.append(token)
    return html.unescape(marker).strip(), content


def _with_rows(tokens: Sequence[Token]) -> Iterator[Token]:
    """Make a paragraph of each row of a table, with dashes between its cells, so that no cell loses its row."""
    depth = cells = 0
    row: list[Token] | None = None
    for token in tokens:
        if token.name == "table":
            depth = max(depth + (-1 if token.closes else 1), 0)
        if row is not None and (depth == 0 or (depth == 1 and token.name == "tr")):
            yield from _line(row)
            row = None
        if depth == 1 and token.name == "tr" and not token.closes:
            row, cells = [], 0
        elif row is None:
            yield token
        elif depth == 1 and token.name in ("td", "th"):
            if not token.closes:
                row += [_DASH] if cells else []
                cells += 1
        elif token.is_block or token.name in ("br", "td", "th"):
            row.append(_BLANK)
        else:
            row.append(token)
    if row is not None:
        yield from _line(row)


def _line(row: Sequence[Token]) -> Iterator[Token]:
    """Yield the paragraph of a row, with one blank around its dashes, or nothing for a row without a word."""
    if all(token is _DASH or _is_blank(token) for token in row):
        return
    yield _start("p")
    is_after_blank = has_begun = False
    for token in row:
        if _is_blank(token):
            is_after_blank = has_begun
        elif token is _DASH or not token.name:
            if has_begun and (is_after_blank or token is _DASH):
                yield _BLANK
            yield token
            is_after_blank, has_begun = token is _DASH, True
        else:
            yield token
    yield _end("p")


def _is_blank(token: Token) -> bool:
    return not token.source.startswith("<") and not html.unescape(token.text).strip()


def _start(name: str) -> Token:
    return Token(f"<{name}>", " ", name, element=name)


def _end(name: str) -> Token:
    return Token(f"</{name}>", " ", name, closes=True, element=name)
