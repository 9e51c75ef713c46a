"""Whether what runs agrees with what visitors were told: what of a service a notice doesn't name.

Note [What a notice must say of a service]
    A service runs only as the live notice says: every part of it that visitors read, and every part that decides what
    runs in their browsers, is in its entry (:func:`consent.notice.entries.service_entry`) and compared here, key by
    key. A part that changes closes the service until a notice with the change is published. What runs may be less than
    what is told, for what is kept and where data go: a cookie that lives shorter, an origin less. A new part belongs
    into the entry, and tests/consent/test_what_runs.py asks for it. Two fields of a service's form are free: the short
    name, which cannot be changed, and the status, which is the switch itself.

    Purposes are compared in the language of the site alone, as translations have their own words for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from consent.notice import wording
from consent.notice.notices import (
    LATER,
    CategoryEntry,
    CookieEntry,
    NoticeDocument,
    ServiceEntry,
    kind_text,
    lifetime_text,
)


def unnamed(
    document: NoticeDocument, category: CategoryEntry, service: ServiceEntry, *, before: ServiceEntry | None
) -> list[str]:
    """Return what of a service the notice doesn't tell visitors, in words; nothing when it tells all.

    ``category`` is the service's own, with the cookies that the service keeps. ``before`` is what stands for what an
    older notice doesn't say of the service: see :data:`consent.notice.notices.LATER`.
    """
    told = next((entry for entry in document["categories"] if entry["varname"] == category["varname"]), None)
    entry = next((entry for entry in told["services"] if entry["name"] == service["name"]), None) if told else None
    if told is None or entry is None:
        return [f"the service “{service['name']}” in the category “{category['name']}”"]
    assumed = {key: value for key, value in (before or {}).items() if key in LATER}
    is_original = document["language"] == wording.LANGUAGE
    return [
        *_otherwise({**assumed, **entry}, service, is_original=is_original),
        *(
            f"the {kind_text(cookie)} {cookie['name']} ({lifetime_text(cookie['lifetime_days'])})"
            for cookie in category["cookies"]
            if not any(_tells(said, cookie, is_original=is_original) for said in told["cookies"])
        ),
    ]


def _otherwise(said: Mapping[str, Any], service: ServiceEntry, *, is_original: bool) -> Iterator[str]:
    """Tell which parts of a service aren't what is said, in words."""
    for key, value in service.items():
        if key == "recipients":
            yield from (f"the recipient {origin}" for origin in service["recipients"] if origin not in said[key])
        elif key == "settings":
            if key in said:
                yield from _runs_otherwise(said[key], service)
            else:
                yield "how it runs"
        elif said.get(key, "") != value and (key != "purpose" or is_original):
            yield _in_words(key, str(value))
    if "opt_out" in said and "opt_out" not in service:
        yield "that visitors can delete nothing at the recipient"


def _runs_otherwise(said: Mapping[str, Any], service: ServiceEntry) -> Iterator[str]:
    settings: Mapping[str, Any] = service["settings"]
    for key in sorted({*said, *settings} - {"sources"}):
        if said.get(key) != settings.get(key):
            yield _setting_in_words(key, settings.get(key))
    allowed = said.get("sources", {})
    for directive, origins in settings.get("sources", {}).items():
        further = [origin for origin in origins if origin not in allowed.get(directive, ())]
        if further:
            yield f"{directive} {' '.join(further)}"


def _in_words(key: str, value: str) -> str:
    words = {
        "vendor": f"the recipient {value}",
        "purpose": "this purpose",
        "privacy_policy": f"the privacy policy {value}",
        "opt_out": f"that visitors can delete data at {value}",
        "slug": f"the short name {value}",
        "address": f"the address {value}" if value else "that it has no address",
        "start_code": "this start code" if value else "that it has no start code",
    }
    return words[key]


def _setting_in_words(key: str, value: Any) -> str:
    if key == "kind":
        return f"the kind {value or 'script'}"
    if key == "integrity":
        return f"the integrity hash {value}" if value else "that it has no integrity hash"
    if key == "attributes":
        return "these attributes" if value else "that it has no attributes"
    if key == "pages":
        return f"the pages {' '.join(value)}" if value else "that it runs on every page"
    if key == "uses_sinks":
        return "that it cannot work under Trusted Types" if value else "that it works under Trusted Types"
    return f"that it {'speaks' if value else 'does not speak'} Google’s Consent Mode"


def _tells(said: CookieEntry, cookie: CookieEntry, *, is_original: bool) -> bool:
    """Whether what is said of a cookie covers it. One that goes with the session lives shortest."""
    keys = ["name", "domain", "path", "kind", "service", *(["purpose"] if is_original else [])]
    same = all(said.get(key) == cookie.get(key) for key in keys)
    days, allowed = cookie["lifetime_days"], said["lifetime_days"]
    return same and (days is None or (allowed is not None and days <= allowed))
