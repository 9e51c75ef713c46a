"""Publish a notice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from cookie_consent.models import CookieGroup
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from consent.actions.content_version import public_content_changed
from consent.choice.gate import MOST_COOKIE, longest_cookie
from consent.models import Notice, NoticeText, Service, name_of
from consent.notice import languages, notices, wording
from consent.notice.entries import category_entry
from consent.notice.notices import CategoryEntry, Change, NoticeDocument

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class NothingChanged(Exception):
    """The draft says what the live notice says, so there is nothing to publish."""


class IncompleteNotice(Exception):
    """Registry, words or translation lack something that visitors must be told, or a choice would not fit into the
    visitor's cookie. The message says what.
    """


class DraftChanged(Exception):
    """Somebody changed the draft after it was shown. Show the new one; nothing was published."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The notice that would be published now, with what it changes. ``sha256`` names it."""

    document: NoticeDocument
    sha256: str
    changes: list[Change]
    live: Notice | None

    def frozen(self, *, number: int, material: bool) -> NoticeDocument:
        """Return the document that publishing as this number would freeze.

        Raises :class:`consent.notice.notices.NotJustWording`.
        """
        previous = self.live.document if self.live else None
        return notices.freeze(self.document, number=number, previous=previous, material=material)


def draft_notice(language: str = wording.LANGUAGE) -> Draft:
    """Return the notice that words, registry and announced services make now. Changes nothing.

    Raises :class:`IncompleteNotice`.
    """
    text = NoticeText.objects.filter(language=language).first()
    if text is None:
        raise IncompleteNotice(f"There is no text in {languages.name_of(language)} yet. Write it first.")
    categories = registry_entries()
    missing = [named(key) for key in wording.TEXT if not text.said.get(key, "").strip()]
    about = {key: text.said[key].strip() for key in wording.ABOUT if text.said.get(key, "").strip()}
    if language != wording.LANGUAGE:
        own = NoticeText.objects.filter(language=wording.LANGUAGE).first()
        missing += [named(key) for key in wording.ABOUT if own and own.said.get(key, "").strip() and key not in about]
        missing += [where for key, where, _ in notices.to_translate(categories) if not text.names.get(key, "").strip()]
    if missing:
        raise IncompleteNotice(f"The text in {languages.name_of(language)} lacks {len(missing)}: {'; '.join(missing)}.")
    if language != wording.LANGUAGE:
        categories = notices.translated(categories, text.names)
    words = {key: text.said[key].strip() for key in wording.TEXT} | about
    if language == wording.LANGUAGE:
        words["summary"] = wording.summary_of(words["summary"], asked_about(categories))
    draft = notices.compose(
        language=language,
        text=words,
        categories=categories,
    )
    if (length := longest_cookie(draft)) > MOST_COOKIE:
        number = sum(len(category["services"]) for category in categories)
        raise IncompleteNotice(
            f"The notice would ask about {number} services one by one, and a visitor’s answers to all of them need "
            f"{length:,} bytes. A cookie can hold {MOST_COOKIE:,} bytes. Switch off the services that you can do "
            "without."
        )
    live = Notice.objects.live(language)
    return Draft(draft, notices.sha256(draft), notices.changes(live.document if live else None, draft), live)


def why_not_publish(draft: Draft) -> str:
    """Return why a draft that is whole cannot be published on this site, in words, or ``""``."""
    if settings.CONSENT_TRIAL or draft.document["text"]["controller"] != wording.TEXT["controller"]:
        return ""
    return (
        f"The controller is still “{wording.TEXT['controller']}”, the placeholder of a new site, but visitors must "
        "know who asks them. Write your organisation’s name in Controller, in the admin under Consent, Texts of the "
        f"notice, {languages.name_of(draft.document['language'])}."
    )


def registry_entries() -> list[CategoryEntry]:
    """Return categories, declared cookies and announced services, as English visitors would read them.

    A category that nothing uses is left out, so that nobody is asked about it, unless ``CONSENT_TRIAL`` is on. Raises
    :class:`IncompleteNotice`.
    """
    services: dict[int, list[Service]] = {}
    for service in Service.objects.announced():
        services.setdefault(service.category_id, []).append(service)
    groups = CookieGroup.objects.order_by("ordering", "varname").prefetch_related("cookie_set__details__service")
    entries = [_category_entry(group, services.get(group.pk, [])) for group in groups]
    asked = [entry for entry in entries if settings.CONSENT_TRIAL or notices.is_used(entry)]
    for entry in asked:
        if not entry["name"].strip() or not entry["purpose"].strip():
            raise IncompleteNotice(f"The category “{entry['varname']}” needs a name and a description.")
    return asked


def asked_about(categories: Iterable[CategoryEntry]) -> dict[str, str]:
    """Return the categories that visitors are asked about: short name → name."""
    return {category["varname"]: category["name"] for category in categories if not category["required"]}


def next_number() -> int:
    """Return the number of the next notice. Numbers run through all languages: each is one notice's alone."""
    return (Notice.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def named(key: str) -> str:
    """Return what an operator calls one of the words of the notice."""
    return key.replace("_", " ").capitalize()


@transaction.atomic
def publish_notice(
    *, by: User, at: datetime, material: bool, reason: str, expected: str = "", language: str = wording.LANGUAGE
) -> Notice:
    """Freeze the draft of a language and make it what visitors are asked with in it.

    ``material`` says whether visitors who have chosen are asked again about what changed. ``expected`` is the
    :attr:`Draft.sha256` that the operator saw. Raises :class:`NothingChanged`, :class:`DraftChanged`,
    :class:`IncompleteNotice`, :class:`consent.notice.notices.NotJustWording`, and ``ValueError`` without a reason.
    """
    public_content_changed()  # first, as it locks: two operators who publish at once queue up here
    draft = draft_notice(language)
    if expected and draft.sha256 != expected:
        raise DraftChanged("The draft changed while you were reading it. Read it again.")
    return publish_draft(draft=draft, by=by, at=at, material=material, reason=reason)


@transaction.atomic
def publish_draft(*, draft: Draft, by: User, at: datetime, material: bool, reason: str) -> Notice:
    """Freeze a draft and make it what visitors are asked with in its language.

    It must have been composed behind the lock that :func:`consent.actions.public_content_changed` takes. Raises what
    :func:`publish_notice` does.
    """
    if not reason.strip():
        raise ValueError("Say why you publish the notice. The reason is kept with it.")
    if problem := why_not_publish(draft):
        raise IncompleteNotice(problem)
    if not draft.changes:
        raise NothingChanged("The live notice already says exactly this, so there is nothing to publish.")
    number = next_number()
    document = draft.frozen(number=number, material=material)
    return Notice.objects.create(
        number=number,
        language=document["language"],
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
        if not hasattr(cookie, "details"):
            raise IncompleteNotice(f"The cookie “{cookie.name}” has no lifetime. Say how long browsers keep it.")
        if not cookie.description.strip():
            raise IncompleteNotice(f"The cookie “{cookie.name}” has no purpose. Say what it is for.")
    # What a service that is off would keep is nothing that visitors meet.
    announced = {service.pk for service in services}
    told = [cookie for cookie in cookies if cookie.details.service_id is None or cookie.details.service_id in announced]
    return category_entry(group, told, services)
