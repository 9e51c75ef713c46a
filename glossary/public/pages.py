"""The values that templates of public pages are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.safestring import SafeString

from glossary.addresses import address_of
from glossary.document.differences import Difference
from glossary.linking import Card
from glossary.models import PublishedEntry, Revision


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go: what stands there to be read, and its address."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Names:
    """The other names of one kind."""

    label: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InsightLine:
    """A related insight, and where it leads, if that is a public place."""

    text: str
    link: Link | None


@dataclass(frozen=True, slots=True)
class Retraction:
    """What is known of a work that its journal took back."""

    retracted_date: date | None
    reason: str
    listed_at: datetime


@dataclass(frozen=True, slots=True)
class ReferenceLine:
    """A cited work, with its addresses written out so that they survive printing, and its retraction if it has one.

    ``identifiers`` are pairs of kind (``doi``, ``pmid``) and value; ``places`` the ids of the marks
    in the texts that name it.
    """

    citation: str
    links: tuple[Link, ...]
    retraction: Retraction | None = None
    identifiers: tuple[tuple[str, str], ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Body:
    """What a document says, as its page shows it: nothing but values, so that what it looks like can be remembered."""

    #: The fields of the document that are HTML, and those that are one line, by name.
    texts: Mapping[str, SafeString]
    lines: Mapping[str, str]
    names: tuple[Names, ...]
    insights: tuple[InsightLine, ...]
    related: tuple[Link, ...]
    references: tuple[ReferenceLine, ...]
    tags: tuple[Link, ...]

    @property
    def sections(self) -> tuple[str, ...]:
        """The parts behind the definition that there are."""
        behind = [name for name, text in self.texts.items() if text and name != "definition"]
        return (*behind, *(name for name in ("insights", "related", "references") if getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Seal:
    """An approval as readers are told of it. ``reason`` is that of a publication without review."""

    approved_at: datetime
    approved_by_name: str
    credentials: str
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What stands behind a text, and never more than that.

    ``review`` is the approval by a second person, with the day on which the next is (or was) due; ``emergency`` the
    publication without one; ``retracted`` the cited works of whose retraction the reviewer could not know, which break
    the seal. All are empty for a text that was published before there were reviews.
    """

    review: Seal | None = None
    due: date | None = None
    overdue: bool = False
    emergency: Seal | None = None
    retracted: tuple[ReferenceLine, ...] = ()


@dataclass(frozen=True, slots=True)
class TermPage:
    """Everything that a term's page shows."""

    entry: PublishedEntry
    revision_number: int
    revision_url: str
    sha256: str
    body: Body
    standing: Standing
    previous: Link | None
    next: Link | None
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Publication:
    """One revision that became public: when, why, under which seal, and in which parts it differs from the one before.

    ``before`` is that earlier public revision, if there was one. ``again`` says that it had been public already.
    """

    revision: Revision
    published_at: datetime
    reason: str
    url: str
    parts: tuple[str, ...]
    before: Revision | None
    current: bool
    again: bool
    standing: Standing


@dataclass(frozen=True, slots=True)
class History:
    """The public history of a term: where it stands, whether it still is public, and its publications, newest first."""

    term_id: int
    slug: str
    entry: PublishedEntry | None
    publications: tuple[Publication, ...]

    @property
    def title(self) -> str:
        title: str = self.publications[0].revision.document["title"]
        return title

    @property
    def url(self) -> str:
        return address_of("glossary:revisions", self.slug)


@dataclass(frozen=True, slots=True)
class RevisionPage:
    """Everything that the permanent page of a revision shows."""

    history: History
    publication: Publication
    title: str
    body: Body
    differences: tuple[Difference, ...]
