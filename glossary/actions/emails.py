"""Emails to editors and reviewers: written in the transaction of their cause, and sent later, each once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.urls import reverse

from glossary.hosts import admin_address
from glossary.models import OutboundEmail, Term

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.core.mail.backends.base import BaseEmailBackend

# How long a run may take to send an email before another run sends it instead.
CLAIM = timedelta(minutes=15)
LONGEST_WAIT = timedelta(days=1)
# Half a month of daily attempts, after the first day's.
MAX_ATTEMPTS = 20
SHOWN_TERMS = 20


@dataclass(frozen=True, slots=True)
class Post:
    """The outcome of a run: how many emails were sent, failed (they are tried again) or were given up."""

    sent: int = 0
    failed: int = 0
    given_up: int = 0


def write_email(*, key: str, to: User | None, subject: str, text: str, path: str, at: datetime) -> None:
    """Write an email, unless there is one with this key, or the person has no account, no address or a closed account.

    ``text`` is a sentence or two; ``path`` is where to go in the admin. The text of a term doesn't belong in an email.
    """
    if to is None or not to.is_active or not to.email:
        return
    why = "You receive this email as an editor or reviewer of the Clinical Glossary."
    body = f"{text}\n\n{admin_address()}{path}\n\n{why}\n"
    # A repeated batch writes the same emails again, which are ignored.
    OutboundEmail.objects.bulk_create(
        [
            OutboundEmail(
                key=key[:200],
                to=to.email,
                subject=" ".join(subject.split())[:200],
                body=body,
                created_at=at,
                try_at=at,
            )
        ],
        ignore_conflicts=True,
    )


def path_to(term: Term) -> str:
    """Return the path of a term's page in the admin."""
    return reverse("admin:glossary_term_change", args=[term.pk])


def listed(terms: Iterable[str]) -> str:
    """Return titles as lines of an email, up to ``SHOWN_TERMS``."""
    titles = sorted(terms)
    more = [f"and {len(titles) - SHOWN_TERMS} more"] if len(titles) > SHOWN_TERMS else []
    return "\n".join(f"- {title}" for title in [*titles[:SHOWN_TERMS], *more])


def send_emails(*, at: datetime) -> Post:
    """Send what is waiting, each email once; what the mail server refuses is tried again, later each time.

    An email is claimed by a conditional update before it is sent, so two runs at once never send the same, and no
    transaction is open while the mail server takes its time. A run that dies in between leaves its claim, which
    expires: the email is sent again under the same Message-ID, by which mail programs recognise it.
    """
    waiting = OutboundEmail.objects.filter(sent_at__isnull=True, attempts__lt=MAX_ATTEMPTS, try_at__lte=at)
    keys = list(waiting.order_by("created_at", "pk").values_list("pk", "attempts"))
    sent = failed = 0
    if keys:
        connection = get_connection()
        try:
            connection.open()
        except (OSError, SMTPException):
            return Post(failed=len(keys), given_up=_given_up())
        try:
            for pk, attempts in keys:
                claimed = waiting.filter(pk=pk, attempts=attempts).update(attempts=attempts + 1, try_at=at + CLAIM)
                if not claimed:
                    continue
                email = OutboundEmail.objects.get(pk=pk)
                try:
                    _message(email, connection).send()
                except (OSError, SMTPException) as error:
                    wait = min(timedelta(minutes=5) * 2 ** min(attempts, 20), LONGEST_WAIT)
                    OutboundEmail.objects.filter(pk=pk).update(error=str(error)[:500], try_at=at + wait)
                    failed += 1
                else:
                    OutboundEmail.objects.filter(pk=pk).update(sent_at=at, error="")
                    sent += 1
        finally:
            connection.close()
    return Post(sent, failed, _given_up())


def _given_up() -> int:
    return OutboundEmail.objects.filter(sent_at__isnull=True, attempts__gte=MAX_ATTEMPTS).count()


def _message(email: OutboundEmail, connection: BaseEmailBackend) -> EmailMessage:
    name = hashlib.sha256(f"{settings.SITE_URL} {email.key}".encode()).hexdigest()[:32]
    return EmailMessage(
        email.subject,
        email.body,
        to=[email.to],
        connection=connection,
        # RFC 3834: no holiday notices in answer.
        headers={
            "Message-ID": f"<{name}@{urlsplit(settings.SITE_URL).hostname}>",
            "Auto-Submitted": "auto-generated",
        },
    )
