"""The term document: the unit of editing, import, export, revision and API.

A document is a frozen value. It is built from untrusted JSON by :func:`parse_document`, which names everything that is
wrong with it at once, and hashed in the canonical form of RFC 8785 (JSON Canonicalization Scheme).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import MISSING as MISSING_DEFAULT
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

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

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

#: How the message of a problem begins where there is nothing at all.
MISSING = "is missing"

MAX_TITLE = 200
MAX_TEXT = 100_000
MAX_LINE = 1_000
MAX_ITEMS = 100
MAX_TAG = 100

SYNONYM_KINDS = ("synonym", "abbreviation", "variant", "former")

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


class Kind(StrEnum):
    """What a field of a term document holds."""

    LINE = "line"  # One line of plain text.
    HTML = "html"  # HTML of the allow-list.
    ROWS = "rows"  # Objects, in the order that an editor gave them.
    NAMES = "names"  # A set of names, sorted.


@dataclass(frozen=True, slots=True)
class FieldDescription:
    """What is known of a field of a term document besides its value. Forms, comparison, import and history read it.

    ``label`` is what editors call it, ``section`` the part of the review page that shows it, ``limit`` how long a line
    or a name may be, ``row`` the class of its rows, and ``schema`` the schema that brought the field. A field that is
    clinical is part of what a reviewer approves.
    """

    label: StrPromise
    kind: Kind
    section: str
    is_clinical: bool = False
    limit: int = MAX_LINE
    row: Any = None
    schema: int = 1


def described(*args: Any, **kwargs: Any) -> dict[str, FieldDescription]:
    """Return the metadata of a field of :class:`TermDocument`; the arguments are those of :class:`FieldDescription`."""
    return {"description": FieldDescription(*args, **kwargs)}


@dataclass(frozen=True, slots=True)
class TermDocument:
    """One term, whole. Texts are HTML of the allow-list; ``related`` holds slugs and ``tags`` names, both sorted.

    Note [Adding a field to the term document]
    This class is the registry of the fields: everything else reads :data:`FIELDS`. A new field has a default and the
    number of a new :data:`SCHEMA`, and stands in no hash of a document that does not use it. It needs a column of the
    same name in ``glossary.models.Term`` (for ``LINE`` and ``HTML``), and a line in the template of the public page.
    """

    title: str = field(metadata=described(gettext_lazy("title"), Kind.LINE, "names", limit=MAX_TITLE))
    slug: str = field(metadata=described(gettext_lazy("address"), Kind.LINE, "names", limit=MAX_TITLE))
    definition: str = field(metadata=described(gettext_lazy("definition"), Kind.HTML, "definition", is_clinical=True))
    origin: str = field(default="", metadata=described(gettext_lazy("origin"), Kind.HTML, "origin", is_clinical=True))
    mechanism: str = field(
        default="", metadata=described(gettext_lazy("mechanism"), Kind.HTML, "mechanism", is_clinical=True)
    )
    insights: tuple[Insight, ...] = field(
        default=(), metadata=described(gettext_lazy("related insights"), Kind.ROWS, "insights", row=Insight)
    )
    synonyms: tuple[Synonym, ...] = field(
        default=(), metadata=described(gettext_lazy("synonyms"), Kind.ROWS, "names", is_clinical=True, row=Synonym)
    )
    references: tuple[Reference, ...] = field(
        default=(),
        metadata=described(gettext_lazy("references"), Kind.ROWS, "references", is_clinical=True, row=Reference),
    )
    related: tuple[str, ...] = field(
        default=(), metadata=described(gettext_lazy("related terms"), Kind.NAMES, "general", limit=MAX_TITLE)
    )
    tags: tuple[str, ...] = field(
        default=(), metadata=described(gettext_lazy("tags"), Kind.NAMES, "general", limit=MAX_TAG)
    )

    def as_json(self) -> dict[str, Any]:
        """Return the document as JSON-ready dicts and lists, with the schema that it needs."""
        document = {name: _as_json(getattr(self, name)) for name in self.__slots__}
        return {"schema": schema_of(document)} | document

    @classmethod
    def from_frozen(cls, document: Mapping[str, Any]) -> Self:
        """Return the document of a revision as it was frozen: unchecked, since it was checked then."""
        given = upgrade(document)
        return cls(**{name: _frozen(known, given[name]) for name, known in FIELDS.items()})

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


#: Every field of a term document with what is known of it.
FIELDS: Mapping[str, FieldDescription] = {known.name: known.metadata["description"] for known in fields(TermDocument)}
#: The newest schema of a term document.
SCHEMA = max(known.schema for known in FIELDS.values())
DEFAULTS: Mapping[str, Any] = {
    known.name: known.default for known in fields(TermDocument) if known.default is not MISSING_DEFAULT
}
# The order of the page, which has other names behind the title.
_ORDER = sorted(FIELDS, key=lambda name: FIELDS[name].section != "names")
#: The parts of a document as editors call them, in the order of the page.
PARTS = {name: FIELDS[name].label for name in _ORDER}
#: The parts that are one line, those that are HTML, and both: they are columns of the working copy.
LINES = tuple(name for name, known in FIELDS.items() if known.kind is Kind.LINE)
TEXTS = tuple(name for name, known in FIELDS.items() if known.kind is Kind.HTML)
COLUMNS = (*LINES, *TEXTS)
CLINICAL = tuple(name for name, known in FIELDS.items() if known.is_clinical)


class UnknownSchema(ValueError):
    """A stored document was written by a later release than this one."""


class DocumentError(ValueError):
    """A term document cannot be accepted. Show ``problems`` to the sender; nothing was saved."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def upgrade(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored document (as JSON) of any schema with every field that is known today.

    A document without a schema is of schema 1. Raises :class:`UnknownSchema` for one of a later release.
    """
    if document.get("schema", 1) > SCHEMA:
        raise UnknownSchema(
            f"This term document has schema {document['schema']}, and this release reads up to {SCHEMA}: upgrade it."
        )
    return {"schema": 1} | {name: _as_json(default) for name, default in DEFAULTS.items()} | dict(document)


def schema_of(document: Mapping[str, Any]) -> int:
    """Return the first schema that has all fields which a document (as JSON) uses."""
    return max(known.schema for name, known in FIELDS.items() if known.schema == 1 or _is_used(document, name))


def document_sha256(document: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 of a JSON document's canonical form (RFC 8785).

    Fields of later schemas than the first are part of it where they are used, and so is a schema beyond 1: a release
    that adds a field changes no hash of what was frozen before.

    A document has texts, lists, objects whose keys are ASCII, and no numbers but its schema. Of these, the standard
    library writes the canonical form too, and ten times as fast.
    """
    used = {
        name: value
        for name, value in document.items()
        if (value != 1 if name == "schema" else FIELDS[name].schema == 1 or _is_used(document, name))
    }
    text = json.dumps(used, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def changed_parts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return the parts in which two documents (as JSON) differ, as editors call them."""
    return [str(words) for part, words in PARTS.items() if before.get(part) != after.get(part)]


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
        key: f"cites {', '.join(marks)}, but the term has {has}: add the missing reference, or correct the number "
        "(numbers in round brackets are not citations)"
        for key, marks in found.items()
        if marks
    }


def clinical_sha256(document: Mapping[str, Any]) -> str:
    """Return the hash of what a reviewer stands for: texts, synonyms and references, without tags and links.

    References count in the house style, so that a work which was frozen before it is no clinical change after it.
    """
    given = upgrade(document)
    content = {key: given[key] for key in CLINICAL}
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


def _is_used(document: Mapping[str, Any], name: str) -> bool:
    default = _as_json(DEFAULTS[name])
    return bool(document.get(name, default) != default)


def _frozen(known: FieldDescription, value: Any) -> Any:
    if known.row:
        return tuple(known.row(**item) for item in value)
    return tuple(value) if known.kind is Kind.NAMES else value


def _as_json(value: str | tuple[Any, ...]) -> Any:
    """Return a part of a document as JSON has it: text, or a list of texts or of objects."""
    if isinstance(value, str):
        return value
    return [item if isinstance(item, str) else {key: getattr(item, key) for key in item.__slots__} for item in value]


class _Parser:
    """Collects problems while it reads, so that an editor sees all of them at once."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data
        self.problems: list[Problem] = []

    def document(self) -> TermDocument:
        for key in sorted(set(self.data) - set(FIELDS) - {"schema"}):
            self.problem(str(key), "is not a field of a term document")
        schema = self.data.get("schema", 1)
        if type(schema) is not int or not 1 <= schema <= SCHEMA:
            self.problem("schema", f"is {str(schema)[:40]!r}, and this release of the site reads 1 to {SCHEMA}")
        values: dict[str, Any] = {}
        for name, known in FIELDS.items():
            values[name] = self.slug(values["title"]) if name == "slug" else self.value(name, known)
            if name == "title" and not values["title"]:
                self.problem("title", MISSING)
        document = TermDocument(**values)
        if document.title and not document.definition:
            self.problem("definition", f"{MISSING}: every term needs one")
        self.marks(document)
        if document.slug and document.slug in document.related:
            self.problem("related", "names the term itself")
        if self.problems:
            raise DocumentError(self.problems)
        return document

    def value(self, name: str, known: FieldDescription) -> Any:
        match known.kind:
            case Kind.LINE:
                return self.line(self.data, name, limit=known.limit)
            case Kind.HTML:
                return self.html(name)
            case Kind.NAMES:
                return self.names(name, limit=known.limit)
        return {"insights": self.insights, "synonyms": self.synonyms, "references": self.references}[name]()

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
            self.problem(field, f"has {len(value):,} characters; the limit is {limit:,}")
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
                f"has more than {MAX_DEPTH} nested elements (lists in lists, bold in italic): remove those that it "
                "does not need, or paste the text without formatting",
            )
        elif lost := lost_words(text, cleaned):
            shown = ", ".join(f"“{word[:40]}”" for word in lost[:5]) + (" …" if len(lost) > 5 else "")
            self.problem(
                key,
                f"would lose {shown} when its HTML is cleaned: write it as text, and write a < that is not part of a "
                "tag as &lt;",
            )
        return cleaned

    def slug(self, title: str) -> str:
        given = self.line(self.data, "slug", limit=MAX_TITLE)
        slug = given or slug_for(title)
        if title and not slug:
            self.problem(
                "slug", f"cannot be made from {title!r}: enter one with lower-case letters, digits and hyphens"
            )
        elif slug and not SLUG.fullmatch(slug):
            self.problem("slug", f"{slug!r} must be lower-case letters, digits and single hyphens")
        elif slug in RESERVED_SLUGS:
            self.problem("slug", f"{slug!r} is the address of another page: choose a longer one, such as '{slug}-term'")
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
            self.problem(key, f"has {len(value)} entries; the limit is {MAX_ITEMS}")
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

    def insights(self) -> tuple[Insight, ...]:
        return tuple(self.insight(item, at) for item, at in self.items("insights", ("text", "term", "url")))

    def insight(self, item: Mapping[str, Any], at: str) -> Insight:
        insight = Insight(
            text=self.required(item, "text", at=at),
            term=self.line(item, "term", at=at, limit=MAX_TITLE),
            url=self.url(item, at=at),
        )
        if insight.term and insight.url:
            self.problem(at, "leads to both a term and a URL: keep one")
        return insight

    def synonyms(self) -> tuple[Synonym, ...]:
        found: dict[str, Synonym] = {}
        for item, at in self.items("synonyms", ("text", "kind")):
            kind = self.line(item, "kind", at=at) or "synonym"
            if kind not in SYNONYM_KINDS:
                self.problem(f"{at}.kind", f"{kind!r} is not one of {', '.join(SYNONYM_KINDS)}")
            synonym = Synonym(text=self.required(item, "text", at=at, limit=MAX_TITLE), kind=kind)
            if synonym.text in found:
                self.problem(f"{at}.text", f"{synonym.text!r} is listed twice")
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
            self.problem(f"{at}.doi", f"{work.doi[:100]!r} is not a DOI: a DOI looks like 10.1001/jama.288.3.321")
        if work.pmid and not pmid_of(work.pmid):
            self.problem(f"{at}.pmid", f"{work.pmid[:100]!r} is not a PubMed number: enter digits only")
        if is_label_only(work.citation):
            self.problem(
                f"{at}.citation",
                f"{work.citation[:100]!r} is only a label: write the whole citation, and put the web address into url",
            )
        for number in wrong_check_digits(work.citation):
            self.problem(f"{at}.citation", f"{number} is mistyped: its check digit does not match")
        return work

    def names(self, key: str, *, limit: int) -> tuple[str, ...]:
        found: dict[str, str] = {}
        for number, item in enumerate(self.sequence(key), start=1):
            name = self.line({"": item}, "", at=f"{key}[{number}]", limit=limit)
            if name:
                found.setdefault(name.casefold(), name)
        return sorted_names(found.values())
