"""The outbox: emails to send, written in the transaction of their cause."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class OutboundEmail(models.Model):
    """An email to one person. ``key`` says what it is about, so that nothing is told twice.

    Sent by ``glossary.actions.send_emails``, and kept afterwards as the proof that it was sent.
    """

    key = models.CharField(max_length=200, unique=True)
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    created_at = models.DateTimeField()
    try_at = models.DateTimeField(help_text="The email is not sent, or tried again, before this time.")
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True, help_text="What the mail server said at the last attempt.")

    class Meta:
        ordering = ["created_at", "pk"]
        default_permissions = ()
        # What is to be sent now: few of all emails.
        indexes = [models.Index(fields=["try_at"], condition=Q(sent_at__isnull=True), name="email_to_send")]

    def __str__(self) -> str:
        return self.subject
