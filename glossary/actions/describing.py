"""Saying what a topic is about."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from taggit.models import Tag

from glossary import dependents
from glossary.actions.listing import TOPICS
from glossary.actions.publishing import public_content_changed
from glossary.document.documents import CONTROL, topic_slug_for
from glossary.models import MAX_DESCRIPTION, ContentVersion, Listing, Program, TagDescription, account_of, name_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NotDescribable(Exception):
    """The text cannot be a description. The message says why."""


@transaction.atomic
def describe_tag(*, tag: Tag, text: str, by: User | Program, at: datetime) -> TagDescription | None:
    """Write what a tag's topic is about, and show it to readers where published terms carry the tag.

    ``text`` is plain: what looks like markup is shown as it was typed, and an empty line parts two paragraphs. Empty
    takes the description away. Returns ``None`` when that is what it says already. Raises :class:`NotDescribable`.
    """
    text = "\n\n".join(filter(None, (" ".join(part.split()) for part in text.replace("\r\n", "\n").split("\n\n"))))
    if len(text) > MAX_DESCRIPTION:
        raise NotDescribable(f"The description has {len(text):,} characters; the limit is {MAX_DESCRIPTION:,}.")
    if found := CONTROL.search(text):
        raise NotDescribable(f"The description contains the control character U+{ord(found[0]):04X}. Remove it.")
    tag = Tag.objects.select_for_update().get(pk=tag.pk)
    current = TagDescription.objects.filter(tag=tag).first()
    if text == (current.text if current else ""):
        return None
    description = TagDescription.objects.create(
        tag=tag, text=text, created_at=at, created_by=account_of(by), created_by_name=name_of(by)
    )
    ContentVersion.objects.select_for_update().get_or_create(pk=1)
    slug = topic_slug_for(tag.name)
    topics = Listing.objects.filter(kind=Listing.Kind.TOPIC, key=slug)
    if topics.update(description=text, changed_at=at):
        Listing.objects.filter(kind=TOPICS[0], key=TOPICS[1]).update(changed_at=at)
        public_content_changed(lambda: dependents.of_topic(slug))
    return description
