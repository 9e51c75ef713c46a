"""What ``base.html`` needs of consent. Nothing here depends on who reads: a page is the same bytes for everybody."""

from typing import Any

from django import template
from django.urls import reverse

from consent import wording
from consent.choices import is_local_path
from consent.gate import Gate, current_gate, gate_for
from consent.notices import NoticeDocument, lifetime_text

register = template.Library()


@register.inclusion_tag("consent/_head.html")
def consent_head() -> dict[str, Any]:
    """Style sheet and client module."""
    return {}


@register.inclusion_tag("consent/_banner.html", takes_context=True)
def consent_banner(context: template.Context) -> dict[str, Any]:
    """The banner, hidden until the client module finds that this visitor has not answered. Belongs first in body.

    Left out on the preferences page, which asks the same, and while the database is away.
    """
    gate = gate_in(context)
    return {} if asks_itself(context) else {"notice": gate.notice, "others": gate.others, "next": path_in(context)}


@register.inclusion_tag("consent/_services.html", takes_context=True)
def consent_services(context: template.Context) -> dict[str, Any]:
    """Each service that runs for those who accept it, as an inert template."""
    gate = gate_in(context)
    services = {service.pk: service for each in (gate, *gate.others) for service in each.services}
    return {
        "services": [
            (service, [each for each in (gate, *gate.others) if service in each.services])
            for service in services.values()
        ]
    }


@register.inclusion_tag("consent/_link.html", takes_context=True)
def consent_link(context: template.Context) -> dict[str, Any]:
    """The link to the preferences, for the foot of every page, and the button that withdraws what was accepted."""
    return {} if asks_itself(context) else {"notice": gate_in(context).notice, "next": path_in(context)}


@register.filter
def version(gate: Gate, varname: str) -> str:
    """The version under which a category is asked in this gate's language, or nothing."""
    return next((question.version for question in gate.questions if question.varname == varname), "")


@register.filter
def since(gate: Gate, varname: str) -> int | str:
    """The number of the notice since which a category is asked so in this gate's language, or nothing."""
    return next((question.since for question in gate.questions if question.varname == varname), "")


@register.filter
def suffix(gate: Gate) -> str:
    """What the names of attributes end with that speak of this gate's language: nothing for the site's own."""
    return "" if gate.language == wording.LANGUAGE else f"-{gate.language}"


@register.filter
def word(document: NoticeDocument, key: str) -> str:
    """One of the words of a notice; as a new site has it in a notice from before there was such a word."""
    return document["text"].get(key) or wording.TEXT[key]


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


def asks_itself(context: template.Context) -> bool:
    """Whether this is the preferences page, which has the same controls in its own text."""
    request = context.get("request")
    return request is not None and request.path.startswith(reverse("consent:preferences"))


def path_in(context: template.Context) -> str:
    """Return the path of this page, to which a form leads back, or ``/``."""
    request = context.get("request")
    return request.path if request is not None and is_local_path(request.path) else "/"


def gate_in(context: template.Context) -> Gate:
    """Return the current gate, looked up once per page: by the request, or else by this rendering of the template."""
    request = context.get("request")
    if request is not None:
        return gate_for(request)
    if "consent_gate" not in context.render_context:
        context.render_context["consent_gate"] = current_gate()
    gate: Gate = context.render_context["consent_gate"]
    return gate
