"""The one HTML allow-list of the glossary's texts, and plain text from them.

Every way in (admin, import, shell) passes through :func:`clean_html`, called by ``glossary.document.documents``.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

import nh3

from glossary.document.word_processors import BLOCKS, Token, converted, not_kept, words_of
from glossary.text.characters import is_blank

TAGS = frozenset({"p", "br", "strong", "em", "sub", "sup", "ul", "ol", "li", "a"})
ATTRIBUTES = {"a": {"href"}}
#: Of these elements the content goes too; of other refused elements the text stays.
DROPPED = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "math"})
_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    clean_content_tags=set(DROPPED),
    attributes=ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener nofollow",
)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SYNONYMS = {"b": "strong", "i": "em"}
#: How many elements may be within one another: lists of lists of lists need a dozen.
MAX_DEPTH = 50
# Elements that are taken out when nothing is in them, by their tags.
_MAY_BE_EMPTY = {f"<{name}>": f"</{name}>" for name in ("p", "ul", "ol", "li", "strong", "em", "sub", "sup")}

# Note [Linear patterns]
#
# Texts come from editors, and from files that nobody has read. So what is done with a text takes a number of steps that
# grows with its length and no faster. A pattern that is searched for begins with a sign that is not repeated, and its
# repeats are possessive (``*+``) or differ from what follows them; otherwise each place of a long run of blanks would
# look through the rest of the run. What is nested is read in one pass with a stack. ``tests/steps.py`` counts steps.

# Note [What is a tag]
#
# Medical texts are full of signs that a parser of HTML takes for markup: of “LH<FSH and E2>200” it keeps “LH200”. So a
# tag is only what has the name of an element of HTML and, if anything, attributes behind it. Every other “<” is text,
# and is written as a reference before a parser sees it. Texts without a tag are plain. An element that people could
# also mean as a letter (“a<b>c”) makes a text HTML only if it is closed.
_INLINE = _names(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q rp rt ruby s samp small span "
    "strike strong sub sup time tt u var wbr"
)
_OTHERS = _names(
    "area audio base basefont body br button canvas col colgroup datalist dir embed frame frameset head hr html img "
    "input li link map meta meter noframes ol optgroup option output p param picture progress select source table "
    "tbody td textarea tfoot th thead title track ul video"
)
_ELEMENTS = _INLINE | BLOCKS | _OTHERS | DROPPED
# Elements of word processors, which come along when somebody pastes.
_FOREIGN = re.compile(r"(?:o|w|v|x|m|st1):\w+")
_WITHOUT_VALUE = _names(
    "allowfullscreen async autoplay checked compact controls contenteditable defer disabled download hidden ismap loop "
    "multiple muted noshade nowrap open readonly required reversed selected"
)
_NAMED = r"[^\s\"'<>/=]{1,100}+"
# Long, since an image may be in one.
_VALUED = r"\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'<>`=]++)"
_TAG = re.compile(
    rf"<(?P<close>/?)(?P<name>[a-zA-Z][\w:]*+)(?P<attributes>(?:\s++|/|{_NAMED}(?:{_VALUED})?+){{0,200}}+)>"
    r"|(?P<comment><!--(?!-?>)(?s:.*?)-->|(?i:<!doctype|<!\[(?:if|endif)|<\?xml)[^<>]*+>)"
)
_ATTRIBUTE = re.compile(rf"({_NAMED})({_VALUED})?+")
_REFERENCE = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{0,31}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
# A tag of a clean fragment: there, a quotation mark inside an attribute is always written as a reference.
_CLEAN_TAG = re.compile(r'<[^<>"]*+(?:"[^"]*+"[^<>"]*+)*+>')
_ANY_TAG = re.compile(r"</?[a-zA-Z][^<>]*+>")
_END = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in DROPPED}

_MARKER = re.compile(r"\s*(?:([-*•·–])|(\d{1,3})[.)])\s+(?=\S)")
_WORD = re.compile(r"[^\W_]+|[<>≤≥]")


def clean_html(value: str) -> str:
    """Return ``value`` as HTML of the allow-list.

    Text without any markup is taken as plain: it is escaped, its blocks between blank lines become paragraphs, and
    lines that begin with a bullet or are numbered become lists. Bare text around or beside block elements is wrapped
    into paragraphs too, so that a page never shows loose text. Of elements that are nested too deeply
    (:func:`is_too_deep`) the text is kept.
    """
    value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not value:
        return ""
    tokens = _read(value)
    if not _is_markup(tokens):
        return _blocks_of(html.escape(_with_signs(value), quote=False))
    nesting = _Nesting()
    source = "".join(token.source if nesting.takes(token) else token.text for token in tokens).strip()
    if not any(token.is_block for token in tokens):
        source = _blocks_of(source)
    cleaned = _without_empty(_CLEANER.clean(source).strip())
    wrapped = _wrap_loose_text(cleaned)
    # Wrapping may part elements that a parser then closes.
    return wrapped if wrapped == cleaned else _without_empty(_CLEANER.clean(wrapped))


def is_too_deep(value: str) -> bool:
    """Return whether :func:`clean_html` would leave out elements because more than ``MAX_DEPTH`` are around them."""
    if "<" not in value:
        return False
    nesting = _Nesting()
    return not all(nesting.takes(token) for token in _read(value))


def lost_words(value: str, cleaned: str) -> list[str]:
    """Return the words and signs of ``value`` that :func:`clean_html` didn't bring into ``cleaned``, in their order.

    Tags, comments, scripts and styles are no words, and neither are the bullets and numbers of a list. The description
    of an image and the long form of an abbreviation are words.
    """
    if "<" not in value and "&" not in value:
        # Nothing that a parser could take for markup.
        return []
    tokens = _read(value)
    text = html.unescape("".join(map(words_of, tokens))) if _is_markup(tokens) else _with_signs(value)
    kept = Counter(_WORD.findall(plain_text(cleaned)))
    kept.update(str(number) for number in range(1, cleaned.count("<li>") + 1))
    lost = []
    for word in _WORD.findall(text):
        if not kept[word]:
            lost.append(word)
        kept[word] -= 1
    return lost


def lost_elements(value: str) -> list[str]:
    """Return what of ``value`` besides words :func:`clean_html` cannot keep, and what becomes of it."""
    if "<" not in value:
        return []
    tokens = list(_tokens(value))
    return not_kept(tokens) if _is_markup(tokens) else []


def plain_text(value: str) -> str:
    """Return the text of an HTML fragment, blocks separated by a blank, white space folded."""
    parser = _Text()
    parser.feed(value)
    parser.close()
    return " ".join("".join(parser.parts).split())


def split_at_tags(fragment: str) -> list[str]:
    """Return the pieces of a fragment of the allow-list: text at even places, each perhaps empty, and tags between."""
    pieces = []
    at = looked = 0
    while (start := fragment.find("<", looked)) >= 0:
        tag = _CLEAN_TAG.match(fragment, start)
        looked = tag.end() if tag else start + 1
        if tag:
            pieces += [fragment[at:start], tag[0]]
            at = looked
    return [*pieces, fragment[at:]]


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "li", "br", "ul", "ol"):
            self.parts.append(" ")


def _read(value: str) -> list[Token]:
    """Return the text and the tags of a value, with what word processors write put into elements of the glossary."""
    return converted(list(_tokens(value)))


def _tokens(value: str) -> Iterator[Token]:
    """Yield the text and the tags of a value. See Note [What is a tag]."""
    last_comment = value.rfind("-->")
    unclosed: set[str] = set()
    at = text_from = 0
    while (start := value.find("<", at)) >= 0:
        # A comment without an end would take all that follows for itself.
        is_open_comment = value.startswith("<!--", start) and last_comment < start + 4
        found = None if is_open_comment else _TAG.match(value, start)
        name = (found["name"] or "").lower() if found else ""
        close = None
        if found and name in DROPPED and not found["close"] and name not in unclosed:
            close = _END[name].search(value, found.end())
        if found and name in DROPPED and not found["close"] and close is None:
            # Nor has its content an end.
            unclosed.add(name)
            found = None
        if found is None or not (found["comment"] or _is_tag(found)):
            at = start + 1
            continue
        yield from _text_tokens(value[text_from:start])
        if close:
            words = "" if name in ("script", "style") else _ANY_TAG.sub(" ", value[found.end() : close.start()])
            at = text_from = value.find(">", close.start()) + 1 or len(value)
            yield Token("", words, name)
        else:
            at = text_from = found.end()
            yield _tag(found, name)
    yield from _text_tokens(value[text_from:])


def _text_tokens(text: str) -> Iterator[Token]:
    if text:
        yield Token(text.replace("<", "&lt;"), text)


def _tag(found: re.Match[str], name: str) -> Token:
    if found["comment"]:
        return Token("", "", "!")
    text = "" if name in _INLINE or ":" in name else " "
    element = "p" if name in BLOCKS else _SYNONYMS.get(name, name if name in TAGS else "")
    # Without attributes but for links: a parser opens elements of emphasis again in each paragraph that follows, unless
    # they are alike, and so makes a text of a hundred kilobytes one of hundreds of megabytes.
    source = found[0] if element == "a" else f"<{found['close']}{element}>" if element else text
    return Token(source, text, name, bool(found["close"]), element, found["attributes"] or "")


_LISTS = frozenset({"ul", "ol"})
_BLOCKS_KEPT = frozenset({"p", "li", *_LISTS})
# A parser opens these again when something around them is closed, until they are closed by name.
_REOPENED = frozenset({"strong", "em", "a"})
# In what the end of an element is not looked for; that of others not in any block.
_STOPS = {"p": frozenset[str](), "ul": frozenset[str](), "ol": frozenset[str](), "li": _LISTS}
# How many blocks the end of such an element is looked for through ("adoption agency algorithm" of HTML).
_ADOPTED = 8


class _Nesting:
    """The elements that are open, as a parser of HTML has them. What would be nested too deeply is left out.

    A parser looks through all open elements for each tag, so that the depth bounds what a text costs.
    """

    def __init__(self) -> None:
        self._open: list[str] = []
        self._left_out: Counter[str] = Counter()

    def takes(self, token: Token) -> bool:
        """Return whether the parser shall be given this token; ask for each in turn."""
        if not token.element or token.element == "br":
            return True
        if not token.closes:
            return self._opens(token.element)
        if self._left_out[token.element]:
            self._left_out[token.element] -= 1
            return False
        self._close(token.element)
        return True

    def _opens(self, element: str) -> bool:
        if element in ("li", "a"):
            self._close(element)
        if element in _BLOCKS_KEPT:
            self._close("p")
        if len(self._open) == MAX_DEPTH:
            self._left_out[element] += 1
            return False
        self._open.append(element)
        return True

    def _close(self, element: str) -> None:
        """Close the last open ``element``, unless it ends inside something else."""
        place = next((place for place in reversed(range(len(self._open))) if self._open[place] == element), None)
        if place is None:
            return
        inside = self._open[place + 1 :]
        if element in _REOPENED:
            blocks = sum(other in _BLOCKS_KEPT for other in inside)
            if blocks:
                self._open[place : place + 1] = [element] if blocks >= _ADOPTED else []
                return
        stops = _STOPS.get(element, _BLOCKS_KEPT)
        if element not in _REOPENED and not stops.isdisjoint(inside):
            return
        self._open[place:] = [other for other in inside if other in _REOPENED]


def _is_tag(found: re.Match[str]) -> bool:
    name, attributes = found["name"].lower(), found["attributes"].replace("/", " ")
    if name not in _ELEMENTS and not _FOREIGN.fullmatch(name):
        return False
    if not attributes.strip() or name in DROPPED:
        return True
    return not found["close"] and all(
        value or attribute.lower() in _WITHOUT_VALUE for attribute, value in _ATTRIBUTE.findall(found["attributes"])
    )


def _is_markup(tokens: Sequence[Token]) -> bool:
    closed = {token.name for token in tokens if token.closes}
    return any(token.name and (token.name not in _INLINE or token.name in closed) for token in tokens)


def _with_signs(text: str) -> str:
    """Return plain text with the signs that it writes as references of HTML, such as ``&lt;``."""
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), text)


@dataclass(slots=True)
class _Group:
    """Lines that belong together: a paragraph, or the items of a list, with the sign or number before each."""

    tag: str
    items: list[tuple[str, list[str]]]


def _blocks_of(source: str) -> str:
    """Return paragraphs and lists for a source without any block elements, which is otherwise ready to be shown."""
    groups: list[_Group] = []
    after_blank = True
    for line in source.split("\n"):
        if not line.strip():
            after_blank = True
            continue
        last = groups[-1] if groups else _Group("", [])
        marker = _MARKER.match(line)
        tag = "p" if marker is None else "ul" if marker[1] else "ol"
        if marker and tag == "ol" and int(marker[2]) != (len(last.items) + 1 if last.tag == "ol" else 1):
            # A list would give it another number.
            marker, tag = None, "p"
        if marker and tag == last.tag:
            last.items.append((marker[0], [line[marker.end() :]]))
        elif marker:
            groups.append(_Group(tag, [(marker[0], [line[marker.end() :]])]))
        elif last.items and not after_blank and (last.tag == "p" or line[0].isspace()):
            last.items[-1][1].append(line)
        else:
            groups.append(_Group("p", [("", [line])]))
        after_blank = False
    return "".join(map(_written, groups))


def _written(group: _Group) -> str:
    items = [" ".join(" ".join(lines).split()) for _, lines in group.items]
    first = group.items[0][0].strip()
    # One line may begin with a number or an asterisk for another reason.
    if group.tag == "p" or (len(items) == 1 and first not in "-•·"):
        return "".join(f"<p>{first} {item}</p>" if first else f"<p>{item}</p>" for item in items)
    return f"<{group.tag}>{''.join(f'<li>{item}</li>' for item in items)}</{group.tag}>"


def _without_empty(fragment: str) -> str:
    kept: list[str] = []
    # Open elements that hold nothing but blanks so far: how each closes, and its place in what is kept.
    empty: list[tuple[str, int]] = []
    for index, piece in enumerate(split_at_tags(fragment)):
        if index % 2 == 0:
            if not is_blank(html.unescape(piece)):
                empty.clear()
        elif piece in _MAY_BE_EMPTY:
            empty.append((_MAY_BE_EMPTY[piece], len(kept)))
        elif empty and piece == empty[-1][0]:
            del kept[empty.pop()[1] :]
            continue
        elif piece != "<br>":
            empty.clear()
        kept.append(piece)
    return "".join(kept).strip()


def _wrap_loose_text(fragment: str) -> str:
    """Wrap top-level text and inline elements of a clean fragment into paragraphs, parted by blank lines."""
    whole = []
    for piece, is_block in _top_level(fragment):
        if is_block:
            whole.append(piece)
        elif piece.strip():
            # Not where an element may go on behind the blank line.
            parts = piece.split("\n\n") if "<" not in piece else [piece]
            whole += [f"<p>{part.strip()}</p>" for part in parts if part.strip()]
    return "".join(whole)


def _top_level(fragment: str) -> Iterator[tuple[str, bool]]:
    """Yield the blocks at the top of a clean fragment, and what is between them."""
    depth = start = 0
    for found in re.finditer(r"<(/?)(?:p|ul|ol)>", fragment):
        if not found[1]:
            if depth == 0:
                yield fragment[start : found.start()], False
                start = found.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                yield fragment[start : found.end()], True
                start = found.end()
    yield fragment[start:], False
