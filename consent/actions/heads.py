"""Publish checkpoints outside the database: to a file, by email and to a webhook, where they cannot be rewritten."""

from __future__ import annotations

import http.client
import os
import smtplib
import ssl
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from consent.models import Checkpoint, HeadDelivery

FILE, MAIL, WEBHOOK = "file", "mail", "webhook"
MAIL_EVERY = timedelta(days=1)
WEBHOOK_TIMEOUT = 10


class NotTaken(Exception):
    """The webhook answered something else than that it took the head."""


def heads_file() -> Path:
    """Return the file to which every head is added: signed notes, with an empty line between."""
    return Path(settings.DATA_DIR) / "consent" / "heads.txt"


def publish_heads(*, at: datetime) -> list[HeadDelivery]:
    """Send the heads that a channel doesn't have yet: all of them to the file, the newest by mail and to the webhook.

    Returns the channels with how it went. One that fails is tried again with the next run, and holds up nothing else.
    """
    newest = Checkpoint.objects.first()
    if newest is None:
        return []
    channels: list[tuple[str, Callable[[HeadDelivery, Checkpoint], None]]] = [(FILE, _append)]
    if settings.CONSENT_HEADS_MAIL:
        channels.append((MAIL, _mail))
    if settings.CONSENT_HEADS_WEBHOOK:
        channels.append((WEBHOOK, _post))
    return [_deliver(channel, send, newest, at=at) for channel, send in channels]


def _deliver(
    channel: str, send: Callable[[HeadDelivery, Checkpoint], None], newest: Checkpoint, *, at: datetime
) -> HeadDelivery:
    delivery, _ = HeadDelivery.objects.get_or_create(channel=channel)
    is_late = delivery.delivered_at is None or delivery.failures or at - delivery.delivered_at >= MAIL_EVERY
    if (delivery.checkpoint_id == newest.pk and (channel != FILE or heads_file().exists())) or (
        channel == MAIL and not is_late
    ):
        return delivery
    try:
        send(delivery, newest)
    # What a full disk, a mail server, a refused connection, a false certificate and a broken answer raise.
    except (OSError, smtplib.SMTPException, ssl.SSLError, http.client.HTTPException, NotTaken) as error:
        delivery.failed_at, delivery.failures = at, delivery.failures + 1
        delivery.error = f"{type(error).__name__}: {error}"[:500]
    else:
        delivery.checkpoint, delivery.delivered_at = newest, at
        delivery.failed_at, delivery.failures, delivery.error = None, 0, ""
    delivery.save()
    return delivery


def _append(delivery: HeadDelivery, newest: Checkpoint) -> None:
    """Add the heads that are new. A run that is killed here adds some twice, which says the same as once."""
    path = heads_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = Checkpoint.objects.filter(pk__lte=newest.pk).order_by("pk")
    if path.exists() and delivery.checkpoint_id is not None:
        waiting = waiting.filter(pk__gt=delivery.checkpoint_id)
    with path.open("a", encoding="utf-8") as file:
        for note in waiting.values_list("note", flat=True).iterator(chunk_size=1_000):
            file.write(note + "\n")
        file.flush()
        os.fsync(file.fileno())


def _mail(delivery: HeadDelivery, newest: Checkpoint) -> None:
    site = urlsplit(settings.SITE_URL).netloc
    EmailMessage(
        subject=f"Consent ledger of {site}: {newest.size} records",
        body=(
            f"This is the newest checkpoint of the consent ledger of {settings.SITE_URL}. Keep this email: it can "
            f"show whether a record up to number {newest.size - 1} was changed later.\n\n{newest.note}\nHow to check "
            f"it: {settings.SITE_URL}/consent/heads/\n"
        ),
        to=settings.CONSENT_HEADS_MAIL,
    ).send()


def _post(delivery: HeadDelivery, newest: Checkpoint) -> None:
    url = urlsplit(settings.CONSENT_HEADS_WEBHOOK)
    # Not urllib, which would follow a redirect to anywhere.
    connection = http.client.HTTPSConnection(
        url.hostname or "", url.port, timeout=WEBHOOK_TIMEOUT, context=ssl.create_default_context()
    )
    try:
        target = (url.path or "/") + (f"?{url.query}" if url.query else "")
        connection.request("POST", target, newest.note.encode(), {"Content-Type": "text/plain; charset=utf-8"})
        answer = connection.getresponse()
        if not 200 <= answer.status < 300:
            raise NotTaken(f"the webhook answered {answer.status} {answer.reason}")
    finally:
        connection.close()
