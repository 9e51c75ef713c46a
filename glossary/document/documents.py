"""The term document: the unit of editing, import, export, revision and API.

A document is a frozen value. It is built from untrusted JSON by :func:`glossary.document.parsing.parse_document`, and
hashed in the canonical form of RFC 8785 (JSON Canonicalization Scheme).
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

from django.utils.text import slugify
from django.utils.translation import gettext_lazy

from glossary.document.citation_markers import marks_without_reference
from glossary.document.references import works_of
from glossary.text.characters import HYPHENS, as_read
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
