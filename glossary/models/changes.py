"""Which public pages each content version changed, so that finished copies of all others stay valid."""

from __future__ import annotations

from django.db import models

from glossary.models.terms import Term

#: The key that stands for every page.
EVERYTHING = "*"


class ContentChangeQuerySet(models.QuerySet["ContentChange"]):
    def between(self, seen: int, now: int) -> ContentChangeQuerySet:
        """The changes after the content version ``seen``, up to ``now``, the oldest first."""
        return self.filter(version__gt=seen, version__lte=now).order_by("version")


class ContentChange(models.Model):
    """What one content version changed: keys of pages (``glossary.dependents``), written with the change itself.

    Only the last ones are kept. A process that has seen none of them counts every page as changed.
    """

    version = models.PositiveBigIntegerField(primary_key=True)
    name = models.BigIntegerField(
        help_text="A random number. It distinguishes a content version from one with the same number in a restored "
        "backup."
    )
    keys = models.JSONField(help_text="Keys of the pages that it changed; `*` is every page.")

    objects = ContentChangeQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.version)


class DocumentReference(models.Model):
    """Something that a public document of a term names: another term's address, or a cited work.

    Written when a revision is published, and kept when a later one no longer names it: the earlier one has a public
    page too. This is the index by which the pages are found that show another term's title or a retraction.
    """

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=500, help_text="`term:` and a slug, or `work:` and an identifier.")
    current = models.BooleanField(help_text="Whether the revision that is public now names it.")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["what", "term"], name="document_reference_once")]

    def __str__(self) -> str:
        return self.what
