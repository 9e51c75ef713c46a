"""How often names are linked, counted now and then for the editors' overview."""

from __future__ import annotations

from django.db import models

from glossary.document import documents
from glossary.models.fields import CodePointField
from glossary.models.published import PublishedEntry


class NameUse(models.Model):
    """A published name of a term, with the links that its mentions make on other pages.

    ``ambiguous`` mentions are those that lead nowhere, since several terms bear the name; ``held_back`` those that
    may mean something else (``glossary.linking.doubts``). Written by ``glossary.actions.counting``, all of them anew
    each time.
    """

    entry = models.ForeignKey(PublishedEntry, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=documents.MAX_TITLE)
    sort_key = CodePointField(max_length=documents.MAX_TITLE * 4)
    kind = models.CharField(max_length=12, help_text="“title”, or the kind of synonym.")
    is_ambiguous = models.BooleanField(
        default=False, help_text="Several terms have this name, so that it is not linked."
    )
    links = models.PositiveIntegerField(default=0)
    ambiguous = models.PositiveIntegerField(default=0)
    held_back = models.PositiveIntegerField(default=0)
    counted_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        ordering = ["-is_ambiguous", "-ambiguous", "-links", "sort_key", "pk"]
        indexes = [
            models.Index(fields=["-is_ambiguous", "-ambiguous", "-links", "sort_key", "id"], name="name_use_in_order")
        ]

    def __str__(self) -> str:
        return self.name
