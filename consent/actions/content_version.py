"""Announce that public pages have changed."""

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.module_loading import import_string

from consent.models import ContentVersion


def public_content_changed() -> None:
    ContentVersion.objects.update_or_create(pk=1, defaults={"number": F("number") + 1}, create_defaults={"number": 1})
    transaction.on_commit(import_string(settings.CONSENT_ON_CHANGE))
