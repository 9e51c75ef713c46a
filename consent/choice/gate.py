"""What a visitor's consent opens, read from their consent cookie alone.

The cookie is django-cookie-consent's (``varname=value|varname=value``), with our values: see Note [When a visitor is
asked again] in ``consent.notice.notices``. A value that isn't exactly what the live notice expects is no answer, and no
answer opens nothing. ``static/consent/consent.js`` reads the cookie by the same rules.

Note [What opens a service]
    A service has an entry of its own (``category.slug``) where the visitor decided about it alone: then it is open if
    that is the version of its category, and closed if it is anything else. Without one it is as its category. While the
    visitor's browser sends Global Privacy Control, categories that this speaks of (``CONSENT_GPC_CATEGORIES``) are
    refused without asking, but for what they opened knowing of it: the cookie says so by ``gpc=1``. Nothing is open to
    those who are signed in to the admin: see Note [No services for those who are signed in] in
    ``consent.choice.signed_in``.

Note [A refusal without a record]
    A refusal holds in the browser at once, whether or not a record of it can be written. Until there is one, the cookie
    says nothing but ``refused=<where>.<hash of the notice that was read>``, which refuses everything that this site
    asks or will ask. The client adds the time at which it sent the refusal, and sends it again on the next page a
    minute later, or at once when the site has said that it could not write the record.

Note [The name of the cookie]
    ``COOKIE_CONSENT_NAME`` has the prefix ``__Host-`` where the site is served over HTTPS: no other site of the same
    domain can set such a cookie. One of the name before (:data:`NAME_BEFORE`) opens nothing. Where it says what the
    visitor's record says, the server replaces it by one of the new name, once; where it does not, or there is no
    record, it may be another site's. Either way the server deletes it. See docs/adr/0010.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from cookie_consent.conf import settings
from cookie_consent.util import dict_to_cookie_str, parse_cookie_str
from django.db import Error
from django.http import HttpRequest

from consent.choice.signed_in import carries_session
from consent.models import ConsentRecord, ContentVersion, Notice, Service
from consent.notice import languages, wording
from consent.notice.entries import unnamed_in
from consent.notice.notices import SHORT, NoticeDocument

logger = logging.getLogger(__name__)

#: How the cookie was called before it had a name of its own: see Note [The name of the cookie].
NAME_BEFORE = "cookie_consent"
#: The cookie's keys for the notice that the visitor read, and for a choice that overrides the browser's opt-out. No
#: category can have these varnames.
NOTICE_KEY = "notice"
GPC_KEY = "gpc"
#: The key of a refusal that could not be recorded yet: see Note [A refusal without a record].
REFUSED_KEY = "refused"
RESERVED = (NOTICE_KEY, GPC_KEY, REFUSED_KEY)


@dataclass(frozen=True, slots=True)
class Question:
    """An optional category of the live notice, and what opens it."""

    varname: str
    version: str
    since: int


@dataclass(frozen=True, slots=True)
class Opened:
    """What a visitor's consent opens on a page: CSP directive → origins, and whether Trusted Types stand in the way."""

    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uses_sinks: bool = False

    @property
    def shows_frames(self) -> bool:
        return "frame-src" in self.sources


NOTHING = Opened()


@dataclass(frozen=True, slots=True)
class Gate:
    """The live notice, its questions, and the services that run under it. The empty gate opens nothing to anybody.

    ``others`` are those of further languages. What a visitor answered is judged by the live notice of the language in
    which it was read: see docs/adr/0070. ``opted_out`` are the categories that Global Privacy Control refuses.
    """

    notice: Notice | None = None
    questions: tuple[Question, ...] = ()
    services: tuple[Service, ...] = ()
    opted_out: frozenset[str] = frozenset()
    others: tuple[Gate, ...] = ()

    @property
    def language(self) -> str:
        return self.notice.language if self.notice else wording.LANGUAGE

    def read_in(self, cookies: Mapping[str, str]) -> Gate:
        """Return the gate of the language in which these cookies were answered; the empty one when it isn't offered."""
        return self._read_in(given_in(cookies))

    def answers(self, cookies: Mapping[str, str], *, gpc: bool = False) -> dict[str, bool]:
        """Return the valid answers in these cookies: varname → accepted. A category without one is left out.

        ``gpc`` is whether the browser sends Global Privacy Control, which is an answer.
        """
        given = given_in(cookies)
        return self._read_in(given)._answers(given, gpc)  # noqa: SLF001  (a gate like this one)

    def service_answers(self, cookies: Mapping[str, str], *, gpc: bool = False) -> dict[str, bool]:
        """Return the visitor's valid answers to single services: ``category.slug`` → accepted."""
        given = given_in(cookies)
        gate = self._read_in(given)
        answers = gate._answers(given, gpc)  # noqa: SLF001  (a gate like this one)
        opened = {
            service.key
            for service in gate.services
            if gate._opens(service, given, answers, gpc)  # noqa: SLF001  (a gate like this one)
        }
        return {
            service.key: service.key in opened
            for service in gate.services
            if service.key in given and (service.key in opened) is not answers.get(service.category.varname, False)
        }

    def accepted_before(self, cookies: Mapping[str, str]) -> set[str]:
        """Return the keys of what these cookies accept in categories that are not asked about any more.

        None where they answer in a language that isn't offered, or that cannot be read.
        """
        given = given_in(cookies)
        gate = self._read_in(given)
        if gate.notice is None:
            return set()
        asked = {question.varname for question in gate.questions}
        accepted = {key for key, value in given.items() if value != settings.COOKIE_CONSENT_DECLINE}
        return {key for key in accepted - set(RESERVED) if key.partition(".")[0] not in asked}

    def is_complete(self, cookies: Mapping[str, str], *, gpc: bool = False) -> bool:
        """Return whether the visitor has answered every question of the live notice, so that none is asked."""
        gate = self.read_in(cookies)
        return bool(gate.questions) and len(self.answers(cookies, gpc=gpc)) == len(gate.questions)

    def opened(self, cookies: Mapping[str, str], *, path: str, gpc: bool = False) -> Opened:
        """Return what these request cookies have opened on the page at ``path``; nothing without a valid choice.

        Nothing either for those who are signed in to the admin.
        """
        given = given_in(cookies)
        if not given or carries_session(cookies):
            return NOTHING
        gate = self._read_in(given)
        answers = gate._answers(given, gpc)  # noqa: SLF001  (a gate like this one)
        return opened_by(
            service
            for service in gate.services
            if gate._opens(service, given, answers, gpc) and service.stands_on(path)  # noqa: SLF001  (a gate like this one)
        )

    def openable(self, *, path: str) -> Opened:
        """Return what any visitor could have opened on the page at ``path``, whatever the language of the question."""
        services = {service.pk: service for gate in (self, *self.others) for service in gate.services}
        return opened_by(service for service in services.values() if service.stands_on(path))

    def _read_in(self, given: Mapping[str, str]) -> Gate:
        parts = given.get(NOTICE_KEY, "").split(".")
        language = parts[2] if len(parts) > 2 else wording.LANGUAGE
        return next((gate for gate in (self, *self.others) if gate.language == language), Gate())

    def _answers(self, given: Mapping[str, str], gpc: bool) -> dict[str, bool]:
        if REFUSED_KEY in given:
            return {question.varname: False for question in self.questions}
        read = given.get(NOTICE_KEY, "").partition(".")[0]
        read_number = int(read) if read.isascii() and read.isdecimal() and len(read) < 10 else 0
        number = self.notice.number if self.notice else 0
        answers = {}
        for question in self.questions:
            answer = given.get(question.varname)
            if self._is_opted_out(question.varname, given, gpc):
                answers[question.varname] = False
            elif answer == question.version:
                answers[question.varname] = True
            elif answer == settings.COOKIE_CONSENT_DECLINE and question.since <= read_number <= number:
                answers[question.varname] = False
        return answers

    def _opens(self, service: Service, given: Mapping[str, str], answers: Mapping[str, bool], gpc: bool) -> bool:
        varname = service.category.varname
        own = given.get(service.key)
        if own is None:
            return answers.get(varname, False)
        version = next((question.version for question in self.questions if question.varname == varname), None)
        return own == version and not self._is_opted_out(varname, given, gpc)

    def _is_opted_out(self, varname: str, given: Mapping[str, str], gpc: bool) -> bool:
        return gpc and varname in self.opted_out and given.get(GPC_KEY) != "1"


def opened_by(services: Iterable[Service]) -> Opened:
    """Return what these services need, together."""
    merged: dict[str, dict[str, None]] = {}
    uses_sinks = False
    for service in services:
        uses_sinks = uses_sinks or service.uses_sinks
        for directive, origins in service.sources.items():
            merged.setdefault(directive, {}).update(dict.fromkeys(origins))
    return Opened({directive: tuple(origins) for directive, origins in merged.items()}, uses_sinks)


#: Browsers drop a cookie whose name and value have more bytes (RFC 6265bis, section 5.6).
MOST_COOKIE = 4_096


def cookie_content(notice: Notice, answers: Mapping[str, bool], *, gpc: bool = False) -> dict[str, str]:
    """Return the content of the consent cookie that states ``answers`` to ``notice``, given under ``gpc`` or not."""
    categories = notice.document["categories"]
    versions = {category["varname"]: category["version"] for category in categories if not category["required"]}
    keys = [*versions, *sorted(key for key in answers if key.partition(".")[0] in versions and "." in key)]
    content = {
        key: versions[key.partition(".")[0]] if answers[key] else settings.COOKIE_CONSENT_DECLINE for key in keys
    }
    if gpc and any(answers[key] for key in keys if key.partition(".")[0] in settings.CONSENT_GPC_CATEGORIES):
        content[GPC_KEY] = "1"
    read = f"{notice.number}.{notice.sha256[:SHORT]}"
    return content | {NOTICE_KEY: read if notice.language == wording.LANGUAGE else f"{read}.{notice.language}"}


def longest_cookie(document: NoticeDocument) -> int:
    """Return how many bytes the consent cookie has, name and value, when every service has an answer of its own."""
    keys = []
    for category in document["categories"]:
        if not category["required"]:
            name = category["varname"]
            keys += [name, *(f"{name}.{service.get('slug', '')}" for service in category["services"])]
    read = f"{10**9}.{'x' * SHORT}.{document['language']}"
    content = dict.fromkeys(keys, "x" * SHORT) | {GPC_KEY: "1", NOTICE_KEY: read}
    # In the quotation marks that its “=” takes.
    return len(f'{settings.COOKIE_CONSENT_NAME}="{dict_to_cookie_str(content)}"')


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A refusal that was not recorded: where it was made, and the hash of the notice read there, "" if not known."""

    surface: str
    notice: str


def unrecorded_refusal(cookies: Mapping[str, str]) -> Unrecorded | None:
    """Return the refusal in these cookies that was not recorded, or ``None``."""
    refused = given_in(cookies).get(REFUSED_KEY)
    if refused is None:
        return None
    surface, notice, *_ = (*refused.split("."), "")
    return Unrecorded(surface, notice)


def gate_of(notice: Notice | None, switched_on: Collection[Service]) -> Gate:
    """Return the gate of a notice and those of the services ``switched_on`` (with cookies) that run under it."""
    if notice is None:
        return Gate()
    questions = tuple(
        Question(category["varname"], category["version"], category["since"])
        for category in notice.document["categories"]
        if not category["required"]
    )
    services = tuple(
        # What an older notice says nothing of goes on as it is.
        service
        for service in switched_on
        if not service.waits_for_approval and not unnamed_in(notice, service, before=service)
    )
    return Gate(notice, questions, services, frozenset(settings.CONSENT_GPC_CATEGORIES))


def read_gate() -> Gate:
    """Return the gate as of the last committed change to notice or services. Database errors pass through.

    Two queries, and one more for what services keep.
    """
    live = {notice.language: notice for notice in Notice.objects.live_in(languages.offered())}
    services = tuple(Service.objects.switched_on())
    own = gate_of(live.pop(wording.LANGUAGE, None), services)
    return replace(own, others=tuple(gate_of(live[language], services) for language in sorted(live)))


def current_gate() -> Gate:
    """Return what :func:`read_gate` does; the empty gate when the database doesn't answer.

    Every failure counts as a refusal. It opens nothing, and says nothing of what the site asks.
    """
    try:
        return read_gate()
    except Error as error:
        logger.warning(
            "The live notice cannot be read, so nothing is opened: %s", type(error).__name__, extra={"outage": True}
        )
        return Gate()


def gate_for(request: HttpRequest) -> Gate:
    """Return the current gate, looked up once per request."""
    gate: Gate | None = getattr(request, "consent_gate", None)
    if gate is None:
        gate = request.consent_gate = current_gate()  # type: ignore[attr-defined]  # HttpRequest is open for attributes
    return gate


def open_nothing(request: HttpRequest) -> None:
    """Have the answer to ``request`` open nothing, without looking anything up."""
    request.consent_gate = Gate()  # type: ignore[attr-defined]  # HttpRequest is open for attributes


def opened_for(request: HttpRequest) -> Opened:
    """Return what is opened to the sender of ``request`` on this page.

    No query for those who carry no choice, or a session of the admin.
    """
    if settings.COOKIE_CONSENT_NAME not in request.COOKIES or carries_session(request.COOKIES):
        return NOTHING
    return gate_for(request).opened(cookie_of(request), path=request.path, gpc=sends_gpc(request))


def sends_gpc(request: HttpRequest) -> bool:
    """Return whether the browser asks not to sell or share (Global Privacy Control, ``Sec-GPC: 1``)."""
    return request.headers.get("Sec-GPC") == "1"


def current_content_version() -> int:
    """Return the number that grows with each change of notice or services. One query; database errors pass through."""
    return ContentVersion.objects.values_list("number", flat=True).first() or 0


def read_cookie(header: str) -> dict[str, str]:
    """Return the consent cookie in a ``Cookie`` header, as name → value; nothing when there are several, or none.

    Of two with one name, as another site of the same domain may set one, nobody can say which is ours. The client reads
    by the same rules: tests/consent/cookie_headers.json.
    """
    name = settings.COOKIE_CONSENT_NAME
    value = _only(name, header)
    return {} if value is None else {name: value}


def cookie_of(request: HttpRequest) -> dict[str, str]:
    """Return the consent cookie that came with ``request``, as :func:`read_cookie` does."""
    return read_cookie(request.META.get("HTTP_COOKIE", ""))


def states_as_before(request: HttpRequest, record: ConsentRecord) -> bool:
    """Return whether the cookie of the name before says what ``record`` (with its notice) does, and there is no other.

    See Note [The name of the cookie].
    """
    value = _only(NAME_BEFORE, request.META.get("HTTP_COOKIE", ""))
    if value is None or settings.COOKIE_CONSENT_NAME in request.COOKIES:
        return False
    choice = record.choice()
    said: dict[str, str] = parse_cookie_str(value)
    return said == cookie_content(record.notice, choice.answers, gpc=choice.gpc)


def _only(name: str, header: str) -> str | None:
    found = re.findall(rf'(?:^|; *){re.escape(name)}="?([^";]*)', header)
    return found[0] if len(found) == 1 else None


def given_in(cookies: Mapping[str, str]) -> dict[str, str]:
    """Return what the consent cookie among these says, whether or not it is an answer to what is asked now."""
    value = cookies.get(settings.COOKIE_CONSENT_NAME)
    given: dict[str, str] = parse_cookie_str(value) if value else {}
    return {REFUSED_KEY: given[REFUSED_KEY]} if REFUSED_KEY in given else given
