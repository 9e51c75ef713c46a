"""Registry and services as the entries of a notice."""

from __future__ import annotations

from collections.abc import Sequence

from cookie_consent.models import Cookie, CookieGroup

from consent.models import CookieDetails, Notice, Service
from consent.notice.agreement import unnamed
from consent.notice.notices import CategoryEntry, CookieEntry, ServiceEntry, ServiceSettings


def category_entry(group: CookieGroup, cookies: Sequence[Cookie], services: Sequence[Service]) -> CategoryEntry:
    """Return a category as the notice tells it, with these of its cookies and services. Cookies have their details."""
    return {
        "varname": group.varname,
        "name": group.name,
        "purpose": group.description,
        "required": group.is_required,
        "cookies": [cookie_entry(cookie) for cookie in cookies],
        "services": [service_entry(service) for service in services],
    }


def service_entry(service: Service) -> ServiceEntry:
    """Return a service as the notice tells it."""
    entry: ServiceEntry = {
        "name": service.name,
        "vendor": service.vendor,
        "purpose": service.purpose,
        "privacy_policy": service.privacy_policy,
        "recipients": service.recipients,
        "slug": service.slug,
        "address": service.url,
        "start_code": service.start_code_sha256,
        "settings": service_settings(service),
    }
    if service.opt_out:
        entry["opt_out"] = service.opt_out
    return entry


def service_settings(service: Service) -> ServiceSettings:
    """Return how a service runs, as the notice tells it."""
    settings: ServiceSettings = {}
    if service.kind != Service.Kind.SCRIPT:
        settings["kind"] = service.kind
    if service.integrity:
        settings["integrity"] = service.integrity
    if service.attributes:
        settings["attributes"] = service.script_attributes
    if service.pages:
        settings["pages"] = sorted(service.pages.split())
    if service.sources:
        settings["sources"] = {directive: sorted(origins) for directive, origins in service.sources.items()}
    if service.uses_sinks:
        settings["uses_sinks"] = True
    if service.consent_mode:
        settings["consent_mode"] = True
    return settings


def unnamed_in(notice: Notice, service: Service, *, before: Service | None = None) -> list[str]:
    """Return what of a service (fetched with its cookies) a notice doesn't tell visitors, in words.

    ``before`` is the service as it ran until now: where an older notice says nothing of how it runs, nothing else may.
    """
    return unnamed(
        notice.document,
        category_entry(service.category, kept_by(service), []),
        service_entry(service),
        before=service_entry(before) if before else None,
    )


def kept_by(service: Service) -> list[Cookie]:
    """Return what a service (fetched with its cookies) keeps in browsers, each with its details."""
    found = []
    for details in service.cookies.all():
        details.cookie.details = details
        found.append(details.cookie)
    return found


def cookie_entry(cookie: Cookie) -> CookieEntry:
    """Return a declared cookie or storage key as the notice tells it. It has its details."""
    details: CookieDetails = cookie.details
    entry: CookieEntry = {
        "name": cookie.name,
        "purpose": cookie.description,
        "domain": cookie.domain,
        "path": cookie.path,
        "lifetime_days": details.days,
    }
    if details.kind != CookieDetails.Kind.COOKIE:
        entry["kind"] = details.kind
    if details.service:
        entry["service"] = details.service.slug
    return entry
