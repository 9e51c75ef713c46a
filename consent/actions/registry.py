"""Change services, and what they and the site store in browsers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cookie_consent.models import Cookie
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from consent.actions.content_version import public_content_changed
from consent.models import ConsentEvent, CookieDetails, Notice, Service, name_of
from consent.notice import languages
from consent.notice.entries import cookie_entry, kept_by, unnamed_in

if TYPE_CHECKING:
    from django.contrib.auth.models import User


#: What shows nothing, or an empty cell: fillers, variation selectors, the grapheme joiner, and code points that are
#: kept for more of the kind. Further invisible characters are told by their category. The glossary has a rule of its
#: own for texts, which this one covers: tests/site/test_invisible.py.
INVISIBLE = re.compile(
    "[\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u2065\\u2800\\u3164\\ufe00-\\ufe0f\\uffa0\\ufff0-\\ufff8"
    "\\U000e0000-\\U000e0fff]"
)


class StartCodeChanged(Exception):
    """The start code is another than the one that was shown. Show the new one; nothing was approved."""


class CannotApprove(Exception):
    """This person cannot approve this start code. The message says why, and who can; nothing was approved."""


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
    service without a short name gets one from its name. Other start code than before waits for
    :func:`approve_start_code`.

    Raises ``ValidationError`` for an address, hash or origin that it may not have, for start code with invisible
    characters, which nobody could read before they approve it, and for a service that is switched
    on, or changed while it is on, while a live notice doesn't say all of it: see Note [What a notice must say of a
    service] in ``consent.notice.agreement``. The message says what is missing.
    """
    public_content_changed()  # first, as it locks: what the live notice names must not change meanwhile
    before = Service.objects.with_cookies().filter(pk=service.pk).first() if service.pk else None
    service.slug = before.slug if before else service.slug or slugify(service.name)[:40]
    service.changed_at, service.changed_by = at, by
    _drop_approval_of_other_code(service, before, by=by)
    service.__dict__.pop("sources", None)
    service.__dict__.pop("_pages", None)
    service.full_clean()
    if problem := invisible_in(service.start_code):
        raise ValidationError({"start_code": problem}, code="invisible")
    service.save()
    if declarations is None:
        _move_cookies(service)
    else:
        _declare_all(service, declarations)
    saved = Service.objects.with_cookies().get(pk=service.pk)
    _refuse_unnamed(saved, before)
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
def approve_start_code(*, service: Service, sha256: str, by: User, at: datetime) -> Service:
    """Let a service run with the start code that ``by`` read, which has this hash. Leaves an event.

    Approving what is approved changes nothing. Raises :class:`StartCodeChanged`, and :class:`CannotApprove` for what
    :func:`why_not_approve` says.
    """
    public_content_changed()  # first, as it locks: nobody saves another text meanwhile
    current = Service.objects.get(pk=service.pk)
    if not current.start_code or current.start_code_sha256 != sha256:
        raise StartCodeChanged(f"The start code of “{current}” has changed. Read it again.")
    if not current.waits_for_approval:
        return current
    if problem := why_not_approve(service=current, by=by):
        raise CannotApprove(problem)
    current.start_code_approved_sha256 = sha256
    current.start_code_approved_by, current.start_code_approved_at = by, at
    current.save(update_fields=["start_code_approved_sha256", "start_code_approved_by", "start_code_approved_at"])
    ConsentEvent.objects.create(
        verb=ConsentEvent.Verb.APPROVED,
        at=at,
        by=by,
        by_name=name_of(by),
        details={"service": current.slug, "sha256": sha256},
    )
    return current


def why_not_approve(*, service: Service, by: User) -> str:
    """Return why ``by`` cannot approve the start code of a service, in words, or ``""``.

    All who changed it since it was last approved are its writers.
    """
    if by.pk in _writers_of(service):
        return f"You wrote some of the start code of “{service}”, so another operator has to approve it."
    if service.start_code_by_id is None:
        return (
            f"It is not recorded who wrote the start code of “{service}”. Save the service, then ask another operator "
            "to approve it."
        )
    return invisible_in(service.start_code)


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
        saved = Service.objects.with_cookies().get(pk=service.pk)
        _refuse_unnamed(saved, saved)
    return cookie


def _drop_approval_of_other_code(service: Service, before: Service | None, *, by: User) -> None:
    """Carry over who wrote and approved the start code, from the database alone, while the text is the same."""
    if before and before.start_code == service.start_code and before.start_code_by_id:
        service.start_code_by_id = before.start_code_by_id
        service.start_code_approved_sha256 = before.start_code_approved_sha256
        service.start_code_approved_by_id = before.start_code_approved_by_id
        service.start_code_approved_at = before.start_code_approved_at
        return
    service.start_code_by = by if service.start_code else None
    service.start_code_approved_sha256 = ""
    service.start_code_approved_by = service.start_code_approved_at = None


def _writers_of(service: Service) -> set[int | None]:
    """Return who changed the start code since it was last approved, by the events, and who changed it last."""
    writers = {service.start_code_by_id}
    events = ConsentEvent.objects.filter(
        verb__in=[ConsentEvent.Verb.SERVICE, ConsentEvent.Verb.APPROVED], details__service=service.slug
    )
    for event in events.order_by("-pk").iterator():
        if event.verb == ConsentEvent.Verb.APPROVED:
            break
        if "start_code" in event.details["changed"]:
            writers.add(event.by_id)
    return writers


def invisible_in(code: str) -> str:
    """Return the first character that shows nothing, or turns the order of others, in words, or ``""``.

    With it, code would read as something else than it is.
    """
    for number, line in enumerate(code.split("\n"), start=1):
        for character in line.replace("\t", ""):
            if INVISIBLE.fullmatch(character) or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
                return (
                    f"Line {number} has the invisible character U+{ord(character):04X}, so that nobody can see all of "
                    f"what they approve. Remove it, or within a string write \\u{{{ord(character):X}}}."
                )
    return ""


def _refuse_unnamed(service: Service, before: Service | None) -> None:
    if service.status != Service.Status.ON:
        return
    runs = before if before and before.status == Service.Status.ON else None
    live = {notice.language: notice for notice in Notice.objects.live_in(languages.offered())}
    for language in languages.offered():
        notice = live.get(language)
        missing = unnamed_in(notice, service, before=runs) if notice else ["anything, because there is no notice yet"]
        if missing:
            raise ValidationError(
                {
                    "status": f"The live notice in {languages.name_of(language)} doesn't name {'; '.join(missing)}. "
                    "Announce the service, publish a notice that names it, then switch the service on."
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
            {
                "name": f"{cookie.name!r} is not a valid name. Leave out spaces, semicolons, equals signs and commas, "
                "and write more than “*”."
            },
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
