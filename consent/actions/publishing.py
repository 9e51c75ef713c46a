"""An operator publishes a notice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cookie_consent.models import CookieGroup
from django.db import transaction
from django.db.models import Max

from consent import notices, wording
from consent.actions.editions import public_content_changed
from consent.models import Notice, Service, name_of
from consent.notices import CategoryEntry, Change, NoticeDocument

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NothingChanged(Exception):
    """The draft says what the live notice says, so there is nothing to publish."""


class IncompleteNotice(Exception):
    """The registry lacks something that visitors must be told. The message says what."""


class DraftChanged(Exception):
    """Somebody changed the draft after it was shown. Show the new one; nothing was published."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The notice that would be published now, with what it changes. ``sha256`` names it."""

    document: NoticeDocument
    sha256: str
    changes: list[Change]


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
    public_content_changed()  # first, as it locks: two operators who publish at once queue up here
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
