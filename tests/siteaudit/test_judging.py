"""The pure parts of the audit: what is declared, what is a leak, what is equal, and what is a finding."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from siteaudit import CouldNotAudit
from siteaudit.buttons import Button, ButtonPair, inequalities
from siteaudit.canaries import leaks
from siteaudit.declared import Declaration, declaration_of, origin_of
from siteaudit.judging import Finding, judge
from siteaudit.observed import SampledPage, SeenCookie, SeenKey, SeenRequest, SiteSeen, StateSeen, parse_set_cookie
from siteaudit.reporting import Audit, as_har, as_html, as_json
from siteaudit.sampling import sample
from siteaudit.states import states_for

SITE = "https://glossary.example.org"
PAGE = SampledPage("/glossary/oestradiol/", "glossary:term", ("Œstradiol & HRT", "oestradiol"))
AT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def declared(*opted_out: str) -> Declaration:
    def category(varname: str, required: bool, cookies: list[Any], services: list[Any]) -> Any:
        return {
            "varname": varname,
            "name": varname.title(),
            "purpose": "",
            "required": required,
            "cookies": cookies,
            "services": services,
            "version": "v",
            "since": 1,
        }

    def cookie(name: str, days: int | None, domain: str = "", **more: str) -> Any:
        return {"name": name, "purpose": "", "domain": domain, "path": "/", "lifetime_days": days, **more}

    def service(name: str, *recipients: str, **more: str) -> Any:
        told = {"name": name, "vendor": "", "purpose": "", "privacy_policy": "", "recipients": list(recipients)}
        return told | more

    return declaration_of(
        {
            "schema": "consent-notice/1",
            "language": "en",
            "text": {},
            "number": 3,
            "categories": [
                category("necessary", True, [cookie("__Host-consent_choice", 182)], []),
                category(
                    "analytics",
                    False,
                    [
                        cookie("_ga_*", 30),
                        cookie("vid", None, "count.example"),
                        cookie("seen_*_at", None, kind="local"),
                        cookie("once", None, kind="session"),
                    ],
                    [service("Counter", "https://count.example")],
                ),
                category(
                    "marketing",
                    False,
                    [
                        cookie("_px", 7, service="pixel"),
                        cookie("film", None, kind="local", service="film"),
                        cookie("campaign", 7),
                    ],
                    [
                        service("Pixel", "https://pixel.example", "https://*.shared.example", slug="pixel"),
                        service("Films", "https://film.example", "https://*.shared.example", slug="film"),
                    ],
                ),
            ],
        },
        "0" * 64,
        opted_out,
    )


STATES = {state.name: state for state in states_for(declared("marketing"))}


def findings(name: str, **seen: Any) -> list[Finding]:
    return judge(SiteSeen([PAGE], [StateSeen(STATES[name], **seen)]), declared(), SITE)


def codes(name: str, **seen: Any) -> list[str]:
    return [finding.code for finding in findings(name, **seen)]


def cookie(name: str, domain: str = "glossary.example.org", seconds: float | None = 60, **more: Any) -> SeenCookie:
    return SeenCookie(name, domain, PAGE.path, seconds, **more)


def asked(url: str, **more: Any) -> SeenRequest:
    return SeenRequest(url, PAGE.path, **more)


def test_every_category_and_every_service_alone_is_a_state_of_its_own() -> None:
    assert list(STATES) == [
        "untouched",
        "no-javascript",
        "gpc",
        "rejected",
        "only-analytics",
        "only-marketing",
        "service-pixel",
        "service-film",
        "accepted",
        "gpc-accepted",
        "withdrawn",
        "expired",
    ]
    assert STATES["only-analytics"].title == "Only “Analytics” accepted (Counter)"
    assert STATES["accepted"].accepts == {"analytics", "marketing"}
    assert STATES["gpc-accepted"].accepts == {"analytics"}
    assert STATES["service-film"].title == "Only “Films” accepted"
    # Where the browser refuses everything, nobody is asked.
    assert "gpc-accepted" not in [state.name for state in states_for(declared("marketing", "analytics"))]


@pytest.mark.parametrize(
    ("seen", "kind", "domain", "days", "by"),
    [
        ({"cookies": [cookie("new", seconds=None)]}, "cookie", "", "", ""),
        ({"cookies": [cookie("new", seconds=30 * 86_400 + 5)]}, "cookie", "", "30", ""),
        ({"cookies": [cookie("new", ".count.example", by="https://count.example/c.js")]},)
        + ("cookie", ".count.example", "1", "https://count.example"),
        ({"keys": [SeenKey("localStorage", "new", SITE, PAGE.path)]}, "local", "", "", ""),
        ({"keys": [SeenKey("sessionStorage", "new", SITE, PAGE.path)]}, "session", "", "", ""),
    ],
)
def test_what_could_be_declared_is_told_as_the_form_takes_it(
    seen: dict[str, Any], kind: str, domain: str, days: str, by: str
) -> None:
    [finding] = findings("accepted", **seen)
    assert finding.declare == {"name": "new", "kind": kind, "domain": domain, "days": days, "by": by}


@pytest.mark.parametrize(
    "key", [SeenKey("service worker", "new", SITE, PAGE.path), SeenKey("localStorage", "new", "https://x.example", "/")]
)
def test_what_no_form_takes_is_not_offered(key: SeenKey) -> None:
    [finding] = findings("accepted", keys=[key])
    assert finding.declare is None


def test_a_service_alone_opens_what_the_notice_says_of_it_and_nothing_else_of_its_category() -> None:
    alone = "service-pixel"
    assert codes(alone, requests=[asked("https://pixel.example/p.gif")]) == []
    assert codes(alone, requests=[asked("https://eu.shared.example/p.gif")]) == []
    assert codes(alone, requests=[asked("https://film.example/f")]) == ["despite-refusal"]
    assert codes(alone, requests=[asked("https://count.example/c.js")]) == ["despite-refusal"]
    assert codes(alone, cookies=[cookie("_px")]) == []
    assert codes(alone, cookies=[cookie("campaign")]) == ["despite-refusal"]
    assert codes(alone, keys=[SeenKey("localStorage", "film", SITE, PAGE.path)]) == ["despite-refusal"]
    assert codes("service-film", keys=[SeenKey("localStorage", "film", SITE, PAGE.path)]) == []


def test_a_wildcard_names_what_is_below_a_host_and_not_the_host_itself() -> None:
    assert codes("accepted", requests=[asked("https://a.b.shared.example/")]) == []
    assert codes("accepted", requests=[asked("https://shared.example/")]) == ["undeclared-request"]
    assert codes("accepted", requests=[asked("https://notshared.example/")]) == ["undeclared-request"]
    assert codes("accepted", requests=[asked("http://a.shared.example/")]) == ["undeclared-request"]


def test_global_privacy_control_keeps_closed_what_it_speaks_of_whatever_is_pressed() -> None:
    assert codes("gpc-accepted", requests=[asked("https://count.example/c.js")]) == []
    [finding] = findings("gpc-accepted", requests=[asked("https://pixel.example/p.gif")])
    assert (finding.code, finding.title) == (
        "despite-opt-out",
        "Something optional ran despite Global Privacy Control",
    )
    assert "although the visitor’s browser had opted out of it" in finding.what


def test_start_code_of_the_sites_own_address_waits_for_consent_too() -> None:
    code = asked(f"{SITE}/consent/services/{'5' * 64}.js")
    assert codes("untouched", requests=[code]) == ["before-choice"]
    assert codes("withdrawn", requests=[code]) == ["after-withdrawal"]
    assert codes("service-pixel", requests=[code]) == []


def test_a_declared_cookie_is_allowed_where_its_category_is() -> None:
    assert codes("untouched", cookies=[cookie("consent_choice")]) == []
    assert codes("only-analytics", cookies=[cookie("_ga_X1")]) == []
    assert codes("only-marketing", cookies=[cookie("_ga_X1")]) == ["despite-refusal"]
    assert codes("untouched", cookies=[cookie("_ga_X1")]) == ["before-choice"]
    assert codes("accepted", cookies=[cookie("_ga")]) == ["undeclared-cookie"]


def test_a_cookie_is_declared_for_its_domain_only() -> None:
    assert codes("accepted", cookies=[cookie("vid", ".count.example", None)]) == []
    assert codes("accepted", cookies=[cookie("vid", "eu.count.example", None)]) == []
    assert codes("accepted", cookies=[cookie("vid")]) == ["undeclared-cookie"]
    assert codes("accepted", cookies=[cookie("_ga_1", "example.org")]) == []  # a parent of the site's host
    assert codes("accepted", cookies=[cookie("_ga_1", "count.example")]) == ["undeclared-cookie"]


def test_a_cookie_may_not_live_longer_than_its_notice_says() -> None:
    day = 86_400
    assert codes("accepted", cookies=[cookie("_ga_1", seconds=30 * day + 60)]) == []
    assert codes("accepted", cookies=[cookie("_ga_1", seconds=31 * day)]) == ["lives-longer"]
    assert codes("accepted", cookies=[cookie("vid", "count.example", 3600)]) == ["lives-longer"]


def test_what_was_there_before_withdrawal_must_go_if_it_is_the_sites_own() -> None:
    assert codes("withdrawn", cookies=[cookie("_ga_1", kept=True)]) == ["after-withdrawal"]
    assert codes("withdrawn", cookies=[cookie("vid", "count.example", None, kept=True)]) == []
    assert codes("withdrawn", cookies=[cookie("vid", "count.example", None)]) == ["after-withdrawal"]
    # No script can see it, so none can erase it.
    assert codes("withdrawn", cookies=[cookie("_ga_1", kept=True, http_only=True)]) == []
    assert codes("expired", cookies=[cookie("_ga_1", kept=True)]) == []
    assert codes("expired", cookies=[cookie("_ga_1")]) == ["after-expiry"]


def test_stored_keys_are_held_to_the_notice_like_cookies() -> None:
    def key(name: str, store: str = "localStorage", origin: str = SITE, **more: Any) -> SeenKey:
        return SeenKey(store, name, origin, PAGE.path, **more)

    assert codes("accepted", keys=[key("seen_5_at"), key("once", "sessionStorage")]) == []
    assert codes("accepted", keys=[key("seen_5_at", "IndexedDB")]) == []
    assert codes("rejected", keys=[key("seen_5_at")]) == ["despite-refusal"]
    assert codes("withdrawn", keys=[key("seen_5_at", kept=True)]) == ["after-withdrawal"]
    assert codes("withdrawn", keys=[key("seen_5_at", origin="https://count.example", kept=True)]) == []
    assert codes("accepted", keys=[key("other")]) == ["undeclared-storage"]


def test_what_is_declared_as_one_thing_is_not_declared_as_another() -> None:
    """Withdrawal erases each where it is declared, and nowhere else."""

    def key(name: str, store: str) -> SeenKey:
        return SeenKey(store, name, SITE, PAGE.path)

    assert codes("accepted", keys=[key("_ga_1", "localStorage")]) == ["undeclared-storage"]
    assert codes("accepted", keys=[key("once", "localStorage")]) == ["undeclared-storage"]
    assert codes("accepted", keys=[key("seen_5_at", "sessionStorage")]) == ["undeclared-storage"]
    assert codes("accepted", keys=[key("seen_5_at", "service worker")]) == ["undeclared-storage"]
    assert codes("accepted", cookies=[cookie("once", seconds=None)]) == ["undeclared-cookie"]


def test_what_survives_withdrawal_is_laid_to_the_service_that_declared_it() -> None:
    [finding] = findings("withdrawn", cookies=[cookie("_px", kept=True)])
    assert (finding.title, finding.culprit) == ("A service keeps running after withdrawal", "Pixel")


def test_what_is_undeclared_is_found_also_when_it_was_left_by_the_choice_itself() -> None:
    assert codes("accepted", cookies=[cookie("_sneaky", kept=True)]) == ["undeclared-cookie"]
    kept = SeenKey("localStorage", "other", SITE, PAGE.path, kept=True)
    assert codes("accepted", keys=[kept]) == ["undeclared-storage"]


def test_a_third_party_is_asked_only_where_its_category_is_open() -> None:
    assert codes("only-analytics", requests=[asked("https://count.example/c.js")]) == []
    assert codes("only-analytics", requests=[asked("wss://count.example/live")]) == []
    assert codes("expired", requests=[asked("https://count.example/c.js")]) == ["after-expiry"]
    assert codes("accepted", requests=[asked("https://count.example:444/")]) == ["undeclared-request"]
    assert codes("untouched", requests=[asked(f"{SITE}/x"), asked("data:,x"), asked("blob:https://x.example/1")]) == []
    assert codes("withdrawn", requests=[asked("https://count.example/c.js", watched=False)]) == []


def test_the_culprit_is_who_started_it() -> None:
    [finding] = findings(
        "accepted", requests=[asked("https://more.example/", initiator="https://count.example/c.js?x", failure="csp")]
    )
    assert finding.culprit == "Counter (https://count.example/c.js)"
    assert finding.refused
    assert "nothing was sent" in finding.advice


def test_the_same_fault_on_many_pages_and_states_is_one_finding() -> None:
    pages = [PAGE, SampledPage("/", "glossary:home")]
    states = [
        StateSeen(STATES[name], requests=[SeenRequest("https://x.example/p.gif", page.path) for page in pages])
        for name in ("untouched", "rejected")
    ]
    [finding] = judge(SiteSeen(pages, states), declared(), SITE)
    assert finding.pages == [PAGE.path, "/"]
    assert finding.states == ["Before any choice", "Everything rejected"]


@pytest.mark.parametrize(("step", "verb"), [("reject", "Refusing"), ("withdraw", "Withdrawing")])
def test_refusing_and_withdrawing_take_no_more_presses_than_accepting(step: str, verb: str) -> None:
    def judged(presses: int) -> list[Finding]:
        seen = [
            StateSeen(STATES["accepted"], clicks={"accept": 1}),
            StateSeen(STATES["rejected"], clicks={step: presses}),
        ]
        return judge(SiteSeen([PAGE], seen), declared(), SITE)

    assert judged(1) == []
    [finding] = judged(2)
    assert finding.what == f"{verb} takes 2 presses, accepting 1 press."


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "told",
    [
        "https://x.example/?t=Menopause%20transition",
        "https://x.example/?t=Menopause+transition",
        "https://x.example/?t=Menopause%2520transition",
        "https://x.example/?u=%2Fglossary%2Fmenopause-transition%2F",
        "https://x.example/?u=" + in_base64("Menopause transition"),
        "https://x.example/?u=" + in_base64('{"title": "Menopause transition – Glossary"}').rstrip("="),
        "https://x.example/?u=" + in_base64('x{"title": "Menopause transition"}'),
        "https://x.example/?h=" + hashlib.sha256(b"menopause transition").hexdigest(),
        "https://x.example/?h=" + hashlib.md5(b"menopause-transition", usedforsecurity=False).hexdigest().upper(),
        gzip.compress(b'{"dl": "/glossary/menopause-transition/"}', mtime=0),
        b"title=MENOPAUSE+TRANSITION",
    ],
)
def test_a_title_or_slug_is_found_in_any_dress(told: str | bytes) -> None:
    assert leaks(["Menopause transition", "menopause-transition"], told)


@pytest.mark.parametrize(
    "told",
    [
        "https://x.example/?t=home",
        "https://x.example/chrt.js",
        "https://x.example/?u=" + in_base64("Glossary"),
        "https://x.example/?h=" + hashlib.sha256(b"home").hexdigest(),
        gzip.compress(b"nothing", mtime=0),
        b"\x1f\x8bbroken",
        b"",
    ],
)
def test_what_says_nothing_is_no_leak(told: str | bytes) -> None:
    assert leaks(["Menopause transition", "menopause-transition", "HRT"], told) == []


def test_a_short_title_counts_as_a_word_of_its_own() -> None:
    assert leaks(["HRT"], "https://x.example/?q=hrt&x") == ["“HRT” in plain text"]
    assert leaks(["HRT"], "https://x.example/?q=chrtx") == []


def test_a_leak_is_found_in_address_referrer_and_body_even_of_a_service_that_is_open() -> None:
    request = asked(
        "https://count.example/?p=/glossary/oestradiol/",
        headers={"Referer": SITE + PAGE.path},
        body=json.dumps({"title": PAGE.secrets[0]}).encode(),
    )
    whats = sorted(finding.what for finding in findings("accepted", requests=[request]))
    assert [what.rpartition(", ")[2] for what in whats] == ["in its address.", "in its body.", "in the referrer."]


def button(**changed: Any) -> Button:
    plain = Button(
        tag="button",
        visible=True,
        width=120,
        height=44,
        font_size=16,
        font_weight="600",
        colour=(255, 255, 255),
        background=(11, 85, 96),
        border="1px solid",
        opacity=1,
    )
    return replace(plain, **changed)


def pair(reject: Button | None, accept: Button | None) -> ButtonPair:
    return ButtonPair("banner", "/", 1280, "light", reject, accept)


def test_contrast_is_that_of_wcag() -> None:
    assert button(colour=(0, 0, 0), background=(255, 255, 255)).contrast == pytest.approx(21)
    assert button(colour=(119, 119, 119), background=(255, 255, 255)).contrast == pytest.approx(4.48, abs=0.02)


@pytest.mark.parametrize(
    "changed",
    [
        {"tag": "a"},
        {"width": 100.0},
        {"height": 30.0},
        {"font_size": 12.0},
        {"font_weight": "400"},
        {"background": (240, 240, 240)},
        {"border": "0px none"},
        {"opacity": 0.5},
        {"covered": True},
        {"visible": False},
    ],
)
def test_each_way_of_making_rejecting_paler_is_unequal(changed: dict[str, Any]) -> None:
    assert inequalities(pair(button(), button())) == []
    assert inequalities(pair(button(**changed), button()))


def test_two_buttons_that_nobody_can_read_are_not_equal_enough() -> None:
    pale = button(colour=(150, 150, 150), background=(255, 255, 255))
    assert "contrast" in inequalities(pair(pale, pale))[0]
    assert inequalities(pair(None, button())) == ["there is no button that rejects"]


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("_ga=1; Max-Age=63072000; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 63_072_000),
        ("_ga=1; expires=Sat, 02 May 2026 12:00:00 GMT; Secure", 86_400),
        ("_ga=1; Max-Age=0", 0),
        ("_ga=1; Expires=soon", None),
        ("_ga=1", None),
    ],
)
def test_a_lifetime_is_read_from_the_line_itself(line: str, seconds: float | None) -> None:
    read = parse_set_cookie(line, host="glossary.example.org", at=AT)
    assert (read.name, read.domain, read.seconds) == ("_ga", "glossary.example.org", seconds)
    assert read.is_removal == (seconds == 0)


def test_an_origin_is_what_a_notice_names() -> None:
    assert origin_of("https://X.example:443/a?b") == "https://x.example"
    assert origin_of("wss://x.example/") == "https://x.example"
    assert origin_of("http://[::1]:8000/") == "http://[::1]:8000"
    assert origin_of("data:text/plain,x") == origin_of("about:blank") == origin_of("http://x:port/") == ""


SITEMAP = "".join(
    f"<url><loc>https://elsewhere.example{path}</loc></url>"
    for path in (
        "/",
        "/glossary/",
        "/glossary/letter/a/",
        "/glossary/tags/",
        "/glossary/tags/hormones/",
        *(f"/glossary/term-{number}/" for number in range(9)),
    )
)


def read(path: str) -> str:
    if path == "/sitemap.xml":
        return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{SITEMAP}</urlset>'
    if path.endswith("not-there/"):
        raise CouldNotAudit(path)
    return f'<h1 class="x">Title <em>of</em> {path.split("/")[2:3]}</h1><a href="{path}revisions/1/">1</a>'


def test_the_sample_has_every_kind_of_page_and_terms_at_even_distances() -> None:
    pages = sample(read, declared(), more_terms=2)
    assert {page.kind for page in pages} == {
        "glossary:home",
        "glossary:index",
        "glossary:letter",
        "glossary:term",
        "glossary:revisions",
        "glossary:revision",
        "glossary:tags",
        "glossary:tag",
        "glossary:search",
        "consent:preferences",
        "consent:receipt",
        "consent:notice_list",
        "consent:notice",
        "consent:heads",
    }
    terms = [page.path for page in pages if page.kind == "glossary:term"]
    assert terms[:3] == ["/glossary/term-1/", "/glossary/term-4/", "/glossary/term-7/"]
    assert next(page for page in pages if page.path == terms[0]).secrets == ("Title of ['term-1']", "term-1")
    assert all(page.secrets for page in pages if page.kind in ("glossary:revision", "glossary:search", "glossary:tag"))


def test_a_site_without_terms_cannot_be_audited() -> None:
    with pytest.raises(CouldNotAudit, match="Publish a term first"):
        sample(lambda path: "<urlset/>", declared(), more_terms=2)


def audit(*requests: SeenRequest) -> Audit:
    seen = SiteSeen(
        [PAGE], [StateSeen(STATES["untouched"], requests=list(requests))], [pair(button(), button())], "C 1"
    )
    return Audit(SITE, False, True, AT, AT, declared(), seen, judge(seen, declared(), SITE), [])


def test_the_report_says_the_verdict_first_and_escapes_what_the_site_says() -> None:
    assert "The site does what its notice says" in as_html(audit())
    page = " ".join(as_html(audit(asked("https://x.example/<script>alert(1)</script>"))).split())
    assert "1 finding – consent audit" in page
    assert "<script>" not in page
    assert "https://x.example" in page


def test_json_and_har_are_plain_and_whole() -> None:
    found = audit(asked("https://x.example/?a=1", method="POST", body=b"\xff", headers={"Referer": SITE}))
    report = json.loads(json.dumps(as_json(found)))
    assert (report["schema"], report["verdict"]) == ("consent-audit/1", "findings")
    assert report["findings"][0]["code"] == "undeclared-request"
    assert report["states"][0]["third_parties"] == ["https://x.example"]
    [entry] = json.loads(json.dumps(as_har(found)))["log"]["entries"]
    assert entry["request"]["queryString"] == [{"name": "a", "value": "1"}]
    assert entry["request"]["postData"]["text"] == "/w=="
    assert {"pageref", "startedDateTime", "time", "request", "response", "cache", "timings"} <= set(entry)
