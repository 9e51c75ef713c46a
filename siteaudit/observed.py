"""What the browser saw, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime

from siteaudit.buttons import ButtonPair
from siteaudit.states import State


@dataclass(frozen=True, slots=True)
class SampledPage:
    """A page to visit. ``secrets`` is what it is about, in plain text: no third party may learn it."""

    path: str
    kind: str
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SeenCookie:
    """A cookie that was set. ``seconds`` is its lifetime, ``None`` until the browser closes; ``by`` is what set it.

    ``kept`` is true if it existed when the state was reached and has not changed since.
    """

    name: str
    domain: str
    page: str
    seconds: float | None = None
    by: str = ""
    http_only: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class SeenKey:
    """A key in one of the browser's stores (``localStorage`` …, ``service worker``)."""

    store: str
    key: str
    origin: str
    page: str
    by: str = ""
    kept: bool = False


@dataclass(slots=True)
class SeenRequest:
    """A request that was made or tried. ``failure`` is ``"csp"`` when the page's policy stopped it.

    ``page`` is the sampled path; ``watched`` is false for requests on the way to the state.
    """

    url: str
    page: str
    method: str = "GET"
    kind: str = "other"
    initiator: str = ""
    watched: bool = True
    started_at: datetime | None = None
    milliseconds: float = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int = 0
    status_text: str = ""
    protocol: str = ""
    response_headers: dict[str, str] = field(default_factory=dict)
    mime_type: str = ""
    size: int = 0
    failure: str = ""

    @property
    def referrer(self) -> str:
        return next((value for name, value in self.headers.items() if name.lower() == "referer"), "")


@dataclass(slots=True)
class StateSeen:
    """Everything that happened in one state."""

    state: State
    cookies: list[SeenCookie] = field(default_factory=list)
    keys: list[SeenKey] = field(default_factory=list)
    requests: list[SeenRequest] = field(default_factory=list)
    inline: list[tuple[str, str]] = field(default_factory=list)  # page, what the policy refused
    clicks: dict[str, int] = field(default_factory=dict)  # step → number of presses
    records: int = 0

    @property
    def watched(self) -> list[SeenRequest]:
        return [request for request in self.requests if request.watched]


@dataclass(slots=True)
class SiteSeen:
    """What the browser saw in an audit: each state, and the measured buttons."""

    pages: list[SampledPage]
    states: list[StateSeen] = field(default_factory=list)
    buttons: list[ButtonPair] = field(default_factory=list)
    browser: str = ""

    @property
    def records(self) -> int:
        """At most how many consent records the audit added: one for each choice that the site accepted."""
        return sum(seen.records for seen in self.states)


@dataclass(frozen=True, slots=True)
class SetCookie:
    """A ``Set-Cookie`` line, or what a script wrote to ``document.cookie``. ``seconds`` is as requested."""

    name: str
    domain: str
    seconds: float | None

    @property
    def is_removal(self) -> bool:
        return self.seconds is not None and self.seconds <= 0


def parse_set_cookie(line: str, *, host: str, at: datetime) -> SetCookie:
    """Return what a line asks for. Browsers cap lifetimes at 400 days, so only the line has the requested one."""
    first, *attributes = line.split(";")
    name, domain, seconds = first.partition("=")[0].strip(), host, None
    expires: float | None = None
    for attribute in attributes:
        key, _, value = (part.strip() for part in attribute.partition("="))
        if key.lower() == "domain" and value:
            domain = value.lstrip(".").lower()
        elif key.lower() == "max-age" and value.lstrip("-").isascii() and value.lstrip("-").isdigit():
            seconds = float(value)
        elif key.lower() == "expires":
            expires = _seconds_until(value, at)
    return SetCookie(name, domain, seconds if seconds is not None else expires)


def _seconds_until(date: str, at: datetime) -> float | None:
    try:
        until = parsedate_to_datetime(date)
    except ValueError:
        return None
    return (until.replace(tzinfo=until.tzinfo or at.tzinfo) - at).total_seconds()
