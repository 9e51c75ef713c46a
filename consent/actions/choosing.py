"""Record the choice of a visitor, and its withdrawal."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext

from consent.ledger import Choice, receipt_hash, sign
from consent.models import ConsentRecord, Ending, Notice
from consent.notice import languages, notices
from consent.notice.notices import CategoryEntry


class UnknownNotice(Exception):
    """No notice has this hash. Nothing was recorded."""


class OutdatedNotice(Exception):
    """The visitor would allow something under a notice that has been replaced. Show them the live one in the same
    ``language``; nothing was recorded.
    """

    def __init__(self, message: str, *, language: str) -> None:
        super().__init__(message)
        self.language = language


class UnknownReceipt(Exception):
    """No record is held under this receipt: it was erased, or there never was one. Nobody is told which."""


class UnknownCategory(Exception):
    """The choice names a category or service that the notice doesn't have. Nothing was recorded."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The outcome of a choice: its record, whether this call wrote it, and the receipt that opens it.

    The receipt is known here for the last time: the database keeps its hash.
    """

    record: ConsentRecord
    created: bool
    receipt: str = field(repr=False)


def record_choice(
    *,
    choice: str,
    categories: Collection[str],
    notice: str,
    surface: str,
    gpc: bool,
    receipt: str,
    at: datetime,
    services: Mapping[str, bool] | None = None,
    admit: Callable[[bool], None] | None = None,
) -> Recorded:
    """Write a visitor's choice as one record, committed when this returns.

    ``choice`` is ``accept_all``, ``reject_all`` or ``save``, and ``categories`` the varnames ticked with ``save``;
    ``services`` are the visitor's answers to single services (``category.slug`` → accepted), which go before those of
    their categories; ``notice`` is the hash of the notice shown; ``receipt`` is the one that the visitor holds, or
    ``""``. ``gpc`` is whether the browser sends Global Privacy Control: then ``accept_all`` leaves the categories
    closed that it speaks of (``CONSENT_GPC_CATEGORIES``), and only naming one opens it. The same answers to the same
    notice by the holder of their record write nothing and return that record. Refusing everything after having
    accepted something is recorded as a withdrawal. Refusing everything is recorded under the notice that was read,
    also when it has been replaced, and ``reject_all`` looks at nothing else that was posted. ``admit`` is asked
    before a record is written, and told whether it is a withdrawal: what it raises is passed on, and nothing is
    written.

    Raises :class:`UnknownNotice`, :class:`OutdatedNotice` or :class:`UnknownCategory`; and Django's
    ``OperationalError`` or ``InterfaceError`` when the database is away.
    """
    live = Notice.objects.newest().filter(sha256=notice, language__in=languages.offered()).first()
    shown = live or Notice.objects.filter(sha256=notice).first()
    if shown is None:
        raise UnknownNotice("The choice names a notice that this site never showed.")
    entries: list[CategoryEntry] = shown.document["categories"]
    known = {entry["varname"] for entry in entries}
    if choice != "reject_all":
        if unknown := sorted(set(categories) - known):
            raise UnknownCategory(f"The notice has no category {unknown[0]!r}.")
        offered = notices.service_versions(shown.document)
        if unknown := sorted(key for key, answer in (services or {}).items() if answer and key not in offered):
            raise UnknownCategory(f"The notice has no service {unknown[0]!r}.")
        # Refusing what is not asked about any more is no error, and no answer.
        services = {key: answer for key, answer in (services or {}).items() if key in offered}
    opted_out = set(settings.CONSENT_GPC_CATEGORIES) if gpc else set[str]()
    accepted = {"accept_all": known - opted_out, "reject_all": set[str](), "save": set(categories)}[choice]
    answers = {entry["varname"]: entry["required"] or entry["varname"] in accepted for entry in entries}
    if choice == "save":
        # What is as its category is no answer of its own.
        answers |= {
            key: answer for key, answer in (services or {}).items() if answer is not answers[key.partition(".")[0]]
        }
    required = {entry["varname"] for entry in entries if entry["required"]}
    refuses_all = not any(answer for key, answer in answers.items() if key not in required)
    # Refusing never depends on which text was read.
    if live is None and (choice == "accept_all" or not refuses_all):
        raise OutdatedNotice(
            gettext("The notice has changed since you opened this page. Please read it again."),
            language=shown.language,
        )
    held = ConsentRecord.objects.held_by(receipt).in_force(at=at).first()
    if held is not None and held.notice_id == shown.pk and held.answers == answers:
        return Recorded(held, created=False, receipt=receipt)
    withdraws = refuses_all and held is not None and not set(held.accepted) <= required
    if admit:
        admit(withdraws)
    issued = secrets.token_urlsafe(24)
    # durable: the visitor's answer must not run ahead of the commit, so this refuses to be part of another transaction.
    with transaction.atomic(durable=True):
        record = _insert(
            receipt=issued,
            action="withdraw" if withdraws else choice,
            answers=answers,
            notice=shown,
            surface=surface,
            gpc=gpc,
            at=at,
        )
        if held is not None and withdraws:
            _end(held, by=record)
    return Recorded(record, created=True, receipt=issued)


def withdraw_consent(
    *, receipt: str, at: datetime, gpc: bool = False, admit: Callable[[bool], None] | None = None
) -> Recorded:
    """Record that the holder of ``receipt`` refuses everything optional from now on, committed when this returns.

    The withdrawal is a record of its own, with a receipt of its own, under the notice that was agreed to. Where
    nothing that was accepted is still in force, nothing is written and the old record is returned. ``admit`` is that of
    :func:`record_choice`.

    Raises :class:`UnknownReceipt`; and Django's ``OperationalError`` or ``InterfaceError`` when the database is away.
    """
    held = ConsentRecord.objects.held_by(receipt).select_related("notice").first()
    if held is None:
        raise UnknownReceipt("No record is held under this receipt.")
    entries: list[CategoryEntry] = held.notice.document["categories"]
    answers = {entry["varname"]: entry["required"] for entry in entries}
    refused_already = set(held.accepted) <= {varname for varname, required in answers.items() if required}
    if refused_already or not ConsentRecord.objects.filter(pk=held.pk).in_force(at=at).exists():
        return Recorded(held, created=False, receipt=receipt)
    if admit:
        admit(True)
    issued = secrets.token_urlsafe(24)
    with transaction.atomic(durable=True):
        record = _insert(
            receipt=issued,
            action="withdraw",
            answers=answers,
            notice=held.notice,
            surface="preferences",
            gpc=gpc,
            at=at,
        )
        _end(held, by=record)
    return Recorded(record, created=True, receipt=issued)


def _end(held: ConsentRecord, *, by: ConsentRecord) -> None:
    # Of two who withdraw at once, one says when it ended.
    Ending.objects.get_or_create(record=held, defaults={"ended_by": by, "ended_at": by.created_at})


def _insert(
    *, receipt: str, action: str, answers: dict[str, bool], notice: Notice, surface: str, gpc: bool, at: datetime
) -> ConsentRecord:
    choice = Choice(
        receipt_sha256=receipt_hash(receipt),
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
        receipt_sha256=choice.receipt_sha256,
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
