"""The glossary's data: the working copy that editors change, the frozen revisions, and what the public reads.

Public code reads :class:`PublishedEntry` and the revision it points at, and nothing else.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from taggit.managers import TaggableManager

from glossary import documents

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def normalise(name: str) -> str:
    """Return the form of a name that lookups compare: case folded, compatibility forms and accents removed."""
    decomposed = unicodedata.normalize("NFKD", name)
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return " ".join(bare.casefold().split())


def initial_of(title: str) -> str:
    """Return the letter that a title is filed under, ``A`` to ``Z``, or ``#`` for anything else."""
    first = normalise(title)[:1].upper()
    return first if first.isascii() and first.isalpha() else "#"


class TermQuerySet(models.QuerySet["Term"]):
    def published(self) -> TermQuerySet:
        """Terms that are readable by the public now."""
        return self.filter(entry__isnull=False)

    def drafts(self) -> TermQuerySet:
        """Terms that are not published and never were retired."""
        return self.filter(entry__isnull=True, retired_at__isnull=True)

    def retired(self) -> TermQuerySet:
        """Terms that are taken back from the public."""
        return self.filter(retired_at__isnull=False)

    def published_with_changes(self) -> TermQuerySet:
        """Published terms that are edited further than what the public reads."""
        return self.published().exclude(entry__revision_id=F("head_id"))

    def published_without_changes(self) -> TermQuerySet:
        """Published terms whose newest revision is what the public reads."""
        return self.filter(entry__revision_id=F("head_id"))

    def with_state(self) -> TermQuerySet:
        """Terms with what :attr:`Term.state` reads already fetched."""
        return self.select_related("entry", "head")


class Term(models.Model):
    """The working copy of a term. Changed only by ``glossary.actions``; read by editors only."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        CHANGED = "changed", "Published with changes"
        RETIRED = "retired", "Retired"

    title = models.CharField(
        max_length=documents.MAX_TITLE, help_text="The name as a reader would look it up, for example “Luteal phase”."
    )
    slug = models.SlugField(
        max_length=documents.MAX_TITLE,
        unique=True,
        help_text="The last part of the page's address, made from the title. "
        "Changing it later keeps the old address working.",
        error_messages={"unique": "Another term has this address already: choose a different one."},
    )
    definition = models.TextField(help_text="What the term means, in words that an educated patient understands.")
    origin = models.TextField(blank=True, help_text="Where the term comes from: the words, the people, the practice.")
    mechanism = models.TextField(blank=True, help_text="How it works in the body, or what the treatment does there.")
    related = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="related_from")
    tags = TaggableManager(blank=True, help_text="Topics, chosen from the list or typed and closed with a comma.")

    head = models.OneToOneField(
        "Revision", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )

    objects = TermQuerySet.as_manager()

    class Meta:
        ordering = ["title", "pk"]
        permissions = [
            ("publish_term", "Can publish a term"),
            ("retire_term", "Can retire a term"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(slug="") & ~Q(definition=""),
                name="term_has_title_slug_definition",
                violation_error_message="A term needs a title, a slug and a definition.",
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True, retired_by__isnull=True)
                | Q(retired_at__isnull=False, retired_by__isnull=False),
                name="term_retired_at_with_by",
                violation_error_message="A retired term says when and by whom.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> Term.State:
        """The state as people say it. Needs :meth:`TermQuerySet.with_state` on lists, else it queries."""
        entry = getattr(self, "entry", None)
        if entry is None:
            return self.State.RETIRED if self.retired_at else self.State.DRAFT
        return self.State.PUBLISHED if entry.revision_id == self.head_id else self.State.CHANGED


class Child(models.Model):
    """An ordered part of a term's working copy."""

    position = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True
        ordering = ["position", "pk"]


class Insight(Child):
    """A related-insight snippet of the working copy."""

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="insights")
    text = models.TextField(
        max_length=documents.MAX_LINE, help_text="One or two sentences that tell a reader something worth knowing."
    )
    target = models.ForeignKey(
        Term,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="insights_from",
        verbose_name="leads to term",
    )
    url = models.URLField("leads to address", max_length=documents.MAX_LINE, blank=True)

    class Meta(Child.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(target__isnull=True) | Q(url=""),
                name="insight_leads_to_one_place",
                violation_error_message="An insight leads to a term or to a web address, not to both.",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Synonym(Child):
    """Another name of the working copy."""

    class Kind(models.TextChoices):
        SYNONYM = "synonym", "Synonym"
        ABBREVIATION = "abbreviation", "Abbreviation"
        VARIANT = "variant", "Spelling variant"
        FORMER = "former", "Former name"

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="synonyms")
    text = models.CharField(max_length=documents.MAX_TITLE)
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.SYNONYM)

    class Meta(Child.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["term", "text"],
                name="synonym_once_per_term",
                violation_error_message="This synonym is listed twice.",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Reference(Child):
    """A cited work of the working copy."""

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="references")
    citation = models.TextField(
        max_length=documents.MAX_LINE, help_text="Authors. Title. Journal. Year;volume(issue):pages."
    )
    doi = models.CharField(
        "DOI", max_length=documents.MAX_LINE, blank=True, help_text="For example 10.1001/jama.288.3.321."
    )
    pmid = models.CharField("PMID", max_length=60, blank=True, help_text="PubMed number, digits only.")
    url = models.URLField("web address", max_length=documents.MAX_LINE, blank=True)

    class Meta(Child.Meta):
        pass

    def __str__(self) -> str:
        return self.citation[:60]


class AppendOnly(models.Model):
    """A row that is written once. Database triggers refuse UPDATE and DELETE (migration ``append_only``)."""

    class Meta:
        abstract = True


class Revision(AppendOnly):
    """A whole term document, frozen at a save and named by its hash."""

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField()
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    document = models.JSONField(help_text="The term document, whole.")
    sha256 = models.CharField("SHA-256", max_length=64, help_text="Hash of the document's canonical form (RFC 8785).")
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["term", "number"], name="revision_number_once_per_term"),
            models.CheckConstraint(
                condition=Q(number=1, parent__isnull=True) | Q(number__gt=1, parent__isnull=False),
                name="revision_after_the_first_has_parent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document['title']}, revision {self.number}"


class Event(AppendOnly):
    """What somebody did to a term beside editing it: who, when, what, from which revision to which, and why."""

    class Verb(models.TextChoices):
        PUBLISHED = "published", "published"
        RETIRED = "retired", "retired"

    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="events")
    verb = models.CharField(max_length=20, choices=Verb.choices)
    revision = models.ForeignKey(Revision, null=True, on_delete=models.PROTECT, related_name="+")
    previous_revision = models.ForeignKey(Revision, null=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.term} {self.verb}"


class PublishedEntryQuerySet(models.QuerySet["PublishedEntry"]):
    def under_letter(self, initial: str) -> PublishedEntryQuerySet:
        """Entries filed under ``initial``: ``A`` to ``Z``, or ``#``."""
        return self.filter(initial=initial)

    def tagged(self, slug: str) -> PublishedEntryQuerySet:
        """Entries whose published document carries the tag."""
        return self.filter(entry_tags__slug=slug)

    def recent(self) -> PublishedEntryQuerySet:
        """Entries by last publication, the newest first."""
        return self.order_by("-published_at", "sort_key")


class PublishedEntry(models.Model):
    """One live term: the revision that the public reads, and what lists and lookups need of it."""

    term = models.OneToOneField(Term, primary_key=True, on_delete=models.PROTECT, related_name="entry")
    revision = models.OneToOneField(Revision, on_delete=models.PROTECT, related_name="published_entry")
    slug = models.SlugField(max_length=documents.MAX_TITLE, unique=True)
    title = models.CharField(max_length=documents.MAX_TITLE)
    # Names compare and sort without case and accents: SQLite and PostgreSQL would each sort their own way.
    sort_key = models.CharField(max_length=documents.MAX_TITLE * 4, db_index=True)
    initial = models.CharField(max_length=1)
    summary = models.CharField(max_length=300, help_text="Plain beginning of the definition, for lists and metadata.")
    search_document = models.TextField(help_text="Normalised plain text of everything that search looks into.")
    first_published_at = models.DateTimeField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    published_by_name = models.CharField(max_length=200)

    objects = PublishedEntryQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "slug"]
        verbose_name_plural = "published entries"
        indexes = [
            models.Index(fields=["initial", "sort_key"], name="entry_by_letter"),
            models.Index(fields=["-published_at", "sort_key"], name="entry_by_recency"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("glossary:term", args=[self.slug])


class EntryName(models.Model):
    """A published name (title or synonym) as lookups compare it."""

    entry = models.ForeignKey(PublishedEntry, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=documents.MAX_TITLE)
    # db_index and not Meta.indexes: so PostgreSQL gets a second index that serves prefixes under any collation.
    normalised = models.CharField(max_length=documents.MAX_TITLE * 4, db_index=True)
    kind = models.CharField(max_length=12, help_text="“title”, or the kind of synonym.")

    def __str__(self) -> str:
        return self.name


class EntryTag(models.Model):
    """A published tag: the name as the frozen document has it."""

    entry = models.ForeignKey(PublishedEntry, on_delete=models.CASCADE, related_name="entry_tags")
    slug = models.SlugField(max_length=documents.MAX_TAG)
    name = models.CharField(max_length=documents.MAX_TAG)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["entry", "slug"], name="entry_tag_once")]

    def __str__(self) -> str:
        return self.name


class SlugRedirect(models.Model):
    """An address that a term once had in public. It leads to the term for ever."""

    slug = models.SlugField(max_length=documents.MAX_TITLE, unique=True)
    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="old_slugs")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class Edition(models.Model):
    """A single row that counts changes of what the public reads, so that finished pages know when they are stale."""

    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="edition_is_one_row")]

    def __str__(self) -> str:
        return str(self.number)


@dataclass(frozen=True, slots=True)
class Program:
    """What acts without a person, such as an import or a scheduled job. It stands in the history under its name."""

    name: str


def name_of(by: User | Program) -> str:
    """Return the name under which a person or a program stands in the history, for ever."""
    name = by.name if isinstance(by, Program) else by.get_full_name() or by.get_username()
    return name[:200]


def account_of(by: User | Program) -> User | None:
    """Return the person's account; a program has none."""
    return None if isinstance(by, Program) else by
