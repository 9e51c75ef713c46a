"""The working copy: what editors change."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from taggit.managers import TaggableManager

from glossary.document import documents
from glossary.models.fields import CodePointField

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class TermQuerySet(models.QuerySet["Term"]):
    def published(self) -> TermQuerySet:
        """Terms that are readable by the public now."""
        return self.filter(entry__isnull=False)

    def for_change(self) -> TermQuerySet:
        """These terms, locked until the transaction ends. Everything that changes a term locks it first.

        In the order of their keys, so that two changes of many terms don't wait for one another. Rows that refer to a
        term, such as the concern that another term's publication raises about it, can still be written.
        """
        return self.select_for_update(of=("self",), no_key=True).order_by("pk")

    def in_state(self, state: Term.State) -> TermQuerySet:
        """Terms whose :attr:`Term.state` is ``state``."""
        return self.alias(current_state=STATE).filter(current_state=state)

    def overdue(self, *, on: date) -> TermQuerySet:
        """Published terms whose next review was due before ``on``."""
        return self.published().filter(next_review_date__lt=on)

    def to_remind_of(self, *, on: date) -> TermQuerySet:
        """Overdue terms of whose due date nobody was reminded yet."""
        return self.overdue(on=on).exclude(reminded_date=F("next_review_date"))

    def waiting_for(self, user: User) -> TermQuerySet:
        """Terms that wait for this person: in review, for them or for any reviewer, and not submitted by them.

        The action decides who may approve, since it checks every contributor; this leaves out only what
        the person submitted.
        """
        waiting = self.filter(review__status="open").exclude(review__submitted_by=user)
        return waiting.filter(Q(review__reviewer=user) | Q(review__reviewer__isnull=True))

    def owned_by(self, user: User) -> TermQuerySet:
        """Terms that this person looks after."""
        return self.filter(owner=user)

    def with_concerns(self) -> TermQuerySet:
        """Terms with something unresolved: a retired target, a changed neighbour, a retracted work."""
        return self.filter(concerns__resolved_at__isnull=True, concerns__isnull=False).distinct()

    def with_broken_links(self) -> TermQuerySet:
        """Terms that lead to a term that the public cannot read."""
        broken = ["target_gone", "target_hidden"]
        return self.filter(concerns__resolved_at__isnull=True, concerns__kind__in=broken).distinct()

    def published_without_review(self) -> TermQuerySet:
        """Terms whose public text nobody but its authors stands for: an emergency, or older than reviews."""
        unreviewed = Q(entry__approval__emergency=True) | Q(entry__approval__isnull=True)
        return self.published().filter(unreviewed)

    def with_state(self) -> TermQuerySet:
        """Terms with what :attr:`Term.state` reads already fetched."""
        return self.select_related("entry", "head", "review")


# The same rules as Term.state, in SQL; a test walks every combination and compares.
STATE = Case(
    When(review__status="open", then=Value("in_review")),
    When(review__status="sent_back", then=Value("changes_asked")),
    When(
        Q(review__status="approved", review__revision=F("head"))
        & (Q(entry__isnull=True) | ~Q(entry__revision=F("head"))),
        then=Value("approved"),
    ),
    When(entry__revision=F("head"), then=Value("published")),
    When(entry__isnull=False, then=Value("changed")),
    When(retired_at__isnull=False, then=Value("retired")),
    default=Value("draft"),
)


class Term(models.Model):
    """The working copy of a term. Changed only by ``glossary.actions``; read by editors only."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
        CHANGES_ASKED = "changes_asked", "Changes requested"
        APPROVED = "approved", "Approved"
        PUBLISHED = "published", "Published"
        CHANGED = "changed", "Published with changes"
        RETIRED = "retired", "Retired"

    title = models.CharField(
        max_length=documents.MAX_TITLE, help_text="The name as a reader would look it up, for example “Luteal phase”."
    )
    slug = models.SlugField(
        max_length=documents.MAX_TITLE,
        unique=True,
        help_text="The last part of the page's address, made from the title. If you change it later, the old address "
        "still works.",
        error_messages={"unique": "Another term already has this address. Choose a different one."},
    )
    sort_key = CodePointField(max_length=documents.MAX_TITLE * 4, blank=True, editable=False)
    definition = models.TextField(help_text="What the term means, in words that an educated patient understands.")
    origin = models.TextField(blank=True, help_text="Where the term comes from: the words, the people, the practice.")
    mechanism = models.TextField(blank=True, help_text="How it works in the body, or what the treatment does there.")
    related = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="related_from")
    tags = TaggableManager(blank=True, help_text="Topics. Choose from the list, or type a topic and a comma.")

    head = models.OneToOneField(
        "Revision", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    review = models.OneToOneField(
        "Review",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The latest review, in any state.",
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="terms",
        help_text="The person who owns the term, and gets an email when it needs review.",
    )
    review_months = models.PositiveSmallIntegerField(
        "review every … months",
        null=True,
        blank=True,
        help_text="Leave empty for the site's default.",
    )
    next_review_date = models.DateField(null=True, blank=True, editable=False)
    reminded_date = models.DateField(
        null=True, blank=True, editable=False, help_text="The due date about which owner and reviewers were reminded."
    )
    retired_at = models.DateTimeField(null=True, blank=True, editable=False)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    retired_by_name = models.CharField(max_length=200, blank=True, editable=False)
    successor = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The term to which the page of a retired term links. If that one is retired later, its own "
        "successor is used.",
    )

    objects = TermQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "pk"]
        permissions = [
            ("submit_term", "Can submit a term for review"),
            ("publish_term", "Can publish a term that is approved"),
            ("retire_term", "Can retire a term"),
            ("review_term", "Can approve a term or send it back"),
            ("emergency_publish_term", "Can publish without review, in an emergency"),
        ]
        indexes = [
            # The desk's list begins with its first page, without sorting all the others.
            models.Index(fields=["sort_key", "id"], name="term_in_order"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(title="") & ~Q(slug="") & ~Q(definition=""),
                name="term_has_title_slug_definition",
                violation_error_message="A term needs a title, a slug and a definition.",
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True, retired_by_name="")
                | (Q(retired_at__isnull=False) & ~Q(retired_by_name="")),
                name="term_retired_at_with_by",
                violation_error_message="A retired term needs a time and the person who retired it.",
            ),
            models.CheckConstraint(
                condition=Q(successor__isnull=True) | (Q(retired_at__isnull=False) & ~Q(successor=F("pk"))),
                name="term_successor_of_retired_by_another",
                violation_error_message="Only a retired term can have a successor, which must be another term.",
            ),
            models.CheckConstraint(
                condition=Q(review_months__isnull=True) | Q(review_months__range=(1, 120)),
                name="term_review_months_sensible",
                violation_error_message="The time between reviews must be 1 to 120 months.",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def state(self) -> Term.State:
        """The state as people say it. Needs :meth:`TermQuerySet.with_state` on lists, else it queries."""
        entry = getattr(self, "entry", None)
        review = self.review
        is_public = entry is not None and entry.revision_id == self.head_id
        if review is not None:
            if review.status == "open":
                return self.State.IN_REVIEW
            if review.status == "sent_back":
                return self.State.CHANGES_ASKED
            if review.status == "approved" and review.revision_id == self.head_id and not is_public:
                return self.State.APPROVED
        if entry is not None:
            return self.State.PUBLISHED if is_public else self.State.CHANGED
        return self.State.RETIRED if self.retired_at else self.State.DRAFT


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
        max_length=documents.MAX_LINE, help_text="One or two sentences with something worth knowing."
    )
    target = models.ForeignKey(
        Term,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="insights_from",
        verbose_name="term that it leads to",
    )
    url = models.URLField("address that it leads to", max_length=documents.MAX_LINE, blank=True)

    class Meta(Child.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(target__isnull=True) | Q(url=""),
                name="insight_leads_to_one_place",
                violation_error_message="An insight can lead to a term or to a web address, not to both.",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class WrittenLink(models.Model):
    """A link to another term that stands in a text of the working copy, so that the texts needn't be searched for it.

    A slug and not a term: the link may lead to a former slug, or to a term that comes later.
    """

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="written_links")
    slug = models.SlugField(max_length=documents.MAX_TITLE, db_index=False)

    class Meta:
        default_permissions = ()
        # In this order, so that it is also the index by which whoever leads to a slug is found.
        constraints = [models.UniqueConstraint(fields=["slug", "term"], name="written_link_once")]

    def __str__(self) -> str:
        return self.slug


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


class UnlinkedName(models.Model):
    """A name (title or synonym) of a term that an editor has switched off: mentions of it elsewhere aren't linked.

    It says how other pages look and nothing of what the term says, so it is no part of the document: it takes effect
    without a review, ends no approval, and outlives the rows of the working copy. See docs/adr/0160.
    """

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="unlinked_names")
    name = models.CharField(max_length=documents.MAX_TITLE)
    normalised = models.CharField(max_length=documents.MAX_TITLE * 4)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by_name = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["term", "normalised"],
                name="unlinked_name_once_per_term",
                violation_error_message="Links to this name are already switched off.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


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
