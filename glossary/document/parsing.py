"""Read a term document from untrusted JSON, naming everything that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from glossary.document.documents import (
    CONTROL,
    FIELDS,
    MAX_ITEMS,
    MAX_LINE,
    MAX_TEXT,
    MAX_TITLE,
    MISSING,
    RESERVED_SLUGS,
    SCHEMA,
    SLUG,
    SYNONYM_KINDS,
    TEXTS,
    DocumentError,
    FieldDescription,
    Insight,
    Kind,
    Problem,
    Reference,
    Synonym,
    TermDocument,
    mark_problems,
    slug_for,
    sorted_names,
)
from glossary.document.markup import MAX_DEPTH, clean_html, is_too_deep, lost_words
from glossary.document.references import Work, doi_of, in_house_style, is_label_only, pmid_of, wrong_check_digits
from glossary.text.characters import is_blank


def parse_document(data: Mapping[str, Any]) -> TermDocument:
    """Return a sanitised, checked document from untrusted JSON of the shape of :class:`TermDocument`.

    A missing slug is made from the title. Raises :class:`DocumentError` with every problem found, and names keys that
    are not part of a document instead of dropping them silently.
    """
    return _Parser(data).document()


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
        given = {key: getattr(document, key) for key in (*TEXTS, "references")}
        # A list of references that couldn't be read says so itself.
        if not any(problem.field.startswith("references") for problem in self.problems):
            for key, problem in mark_problems(given).items():
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
