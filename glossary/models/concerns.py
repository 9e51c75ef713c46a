"""What makes a term worth looking at again although nobody edited it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.db import models
from django.db.models import Q

from glossary.document.references import works_of
from glossary.models.history import Revision
from glossary.models.terms import Term


class ConcernQuerySet(models.QuerySet["Concern"]):
    def open(self) -> ConcernQuerySet:
        """Concerns that nobody has settled."""
        return self.filter(resolved_at__isnull=True)


class Concern(models.Model):
    """Something outside a term that may make it untrue. It stays until the term is approved again."""

    class Kind(models.TextChoices):
        TARGET_GONE = "target_gone", "leads to a term that is no longer public"
        TARGET_HIDDEN = "target_hidden", "leads to a term that is not public"
        TARGET_CHANGED = "target_changed", "leads to a term whose clinical content changed"
        RETRACTED = "retracted", "cites a work that was retracted"

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="concerns")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    target = models.ForeignKey(Term, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    before = models.ForeignKey(Revision, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    after = models.ForeignKey(Revision, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    detail = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by_name = models.CharField(max_length=200, blank=True)
    resolution = models.CharField(max_length=500, blank=True, help_text="Why it is settled, if somebody gave a reason.")

    objects = ConcernQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["term", "kind", "target"],
                condition=Q(resolved_at__isnull=True, target__isnull=False),
                name="concern_once_per_target",
            ),
            models.UniqueConstraint(
                fields=["term", "kind", "detail"],
                condition=Q(resolved_at__isnull=True, target__isnull=True),
                name="concern_once_per_detail",
            ),
            models.CheckConstraint(
                condition=Q(resolved_at__isnull=True, resolved_by_name="")
                | (Q(resolved_at__isnull=False) & ~Q(resolved_by_name="")),
                name="concern_resolved_at_with_by",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.term} {self.get_kind_display()}"

    @property
    def in_words(self) -> str:
        """What is the matter, without the term's own name. Needs ``target`` fetched where there is one."""
        about = str(self.target) if self.target_id else self.detail
        return f"{self.get_kind_display().capitalize()}: {about}"


class RetractedWorkQuerySet(models.QuerySet["RetractedWork"]):
    def known_as(self, identifiers: Collection[str]) -> RetractedWorkQuerySet:
        """Works that have one of these identifiers (``glossary.document.references.Work.identifiers``)."""
        return self.numbered(*_told_apart(identifiers))

    def numbered(self, dois: Collection[str], pmids: Collection[str]) -> RetractedWorkQuerySet:
        """Works that have one of these DOIs or PubMed numbers."""
        return self.filter(Q(doi__in=dois) | Q(pmid__in=pmids))

    def cited_in(self, document: Mapping[str, Any]) -> list[RetractedWork | None]:
        """Return, for each reference of a term document (as JSON), the retracted work that it cites, if it does."""
        works = works_of(document)
        named = {name for work in works for name in work.identifiers}
        known = {name: work for work in _known_as(named) for name in work.identifiers}
        return [next((known[name] for name in work.identifiers if name in known), None) for work in works]


def _told_apart(identifiers: Collection[str]) -> tuple[list[str], list[str]]:
    pmids = [name.removeprefix("PMID ") for name in identifiers if name.startswith("PMID ")]
    return [name for name in identifiers if not name.startswith("PMID ")], pmids


class RetractedWork(models.Model):
    """A work that its journal took back, from a list such as Retraction Watch's."""

    doi = models.CharField(max_length=300, blank=True)
    pmid = models.CharField(max_length=20, blank=True)
    title = models.CharField(max_length=1000, blank=True)
    reason = models.CharField(max_length=1000, blank=True)
    retracted_date = models.DateField(null=True, blank=True)
    listed_at = models.DateTimeField(
        help_text="When this site learned of the retraction. Earlier approvals were given without knowing of it."
    )
    checked_at = models.DateTimeField(help_text="When it was last in a list that was loaded.")

    objects = RetractedWorkQuerySet.as_manager()

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["doi"], condition=~Q(doi=""), name="retracted_doi_once"),
            models.UniqueConstraint(fields=["pmid"], condition=Q(doi="") & ~Q(pmid=""), name="retracted_pmid_once"),
            models.CheckConstraint(condition=~Q(doi="", pmid=""), name="retracted_work_has_identifier"),
        ]
        # What a page cites is looked for by DOI or PMID, and the list has works that have both.
        indexes = [models.Index(fields=["pmid"], condition=~Q(pmid=""), name="retracted_by_pmid")]

    def __str__(self) -> str:
        return self.doi or f"PMID {self.pmid}"

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Its names as ``glossary.document.references.Work.identifiers`` has them."""
        return tuple(filter(None, (self.doi, self.pmid and f"PMID {self.pmid}")))


def _known_as(identifiers: Collection[str]) -> list[RetractedWork]:
    """Return the works that have one of these identifiers. One query, or none for no identifiers."""
    if not identifiers:
        return []
    dois, pmids = _told_apart(identifiers)
    return list(RetractedWork.objects.numbered(dois, pmids))
