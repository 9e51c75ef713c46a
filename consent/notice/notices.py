"""The notice as a document: composed from words, registry and services, frozen, hashed, and compared.

Everything here is pure: nothing reads the database or the clock. A *draft* is a document without the three things that
only publishing gives: the notice's ``number``, and each category's ``version`` and ``since``.

Note [When a visitor is asked again]
    An accepted category is kept in the visitor's cookie as the category's ``version``, a refused one as ``-1``, with
    the number of the notice that the visitor read. An acceptance is valid while the live notice has the same version,
    a refusal while the notice that was read is not older than ``since``, the notice that introduced the version. A
    material change gives new ``version`` and ``since`` to what changed, and carries all others over, so that only
    that is asked again, of those who refused as of those who accepted. A change that isn't material carries
    everything over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import rfc8785

from consent.notice import wording

if TYPE_CHECKING:
    from consent.models import Notice

SCHEMA = "consent-notice/1"
#: What a document says that has any of ``wording.ABOUT`` among its words. Without them, it is as before.
SCHEMA_ABOUT = "consent-notice/2"
#: How many characters of a hash name a category's version, and a notice inside the cookie.
SHORT = 16
#: What a comparison says of a notice from before notices told how a service runs.
NOT_TOLD = "isn’t told"
#: What notices tell of a service since later. Where one lacks a key, it says nothing about it.
LATER = ("slug", "address", "start_code", "settings")


class CookieEntry(TypedDict):
    """A declared cookie or storage key. ``lifetime_days`` is ``None`` when it goes with the browser session.

    ``kind`` stands where it isn't a cookie, ``service`` (a service's slug) where one keeps it.
    """

    name: str
    purpose: str
    domain: str
    path: str
    lifetime_days: int | None
    kind: NotRequired[str]
    service: NotRequired[str]


class ServiceSettings(TypedDict, total=False):
    """How a service runs. What is as it is for most services (an ordinary script, on every page) is left out.

    ``sources`` are directives of the Content-Security-Policy with the origins that each allows.
    """

    kind: str
    integrity: str
    attributes: dict[str, str]
    pages: list[str]
    sources: dict[str, list[str]]
    uses_sinks: bool
    consent_mode: bool


class ServiceEntry(TypedDict):
    """A service that the category opens, with every origin that learns of the visit.

    ``address`` is what the browser loads for it, and ``start_code`` the hash of its start code; each is empty where it
    has none. ``settings`` is what else decides what runs, and where. Notices from before they told of one of these lack
    it, and those from before services could be chosen one by one have no ``slug``: see :data:`LATER`.
    """

    name: str
    vendor: str
    purpose: str
    privacy_policy: str
    recipients: list[str]
    slug: NotRequired[str]
    opt_out: NotRequired[str]
    address: NotRequired[str]
    start_code: NotRequired[str]
    settings: NotRequired[ServiceSettings]


class CategoryEntry(TypedDict):
    varname: str
    name: str
    purpose: str
    required: bool
    cookies: list[CookieEntry]
    services: list[ServiceEntry]
    version: NotRequired[str]
    since: NotRequired[int]


class NoticeDocument(TypedDict):
    """The whole notice. ``number`` stands in the published document only."""

    schema: str
    language: str
    text: dict[str, str]
    categories: list[CategoryEntry]
    number: NotRequired[int]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two notices: where, in words, and what stood and stands there ("" for nothing)."""

    where: str
    before: str
    after: str


@dataclass(slots=True)
class Publication:
    """A notice in the history of its language: what it took the place of, and when another took its own."""

    notice: Notice
    previous: Notice | None
    replaced_at: datetime | None = None

    @property
    def changes(self) -> list[Change]:
        """What it changed against the notice before it; everything, of a first one."""
        return changes(self.previous.document if self.previous else None, draft_of(self.notice.document))

    @property
    def asked_again(self) -> list[str]:
        """The names of the categories that everybody was asked about from then on."""
        return asked_again(self.previous.document if self.previous else None, self.notice.document)


class NotJustWording(Exception):
    """The change was called not material, but names new cookies or recipients. Publish it as a material one."""


def sha256(document: Mapping[str, Any]) -> str:
    """Return the hex SHA-256 of a document's canonical form (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(dict(document))).hexdigest()


def compose(*, language: str, text: Mapping[str, str], categories: Iterable[CategoryEntry]) -> NoticeDocument:
    """Return the draft of a notice."""
    schema = SCHEMA_ABOUT if text.keys() & wording.ABOUT.keys() else SCHEMA
    return {"schema": schema, "language": language, "text": dict(text), "categories": list(categories)}


def is_used(category: CategoryEntry) -> bool:
    """Return whether anything uses a category: a service, or something that is declared to be kept."""
    return bool(category["required"] or category["services"] or category["cookies"])


def asks(document: NoticeDocument) -> bool:
    """Return whether a notice asks visitors about anything: without an optional category, there is no banner."""
    return any(not category["required"] for category in document["categories"])


def freeze(draft: NoticeDocument, *, number: int, previous: NoticeDocument | None, material: bool) -> NoticeDocument:
    """Return the draft as the document to publish under ``number``. See Note [When a visitor is asked again].

    A material change that touches no category (another controller, another summary) asks again about all of them. One
    that only leaves categories out asks nobody.
    Raises :class:`NotJustWording` when a change that names a new cookie or recipient is called not material.
    """
    known = {category["varname"]: category for category in previous["categories"]} if previous else {}
    changed = {
        category["varname"]
        for category in draft["categories"]
        if category["varname"] not in known or _is_changed(known[category["varname"]], category)
    }
    changed |= known.keys() - {category["varname"] for category in draft["categories"]}
    required = {category["varname"] for category in (*known.values(), *draft["categories"]) if category["required"]}
    if previous and not material:
        _refuse_new_facts(known, draft)
    everything = material and (
        previous is None or not changed - required or previous["text"]["controller"] != draft["text"]["controller"]
    )
    categories = []
    for category in draft["categories"]:
        varname = category["varname"]
        entry = content_of(category)
        if varname in known and not everything and not (material and varname in changed):
            entry["version"], entry["since"] = known[varname]["version"], known[varname]["since"]
        else:
            entry["since"] = number
            # With the number in it, so that a text that comes back later is a question of its own.
            entry["version"] = sha256(entry)[:SHORT]
        categories.append(entry)
    return {**draft, "categories": categories, "number": number}


def to_translate(categories: Iterable[CategoryEntry]) -> list[tuple[str, str, str]]:
    """Return what of the registry a translation has to say: key, where it stands in words, and the English text."""
    found = []
    for category in categories:
        varname = category["varname"]
        found += [
            (f"category/{varname}/name", f"Category {varname}: name", category["name"]),
            (f"category/{varname}/purpose", f"Category {varname}: purpose", category["purpose"]),
        ]
        found += [
            (_cookie_key(varname, cookie), f"Cookie {cookie['name']}: purpose", cookie["purpose"])
            for cookie in category["cookies"]
        ]
        found += [
            (f"service/{service['name']}", f"Service {service['name']}: purpose", service["purpose"])
            for service in category["services"]
        ]
    return found


def translated(categories: Iterable[CategoryEntry], names: Mapping[str, str]) -> list[CategoryEntry]:
    """Return the registry with its names and purposes as ``names`` has them. Raises ``KeyError`` for one that lacks."""
    return [
        {
            **category,
            "name": names[f"category/{category['varname']}/name"],
            "purpose": names[f"category/{category['varname']}/purpose"],
            "cookies": [
                {**cookie, "purpose": names[_cookie_key(category["varname"], cookie)]} for cookie in category["cookies"]
            ],
            "services": [
                {**service, "purpose": names[f"service/{service['name']}"]} for service in category["services"]
            ],
        }
        for category in categories
    ]


def _cookie_key(varname: str, cookie: CookieEntry) -> str:
    return f"cookie/{varname}/{cookie['name']}/{cookie['domain']}"


def draft_of(document: NoticeDocument) -> NoticeDocument:
    """Return a published document without what publishing gave it."""
    return compose(
        language=document["language"],
        text=document["text"],
        categories=[content_of(category) for category in document["categories"]],
    )


def content_of(category: CategoryEntry) -> CategoryEntry:
    """Return a category without its version."""
    return {
        "varname": category["varname"],
        "name": category["name"],
        "purpose": category["purpose"],
        "required": category["required"],
        "cookies": category["cookies"],
        "services": category["services"],
    }


def changes(previous: NoticeDocument | None, draft: NoticeDocument) -> list[Change]:
    """Return what the draft changes against the live notice, in the order in which it is read."""
    before = _lines(draft_of(previous)) if previous else {}
    after = _lines(draft)
    keys = list(after) + [key for key in before if key not in after]
    pairs = ((key, before.get(key, ""), after.get(key, "")) for key in keys)
    return [Change(key, old, new) for key, old, new in pairs if old != new]


def asked_again(previous: NoticeDocument | None, document: NoticeDocument) -> list[str]:
    """Return the names of the optional categories that a published notice asks about anew; all, of a first one."""
    before = {category["varname"]: category["version"] for category in previous["categories"]} if previous else {}
    return [
        category["name"]
        for category in document["categories"]
        if not category["required"] and before.get(category["varname"]) != category["version"]
    ]


def history(published: Iterable[Notice]) -> list[Publication]:
    """Return published notices, given from the oldest, as what followed what in each language; the newest first."""
    found: list[Publication] = []
    newest: dict[str, Publication] = {}
    for notice in published:
        previous = newest.get(notice.language)
        publication = Publication(notice, previous.notice if previous else None)
        if previous:
            previous.replaced_at = notice.published_at
        newest[notice.language] = publication
        found.insert(0, publication)
    return found


def service_versions(document: NoticeDocument) -> dict[str, str]:
    """Return what may be chosen one by one: a service's key (``category.slug``) → the version that opens it."""
    return {
        f"{category['varname']}.{service['slug']}": category["version"]
        for category in document["categories"]
        if not category["required"]
        for service in category["services"]
        if "slug" in service
    }


def _is_changed(known: CategoryEntry, category: CategoryEntry) -> bool:
    """Whether a category says something else to visitors. What older notices don't say at all is no change."""
    said = {service["name"]: service for service in known["services"]}
    services: list[Any] = [
        {key: value for key, value in service.items() if key not in LATER or key in said.get(service["name"], service)}
        for service in category["services"]
    ]
    return content_of(known) != {**content_of(category), "services": services}


def kind_text(cookie: CookieEntry) -> str:
    """Return what sort of thing is declared."""
    return {"local": "local storage", "session": "session storage"}.get(cookie.get("kind", ""), "cookie")


def lifetime_text(days: int | None) -> str:
    """Return a cookie's lifetime as a visitor reads it."""
    if days is None:
        return "until the browser is closed"
    return "1 day" if days == 1 else f"{days} days"


def settings_text(settings: ServiceSettings) -> str:
    """Return in words how a service runs. In an order of its own: databases keep none of the keys of JSON."""
    attributes = " ".join(f"{name}={value}" for name, value in sorted(settings.get("attributes", {}).items()))
    parts = [settings.get("kind", "script"), f"on {' '.join(settings.get('pages', ())) or 'every page'}"]
    parts += [f"integrity {settings['integrity']}"] if "integrity" in settings else []
    parts += [f"attributes {attributes}"] if attributes else []
    parts += [f"{directive} {' '.join(origins)}" for directive, origins in sorted(settings.get("sources", {}).items())]
    parts += ["cannot work under Trusted Types"] if "uses_sinks" in settings else []
    parts += ["speaks Google’s Consent Mode"] if "consent_mode" in settings else []
    return "; ".join(parts)


def _refuse_new_facts(known: Mapping[str, CategoryEntry], draft: NoticeDocument) -> None:
    for category in draft["categories"]:
        if category["varname"] not in known or category["required"]:
            continue
        if new := sorted(_facts(category) - _facts(known[category["varname"]])):
            raise NotJustWording(
                f"“{category['name']}” names {', '.join(new)} for the first time. Visitors have not agreed to that. "
                "Publish the notice as a material change."
            )


def _facts(category: CategoryEntry) -> set[str]:
    return {f"the {kind_text(cookie)} {cookie['name']}" for cookie in category["cookies"]} | {
        f"{service['name']} ({origin})" for service in category["services"] for origin in service["recipients"]
    }


def _lines(document: NoticeDocument) -> dict[str, str]:
    lines = {key.replace("_", " ").capitalize(): value for key, value in document["text"].items()}
    for category in document["categories"]:
        at = f"Category {category['varname']}"
        lines[f"{at}: name"] = category["name"]
        lines[f"{at}: purpose"] = category["purpose"]
        lines[f"{at}: required"] = "yes" if category["required"] else "no"
        for cookie in category["cookies"]:
            lines[f"{at}: {kind_text(cookie)} {cookie['name']} {cookie['domain']}".rstrip()] = (
                f"{cookie['purpose']} (path {cookie['path']}, {lifetime_text(cookie['lifetime_days'])})"
            )
        for service in category["services"]:
            lines[f"{at}: service {service['name']}"] = (
                f"{service['purpose']} ({service['vendor']}, {service['privacy_policy']}; "
                f"sends to {', '.join(service['recipients'])}"
                + (f"; deleted at {service['opt_out']}" if "opt_out" in service else "")
                + (f"; loads {service['address']}" if service.get("address") else "")
                + (f"; start code {service['start_code'][:SHORT]}" if service.get("start_code") else "")
                + ("; what it runs isn’t told)" if "address" not in service else ")")
            )
            lines[f"{at}: how {service['name']} runs"] = (
                settings_text(service["settings"]) if "settings" in service else NOT_TOLD
            )
    lines["Order of categories"] = ", ".join(category["varname"] for category in document["categories"])
    return lines
