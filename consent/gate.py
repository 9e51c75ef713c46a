"""What a visitor's consent opens, read from her consent cookie alone.

The cookie is django-cookie-consent's (``varname=value|varname=value``), with our values: see Note [When a visitor is
asked again] in ``consent.notices``. A value that isn't exactly what the live notice expects is no answer, and no
answer opens nothing. ``static/consent/consent.js`` reads the cookie by the same rules.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cookie_consent.conf import settings
from cookie_consent.util import parse_cookie_str
from django.db import Error
from django.http import HttpRequest

from consent import languages, wording
from consent.models import Edition, Notice, Service
from consent.notices import SHORT, names

logger = logging.getLogger(__name__)

#: The cookie's key for the notice that the visitor read. No category can have this varname.
NOTICE_KEY = "notice"

Sources = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """An optional category of the live notice: what opens it, and what it opens (CSP directive → origins)."""

    varname: str
    version: str
    since: int
    sources: Sources = ()


@dataclass(frozen=True, slots=True)
class Gate:
    """The live notice, its questions, and the services that run under it. The empty gate opens nothing to anybody.

    ``others`` are those of further languages. What a visitor answered is judged by the live notice of the language in
    which she read it: see docs/adr/0070.
    """

    notice: Notice | None = None
    questions: tuple[Question, ...] = ()
    services: tuple[Service, ...] = ()
    others: tuple[Gate, ...] = ()

    @property
    def language(self) -> str:
        return self.notice.language if self.notice else wording.LANGUAGE

    def read_in(self, cookies: Mapping[str, str]) -> Gate:
        """Return the gate of the language in which these cookies were answered; the empty one when it isn't offered."""
        return self._read_in(_given(cookies))

    def answers(self, cookies: Mapping[str, str]) -> dict[str, bool]:
        """Return the valid answers in these cookies: varname → accepted. A category without one is left out."""
        given = _given(cookies)
        return self._read_in(given)._answers(given)  # noqa: SLF001  (a gate like this one)

    def _read_in(self, given: Mapping[str, str]) -> Gate:
        parts = given.get(NOTICE_KEY, "").split(".")
        language = parts[2] if len(parts) > 2 else wording.LANGUAGE
        return next((gate for gate in (self, *self.others) if gate.language == language), Gate())

    def _answers(self, given: Mapping[str, str]) -> dict[str, bool]:
        read = given.get(NOTICE_KEY, "").partition(".")[0]
        read_number = int(read) if read.isascii() and read.isdecimal() and len(read) < 10 else 0
        number = self.notice.number if self.notice else 0
        answers = {}
        for question in self.questions:
            answer = given.get(question.varname)
            if answer == question.version:
                answers[question.varname] = True
            elif answer == settings.COOKIE_CONSENT_DECLINE and question.since <= read_number <= number:
                answers[question.varname] = False
        return answers

    def is_complete(self, cookies: Mapping[str, str]) -> bool:
        """Return whether the visitor has answered every question of the live notice, so that none is asked."""
        gate = self.read_in(cookies)
        return bool(gate.questions) and len(self.answers(cookies)) == len(gate.questions)

    def sources_for(self, cookies: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Return CSP directive → origins that these request cookies have opened; nothing without a valid choice."""
        given = _given(cookies)
        gate = self._read_in(given)
        answers = gate._answers(given)  # noqa: SLF001  (a gate like this one)
        opened: dict[str, dict[str, None]] = {}
        for question in gate.questions:
            if answers.get(question.varname):
                for directive, origins in question.sources:
                    opened.setdefault(directive, {}).update(dict.fromkeys(origins))
        return {directive: tuple(origins) for directive, origins in opened.items()}

    def variant_for(self, cookies: Mapping[str, str]) -> str:
        """Return a short name of what :meth:`sources_for` opens, for the ETag; ``""`` when it opens nothing."""
        sources = self.sources_for(cookies)
        return hashlib.sha256(repr(sources).encode()).hexdigest()[:8] if sources else ""


def cookie_content(notice: Notice, answers: Mapping[str, bool]) -> dict[str, str]:
    """Return the content of the consent cookie that states ``answers`` to ``notice``."""
    content = {
        category["varname"]: category["version"] if answers[category["varname"]] else settings.COOKIE_CONSENT_DECLINE
        for category in notice.document["categories"]
        if not category["required"]
    }
    read = f"{notice.number}.{notice.sha256[:SHORT]}"
    return content | {NOTICE_KEY: read if notice.language == wording.LANGUAGE else f"{read}.{notice.language}"}


def gate_of(notice: Notice | None, enabled: Iterable[Service]) -> Gate:
    """Return the gate of a notice and those of the ``enabled`` services that run under it."""
    if notice is None:
        return Gate()
    services = tuple(
        service
        for service in enabled
        if names(
            notice.document,
            varname=service.category.varname,
            service=service.name,
            recipients=service.recipients,
        )
    )
    questions = tuple(
        Question(
            category["varname"],
            category["version"],
            category["since"],
            _merged([service for service in services if service.category.varname == category["varname"]]),
        )
        for category in notice.document["categories"]
        if not category["required"]
    )
    return Gate(notice, questions, services)


def current_gate() -> Gate:
    """Return the gate as of the last committed change to notice or services. Two queries.

    When the database doesn't answer, this is the empty gate: every failure counts as a refusal.
    """
    try:
        newest = Notice.objects.newest().filter(language__in=languages.offered())
        live = {notice.language: notice for notice in newest}
        services = tuple(Service.objects.enabled())
        own = gate_of(live.pop(wording.LANGUAGE, None), services)
        return replace(own, others=tuple(gate_of(live[language], services) for language in sorted(live)))
    except Error as error:
        logger.warning("The live notice cannot be read, so nothing is opened: %s", type(error).__name__)
        return Gate()


def gate_for(request: HttpRequest) -> Gate:
    """Return the current gate, looked up once per request."""
    gate: Gate | None = getattr(request, "consent_gate", None)
    if gate is None:
        gate = request.consent_gate = current_gate()  # type: ignore[attr-defined]  # HttpRequest is open for attributes
    return gate


def opened_for(request: HttpRequest) -> dict[str, tuple[str, ...]]:
    """Return CSP directive → origins opened to the sender of ``request``. No query when she carries no choice."""
    if settings.COOKIE_CONSENT_NAME not in request.COOKIES:
        return {}
    return gate_for(request).sources_for(request.COOKIES)


def current_edition() -> int:
    """Return the number that grows with each change of notice or services. One query; database errors pass through."""
    return Edition.objects.values_list("number", flat=True).first() or 0


def _given(cookies: Mapping[str, str]) -> dict[str, str]:
    value = cookies.get(settings.COOKIE_CONSENT_NAME)
    given: dict[str, str] = parse_cookie_str(value.strip('"')) if value else {}
    return given


def _merged(services: list[Service]) -> Sources:
    merged: dict[str, dict[str, None]] = {}
    for service in services:
        for directive, origins in service.sources.items():
            merged.setdefault(directive, {}).update(dict.fromkeys(origins))
    return tuple((directive, tuple(origins)) for directive, origins in merged.items())
