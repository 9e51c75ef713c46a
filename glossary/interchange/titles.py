"""Which term a row of a file is about: the one with its slug or, if it gives none, the one with its title."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.text import get_text_list

from glossary.document.documents import TermDocument, slug_for
from glossary.interchange.existing import is_empty
from glossary.interchange.files import Record
from glossary.models import Term
from glossary.text.characters import as_read, is_blank

SHOWN_SLUGS = 5


def title_of(record: Record) -> str:
    title = record.fields.get("title")
    return " ".join(title.split()) if isinstance(title, str) else ""


def slug_of(record: Record) -> str:
    """Return the slug that the record's document will have, if it is a good one."""
    slug = record.fields.get("slug")
    return slug.strip() if isinstance(slug, str) and not is_blank(slug) else slug_for(title_of(record))


@dataclass(frozen=True, slots=True)
class Titles:
    """The terms that exist under the titles of a file.

    ``slugs`` are theirs by title, and ``unnamed`` the rows that give no slug.
    """

    slugs: Mapping[str, Sequence[str]]
    unnamed: Collection[int]

    def with_slugs(self, found: Sequence[Record]) -> list[Record]:
        """Return the records with their slugs, those of the terms that have their titles or else made from these."""
        return [
            replace(record, fields={**record.fields, "slug": slug})
            if record.row in self.unnamed and (slug := self._slug(title_of(record)))
            else record
            for record in found
        ]

    def problem(
        self, row: int, given: TermDocument, *, becomes: TermDocument, was: str | None, in_file: Collection[str]
    ) -> str:
        """Return what is wrong with the title of a row, or an empty string.

        ``was`` is the title of the term before, ``None`` if there is no such term. A second term of the same title is
        only accepted from a file that has both, each with its slug: ``in_file`` are its slugs.
        """
        same = self.slugs.get(_key(given.title), ())
        if row in self.unnamed and len(same) > 1:
            return (
                f"title: {len(same):,} terms are called “{given.title}”, {_named(same)}: say which is meant, in a "
                "column “slug”"
            )
        if was is not None and _key(was) == _key(becomes.title):
            return ""
        others = [slug for slug in self.slugs.get(_key(becomes.title), ()) if slug not in in_file]
        if not others:
            return ""
        return (
            f"title: “{becomes.title}” is the title of {_named(others)} already: use that slug to change that term, or "
            f"give {becomes.slug!r} another title"
        )

    def _slug(self, title: str) -> str:
        same = self.slugs.get(_key(title), ())
        return same[0] if len(same) == 1 else slug_for(title)


def titles_in(found: Sequence[Record]) -> Titles:
    """Return the terms that have the titles of these records. Reads the titles of all terms once."""
    wanted = {_key(title_of(record)) for record in found} - {""}
    slugs: dict[str, list[str]] = defaultdict(list)
    # Compared here and not in SQL: SQLite ignores the case of ASCII letters only.
    for slug, title in Term.objects.order_by("slug").values_list("slug", "title").iterator():
        if (key := _key(title)) in wanted:
            slugs[key].append(slug)
    # A slug of invisible characters is none, and must not keep a term that exists from being found.
    unnamed = {record.row for record in found if is_empty("slug", record.fields.get("slug"))}
    return Titles(slugs, unnamed)


def _key(title: str) -> str:
    return " ".join(as_read(title).casefold().split())


def _named(slugs: Sequence[str]) -> str:
    shown = [repr(slug) for slug in slugs[:SHOWN_SLUGS]]
    more = len(slugs) - len(shown)
    return get_text_list([*shown, f"{more:,} more"] if more else shown, "and")
