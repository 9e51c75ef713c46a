"""What the public reads. Public code reads these models and the revision that an entry points at, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.conf import settings
from django.db import models
from django.db.models import Q

from glossary.addresses import address_of
from glossary.document import documents
from glossary.models.fields import CodePointField
from glossary.models.history import Revision
from glossary.models.terms import Term

# How many pages are read from the database at once.
AT_ONCE = 500


class TermSnapshot(NamedTuple):
    """What other pages show of a published term: lists, preview cards, links and share images read nothing else of it.

    Each attribute is a column of :class:`PublishedEntry`. A change of any of them makes every page stale that shows the
    term (``glossary.dependents``), so what is added here can be shown on all of these pages.
    """

    slug: str
    title: str
    summary: str

    @property
    def url(self) -> str:
        return address_of("glossary:term", self.slug)


class PublishedEntryQuerySet(models.QuerySet["PublishedEntry"]):
    def under_letter(self, initial: str) -> PublishedEntryQuerySet:
        """Entries filed under ``initial``, one of :data:`glossary.text.names.INITIALS`."""
        return self.filter(initial=initial)

    def recent(self) -> PublishedEntryQuerySet:
        """Entries by last publication, the newest first."""
        return self.order_by("-published_at", "sort_key")

    def snapshots(self) -> list[TermSnapshot]:
        """Return what other pages show of these entries, in their order. One query."""
        return [TermSnapshot(*row) for row in self.values_list(*TermSnapshot._fields)]

    def with_texts(self, *columns: str) -> Iterator[tuple[Any, ...]]:
        """Yield rows of these columns and, behind them, the texts of the public document (:data:`documents.TEXTS`).

        A text that an older document does not have is empty.
        """
        texts = (f"revision__document__{name}" for name in documents.TEXTS)
        for row in self.values_list(*columns, *texts).iterator(chunk_size=AT_ONCE):
            yield (*row[: len(columns)], *(text or "" for text in row[len(columns) :]))


class PublishedEntry(models.Model):
    """One live term: the revision that the public reads, and what lists and lookups need of it."""

    term = models.OneToOneField(Term, primary_key=True, on_delete=models.PROTECT, related_name="entry")
    revision = models.OneToOneField(Revision, on_delete=models.PROTECT, related_name="published_entry")
    approval = models.ForeignKey(
        "Approval",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The approval under which the revision is public. Empty only if it was published before "
        "approvals were recorded.",
    )
    slug = models.SlugField(max_length=documents.MAX_TITLE, unique=True)
    title = models.CharField(max_length=documents.MAX_TITLE)
    # Names compare and sort without case and accents: SQLite and PostgreSQL would each sort their own way.
    sort_key = CodePointField(max_length=documents.MAX_TITLE * 4)
    initial = models.CharField(max_length=12, help_text="The letter under which the title is listed, or its script.")
    summary = models.CharField(max_length=300, help_text="Plain beginning of the definition, for lists and metadata.")
    first_published_at = models.DateTimeField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    published_by_name = models.CharField(max_length=200)

    objects = PublishedEntryQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "slug"]
        verbose_name_plural = "published entries"
        indexes = [
            # Neighbours, and everything in order.
            models.Index(fields=["sort_key", "slug"], name="entry_by_name"),
            # A letter's pages: where each begins is read from the index alone.
            models.Index(fields=["initial", "sort_key", "slug"], name="entry_in_letter"),
            # What is new, on the home page.
            models.Index(fields=["-published_at", "sort_key"], name="entry_by_recency"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return address_of("glossary:term", self.slug)

    @property
    def snapshot(self) -> TermSnapshot:
        """What other pages show of it."""
        return TermSnapshot(*(getattr(self, name) for name in TermSnapshot._fields))


class EntryName(models.Model):
    """A published name (title or synonym) as lookups compare it."""

    entry = models.ForeignKey(PublishedEntry, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=documents.MAX_TITLE)
    normalised = models.CharField(max_length=documents.MAX_TITLE * 4)
    kind = models.CharField(max_length=12, help_text="“title”, or the kind of synonym.")
    # Note [Words as search compares them] in glossary.text.words. Bytes, since both databases sort those alike.
    # Search finds by the one what begins with what was typed, and by the other what is it.
    key = models.BinaryField(max_length=400, db_index=True, editable=False)
    stem_key = models.BinaryField(max_length=400, db_index=True, editable=False)

    def __str__(self) -> str:
        return self.name


class EntryTag(models.Model):
    """A published tag: the name as the frozen document has it."""

    entry = models.ForeignKey(PublishedEntry, on_delete=models.CASCADE, related_name="entry_tags")
    slug = models.SlugField(max_length=documents.MAX_TAG)
    name = models.CharField(max_length=documents.MAX_TAG)
    sort_key = CodePointField(
        max_length=documents.MAX_TITLE * 4, help_text="The entry's, so that a topic has an order."
    )

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["entry", "slug"], name="entry_tag_once")]
        # A topic's pages, without sorting all of its entries for each.
        indexes = [models.Index(fields=["slug", "sort_key", "entry"], name="entry_tag_in_order")]

    def __str__(self) -> str:
        return self.name


class Listing(models.Model):
    """What is known of a list of entries, kept when an entry comes, changes or goes, so that no page counts entries.

    Everything (``all``, under the key ``""``), each letter (under its key), the overview of topics (``topics``), each
    topic that a published document carries (under its slug), and each part of the sitemap (under its number).
    """

    class Kind(models.TextChoices):
        ALL = "all", "all terms"
        LETTER = "letter", "letter"
        TOPICS = "topics", "all topics"
        TOPIC = "topic", "topic"
        PART = "part", "part of the sitemap"

    kind = models.CharField(max_length=6, choices=Kind.choices)
    key = models.CharField(max_length=documents.MAX_TAG, blank=True)
    name = models.CharField(max_length=documents.MAX_TAG, blank=True, help_text="Of a topic, as documents have it.")
    sort_key = CodePointField(max_length=documents.MAX_TAG * 4, blank=True)
    initial = models.CharField(max_length=12, blank=True)
    description = models.TextField(blank=True, help_text="Of a topic: plain text, as readers see it.")
    count = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(help_text="The last change of what the list shows.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="listing_once")]
        indexes = [
            # The overview of topics, by letter and in order.
            models.Index(fields=["kind", "initial", "sort_key"], name="listing_in_letter"),
            # The topics that most entries carry.
            models.Index(fields=["kind", "-count", "sort_key"], name="listing_by_count"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name or self.key}".strip()


class TopicPair(models.Model):
    """How many published entries carry two topics at once. Each pair stands here twice, once from either side."""

    slug = models.SlugField(max_length=documents.MAX_TAG, db_index=False)
    other = models.SlugField(max_length=documents.MAX_TAG, db_index=False)
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug", "other"], name="topic_pair_once")]
        # The topics that go with one, the most frequent first.
        indexes = [models.Index(fields=["slug", "-count", "other"], name="topic_pair_by_count")]

    def __str__(self) -> str:
        return f"{self.slug} and {self.other}"


class SlugRedirect(models.Model):
    """An address that a term once had in public. It leads to the term for ever."""

    slug = models.SlugField(max_length=documents.MAX_TITLE, unique=True)
    term = models.ForeignKey(Term, on_delete=models.PROTECT, related_name="old_slugs")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.slug


class ContentVersion(models.Model):
    """A single row that counts changes of what the public reads, so that finished pages know when they are stale."""

    number = models.PositiveBigIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="content_version_is_one_row")]

    def __str__(self) -> str:
        return str(self.number)


class NameChange(models.Model):
    """A term whose published names, or whether they are linked, changed. See Note [When the names are fresh] in
    ``glossary.linking.current``.
    """

    # No foreign key: it is a note for processes that hold names, and outlives what it is about.
    term_id = models.BigIntegerField(
        null=True, help_text="Empty if too many names changed: then all names are read again."
    )
    token = models.BigIntegerField(
        help_text="Random, so that it differs from the row with the same number in a restored backup."
    )

    def __str__(self) -> str:
        return f"names of term {self.term_id}" if self.term_id else "names of all terms"
