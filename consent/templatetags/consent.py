"""What ``base.html`` needs of consent. Nothing here depends on who reads: a page is the same bytes for everybody."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import template
from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import get_script_prefix, reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

from consent.choice.form import is_local_path
from consent.choice.gate import Gate, current_gate, gate_for
from consent.models import Service, origin_of
from consent.notice import languages, notices, wording
from consent.notice.notices import CategoryEntry, CookieEntry, NoticeDocument, ServiceEntry, lifetime_text

register = template.Library()
register.filter(notices.asks)

#: What browsers take as the first part of a name over HTTPS alone.
HOST = "__Host-"
#: Where a browser keeps each kind of what is declared, as its scripts call it.
STORES = {"cookie": "cookie", "local": "localStorage", "session": "sessionStorage"}


@register.inclusion_tag("consent/_head.html")
def consent_head() -> dict[str, Any]:
    """Style sheet and client module."""
    return {}


@register.simple_tag
def consent_cookie() -> SafeString:
    """An attribute that tells scripts how the consent cookie is called. Belongs to one element in the head."""
    return format_html('data-consent-cookie="{}"', settings.COOKIE_CONSENT_NAME)


@register.inclusion_tag("consent/_banner.html", takes_context=True)
def consent_banner(context: template.Context) -> dict[str, Any]:
    """The banner, hidden until the client module finds that this visitor has not answered. Belongs first in body.

    Left out on the preferences page, which asks the same, and while the database is away.
    """
    if asks_itself(context):
        return {}
    gates = gates_in(context)
    return {"notice": gates[0].notice, "gates": gates, "next": path_in(context), **kept_as(gates)}


@register.inclusion_tag("consent/_services.html", takes_context=True)
def consent_services(context: template.Context) -> dict[str, Any]:
    """What the client starts for those who opened it, and erases for those who did not.

    Each service that runs is an inert template, empty on pages where it has no business; embeds stand in the page
    itself. What the notice declares and no running service keeps is there to be erased.
    """
    gates = gates_in(context)
    kept = kept_in(gates)
    path = path_in(context)
    services = {service.pk: service for each in gates for service in each.services}
    units = [
        Unit(
            key=service.key,
            varname=service.category.varname,
            gates=[each for each in gates if service in each.services],
            erase=kept.pop(service.key, ""),
            service=service,
            is_here=service.stands_on(path) and service.kind != Service.Kind.EMBED,
        )
        for service in services.values()
    ]
    # A cookie of the site itself is open with its category; one of a service that no longer runs never is.
    units += [
        Unit(key=key, varname=key.partition(".")[0], gates=[] if "." in key else list(gates), erase=erase)
        for key, erase in kept.items()
    ]
    return {"units": units, "consent_mode": any(unit.is_here and unit.speaks_consent_mode for unit in units)}


@register.inclusion_tag("consent/_embed.html", takes_context=True)
def consent_embed(context: template.Context, slug: str, url: str, title: str) -> dict[str, Any]:
    """A frame of the embed service ``slug``, behind a placeholder until the visitor opens it.

    ``url`` is what the frame shows, at an origin that the service names; ``title`` says what that is. Where no such
    service runs, or the address is elsewhere, a plain link is all there is.
    """
    gates = [each for each in gates_in(context) if any(service.slug == slug for service in each.services)]
    service = next((service for each in gates for service in each.services if service.slug == slug), None)
    if service is None or service.kind != Service.Kind.EMBED or not _may_frame(service, url):
        return {"embed": {"url": url, "title": title}}
    return {"embed": embed_of(context, service, gates, url, title)}


@register.inclusion_tag("consent/_embeds.html", takes_context=True)
def consent_embeds(context: template.Context) -> dict[str, Any]:
    """The embeds that operators put on this page: for the end of its text."""
    gates = gates_in(context)
    path = path_in(context)
    services = {service.pk: service for each in gates for service in each.services}
    return {
        "embeds": [
            embed_of(context, service, [each for each in gates if service in each.services], service.url, service.name)
            for service in services.values()
            if service.kind == Service.Kind.EMBED and service.url and service.pages and service.stands_on(path)
        ]
    }


@register.inclusion_tag("consent/_link.html", takes_context=True)
def consent_link(context: template.Context) -> dict[str, Any]:
    """The link to the preferences, for the foot of every page, and the button that withdraws what was accepted."""
    gates = () if asks_itself(context) else gates_in(context)[:1]
    return {"notice": gates[0].notice if gates else None, **kept_as(gates)}


@register.simple_tag
def spoken_in(language: str) -> SafeString:
    """The language of an element's words; and their direction, where that isn't the page's."""
    if languages.is_right_to_left(language) == translation.get_language_bidi():
        return format_html('lang="{}"', language)
    return _attributes(language)


@register.simple_tag
def spoken_in_interface() -> SafeString:
    """The same for words of the interface, in the midst of others."""
    return _attributes((translation.get_language() or settings.LANGUAGE_CODE).partition("-")[0])


@register.filter
def version(gate: Gate, varname: str) -> str:
    """The version under which a category is asked in this gate's language, or nothing."""
    return next((question.version for question in gate.questions if question.varname == varname), "")


@register.filter
def since(gate: Gate, varname: str) -> int | str:
    """The number of the notice since which a category is asked so in this gate's language, or nothing."""
    return next((question.since for question in gate.questions if question.varname == varname), "")


@register.filter
def frames(sources: Mapping[str, tuple[str, ...]]) -> str:
    """The hosts whose frames a service shows."""
    return ", ".join(origin.partition("//")[2] for origin in sources.get("frame-src", ()))


@register.filter
def is_sold(varname: str) -> bool:
    """Whether the category sells or shares what visitors do, so that Global Privacy Control refuses it."""
    return varname in settings.CONSENT_GPC_CATEGORIES


@register.filter
def suffix(gate: Gate) -> str:
    """What the names of attributes end with that speak of this gate's language: nothing for the site's own."""
    return "" if gate.language == wording.LANGUAGE else f"-{gate.language}"


@register.filter
def tells_more(document: NoticeDocument) -> bool:
    """Whether a notice says more of who asks, and of the data, than the controller's name."""
    return bool(document["text"].keys() & wording.ABOUT.keys())


@register.filter
def word(document: NoticeDocument, key: str) -> str:
    """One of the words of a notice; as a new site has it in a notice from before there was such a word."""
    return document["text"].get(key) or wording.TEXT[key]


@register.filter
def name_here(cookie: CookieEntry) -> str:
    """The name of a declared cookie as this site sets it.

    The prefix ``__Host-`` is part of the names of the site's own cookies over HTTPS alone: browsers refuse it
    otherwise. Notices are the same over both.
    """
    own = (settings.COOKIE_CONSENT_NAME, settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    set_as = {name.removeprefix(HOST): name for name in own}
    name = cookie["name"]
    return name if cookie["domain"] else set_as.get(name.removeprefix(HOST), name)


@register.filter
def about_service(document: NoticeDocument, name: str) -> str:
    """The label of what decides about a single service, in the words of a notice."""
    return word(document, "service_choice").replace("{service}", name)


@register.filter
def kept(document: NoticeDocument, days: int | None) -> str:
    """How long a declared cookie is kept, in the words of a notice."""
    if days is None:
        return word(document, "kept_until_closed")
    return word(document, "kept_day") if days == 1 else word(document, "kept_days").replace("{days}", str(days))


@register.filter
def lifetime(days: int | None) -> str:
    """A declared cookie's lifetime in words."""
    return lifetime_text(days)


@dataclass(frozen=True, slots=True)
class Unit:
    """Something that the client opens or erases as one: a service, or what the notice declares without one.

    ``key`` is that of the visitor's cookie, ``erase`` what to erase while it is closed, as JSON: a list of where it is
    kept, name, domain and path.
    """

    key: str
    varname: str
    gates: list[Gate]
    erase: str
    service: Service | None = None
    is_here: bool = False

    @property
    def is_sold(self) -> bool:
        return is_sold(self.varname)

    @property
    def speaks_consent_mode(self) -> bool:
        return self.service is not None and self.service.consent_mode


def kept_in(gates: Iterable[Gate]) -> dict[str, str]:
    """Return what live notices declare to be kept beyond the necessary: key of the unit → what to erase, as JSON."""
    kept: dict[str, dict[tuple[str, str, str, str], None]] = {}
    for gate in gates:
        for category in gate.notice.document["categories"] if gate.notice else ():
            if category["required"]:
                continue
            for cookie in category["cookies"]:
                key = category["varname"] + (f".{cookie['service']}" if "service" in cookie else "")
                store = STORES[cookie.get("kind", "cookie")]
                kept.setdefault(key, {})[store, cookie["name"], cookie["domain"], cookie["path"]] = None
    return {key: json.dumps(list(entries), separators=(",", ":")) for key, entries in kept.items()}


def embed_of(
    context: template.Context, service: Service, gates: Sequence[Gate], url: str, title: str
) -> dict[str, Any]:
    """Return what an embed's placeholder shows: of the service, what the notice tells, in its language."""
    notice = gates[0].notice
    told = told_in(notice.document, service) if notice else None
    return {
        "service": service,
        "category": told[0]["name"] if told else service.category.name,
        "told": told[1] if told else service,
        "unit": Unit(service.key, service.category.varname, list(gates), "", service, is_here=True),
        "document": notice.document if notice else {},
        "notice": notice,
        "url": url,
        "title": title,
        "next": path_in(context),
    }


def told_in(document: NoticeDocument, service: Service) -> tuple[CategoryEntry, ServiceEntry] | None:
    """Return what a notice says of a service and of its category, or ``None`` where it doesn't name it."""
    return next(
        (
            (category, entry)
            for category in document["categories"]
            for entry in category["services"]
            if category["varname"] == service.category.varname and entry["name"] == service.name
        ),
        None,
    )


def _may_frame(service: Service, url: str) -> bool:
    try:
        return origin_of(url) in service.sources.get("frame-src", ())
    except ValidationError:
        return False


def kept_as(gates: Sequence[Gate]) -> dict[str, Any]:
    """Return for how long what is shown of these notices is kept (always), and everything that it depends on.

    A notice is frozen and named by its hash, so what is kept under it can't be out of date.
    """
    hashes = [gate.notice.sha256 if gate.notice else "" for gate in gates]
    depends = [translation.get_language() or "", get_script_prefix(), *settings.CONSENT_GPC_CATEGORIES, *hashes]
    return {"keep_for": None, "frozen_as": " ".join(depends)}


def asks_itself(context: template.Context) -> bool:
    """Whether this is the preferences page, which has the same controls in its own text."""
    request = context.get("request")
    return request is not None and request.path.startswith(reverse("consent:preferences"))


def path_in(context: template.Context) -> str:
    """Return the path of this page, to which a form leads back, or ``/``."""
    request = context.get("request")
    return request.path if request is not None and is_local_path(request.path) else "/"


def _attributes(language: str) -> SafeString:
    direction = "rtl" if languages.is_right_to_left(language) else "ltr"
    return format_html('lang="{}" dir="{}"', language, direction)


def gates_in(context: template.Context) -> tuple[Gate, ...]:
    """Return the gates of all languages, that of this page first; the site's own where it isn't asked in this one."""
    gate = gate_in(context)
    gates = (gate, *gate.others)
    asked_in = languages.asked_in({each.language for each in gates if each.notice})
    return tuple(sorted(gates, key=lambda each: each.language != asked_in))


def gate_in(context: template.Context) -> Gate:
    """Return the current gate, looked up once per page: by the request, or else by this rendering of the template."""
    request = context.get("request")
    if request is not None:
        return gate_for(request)
    if "consent_gate" not in context.render_context:
        context.render_context["consent_gate"] = current_gate()
    gate: Gate = context.render_context["consent_gate"]
    return gate
