"""Every change of consent's data, one function per verb that a visitor or an operator would say.

All are keyword-only, atomic, and raise the exceptions named here, whose messages are fit to be shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from cookie_consent.models import Cookie, CookieGroup
from django.conf import settings
from django.db import transaction
from django.db.models import F, Max
from django.utils.module_loading import import_string

from consent import notices, wording
from consent.ledger import Choice, sign
from consent.models import ConsentRecord, CookieLifetime, Edition, Notice, Service, name_of
from consent.notices import CategoryEntry, Change, NoticeDocument

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class UnknownNotice(Exception):
    """No notice has this hash. Nothing was recorded."""


class OutdatedNotice(Exception):
    """The visitor read a notice that has been replaced. Show her the live one; nothing was recorded."""


class UnknownCategory(Exception):
    """The choice names a category that the notice doesn't have. Nothing was recorded."""


class NothingChanged(Exception):
    """The draft says what the live notice says, so there is nothing to publish."""


class IncompleteNotice(Exception):
    """The registry lacks something that visitors must be told. The message says what."""


class DraftChanged(Exception):
    """Somebody changed the draft after it was shown. Show the new one; nothing was published."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcome of a choice: its record, and whether this call wrote it."""

    record: ConsentRecord
    created: bool


@dataclass(frozen=True, slots=True)
class Draft:
    """The notice that would be published now, with what it changes. ``sha256`` names it."""

    document: NoticeDocument
    sha256: str
    changes: list[Change]


def record_choice(
    *,
    choice: str,
    categories: Collection[str],
    notice: str,
    surface: str,
    gpc: bool,
    receipt: str,
    at: datetime,
) -> Recorded:
    """Write a visitor's choice as one record, committed when this returns.

    ``choice`` is ``accept_all``, ``reject_all`` or ``save``, and ``categories`` the varnames ticked with ``save``;
    ``notice`` is the hash of the notice shown; ``receipt`` is the one that the visitor holds, or ``""``. The same
    answers to the same notice by the holder of their record write nothing and return that record. Refusing everything
    after having accepted something is recorded as a withdrawal.

    Raises :class:`UnknownNotice`, :class:`OutdatedNotice` or :class:`UnknownCategory`; and Django's
    ``OperationalError`` or ``InterfaceError`` when the database is away.
    """
    live = Notice.objects.live(wording.LANGUAGE)
    if live is None or live.sha256 != notice:
        if Notice.objects.filter(sha256=notice).exists():
            raise OutdatedNotice("The notice has changed since you opened this page. Please read it again.")
        raise UnknownNotice("The choice names a notice that this site never showed.")
    entries: list[CategoryEntry] = live.document["categories"]
    known = {entry["varname"] for entry in entries}
    if unknown := sorted(set(categories) - known):
        raise UnknownCategory(f"The notice has no category {unknown[0]!r}.")
    accepted = {"accept_all": known, "reject_all": set[str](), "save": set(categories)}[choice]
    answers = {entry["varname"]: entry["required"] or entry["varname"] in accepted for entry in entries}
    held = ConsentRecord.objects.filter(receipt=receipt, expires_at__gt=at).first() if receipt else None
    if held is not None and held.notice_id == live.pk and held.answers == answers:
        return Recorded(held, created=False)
    optional = {entry["varname"] for entry in entries if not entry["required"]}
    refuses_all = not any(answers[varname] for varname in optional)
    withdraws = refuses_all and held is not None and bool(optional & set(held.accepted))
    # durable: the visitor's answer must not run ahead of the commit, so this refuses to be part of another transaction.
    with transaction.atomic(durable=True):
        record = _insert(
            action="withdraw" if withdraws else choice,
            answers=answers,
            notice=live,
            surface=surface,
            gpc=gpc,
            at=at,
        )
    return Recorded(record, created=True)


def draft_notice() -> Draft:
    """Return the notice that words, registry and services that are switched on make now. Changes nothing.

    Raises :class:`IncompleteNotice`.
    """
    services: dict[int, list[Service]] = {}
    for service in Service.objects.enabled():
        services.setdefault(service.category_id, []).append(service)
    groups = CookieGroup.objects.order_by("ordering", "varname").prefetch_related("cookie_set__lifetime")
    draft = notices.compose(
        language=wording.LANGUAGE,
        text=wording.TEXT,
        categories=[_category_entry(group, services.get(group.pk, [])) for group in groups],
    )
    live = Notice.objects.live(wording.LANGUAGE)
    return Draft(draft, notices.sha256(draft), notices.changes(live.document if live else None, draft))


@transaction.atomic
def publish_notice(*, by: User, at: datetime, material: bool, reason: str, expected: str = "") -> Notice:
    """Freeze the draft and make it what visitors are asked with.

    ``material`` says whether visitors who have chosen are asked again about what changed. ``expected`` is the
    :attr:`Draft.sha256` that the operator saw. Raises :class:`NothingChanged`, :class:`DraftChanged`,
    :class:`IncompleteNotice`, :class:`consent.notices.NotJustWording`, and ``ValueError`` without a reason.
    """
    if not reason.strip():
        raise ValueError("Say why the notice is published: the reason stays with it.")
    _public_content_changed()  # first, as it locks: two operators who publish at once queue up here
    draft = draft_notice()
    if expected and draft.sha256 != expected:
        raise DraftChanged("The draft was changed while you read it. Look at it again.")
    if not draft.changes:
        raise NothingChanged("The live notice says exactly this already, so there is nothing to publish.")
    live = Notice.objects.live(wording.LANGUAGE)
    number = (Notice.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    document = notices.freeze(
        draft.document, number=number, previous=live.document if live else None, material=material
    )
    return Notice.objects.create(
        number=number,
        language=wording.LANGUAGE,
        document=document,
        sha256=notices.sha256(document),
        material=material,
        reason=reason.strip()[:500],
        published_at=at,
        published_by=by,
        published_by_name=name_of(by),
    )


@transaction.atomic
def save_service(*, service: Service, by: User, at: datetime) -> Service:
    """Write a new or changed service. It runs once the live notice names it: see :class:`consent.models.Service`.

    Raises ``ValidationError`` for an address, hash or origin that it may not have.
    """
    service.changed_at, service.changed_by = at, by
    service.full_clean()
    service.save()
    _public_content_changed()
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


def _insert(
    *, action: str, answers: dict[str, bool], notice: Notice, surface: str, gpc: bool, at: datetime
) -> ConsentRecord:
    choice = Choice(
        receipt=secrets.token_urlsafe(24),
        created_at=at,
        expires_at=at + timedelta(seconds=settings.COOKIE_CONSENT_MAX_AGE),
        action=action,
        answers=answers,
        notice=notice.sha256,
        language=notice.language,
        surface=surface,
        gpc=gpc,
    )
    salt = secrets.token_bytes(16)
    leaf = choice.leaf(salt)
    return ConsentRecord.objects.create(
        receipt=choice.receipt,
        created_at=choice.created_at,
        expires_at=choice.expires_at,
        action=choice.action,
        answers=answers,
        notice=notice,
        language=choice.language,
        surface=choice.surface,
        gpc=choice.gpc,
        salt=salt.hex(),
        leaf=leaf.hex(),
        mac=sign(leaf, settings.CONSENT_SIGNING_KEY).hex(),
    )


def _category_entry(group: CookieGroup, services: list[Service]) -> CategoryEntry:
    cookies = sorted(group.cookie_set.all(), key=lambda cookie: (cookie.name, cookie.domain))
    for cookie in cookies:
        if not hasattr(cookie, "lifetime"):
            raise IncompleteNotice(f"The cookie “{cookie.name}” has no lifetime. Say how long it stays.")
        if not cookie.description.strip():
            raise IncompleteNotice(f"The cookie “{cookie.name}” has no purpose. Say what it is for.")
    if not group.name.strip() or not group.description.strip():
        raise IncompleteNotice(f"The category “{group.varname}” needs a name and a description.")
    return {
        "varname": group.varname,
        "name": group.name,
        "purpose": group.description,
        "required": group.is_required,
        "cookies": [
            {
                "name": cookie.name,
                "purpose": cookie.description,
                "domain": cookie.domain,
                "path": cookie.path,
                "lifetime_days": cookie.lifetime.days,
            }
            for cookie in cookies
        ],
        "services": [
            {
                "name": service.name,
                "vendor": service.vendor,
                "purpose": service.purpose,
                "privacy_policy": service.privacy_policy,
                "recipients": service.recipients,
            }
            for service in services
        ],
    }


def _public_content_changed() -> None:
    Edition.objects.update_or_create(pk=1, defaults={"number": F("number") + 1}, create_defaults={"number": 1})
    transaction.on_commit(import_string(settings.CONSENT_ON_CHANGE))
