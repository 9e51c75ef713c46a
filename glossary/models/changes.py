"""Which public pages each edition changed, so that finished copies of all others go on being good."""

from __future__ import annotations

from django.db import models

from glossary.models.terms import Term

#: The key that stands for every page.
EVERYTHING = "*"


class EditionChangeQuerySet(models.QuerySet["EditionChange"]):
    def between(self, seen: int, now: int) -> EditionChangeQuerySet:
        """The editions that came after ``seen``, up to ``now``, the oldest first."""
        return self.filter(edition__gt=seen, edition__lte=now).order_by("edition")


class EditionChange(models.Model):
    """What one edition changed: keys of pages (``glossary.dependents``), written with the change itself.

    Only the last editions are kept. Whoever has seen none of them takes every page for changed.
    """

    edition = models.PositiveBigIntegerField(primary_key=True)
    name = models.BigIntegerField(
        help_text="A random number. It distinguishes a content version from one with the same number in a restored "
        "backup."
    )
    keys = models.JSONField(help_text="Keys of the pages that it changed; `*` is every page.")

    objects = EditionChangeQuerySet.as_manager()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.edition)


class Naming(models.Model):
    """Something that a public document of a term names: another term's address, or a cited work.

    Written when a revision is published, and kept when a later one no longer names it: the earlier one has a public
    page too. This is the index by which the pages are found that show another term's title or a retraction.
    """

    term = models.ForeignKey(Term, on_delete=models.CASCADE, related_name="+")
    what = models.CharField(max_length=500, help_text="`term:` and a slug, or `work:` and an identifier.")
    current = models.BooleanField(help_text="Whether the revision that is public now names it.")

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["what", "term"], name="naming_once")]

    def __str__(self) -> str:
        return self.what
