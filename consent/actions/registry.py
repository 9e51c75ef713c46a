"""An operator changes services and declared cookies."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cookie_consent.models import Cookie
from django.db import transaction

from consent.actions.editions import public_content_changed
from consent.models import CookieLifetime, Service

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@transaction.atomic
def save_service(*, service: Service, by: User, at: datetime) -> Service:
    """Write a new or changed service. It runs once the live notice names it: see :class:`consent.models.Service`.

    Raises ``ValidationError`` for an address, hash or origin that it may not have.
    """
    service.changed_at, service.changed_by = at, by
    service.full_clean()
    service.save()
    public_content_changed()
    return service


@transaction.atomic
def declare_cookie(*, cookie: Cookie, lifetime_days: int | None) -> Cookie:
    """Write a declared cookie with its lifetime (``None``: until the browser is closed) into the registry.

    Visitors learn of it with the next notice. Raises ``ValidationError`` for a name or lifetime that it may not have.
    """
    cookie.full_clean()
    cookie.save()
    lifetime = CookieLifetime.objects.filter(cookie=cookie).first() or CookieLifetime(cookie=cookie)
    lifetime.days = lifetime_days
    lifetime.full_clean()
    lifetime.save()
    return cookie
