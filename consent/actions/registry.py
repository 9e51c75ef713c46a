"""An operator changes services and what they and the site keep in browsers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cookie_consent.models import Cookie
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from consent import languages
from consent.actions.editions import public_content_changed
from consent.entries import cookie_entry, kept_by, unnamed_in
from consent.models import ConsentEvent, CookieDetails, Notice, Service, name_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@dataclass(frozen=True, slots=True)
class Declaration:
    """A cookie or storage key as a service keeps it. ``days`` is ``None`` when it goes with the browser session."""

    name: str
    purpose: str
    days: int | None
    kind: str = CookieDetails.Kind.COOKIE
    domain: str = ""
    path: str = "/"


@transaction.atomic
def save_service(
    *, service: Service, by: User, at: datetime, declarations: Sequence[Declaration] | None = None
) -> Service:
    """Write a new or changed service, and what it keeps in browsers (``None``: leave that as it is).

    It runs once the live notice names it: see :class:`consent.models.Service`. Every change leaves an event. A new
    service without a short name gets one from its name.

    Raises ``ValidationError`` for an address, hash or origin that it may not have, and for a service that is switched
    on while a live notice doesn't name it with all its recipients and cookies; the message says what is missing.
    """
    public_content_changed()  # first, as it locks: what the live notice names must not change meanwhile
    before = Service.objects.with_cookies().filter(pk=service.pk).first() if service.pk else None
    service.slug = before.slug if before else service.slug or slugify(service.name)[:40]
    service.changed_at, service.changed_by = at, by
    service.__dict__.pop("sources", None)
    service.__dict__.pop("_pages", None)
    service.full_clean()
    service.save()
    if declarations is None:
        _move_cookies(service)
    else:
        _declare_all(service, declarations)
    saved = Service.objects.with_cookies().get(pk=service.pk)
    _refuse_unnamed(saved)
    if changed := _differences(before, saved):
        ConsentEvent.objects.create(
            verb=ConsentEvent.Verb.SERVICE,
            at=at,
            by=by,
            by_name=name_of(by),
            details={"service": saved.slug, "status": saved.status, "changed": changed},
        )
    return service


@transaction.atomic
def declare_cookie(
    *,
    cookie: Cookie,
    lifetime_days: int | None,
    kind: str = CookieDetails.Kind.COOKIE,
    service: Service | None = None,
) -> Cookie:
    """Write a declared cookie or storage key with its lifetime (``None``: until the browser is closed).

    Visitors learn of it with the next notice. Raises ``ValidationError`` for a name or lifetime that it may not have,
    for a category that isn't its service's, and where its service is on and the live notice doesn't name it.
    """
    if service:
        # What pages tell of the site's own cookies they have from notices; a service runs by what it keeps now.
        public_content_changed()
    if service and cookie.cookiegroup_id != service.category_id:
        raise ValidationError({"cookiegroup": f"“{service}” belongs to the category “{service.category}”."})
    _write(cookie, days=lifetime_days, kind=kind, service=service)
    if service:
        _refuse_unnamed(Service.objects.with_cookies().get(pk=service.pk))
    return cookie


def _refuse_unnamed(service: Service) -> None:
    if service.status != Service.Status.ON:
        return
    live = {notice.language: notice for notice in Notice.objects.newest().filter(language__in=languages.offered())}
    for language in languages.offered():
        notice = live.get(language)
        missing = unnamed_in(notice, service) if notice else ["anything: there is none yet"]
        if missing:
            raise ValidationError(
                {
                    "status": f"The live notice in {languages.name_of(language)} doesn't name {'; '.join(missing)}. "
                    "Announce the service, publish a notice that names it, and switch it on then."
                },
                code="unnamed",
            )


def _declare_all(service: Service, declarations: Sequence[Declaration]) -> None:
    kept = {(details.cookie.name, details.cookie.domain): details.cookie for details in service.cookies.all()}
    for declaration in declarations:
        cookie = kept.pop((declaration.name, declaration.domain), None) or Cookie(
            name=declaration.name, domain=declaration.domain
        )
        cookie.cookiegroup, cookie.description, cookie.path = service.category, declaration.purpose, declaration.path
        _write(cookie, days=declaration.days, kind=declaration.kind, service=service)
    for cookie in kept.values():
        cookie.delete()


def _write(cookie: Cookie, *, days: int | None, kind: str, service: Service | None) -> None:
    if any(character.isspace() or character in ";=," for character in cookie.name) or not cookie.name.strip("*"):
        raise ValidationError(
            {"name": f"{cookie.name!r} is no name: it has no blanks and none of ; = , and says more than “*”."},
            code="name",
        )
    cookie.full_clean()
    cookie.save()
    details = CookieDetails.objects.filter(cookie=cookie).first() or CookieDetails(cookie=cookie)
    details.days, details.kind, details.service = days, kind, service
    details.full_clean()
    details.save()


def _move_cookies(service: Service) -> None:
    """A service that moves to another category takes along what it keeps."""
    for details in service.cookies.exclude(cookie__cookiegroup=service.category_id).select_related("cookie"):
        details.cookie.cookiegroup = service.category
        details.cookie.full_clean()
        details.cookie.save()


def _differences(before: Service | None, after: Service) -> list[str]:
    """Return which fields differ, in their order; all that say something, of a new service."""
    names = [field.attname for field in Service._meta.concrete_fields if field.editable and field.name != "id"]
    changed = [name for name in names if getattr(before, name, "") != getattr(after, name)]
    told = [[cookie_entry(cookie) for cookie in kept_by(each)] if each else [] for each in (before, after)]
    if told[0] != told[1]:
        changed.append("cookies")
    return changed
