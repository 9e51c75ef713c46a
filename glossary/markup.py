"""The one HTML allow-list of the glossary's texts, and plain text from them.

Every way in (admin, import, shell) passes through :func:`clean_html`, called by ``glossary.documents``.
"""

import html
import re
from html.parser import HTMLParser

import nh3

TAGS = frozenset({"p", "br", "strong", "em", "sub", "sup", "ul", "ol", "li", "a"})
ATTRIBUTES = {"a": {"href"}}
_CLEANER = nh3.Cleaner(
    tags=set(TAGS),
    # Scripts and styles go with their content; of other refused elements the text stays.
    clean_content_tags={"script", "style", "template", "noscript", "iframe", "object", "svg", "math"},
    attributes=ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener nofollow",
)
_MARKUP = re.compile(r"</?[a-zA-Z][^<>]*>|<!--|&(?:[a-zA-Z]+|#\d+|#x[0-9a-fA-F]+);")
_SYNONYMS = {"b": "strong", "i": "em"}
_EMPTY = re.compile(r"<(p|li|strong|em|sub|sup)>(?:\s|&nbsp;|<br>)*</\1>")


def clean_html(value: str) -> str:
    """Return ``value`` as HTML of the allow-list.

    Text without any markup is taken as plain: it is escaped, and its blocks between blank lines become paragraphs. Bare
    text around or beside block elements is wrapped into paragraphs too, so that a page never shows loose text.
    """
    value = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not value:
        return ""
    if not _MARKUP.search(value):
        blocks = (" ".join(block.split()) for block in re.split(r"\n\s*\n", value))
        return "".join(f"<p>{html.escape(block, quote=False)}</p>" for block in blocks if block)
    for before, after in _SYNONYMS.items():
        value = re.sub(rf"<(/?){before}(?=[\s>])", rf"<\1{after}", value, flags=re.IGNORECASE)
    cleaned = _CLEANER.clean(value).strip()
    previous = None
    while previous != cleaned:
        previous, cleaned = cleaned, _EMPTY.sub("", cleaned).strip()
    return _wrap_loose_text(cleaned)


def plain_text(value: str) -> str:
    """Return the text of an HTML fragment, blocks separated by a blank, white space folded."""
    parser = _Text()
    parser.feed(value)
    parser.close()
    return " ".join("".join(parser.parts).split())


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("p", "li", "br", "ul", "ol"):
            self.parts.append(" ")


def _wrap_loose_text(fragment: str) -> str:
    """Wrap top-level text and inline elements of a clean fragment into paragraphs."""
    pieces = re.split(r"(<(?:p|ul|ol)>.*?</(?:p|ul|ol)>)", fragment, flags=re.DOTALL)
    if not any(piece.strip() for piece in pieces[::2]):
        return "".join(pieces[1::2])
    if "<ul>" in fragment or "<ol>" in fragment:
        # Lists may nest, which the split above does not follow: leave the structure as the parser made it.
        return fragment
    wrapped = (
        f"<p>{piece.strip()}</p>" if index % 2 == 0 and piece.strip() else piece for index, piece in enumerate(pieces)
    )
    return "".join(piece for piece in wrapped if piece.strip())
