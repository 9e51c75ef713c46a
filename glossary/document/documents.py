"""The term document: the unit of editing, import, export, revision and API.

A document is a frozen value. It is built from untrusted JSON by :func:`parse_document`, which names everything that is
wrong with it at once, and hashed in the canonical form of RFC 8785 (JSON Canonicalization Scheme).
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import rfc8785
from django.utils.text import slugify
from django.utils.translation import gettext_lazy

from glossary.document.citation_markers import marks_without_reference
from glossary.document.markup import MAX_DEPTH, clean_html, is_too_deep, lost_words
from glossary.document.references import (
    Work,
    doi_of,
    in_house_style,
    is_label_only,
    pmid_of,
    works_of,
    wrong_check_digits,
)
from glossary.text.characters import HYPHENS, as_read, is_blank
from glossary.text.greek import SPELLED, SPELLED_SIGN

#: How the message of a problem begins where there is nothing at all.
MISSING = "is missing"

MAX_TITLE = 200
MAX_TEXT = 100_000
MAX_LINE = 1_000
MAX_ITEMS = 100
MAX_TAG = 100

SYNONYM_KINDS = ("synonym", "abbreviation", "variant", "former")

# The parts of a document as editors call them, in the order of the page.
PARTS = {
    "title": gettext_lazy("title"),
    "slug": gettext_lazy("address"),
    "synonyms": gettext_lazy("synonyms"),
    "definition": gettext_lazy("definition"),
    "origin": gettext_lazy("origin"),
    "mechanism": gettext_lazy("mechanism"),
    "insights": gettext_lazy("related insights"),
    "references": gettext_lazy("references"),
    "related": gettext_lazy("related terms"),
    "tags": gettext_lazy("tags"),
}

SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# Addresses under /glossary/ that are lists or feeds. A term there would be hidden by them.
RESERVED_SLUGS = frozenset({"letter", "tags", "feed"})
_BETWEEN_WORDS = re.compile(rf"(?<=\w)[\s{HYPHENS}]+(?=\w)")
# Tab, line feed and carriage return are text; other C0 characters are not, and PostgreSQL cannot store NUL at all.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Insight:
    """A related-insight snippet: plain text, leading to another term (its slug), to a web page, or nowhere."""

    text: str
    term: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Synonym:
    """Another name; ``kind`` is one of :data:`SYNONYM_KINDS`."""

    text: str
    kind: str = "synonym"


@dataclass(frozen=True, slots=True)
class Reference:
    """A cited work: the citation as read, and its bare DOI, PMID or URL where it has one."""

    citation: str
    doi: str = ""
    pmid: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class TermDocument:
    """One term, whole. Texts are HTML of the allow-list; ``related`` holds slugs and ``tags`` names, both sorted."""

    title: str
    slug: str
    definition: str
    origin: str = ""
    mechanism: str = ""
    insights: tuple[Insight, ...] = ()
    synonyms: tuple[Synonym, ...] = ()
    references: tuple[Reference, ...] = ()
    related: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the document as JSON-ready dicts and lists."""
        document: dict[str, Any] = _lists(asdict(self))
        return document

    @classmethod
    def from_frozen(cls, document: Mapping[str, Any]) -> Self:
        """Return the document of a revision as it was frozen: unchecked, since it was checked then."""
        return cls(
            title=document["title"],
            slug=document["slug"],
            definition=document["definition"],
            origin=document["origin"],
            mechanism=document["mechanism"],
            insights=tuple(Insight(**item) for item in document["insights"]),
            synonyms=tuple(Synonym(**item) for item in document["synonyms"]),
            references=tuple(Reference(**item) for item in document["references"]),
            related=tuple(document["related"]),
            tags=tuple(document["tags"]),
        )

    def sha256(self) -> str:
        """Return the hex SHA-256 of the document's canonical form."""
        return document_sha256(self.as_json())


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (``insights[2].url``) and why, with what to do."""

    field: str
    message: str

    def __str__(self) -> str:
        if self.message.startswith(MISSING):
            return f"no {self.field}{self.message.removeprefix(MISSING)}"
        return f"{self.field}: {self.message}"


class DocumentError(ValueError):
    """A term document cannot be accepted. Show ``problems`` to whoever sent it; nothing was saved."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def document_sha256(document: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 of a JSON document's canonical form (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


def changed_parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the parts in which two documents (as JSON) differ, as editors call them."""
    return [str(words) for part, words in PARTS.items() if before.get(part) != after.get(part)]


#: The parts that are HTML.
TEXTS = ("definition", "origin", "mechanism")
CLINICAL = (*TEXTS, "synonyms", "references")
# A link to another term inside a text, wherever the site is served from.
_LINK = re.compile(r'href="[^"]*/glossary/([a-z0-9-]+)/"')


def slugs_named(*documents: Mapping[str, Any] | None) -> set[str]:
    """Return the slugs of all terms that documents (as JSON) name by themselves: in insights, and as related."""
    given = [document for document in documents if document]
    insights = {insight["term"] for document in given for insight in document["insights"] if insight["term"]}
    return insights | {slug for document in given for slug in document["related"]}


def slugs_written(texts: Iterable[str]) -> set[str]:
    """Return the slugs of the terms to which links that were written into texts (HTML) lead."""
    return {slug for slug in _LINK.findall(" ".join(texts)) if len(slug) <= MAX_TITLE}


def mark_problems(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of a document (as JSON) in which a citation marker names no reference → what is wrong there."""
    count = len(document["references"])
    has = f"only {count} reference{'' if count == 1 else 's'}" if count else "no references"
    found = {key: marks_without_reference(document[key], references=count) for key in TEXTS}
    return {
        key: f"cites {', '.join(marks)}, but the term has {has}: add what is missing, or correct the number (round "
        "brackets make no citation)"
        for key, marks in found.items()
        if marks
    }


def clinical_sha256(document: Mapping[str, Any]) -> str:
    """Return the hash of what a reviewer stands for: texts, synonyms and references, without tags and links.

    References count in the house style, so that a work which was frozen before it is no clinical change after it.
    """
    content = {key: document[key] for key in CLINICAL}
    return document_sha256(content | {"references": [asdict(work) for work in works_of(document)]})


def slug_for(title: str) -> str:
    """Return the slug that a title gets: lower-case ASCII words joined by hyphens.

    Signs that tell medical names apart are spelled out: “AR+” is not “AR”, and “β-carotene” is more than a carotene.
    Dots and commas become hyphens: “22q11.2” is not “22q112”.
    """
    return topic_slug_for(as_read(title).replace(".", "-").replace(",", "-"))


def topic_slug_for(name: str) -> str:
    """Return the slug that a tag's name gets: as that of a title, with dots and commas dropped.

    The addresses of topics are made from names again and again, so this never changes. It is also how the slugs of
    terms were made before dots and commas were kept apart.
    """
    slug = slugify(SPELLED_SIGN.sub(lambda found: SPELLED[found[0]], name.casefold())).replace("_", "-")
    return re.sub("-+", "-", slug)[:MAX_TITLE].strip("-")


def tag_key_of(name: str) -> str:
    """Return what two spellings of one tag share: case, apostrophes and what joins two words don't count."""
    return _BETWEEN_WORDS.sub(" ", as_read(name)).casefold()


def sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return names in the one order that a document has them in: without regard to case."""
    return tuple(sorted(names, key=lambda name: (name.casefold(), name)))


def parse_document(data: Mapping[str, Any]) -> TermDocument:
    """Return a sanitised, checked document from untrusted JSON of the shape of :class:`TermDocument`.

    A missing slug is made from the title. Raises :class:`DocumentError` with every problem found, and names keys that
    are not part of a document instead of dropping them silently.
    """
    return _Parser(data).document()


def _lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lists(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_lists(item) for item in value]
    return value


class _Parser:
    """Collects problems while it reads, so that an editor sees all of them at once."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.problems: list[Problem] = []

    def document(self) -> TermDocument:
        known = TermDocument.__dataclass_fields__.keys()
        for key in sorted(set(self.data) - set(known)):
            self.problem(str(key), "is not a field of a term document")
        title = self.line(self.data, "title", limit=MAX_TITLE)
        if not title:
            self.problem("title", MISSING)
        document = TermDocument(
            title=title,
            slug=self.slug(title),
            definition=self.html("definition"),
            origin=self.html("origin"),
            mechanism=self.html("mechanism"),
            insights=tuple(self.insight(item, at) for item, at in self.items("insights", ("text", "term", "url"))),
            synonyms=self.synonyms(),
            references=self.references(),
            related=self.names("related", limit=MAX_TITLE),
            tags=self.names("tags", limit=MAX_TAG),
        )
        if title and not document.definition:
            self.problem("definition", f"{MISSING}: a term says what it means")
        self.marks(document)
        if document.slug and document.slug in document.related:
            self.problem("related", "names the term itself")
        if self.problems:
            raise DocumentError(self.problems)
        return document

    def marks(self, document: TermDocument) -> None:
        # A list of references that couldn't be read says so itself.
        if not any(problem.field.startswith("references") for problem in self.problems):
            for key, problem in mark_problems(document.as_json()).items():
                self.problem(key, problem)

    def problem(self, field: str, message: str) -> None:
        self.problems.append(Problem(field, message))

    def text(self, source: Mapping[str, Any], key: str, *, at: str = "", limit: int) -> str:
        field = f"{at}.{key}" if at else key
        value = source.get(key, "")
        if value is None:
            return ""
        if not isinstance(value, str):
            self.problem(field, f"must be text, not {type(value).__name__}")
            return ""
        if len(value) > limit:
            self.problem(field, f"has {len(value):,} characters; at most {limit:,} are taken")
            return ""
        if found := CONTROL.search(value):
            self.problem(field, f"contains the control character U+{ord(found[0]):04X} at position {found.start() + 1}")
            return ""
        try:
            value.encode()
        except UnicodeEncodeError as error:
            self.problem(field, f"contains half a character (a lone surrogate) at position {error.start + 1}")
            return ""
        return "" if is_blank(value) else value.strip()

    def line(self, source: Mapping[str, Any], key: str, *, at: str = "", limit: int = MAX_LINE) -> str:
        return " ".join(self.text(source, key, at=at, limit=limit).split())

    def html(self, key: str) -> str:
        text = self.text(self.data, key, limit=MAX_TEXT)
        cleaned = clean_html(text)
        if is_too_deep(text):
            self.problem(
                key,
                f"has more than {MAX_DEPTH} elements within one another (lists in lists, bold in italic): take out "
                "those that it doesn't need, or paste it without formatting",
            )
        elif lost := lost_words(text, cleaned):
            shown = ", ".join(f"“{word[:40]}”" for word in lost[:5]) + (" …" if len(lost) > 5 else "")
            self.problem(
                key,
                f"would lose {shown} when its HTML is cleaned: write it as text, and the sign < that is no tag as &lt;",
            )
        return cleaned

    def slug(self, title: str) -> str:
        given = self.line(self.data, "slug", limit=MAX_TITLE)
        slug = given or slug_for(title)
        if title and not slug:
            self.problem("slug", f"cannot be made from {title!r}: give one of lower-case letters, digits and hyphens")
        elif slug and not SLUG.fullmatch(slug):
            self.problem("slug", f"{slug!r} must be lower-case letters, digits and single hyphens")
        elif slug in RESERVED_SLUGS:
            self.problem("slug", f"{slug!r} is the address of another page: give a longer one, such as '{slug}-term'")
        return slug

    def items(self, key: str, fields: tuple[str, ...]) -> Iterable[tuple[Mapping[str, Any], str]]:
        for number, item in enumerate(self.sequence(key), start=1):
            at = f"{key}[{number}]"
            if not isinstance(item, Mapping):
                self.problem(at, f"must be an object with {', '.join(fields)}")
                continue
            for unknown in sorted(set(item) - set(fields)):
                self.problem(f"{at}.{unknown}", f"is not one of {', '.join(fields)}")
            yield item, at

    def sequence(self, key: str) -> list[Any]:
        value = self.data.get(key) or []
        if not isinstance(value, list | tuple):
            self.problem(key, f"must be a list, not {type(value).__name__}")
            return []
        if len(value) > MAX_ITEMS:
            self.problem(key, f"has {len(value)} entries; at most {MAX_ITEMS} are taken")
            return []
        return list(value)

    def required(self, source: Mapping[str, Any], key: str, *, at: str, limit: int = MAX_LINE) -> str:
        before = len(self.problems)
        value = self.line(source, key, at=at, limit=limit)
        if not value and len(self.problems) == before:
            self.problem(f"{at}.{key}", MISSING)
        return value

    def url(self, source: Mapping[str, Any], *, at: str) -> str:
        value = self.line(source, "url", at=at)
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value
        except ValueError:
            usable = False
        if not usable:
            self.problem(f"{at}.url", f"{value[:100]!r} is not a web address that begins with http:// or https://")
        return value

    def insight(self, item: Mapping[str, Any], at: str) -> Insight:
        insight = Insight(
            text=self.required(item, "text", at=at),
            term=self.line(item, "term", at=at, limit=MAX_TITLE),
            url=self.url(item, at=at),
        )
        if insight.term and insight.url:
            self.problem(at, "leads to a term and to a URL: keep one")
        return insight

    def synonyms(self) -> tuple[Synonym, ...]:
        found: dict[str, Synonym] = {}
        for item, at in self.items("synonyms", ("text", "kind")):
            kind = self.line(item, "kind", at=at) or "synonym"
            if kind not in SYNONYM_KINDS:
                self.problem(f"{at}.kind", f"{kind!r} is not one of {', '.join(SYNONYM_KINDS)}")
            synonym = Synonym(text=self.required(item, "text", at=at, limit=MAX_TITLE), kind=kind)
            if synonym.text in found:
                self.problem(f"{at}.text", f"{synonym.text!r} stands there twice")
            found[synonym.text] = synonym
        return tuple(found.values())

    def references(self) -> tuple[Reference, ...]:
        found: list[Reference] = []
        known: dict[str, int] = {}
        for number, (item, at) in enumerate(self.items("references", ("citation", "doi", "pmid", "url")), start=1):
            work = self.work(item, at)
            for name in work.identifiers:
                # Not merged by itself: two citations of one work differ in words, and somebody has to choose.
                if (first := known.setdefault(name, number)) != number:
                    self.problem(at, f"is the same work as reference {first} ({name}): keep one of them")
                    break
            found.append(Reference(citation=work.citation, doi=work.doi, pmid=work.pmid, url=work.url))
        return tuple(found)

    def work(self, item: Mapping[str, Any], at: str) -> Work:
        work = in_house_style(
            Work(
                citation=self.required(item, "citation", at=at),
                doi=self.line(item, "doi", at=at),
                pmid=self.line(item, "pmid", at=at),
                url=self.url(item, at=at),
            )
        )
        if work.doi and not doi_of(work.doi):
            self.problem(f"{at}.doi", f"{work.doi[:100]!r} is not a DOI: it looks like 10.1001/jama.288.3.321")
        if work.pmid and not pmid_of(work.pmid):
            self.problem(f"{at}.pmid", f"{work.pmid[:100]!r} is not a PubMed number: it is digits only")
        if is_label_only(work.citation):
            self.problem(
                f"{at}.citation",
                f"{work.citation[:100]!r} is nothing but a label and no web address: write the citation, and the "
                "address as url",
            )
        for number in wrong_check_digits(work.citation):
            self.problem(f"{at}.citation", f"{number} is mistyped: its check digit doesn't fit")
        return work

    def names(self, key: str, *, limit: int) -> tuple[str, ...]:
        found: dict[str, str] = {}
        for number, item in enumerate(self.sequence(key), start=1):
            name = self.line({"": item}, "", at=f"{key}[{number}]", limit=limit)
            if name:
                found.setdefault(name.casefold(), name)
        return sorted_names(found.values())
