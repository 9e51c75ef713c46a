"""What the public reads. Public code reads these models and the revision that an entry points at, and nothing else."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from glossary import documents
from glossary.models.history import Revision
from glossary.models.terms import Term


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
    approval = models.ForeignKey(
        "Approval",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The seal under which the revision is public. Empty only for what was published before seals.",
    )
    slug = models.SlugField(max_length=documents.MAX_TITLE, unique=True)
    title = models.CharField(max_length=documents.MAX_TITLE)
    # Names compare and sort without case and accents: SQLite and PostgreSQL would each sort their own way.
    sort_key = models.CharField(max_length=documents.MAX_TITLE * 4, db_index=True)
    initial = models.CharField(max_length=1)
    summary = models.CharField(max_length=300, help_text="Plain beginning of the definition, for lists and metadata.")
    search_document = models.TextField(help_text="Normalised plain text of everything that search looks into.")
    first_published_at = models.DateTimeField()
    published_at = models.DateTimeField()
    published_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
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
