"""What django-cookie-consent's registry of categories and cookies has no field for."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class CookieLifetime(models.Model):
    """How long a declared cookie lives: what django-cookie-consent's ``Cookie`` has no field for."""

    cookie = models.OneToOneField("cookie_consent.Cookie", on_delete=models.CASCADE, related_name="lifetime")
    days = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty when the cookie goes as the browser is closed."
    )

    class Meta:
        default_permissions = ()  # edited as a part of its cookie
        constraints = [
            models.CheckConstraint(
                condition=Q(days__isnull=True) | Q(days__gte=1),
                name="cookie_lifetime_at_least_a_day",
                violation_error_message="A cookie lives for one day at least, or until the browser is closed.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.days} days" if self.days else "session"
