"""Compare what the browser saw with what the notice says, and return the findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil
from urllib.parse import urlsplit

from consent.models import Undeclared
from siteaudit.buttons import inequalities
from siteaudit.canaries import leaks
from siteaudit.cookie_list import SOURCE, CookieList
from siteaudit.declared import STORES, Declaration, DeclaredCookie, origin_of
from siteaudit.observed import SeenCookie, SeenRequest, SiteSeen, StateSeen
from siteaudit.well_known import known_as

DAY = 86_400
#: Seconds: a cookie may be set a moment after its lifetime was calculated.
SLACK = 300

#: The site itself serves the start code of services under this path.
START_CODE = "/consent/services/"

#: Code of a finding about something that the state doesn't open → when it happened, in words.
WHEN = {
    "before-choice": "before the visitor chose",
    "despite-refusal": "although the visitor had not accepted it",
    "despite-opt-out": "although the visitor’s browser had opted out of it",
    "after-withdrawal": "after the visitor had withdrawn",
    "after-expiry": "after the visitor’s choice had expired",
}

#: The most serious first, as in the report.
TITLES = {
    "leak": "A third party learns what a visitor reads",
    "undeclared-cookie": "A cookie that the notice does not name",
    "undeclared-storage": "Stored data that the notice does not name",
    "undeclared-request": "A third party that the notice does not name",
    "before-choice": "Something optional ran before any choice",
    "despite-refusal": "Something optional ran despite a refusal",
    "despite-opt-out": "Something optional ran despite Global Privacy Control",
    "after-withdrawal": "A service keeps running after withdrawal",
    "after-expiry": "Something keeps running after the choice expired",
    "lives-longer": "A cookie lives longer than the notice says",
    "unequal-buttons": "Rejecting is harder to see or press than accepting",
    "more-clicks": "Refusing or withdrawing takes more presses than accepting",
    "inline-code": "Code in a page that the browser refused to run",
}


@dataclass(slots=True)
class Finding:
    """One thing that is wrong, with every page and state where it was seen.

    ``what`` says what happened, ``culprit`` who did it, ``advice`` what to do. ``refused`` is true when the browser
    stopped every attempt, so that nothing left the visitor's machine. ``declare`` has what to declare it with.
    """

    code: str
    what: str
    culprit: str
    advice: str
    pages: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    refused: bool = False
    declare: Undeclared | None = None

    @property
    def title(self) -> str:
        return TITLES[self.code]


def judge(
    seen: SiteSeen, declaration: Declaration, base_url: str, *, cookie_list: CookieList | None = None
) -> list[Finding]:
    """Return what is wrong, the most serious first; nothing when the site does what its notice says.

    ``cookie_list`` names cookies that the bundled list doesn't know. It has no effect on what is found.
    """
    host = urlsplit(base_url).hostname or ""
    origin = origin_of(base_url)
    secrets = {page.path: page.secrets for page in seen.pages}
    found: dict[tuple[str, str], Finding] = {}
    culprits: dict[tuple[str, str], list[str]] = {}
    for state in seen.states:
        for page, finding in (
            *_cookies(state, declaration, host, cookie_list),
            *_keys(state, declaration, origin),
            *_requests(state, declaration, origin),
            *_leaks(state, secrets, declaration, origin),
            *_inline(state),
        ):
            known = found.setdefault((finding.code, finding.what), finding)
            _add_once(culprits.setdefault((finding.code, finding.what), []), finding.culprit)
            known.refused = known.refused and finding.refused
            _add_once(known.pages, page)
            _add_once(known.states, state.state.title)
            for detail in finding.details:
                _add_once(known.details, detail)
    for key, finding in found.items():
        finding.culprit = ", then ".join(culprits[key][:3])
    findings = [*found.values(), *_buttons(seen), *_clicks(seen)]
    return sorted(findings, key=lambda finding: (list(TITLES).index(finding.code), finding.culprit, finding.what))


def _add_once(known: list[str], new: str) -> None:
    if new and new not in known:
        known.append(new)


def _cookies(
    seen: StateSeen, declaration: Declaration, host: str, cookie_list: CookieList | None
) -> Iterator[tuple[str, Finding]]:
    for cookie in seen.cookies:
        declared = declaration.cookies_for(cookie.name, cookie.domain, host)
        at = f" ({cookie.domain})" if not _belongs_to(cookie.domain, host) else ""
        what = f"The cookie {cookie.name}{at}"
        culprit = _with_service_name(cookie.by, declaration, declared)
        if known := known_as(cookie.name):
            what += f", a name used by {known},"
        elif cookie_list and (like := cookie_list.looks_like(cookie.name)):
            what += f", which looks like {like} ({SOURCE}),"
        if not declared:
            yield (
                cookie.page,
                Finding(
                    "undeclared-cookie",
                    f"{what} was set, and the notice does not name it.",
                    culprit,
                    f"Find out what {culprit} needs {cookie.name} for. Declare it with its purpose and lifetime and "
                    "publish the notice, or stop it from being set.",
                    declare={
                        "name": cookie.name,
                        "kind": "cookie",
                        "domain": "" if not at else cookie.domain,
                        "days": "" if cookie.seconds is None else str(max(1, ceil((cookie.seconds - SLACK) / DAY))),
                        "by": origin_of(cookie.by) if cookie.by else "",
                    },
                ),
            )
            continue
        allowed = [entry for entry in declared if _allows(seen, declaration, entry.category, entry.service)]
        if not allowed:
            is_out_of_reach = cookie.http_only or not _belongs_to(cookie.domain, host)
            if cookie.kept and (seen.state.breach != "after-withdrawal" or is_out_of_reach):
                # This state doesn't require it to be erased, or no script of the page can erase it.
                continue
            verb = "was still there" if cookie.kept else "was set"
            yield (
                cookie.page,
                Finding(
                    seen.state.breach,
                    f"{what} {verb} {WHEN[seen.state.breach]}.",
                    culprit,
                    "Withdrawal must erase it. Check what sets it, and its path and domain."
                    if cookie.kept
                    else f"Make {culprit} wait for its category, or remove it.",
                ),
            )
            continue
        yield from _lifetime(cookie, [entry.lifetime_days for entry in allowed], what, culprit)


def _lifetime(cookie: SeenCookie, declared: list[int | None], what: str, culprit: str) -> Iterator[tuple[str, Finding]]:
    longest = max((days or 0) * DAY for days in declared)
    if cookie.seconds is None or cookie.seconds <= longest + SLACK:
        return
    said = f"{longest // DAY} days" if longest else "only until the browser is closed"
    yield (
        cookie.page,
        Finding(
            "lives-longer",
            f"{what} is kept {_duration(cookie.seconds)}; the notice says {said}.",
            culprit,
            "Shorten its lifetime where it is set, or declare the real one and publish the notice.",
        ),
    )


def _keys(seen: StateSeen, declaration: Declaration, origin: str) -> Iterator[tuple[str, Finding]]:
    for key in seen.keys:
        declared = declaration.keys_for(key.store, key.key)
        at = f" ({key.origin})" if key.origin != origin else ""
        what = f"{key.key} in {key.store}{at}"
        culprit = _with_service_name(key.by or (key.origin if at else ""), declaration, declared)
        if not declared:
            yield (
                key.page,
                Finding(
                    "undeclared-storage",
                    f"{what} was stored, and the notice does not name it.",
                    culprit,
                    "Declare it under its service, with its name and kind, and publish the notice, or stop it from "
                    "being stored.",
                    declare=None
                    if at or key.store not in STORES
                    else {
                        "name": key.key,
                        "kind": STORES[key.store],
                        "domain": "",
                        "days": "",
                        "by": origin_of(key.by) if key.by else "",
                    },
                ),
            )
        elif not any(_allows(seen, declaration, entry.category, entry.service) for entry in declared) and (
            # What another site has stored, only that site can erase.
            not key.kept or (seen.state.breach == "after-withdrawal" and not at)
        ):
            verb = "was still there" if key.kept else "was stored"
            yield (
                key.page,
                Finding(
                    seen.state.breach,
                    f"{what} {verb} {WHEN[seen.state.breach]}.",
                    culprit,
                    f"Make {culprit} wait for its category, and erase the key on withdrawal.",
                ),
            )


def _requests(seen: StateSeen, declaration: Declaration, origin: str) -> Iterator[tuple[str, Finding]]:
    for request in seen.watched:
        target = origin_of(request.url)
        if target == origin and seen.state.opens_nothing and urlsplit(request.url).path.startswith(START_CODE):
            yield (
                request.page,
                Finding(
                    seen.state.breach,
                    f"The start code of a service was fetched {WHEN[seen.state.breach]}.",
                    _culprit(request, declaration, origin),
                    "Find what puts this script into the page, and remove it. Only the site's own script may start "
                    "services.",
                    details=[f"{request.method} {request.url}"],
                ),
            )
        if not target or target == origin:
            continue
        declared = declaration.recipients_at(target)
        if any(_allows(seen, declaration, each.category, each.slug) for each in declared):
            continue
        service = declaration.service_at(target)
        culprit = _culprit(request, declaration, origin)
        code = seen.state.breach if declared else "undeclared-request"
        refused = request.failure == "csp"
        verb = "was about to be contacted" if refused else "was contacted"
        what = (
            f"{service} at {target} {verb} {WHEN[seen.state.breach]}."
            if declared
            else f"{target} {verb}, and the notice does not name it."
        )
        advice = (
            f"Find what starts {service} without its category, and remove it."
            if declared
            else f"Remove what contacts {target} (look for it in the text of the pages named below), or declare it as "
            "a recipient of a service and publish the notice."
        )
        if refused:
            advice += " The browser refused it because of the site’s policy, so nothing was sent."
        yield (
            request.page,
            Finding(code, what, culprit, advice, details=[f"{request.method} {request.url}"], refused=refused),
        )


def _leaks(
    seen: StateSeen, secrets: dict[str, tuple[str, ...]], declaration: Declaration, origin: str
) -> Iterator[tuple[str, Finding]]:
    for request in seen.watched:
        target = origin_of(request.url)
        if not target or target == origin:
            continue
        for place, content in (
            ("in its address", request.url),
            ("in the referrer", request.referrer),
            ("in its body", request.body),
        ):
            for leak in leaks(secrets.get(request.page, ()), content):
                refused = request.failure == "csp"
                yield (
                    request.page,
                    Finding(
                        "leak",
                        f"{declaration.service_at(target) or target} {'would have learned' if refused else 'learned'} "
                        f"what the page is about, {place}.",
                        _culprit(request, declaration, origin),
                        "Stop it from sending addresses and titles of pages, or switch it off. The pages that "
                        "visitors read here reveal what concerns their health."
                        if place != "in the referrer"
                        else "Keep Referrer-Policy at strict-origin or stricter, in the header and in every element.",
                        details=[f"{leak}: {request.method} {request.url}"],
                        refused=refused,
                    ),
                )


def _inline(seen: StateSeen) -> Iterator[tuple[str, Finding]]:
    for page, what in seen.inline:
        yield (
            page,
            Finding(
                "inline-code",
                f"The page holds {what}, which the site’s policy refused to run.",
                "the text of the page",
                "Somebody pasted code into this page. Remove it. It did not run.",
                refused=True,
            ),
        )


def _buttons(seen: SiteSeen) -> Iterator[Finding]:
    merged: dict[str, Finding] = {}
    for pair in seen.buttons:
        for inequality in inequalities(pair):
            finding = merged.setdefault(
                pair.where,
                Finding(
                    "unequal-buttons",
                    f"On the {pair.where}, the button that rejects is not equal to the one that accepts.",
                    f"the style of the {pair.where}",
                    "Give both buttons the same element, size, weight and colours.",
                ),
            )
            _add_once(finding.pages, pair.page)
            _add_once(finding.states, "Before any choice" if pair.where == "banner" else "Preferences")
            _add_once(finding.details, f"{pair.width} px wide, {pair.scheme}: {inequality}")
    yield from merged.values()


def _clicks(seen: SiteSeen) -> Iterator[Finding]:
    presses: dict[str, int] = {}
    for state in seen.states:
        for step, number in state.clicks.items():
            presses[step] = max(number, presses.get(step, 0))
    accepting = presses.get("accept")
    for step, verb in (("reject", "Refusing"), ("withdraw", "Withdrawing")):
        if accepting is not None and presses.get(step, 0) > accepting:
            yield Finding(
                "more-clicks",
                f"{verb} takes {_presses(presses[step])}, accepting {_presses(accepting)}.",
                "the banner" if step == "reject" else "the way to withdraw",
                f"Put the button that {'rejects' if step == 'reject' else 'withdraws'} where visitors reach it as "
                "quickly as the one that accepts.",
                states=[state.state.title for state in seen.states if step in state.clicks],
            )


def _culprit(request: SeenRequest, declaration: Declaration, origin: str) -> str:
    """Return what made a request: a service's script, by the service's name, or an element of the page."""
    source = origin_of(request.initiator)
    if source and source != origin:
        return _with_service_name(_without_query(request.initiator), declaration)
    if source and _without_query(request.initiator) not in ("", _without_query(origin + request.page)):
        return f"{request.kind} started by {urlsplit(request.initiator).path}"
    return f"{request.kind} {_without_query(request.url)} in the page"


def _allows(seen: StateSeen, declaration: Declaration, category: str, service: str) -> bool:
    """Whether a state allows what belongs to a service (its slug, or "") of a category."""
    return category in declaration.required or seen.state.opens(category, service)


def _with_service_name(address: str, declaration: Declaration, declared: Iterable[DeclaredCookie] = ()) -> str:
    """Return the address of a culprit after the name of its service, if it has one.

    Without an address, return the names of the services that declare what happened.
    """
    declaring = ", ".join(dict.fromkeys(filter(None, map(declaration.service_of, declared))))
    if not address:
        return declaring or "a page of this site"
    service = declaration.service_at(origin_of(address)) or declaring
    return f"{service} ({address})" if service else address


def _without_query(url: str) -> str:
    """Return an address without its query and fragment, which may contain anything."""
    return url.partition("?")[0].partition("#")[0]


def _belongs_to(domain: str, host: str) -> bool:
    """Whether a cookie of this domain is the site's own, which it can erase."""
    domain = domain.lstrip(".")
    return host == domain or host.endswith(f".{domain}")


def _duration(seconds: float) -> str:
    if seconds >= 2 * DAY:
        return f"{seconds / DAY:.0f} days"
    return f"{seconds / 3600:.0f} hours" if seconds >= 7200 else f"{seconds / 60:.0f} minutes"


def _presses(number: int) -> str:
    return "1 press" if number == 1 else f"{number} presses"
