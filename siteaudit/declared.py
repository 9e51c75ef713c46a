"""What the live notice declares: which cookies and recipients, in which category, for how long."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from consent.services.wildcards import fits

if TYPE_CHECKING:
    from consent.notice.notices import NoticeDocument

DEFAULT_PORTS = {"http": 80, "https": 443}
#: A browser's store → the kind under which a notice declares its entries. Databases and caches are declared like local
#: storage, because they also stay until they are erased.
STORES = {"localStorage": "local", "IndexedDB": "local", "Cache Storage": "local", "sessionStorage": "session"}
#: A socket's scheme → that of the web address by which a notice names its recipient.
WEB_SCHEMES = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class DeclaredCookie:
    """A cookie or storage key that a category declares. ``*`` in a name stands for any text.

    ``domain`` is ``""`` for the site's own; ``lifetime_days`` is ``None`` until the browser closes;
    ``kind`` is ``cookie``, ``local`` or ``session``; ``service`` the slug of the service that stores it, or ``""``.
    """

    name: str
    domain: str
    lifetime_days: int | None
    category: str
    kind: str = "cookie"
    service: str = ""

    def names(self, name: str) -> bool:
        """Whether it declares something of this name. Over HTTP, a site's own cookies lack the prefix for HTTPS."""
        return fits(self.name, name) or (self.kind == "cookie" and fits(_bare(self.name), _bare(name)))

    def covers(self, name: str, domain: str, site: str) -> bool:
        """Whether it declares the cookie ``name`` of the host ``domain``, on the site at the host ``site``."""
        host, own = domain.lstrip(".").lower(), (self.domain or site).lstrip(".").lower()
        # A site's cookie may belong to a parent domain; a declared domain includes its subdomains.
        near = host == own or (own.endswith(f".{host}") if not self.domain else host.endswith(f".{own}"))
        return near and self.names(name)


def _bare(name: str) -> str:
    return name.removeprefix("__Host-").removeprefix("__Secure-")


@dataclass(frozen=True, slots=True)
class Recipient:
    """An origin that learns of a visit when a service runs. ``https://*.host`` stands for all below that host.

    ``slug`` is ``""`` in notices from before services could be chosen one by one.
    """

    origin: str
    category: str
    service: str
    slug: str = ""

    def covers(self, origin: str) -> bool:
        """Whether this is the recipient at ``origin``, by the rules of a Content-Security-Policy."""
        scheme, _, host = self.origin.partition("://")
        other_scheme, _, other_host = origin.partition("://")
        return origin == self.origin or (host[:2] == "*." and other_scheme == scheme and other_host.endswith(host[1:]))


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    slug: str = ""


@dataclass(frozen=True, slots=True)
class Category:
    varname: str
    name: str
    required: bool
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, slots=True)
class Declaration:
    """The part of a notice that a browser can check.

    ``opted_out`` are the categories that the site refuses when a browser sends Global Privacy Control.
    """

    number: int
    sha256: str
    language: str
    categories: tuple[Category, ...]
    cookies: tuple[DeclaredCookie, ...]
    recipients: tuple[Recipient, ...]
    opted_out: frozenset[str] = frozenset()

    @property
    def optional(self) -> tuple[Category, ...]:
        return tuple(category for category in self.categories if not category.required)

    @property
    def required(self) -> frozenset[str]:
        return frozenset(category.varname for category in self.categories if category.required)

    def cookies_for(self, name: str, domain: str, site: str) -> list[DeclaredCookie]:
        """Return what declares this cookie; nothing when it is undeclared."""
        return [cookie for cookie in self.cookies if cookie.kind == "cookie" and cookie.covers(name, domain, site)]

    def keys_for(self, store: str, key: str) -> list[DeclaredCookie]:
        """Return what declares this key of one of the browser's stores; nothing when it is undeclared."""
        return [entry for entry in self.cookies if entry.kind == STORES.get(store) and entry.names(key)]

    def recipients_at(self, origin: str) -> list[Recipient]:
        """Return what names this origin; nothing when it is undeclared."""
        return [recipient for recipient in self.recipients if recipient.covers(origin)]

    def service_at(self, origin: str) -> str:
        """Return the names of the services that send to this origin, or ``""``."""
        return ", ".join(dict.fromkeys(recipient.service for recipient in self.recipients_at(origin)))

    def service_of(self, entry: DeclaredCookie) -> str:
        """Return the name of the service that stores a declared entry, or ``""`` when the site itself does."""
        services = (
            each for category in self.categories if category.varname == entry.category for each in category.services
        )
        return next((service.name for service in services if entry.service and service.slug == entry.service), "")


def declaration_of(document: NoticeDocument, sha256: str, opted_out: Iterable[str] = ()) -> Declaration:
    """Return what a published notice declares, and which categories Global Privacy Control refuses."""
    categories = document["categories"]
    return Declaration(
        number=document["number"],
        sha256=sha256,
        language=document["language"],
        categories=tuple(
            Category(
                category["varname"],
                category["name"],
                category["required"],
                tuple(Service(service["name"], service.get("slug", "")) for service in category["services"]),
            )
            for category in categories
        ),
        cookies=tuple(
            DeclaredCookie(
                cookie["name"],
                cookie["domain"],
                cookie["lifetime_days"],
                category["varname"],
                cookie.get("kind", "cookie"),
                cookie.get("service", ""),
            )
            for category in categories
            for cookie in category["cookies"]
        ),
        recipients=tuple(
            Recipient(origin_of(recipient), category["varname"], service["name"], service.get("slug", ""))
            for category in categories
            for service in category["services"]
            for recipient in service["recipients"]
        ),
        opted_out=frozenset(opted_out),
    )


def origin_of(url: str) -> str:
    """Return ``scheme://host[:port]`` of an address, as notices name recipients; ``""`` for what isn't on a network."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    scheme = WEB_SCHEMES.get(parts.scheme, parts.scheme)
    if scheme not in DEFAULT_PORTS or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{scheme}://{host}" + (f":{port}" if port and port != DEFAULT_PORTS[scheme] else "")
