"""What topics are about, in the words of editors."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from taggit.models import Tag

from glossary.models.history import AppendOnly

MAX_DESCRIPTION = 2_000


# Note [Descriptions of topics need no review]
# A description leads readers to terms and makes no clinical claim, so it is plain text without an approval: readers see
# the newest row at once. The rows are its history, with the author of each. Writing it needs its own permission.
class TagDescription(AppendOnly):
    """What a tag's topic is about, as plain text. The newest one of a tag is what readers see; none is ever changed."""

    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="descriptions")
    text = models.TextField(max_length=MAX_DESCRIPTION, blank=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_by_name = models.CharField(max_length=200)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view",)
        permissions = [("describe_tag", "Can write what a topic is about")]

    def __str__(self) -> str:
        return f"{self.tag}: {self.text[:60]}"
