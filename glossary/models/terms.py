"""The working copy: what editors change."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from taggit.managers import TaggableManager

from glossary import documents


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
