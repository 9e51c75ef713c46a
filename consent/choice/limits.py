"""Limit how many records one visitor may create, without storing who they are.

A network address or a receipt is hashed with a random key at once, counted in this process's memory, and forgotten
with the key when the hour is over. Neither stands in the database, in the cache, on disk or in a log. Each worker
process counts for itself. See docs/adr/0082.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import math
import re
import secrets
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Lock

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext

logger = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
#: An honest browser has one record written with each receipt, as each answer brings another. Two tabs may need two.
PER_RECEIPT = 5
#: All those whose network cannot be read. What the log says of them when they were too many.
UNREADABLE = "network that cannot be read from X-Forwarded-For (see TRUSTED_PROXIES)"
#: As proxies write an address: 203.0.113.5:4711, [2001:db8::1], [2001:db8::1]:4711, and that in quotes (RFC 7239).
ADDRESS_AND_PORT = re.compile(r'"?(?:\[(?P<six>[^\[\]]+)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?"?')
#: How many visitors are told apart at a time: some 10 MB.
MOST_COUNTED = 100_000


class TooManyChoices(Exception):
    """This visitor, or their network, created too many records. ``retry_after`` is in whole seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Limiter:
    """Counts what happens in an hour, or in another ``period``, by things that it does not remember."""

    def __init__(self, period: timedelta = HOUR) -> None:
        self._period = period
        self._lock = Lock()
        self.forget()

    def forget(self) -> None:
        """Begin a new period under a new key."""
        self._key = secrets.token_bytes(32)
        self._began_at: datetime | None = None
        self._counts: dict[bytes, int] = {}

    def take(self, kind: str, value: str, *, most: int, at: datetime) -> None:
        """Count one. Raises :class:`TooManyChoices` instead when ``value`` has had ``most`` in this hour."""
        if wait := self.wait(kind, value, most=most, at=at):
            # Without any trace of whom.
            logger.warning("A choice was refused: too many from one %s within an hour.", kind)
            raise TooManyChoices(
                gettext("Too many choices came from your network within an hour. Please try again later."),
                retry_after=wait,
            )

    def wait(self, kind: str, value: str, *, most: int, at: datetime) -> int:
        """Count one and return 0; when ``value`` has had ``most`` in this period, return the seconds that are left."""
        with self._lock:
            if self._began_at is None or not self._began_at <= at < self._began_at + self._period:
                self.forget()
                self._began_at = at
            name = self._name(kind, value)
            count = self._counts.pop(name, 0)
            is_admitted = count < most
            self._counts[name] = (
                count + is_admitted
            )  # behind all others, so that the first is the one not heard of for longest
            if len(self._counts) > MOST_COUNTED:
                del self._counts[next(iter(self._counts))]
            left = self._began_at + self._period - at
        return 0 if is_admitted else max(1, math.ceil(left.total_seconds()))

    def give_back(self, counted: Iterable[tuple[str, str]]) -> None:
        """Take back one of each kind and value: what was counted ahead has not happened."""
        with self._lock:
            for kind, value in counted:
                name = self._name(kind, value)
                # Nothing, where a new period has begun meanwhile.
                if self._counts.get(name):
                    self._counts[name] -= 1

    def _name(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{kind} {value}".encode(), "sha256")


limiter = Limiter()


def admission(request: HttpRequest, *, receipt: str, at: datetime) -> Callable[[bool], None]:
    """Return what ``record_choice`` asks before it writes; its argument says whether consent is withdrawn.

    A withdrawal is bounded by its receipt only, so that no crowd in the same network can keep anybody from it.
    """

    def admit(withdraws: bool) -> None:
        address = address_of(request)
        if not withdraws:
            limiter.take("network" if address else UNREADABLE, address, most=settings.CONSENT_CHOICES_PER_HOUR, at=at)
        if receipt:
            limiter.take("receipt", receipt, most=PER_RECEIPT, at=at)

    return admit


def address_of(request: HttpRequest) -> str:
    """Return the network that a request comes from: an IPv4 address or an IPv6 /64; "" when that cannot be read.

    Behind proxies (``settings.TRUSTED_PROXIES``) it is what the outermost of them wrote into ``X-Forwarded-For``.
    What stands left of that came from the client, and says nothing. Limits count all of "" as one network: no client
    can write there, and whatever a proxy writes must not switch a limit off.
    """
    proxies: int = settings.TRUSTED_PROXIES
    if proxies:
        written = request.headers.get("X-Forwarded-For", "").split(",")
        said = written[-proxies].strip() if len(written) >= proxies else ""
    else:
        said = request.META.get("REMOTE_ADDR", "")
    try:
        address = ipaddress.ip_address(_without_port(said))
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        # A connection gets at least a /64 of its own, and may take a new address from it for each request.
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


def _without_port(said: str) -> str:
    """Return an address without the brackets, the quotes and the port with which proxies may write it."""
    found = ADDRESS_AND_PORT.fullmatch(said)
    return found["six"] or found["four"] if found else said
