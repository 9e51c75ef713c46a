"""What django-cookie-consent's registry of categories and cookies has no field for."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from consent.models.services import Service


class CookieDetails(models.Model):
    """Lifetime, kind and origin of something declared: what django-cookie-consent's ``Cookie`` has no field for.

    The name of a ``Cookie`` may hold ``*`` for any text (``_ga_*``).
    """

    class Kind(models.TextChoices):
        COOKIE = "cookie", "Cookie"
        LOCAL = "local", "Local storage"
        SESSION = "session", "Session storage"

    cookie = models.OneToOneField("cookie_consent.Cookie", on_delete=models.CASCADE, related_name="details")
    days = models.PositiveIntegerField(
        null=True, blank=True, help_text="Empty if it is deleted when the browser is closed."
    )
    kind = models.CharField(max_length=7, choices=Kind.choices, default=Kind.COOKIE)
    service = models.ForeignKey(
        Service,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="cookies",
        help_text="The service that stores it. Empty if this site stores it.",
    )

    class Meta:
        default_permissions = ()  # edited as a part of its cookie
        ordering = ["cookie__name", "cookie__domain"]
        constraints = [
            models.CheckConstraint(
                condition=Q(days__isnull=True) | Q(days__gte=1),
                name="cookie_lifetime_at_least_a_day",
                violation_error_message="The lifetime must be at least one day, or empty for until the browser is "
                "closed.",
            ),
            models.CheckConstraint(
                condition=Q(kind="cookie") | Q(kind="session", days__isnull=True) | Q(kind="local"),
                name="cookie_kind_known_and_session_without_days",
                violation_error_message="Session storage is deleted when the browser is closed, so leave the "
                "lifetime empty.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.days} days" if self.days else "session"
