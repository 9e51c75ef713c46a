"""Publish a notice that names announced services, and switch them on, in one step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from consent.actions.content_version import public_content_changed
from consent.actions.publishing import DraftChanged, draft_notice, publish_draft
from consent.actions.registry import save_service
from consent.models import Notice, Service
from consent.notice import languages

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NotAnnounced(Exception):
    """A service isn't announced, so that no notice would name it. Nothing was published or switched on."""


@transaction.atomic
def publish_and_switch_on(
    *, services: Sequence[Service], by: User, at: datetime, material: bool, reason: str, expected: Mapping[str, str]
) -> list[Notice]:
    """Publish what the notice of each language doesn't say yet, and switch announced services on: all of it or nothing.

    ``expected`` has the :attr:`consent.actions.Draft.sha256` of each language that the operator saw. Start code still
    waits for its approval. Raises :class:`NotAnnounced`, what :func:`consent.actions.publish_notice` raises, and
    ``ValidationError`` as :func:`consent.actions.save_service` does.
    """
    public_content_changed()  # first, as it locks: nothing changes between the notice and the switch
    current = list(Service.objects.filter(pk__in=[service.pk for service in services]))
    for service in current:
        if service.status != Service.Status.ANNOUNCED:
            raise NotAnnounced(f"“{service}” is now {service.get_status_display().lower()}. Look at the list again.")
    published = []
    for language in languages.offered():
        draft = draft_notice(language)
        if draft.sha256 != expected.get(language):
            raise DraftChanged("The draft changed while you were reading it. Read it again.")
        if draft.changes:
            published.append(publish_draft(draft=draft, by=by, at=at, material=material, reason=reason))
    for service in current:
        service.status = Service.Status.ON
        save_service(service=service, by=by, at=at)
    return published
