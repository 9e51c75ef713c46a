"""What browsers refused, in words for an operator: what somebody tried, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from consent.models import Service, Violation
from consent.services.reports import KEYWORDS

#: Directive → what was tried, in front of an origin.
TRIED = {
    "script-src": "load a script from",
    "style-src": "load a style sheet from",
    "img-src": "load an image or a pixel from",
    "font-src": "load a font from",
    "media-src": "load a video or sound from",
    "object-src": "load a plug-in from",
    "frame-src": "show a frame with a page of",
    "fenced-frame-src": "show a frame with a page of",
    "child-src": "show a frame with a page of",
    "connect-src": "send data to",
    "worker-src": "start a worker from",
    "manifest-src": "load an app manifest from",
    "prefetch-src": "preload from",
    "default-src": "load something from",
    "form-action": "send a form to",
    "base-uri": "change where all links of a page lead, to",
    "require-trusted-types-for": "write text into a page as code, for",
    "trusted-types": "create a Trusted Types policy named",
}
#: Keyword → what was tried, where there is no origin; scripts unless the directive says otherwise.
WRITTEN = {
    "inline": "run {what} written into the page itself",
    "eval": "run text as a script",
    "wasm-eval": "run WebAssembly",
    "trusted-types-sink": "write text into a page as code",
    "trusted-types-policy": "create a policy that turns text into code",
}
SHOWN = {"script-src": "a script", "style-src": "a style", "img-src": "an image", "frame-src": "a frame"}
#: Words of a company's name that name no company.
COMMON = frozenset(("group", "limited", "company", "corporation", "analytics", "service", "services", "example"))


@dataclass(frozen=True, slots=True)
class Explanation:
    """``tried`` completes "Somebody tried to …"; ``advice`` says which service is concerned, and what to do."""

    tried: str
    advice: str


def explain(violation: Violation, *, services: Iterable[Service], running: Iterable[Service]) -> Explanation:
    """Say what was tried and what to do. ``services`` are all there are, ``running`` those that visitors can open."""
    if violation.is_others:
        return Explanation(
            "load or run other things",
            "Too many different refusals were reported, so these are counted together. Remove those that you have "
            "dealt with, and new ones are listed separately.",
        )
    directive = family(violation.directive)
    if violation.blocked in KEYWORDS:
        return Explanation(_written(directive, violation.blocked), _advice_without_origin(violation.blocked))
    tried = f"{TRIED.get(directive, 'load something from')} {violation.blocked}"
    return Explanation(tried, _advice(directive, violation.blocked, list(services), {each.pk for each in running}))


def family(directive: str) -> str:
    """Return the directive that a service declares origins for: ``script-src`` for ``script-src-elem``."""
    return re.sub(r"-(elem|attr)$", "", directive)


def covers(declared: str, blocked: str) -> bool:
    """Return whether a declared source (``https://host``, ``https://*.host``) allows an origin."""
    scheme, _, host = declared.lower().partition("://")
    blocked_scheme, _, blocked_host = blocked.partition("://")
    if scheme != blocked_scheme:
        return False
    return blocked_host.endswith(host[1:]) if host.startswith("*.") else blocked_host == host


def _written(directive: str, keyword: str) -> str:
    what = SHOWN.get(directive, "something")
    if keyword in WRITTEN:
        return WRITTEN[keyword].format(what=what)
    if keyword in ("ws", "wss"):
        return "open a lasting connection (WebSocket)"
    return f"load {what} from an address that begins with {keyword}:"


def _advice_without_origin(keyword: str) -> str:
    if keyword == "inline":
        return (
            "Look for a snippet that was pasted into a text or a template. Enter such code as the start code of a "
            "service instead. Extensions in visitors’ browsers can also cause this."
        )
    if keyword.startswith("trusted-types"):
        return (
            "A script on a page did this, or an extension in a visitor’s browser. If it came with a service that was "
            "switched on or changed lately, tick “Cannot work under Trusted Types” in the form of the service."
        )
    return (
        "A script on a page did this, or an extension in a visitor’s browser. If it came with a service that was "
        "switched on or changed lately, that service needs something that this site does not allow."
    )


def _advice(directive: str, blocked: str, services: list[Service], running: set[int]) -> str:
    declaring = [service for service in services if _declares(service, directive, blocked)]
    # Those that run first: they are what an operator knows of.
    if declaring := sorted(declaring, key=lambda service: service.pk not in running):
        return _advice_on(declaring[0], declaring[0].pk in running)
    for service in services:
        if elsewhere := sorted(name for name in service.sources if _declares(service, name, blocked)):
            return (
                f"The service “{service.name}” declares it only for {' and '.join(elsewhere)}, but it was used for "
                f"{directive}. If the service needs this, declare it there too, and publish a notice."
            )
    for service in services:
        if _resembles(service, blocked):
            return (
                f"No service declares it. It may belong to the service “{service.name}”: if so, declare it there and "
                "publish a notice; if not, remove what loads it."
            )
    return (
        "No service declares it, so no visitor agreed to it. Find it in a text or a template and remove it, or add a "
        "service for it. If it is in none of them, an extension in a visitor’s browser may have caused this."
    )


def _advice_on(service: Service, is_running: bool) -> str:
    """What to do about an origin that a service declares for this very use."""
    if is_running:
        return (
            f"The service “{service.name}” declares it, but this visitor had not allowed it. Look for a tag that was "
            "pasted into a text or a template, and remove it: the service adds its own."
        )
    if service.status == Service.Status.OFF:
        return (
            f"The service “{service.name}” declares it, but is off. Find what is left of it in a text or a template, "
            "and remove that."
        )
    if service.status == Service.Status.ANNOUNCED:
        return (
            f"The service “{service.name}” declares it, but is only announced. Publish a notice that names it, then "
            "switch the service on. Remove any tag that was pasted into a page."
        )
    if service.waits_for_approval:
        return (
            f"The service “{service.name}” declares it, but does not run, because another operator has to approve its "
            "start code first."
        )
    return (
        f"The service “{service.name}” declares it, but does not run, because the live notice does not name it as it "
        "is now. Publish a notice."
    )


def _declares(service: Service, directive: str, blocked: str) -> bool:
    return any(covers(source, blocked) for source in service.sources.get(directive, ()))


def _resembles(service: Service, blocked: str) -> bool:
    """Whether a host has the same domain as one that the service declares, or its or its vendor's name in it."""
    host = (urlsplit(blocked).hostname or "").removeprefix("www.")
    if not re.search(r"[a-z]", host):
        return False
    labels = set(re.split(r"[.-]", host))
    words = set(re.findall(r"[a-z0-9]{4,}", f"{service.name} {service.vendor}".lower())) - COMMON
    domains = {
        ".".join((urlsplit(origin.replace("*.", "")).hostname or "").split(".")[-2:]) for origin in service.recipients
    }
    return bool(labels & words) or any(host == domain or host.endswith(f".{domain}") for domain in domains)
