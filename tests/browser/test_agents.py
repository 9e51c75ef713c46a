"""Programs that answer, or hide, consent banners for the people they work for: each meets ours as it would anywhere."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.visiting import until
from tests.packages import AUTOCONSENT, Package, PackageMissing
from tests.sites import Site

BANNER = "[data-consent-banner]"

# As an extension has it: a world of its own beside the page's, and a binding by which it reports to the browser.
WORLD = "autoconsent"
# The browser's side of autoconsent's protocol (its docs/api.md). It asks for nothing but the settings; what it would
# like to have evaluated in the page's own world is refused. It begins when the browser is idle, which on a busy machine
# may be never: without that function, it begins at once.
BROWSER_SIDE = """
    globalThis.requestIdleCallback = undefined;
    window.autoconsentSendMessage = async (message) => {
        reportToBrowser(JSON.stringify(message));
        if (message.type === "init") {
            setTimeout(() => autoconsentReceiveMessage({type: "initResp", config: %(config)s, rules: %(rules)s}));
        } else if (message.type === "eval") {
            autoconsentReceiveMessage({type: "evalResp", id: message.id, result: false});
        } else if (message.type === "optOutResult" && message.scheduleSelfTest) {
            setTimeout(() => autoconsentReceiveMessage({type: "selfTest"}));
        }
    };
"""
# “reject” presses a button only if it refuses; an “OK” or “Accept” it leaves alone.
SETTINGS = {"enabled": True, "autoAction": "optOut", "enableHeuristicDetection": True, "heuristicMode": "reject"}


def of_package(package: Package, path: str) -> str:
    """Return a file of an npm package, or skip the test and say why."""
    try:
        return package.read(path).decode()
    except PackageMissing as missing:
        pytest.skip(str(missing))


class Autoconsent:
    """DuckDuckGo's autoconsent at work in a page, and what it reported."""

    def __init__(self, page: Page, rules: dict[str, Any]) -> None:
        self.page = page
        self.reports: list[dict[str, Any]] = []
        session = page.context.new_cdp_session(page)
        session.on("Runtime.bindingCalled", lambda event: self.reports.append(json.loads(event["payload"])))
        session.send("Page.enable")
        session.send("Runtime.enable")
        session.send("Runtime.addBinding", {"name": "reportToBrowser", "executionContextName": WORLD})
        browser_side = BROWSER_SIDE % {"config": json.dumps(SETTINGS), "rules": json.dumps(rules)}
        script = of_package(AUTOCONSENT, "dist/autoconsent.playwright.js")
        session.send(
            "Page.addScriptToEvaluateOnNewDocument", {"source": f"{browser_side}\n{script}", "worldName": WORLD}
        )

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [report for report in self.reports if report["type"] == kind]

    def wait(self, done: Callable[[], bool]) -> None:
        """Let it work until ``done``."""
        until(self.page, done, f"autoconsent has finished: {self.reports}")

    def finds_nothing(self) -> None:
        """Let it look three times, the second time by heuristics, and see that it found nothing to press."""
        self.wait(lambda: any(report["state"]["findCmpAttempts"] > 2 for report in self.said("report")))
        assert self.said("cmpDetected") == self.said("popupFound") == self.said("optOutResult") == []


def answers(page: Page) -> dict[str, str]:
    """Return what the visitor's cookie says: category → -1 for refused, or the version that was accepted.

    A refusal is there at the press, in a word of its own, and in these when the site has answered.
    """

    def is_recorded() -> bool:
        return "consent_receipt" in {cookie["name"] for cookie in page.context.cookies()}

    until(page, is_recorded, "the choice is recorded")
    (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"] == "consent_choice"]
    pairs = (pair.split("=") for pair in cookie["value"].strip('"').split("|"))
    return {name: answer for name, answer in pairs if name not in ("notice", "gpc")}


@pytest.mark.parametrize(
    ("rules", "width", "opts_out"),
    [
        # With no rule at all, and with the thousands that it is shipped with, of which none is about this site.
        pytest.param("none", 390, True, id="without a rule, under Global Privacy Control, as in DuckDuckGo's browsers"),
        pytest.param("its own", 1280, False, id="with its rules"),
    ],
)
def test_autoconsent_finds_the_banner_by_its_heuristics_and_refuses(
    site: Site, page: Page, rules: str, width: int, opts_out: bool
) -> None:
    if opts_out:
        page.context.set_extra_http_headers({"Sec-GPC": "1"})
        page.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})")
    autoconsent = Autoconsent(
        page,
        {"autoconsent": []} if rules == "none" else json.loads(of_package(AUTOCONSENT, "rules/rules.json")),
    )
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site.url}/glossary/")
    autoconsent.wait(lambda: bool(autoconsent.said("selfTestResult")))
    assert {report["cmp"] for report in autoconsent.said("popupFound")} == {"HEURISTIC-REJECT"}
    assert [report["result"] for report in autoconsent.said("optOutResult")] == [True]
    # Its own look whether the button is gone.
    assert [report["result"] for report in autoconsent.said("selfTestResult")] == [True]
    expect(page.locator(BANNER)).to_be_hidden()
    assert set(answers(page).values()) == {"-1"}
    assert "Rejected all" in page.request.get(f"{site.url}/consent/receipt/").text()


def test_autoconsent_leaves_consent_alone_that_the_visitor_gave(
    site: Site, page: Page, context: BrowserContext
) -> None:
    page.goto(f"{site.url}/glossary/")
    page.locator(f"{BANNER} [data-consent-accept]").click()
    expect(page.locator(BANNER)).to_be_hidden()
    chosen = answers(page)
    agents = []
    # The second of these has a “Reject all” for everybody. In both it takes its time, so they are open at once.
    for path in ("/glossary/", "/cookies/"):
        with_agent = context.new_page()
        agents.append(Autoconsent(with_agent, {"autoconsent": []}))
        with_agent.goto(site.url + path)
    for agent in agents:
        agent.finds_nothing()
    assert answers(page) == chosen


RULES = Path(__file__).resolve().parents[2] / "docs" / "agents" / "consent-o-matic.json"


class ConsentOMatic:
    """What Consent-O-Matic, which no registry has, does with a rule: those of its actions and matchers that ours uses.

    ``wishes`` are its user's preferences, by its own letters. Anything else in a rule than what is here is refused.
    """

    METHODS = ("OPEN_OPTIONS", "DO_CONSENT", "SAVE_CONSENT")

    def __init__(self, page: Page, rule: dict[str, Any], wishes: dict[str, bool]) -> None:
        assert set(rule) == {"detectors", "methods"}
        self.page, self.rule, self.wishes = page, rule, wishes

    def detects(self) -> bool:
        return any(
            all(self.matches(matcher) for matcher in detector["presentMatcher"] + detector["showingMatcher"])
            for detector in self.rule["detectors"]
        )

    def run(self) -> None:
        methods = {method["name"]: method["action"] for method in self.rule["methods"]}
        assert set(methods) <= set(self.METHODS)
        for name in self.METHODS:
            self.act(methods[name])

    def find(self, step: dict[str, Any]) -> Locator | None:
        """Return the first element that a step's ``target``, inside of its ``parent``, selects."""
        scope: Page | Locator = self.page
        for place in filter(None, (step.get("parent"), step["target"])):
            assert set(place) <= {"selector", "displayFilter"}
            found = scope.locator(place["selector"])
            shown = "element => element.offsetHeight !== 0"
            wanted = [one for one in found.all() if "displayFilter" not in place or one.evaluate(shown)]
            if not wanted:
                return None
            scope = wanted[0]
        assert isinstance(scope, Locator)
        return scope

    def matches(self, matcher: dict[str, Any]) -> bool:
        found = self.find(matcher)
        if matcher["type"] == "css":
            return found is not None
        assert matcher["type"] == "checkbox", matcher
        return found is not None and found.is_checked()

    def act(self, action: dict[str, Any]) -> None:
        match action["type"]:
            case "click":
                if found := self.find(action):
                    found.evaluate("element => element.click()")
            case "ifcss":
                branch = action.get("trueAction" if self.find(action) else "falseAction")
                if branch:
                    self.act(branch)
            case "ifallownone":
                self.act(action["falseAction" if any(self.wishes.values()) else "trueAction"])
            case "consent":
                for consent in action["consents"]:
                    if (
                        self.find(consent["matcher"])
                        and self.matches(consent["matcher"]) != self.wishes[consent["type"]]
                    ):
                        self.act(consent["toggleAction"])
            case other:
                raise AssertionError(f"Consent-O-Matic's {other!r} isn't among what is tried here")


# Its letters: preferences, analytics, storage, content, advertisements, other.
NOTHING = dict.fromkeys("ABDEFX", False)


WISHES: list[tuple[str, dict[str, bool], set[str], str]] = [
    ("nothing", NOTHING, set(), "Rejected all"),
    ("content and advertisements", NOTHING | {"E": True, "F": True}, {"personalization", "marketing"}, "Chose"),
    ("everything", dict.fromkeys("ABDEFX", True), {"analytics", "personalization", "marketing"}, "Chose"),
]


def test_the_rule_for_consent_o_matic_answers_as_its_user_prefers(site: Site, page: Page) -> None:
    (rule,) = json.loads(RULES.read_text(encoding="utf-8")).values()
    for case, wishes, accepted, recorded in WISHES:
        page.goto(f"{site.url}/robots.txt")  # a page that is open follows its cookie
        page.context.clear_cookies()
        agent = ConsentOMatic(page, rule, wishes)
        page.goto(f"{site.url}/glossary/")
        expect(page.locator(BANNER), case).to_be_visible()
        assert agent.detects(), case
        # What the site itself may keep then begins with a new page.
        with page.expect_navigation() if "personalization" in accepted else nullcontext():
            agent.run()
        expect(page.locator(BANNER), case).to_be_hidden()
        assert {name for name, answer in answers(page).items() if answer != "-1"} == accepted, case
        page.reload()
        assert not agent.detects(), case
        assert recorded in page.request.get(f"{site.url}/consent/receipt/").text(), case


# Lists that hide cookie banners, such as EasyList's: their licences don't let them stand here.
LISTS = [Path(name) for name in os.environ.get("TEST_COOKIE_LISTS", "").split(os.pathsep) if name]
# Lists are read for a site under a public name, as some rules are about schemes, hosts and ports.
PUBLIC = "https://glossary.example.org"
# Hides what the selectors find, as a blocker does: by a style of the browser's own, which no page's policy has a say
# in. Selectors that a browser doesn't know are the blockers' own language, which only rules about named sites use.
HIDE = """selectors => {
    const sheet = new CSSStyleSheet();
    const hits = selectors.filter((selector) => {
        try { return document.querySelector(selector); } catch { return false; }
    });
    sheet.replaceSync(hits.map((selector) => `${selector} { display: none !important }`).join(""));
    document.adoptedStyleSheets.push(sheet);
    return hits;
}"""


@dataclass
class BlockList:
    """What a list in Adblock Plus's syntax hides and blocks on a site that it doesn't name.

    Read more strictly than a blocker would: for requests of every type, and whether or not another rule allows them.
    """

    selectors: list[str]
    patterns: dict[str, re.Pattern[str]]

    @classmethod
    def read(cls, text: str) -> BlockList:
        selectors, allowed, patterns = [], set(), {}
        for line in filter(None, map(str.strip, text.splitlines())):
            if line.startswith(("!", "[", "@@")):
                continue
            if hiding := re.fullmatch(r"([^#]*)#(@?)#(?!\+js)(.+)", line):
                sites, exception, selector = hiding.groups()
                if not [site for site in sites.split(",") if site and not site.startswith("~")]:
                    allowed.add(selector) if exception else selectors.append(selector)
            elif "#" not in line:
                pattern, _, options = line.rpartition("$") if re.search(r"\$[\w~,=.|*-]+$", line) else (line, "", "")
                if not re.search(
                    r"(^|,)(3p|third-party)(,|$)|(^|,)(domain|from)=(?!~)|(^|,)(popup|badfilter)", options
                ):
                    patterns[line] = cls.expression(pattern)
        return cls([selector for selector in selectors if selector not in allowed], patterns)

    @staticmethod
    def expression(pattern: str) -> re.Pattern[str]:
        """Return the regular expression that a blocking rule's pattern stands for."""
        if len(pattern) > 1 and pattern[0] == pattern[-1] == "/":
            return re.compile(pattern[1:-1], re.IGNORECASE)
        start = r"^[a-z]+://([^/]+\.)?" if pattern.startswith("||") else "^" if pattern.startswith("|") else ""
        end = "$" if pattern.endswith("|") else ""
        middle = re.escape(pattern.strip("|")).replace(r"\*", ".*").replace(r"\^", r"([^\w.%-]|$)")
        return re.compile(start + middle + end, re.IGNORECASE)

    def blocks(self, url: str) -> list[str]:
        return [rule for rule, expression in self.patterns.items() if expression.search(url)]


def test_a_list_is_read_as_blockers_read_it() -> None:
    read = BlockList.read(
        "[Adblock Plus 2.0]\n! A comment\n##.cookie-bar\nexample.com##footer\n~example.com##.notice\n##.kept\n"
        "#@#.kept\n-cookie-bar.\n||example.net^\n/consent.js|\n/a/*/b$script,domain=~example.com\n"
        "/only/here$domain=example.com\n/theirs/$third-party\n@@/allowed/\n/^https:.*\\/x[0-9]+$/\n"
    )
    assert read.selectors == [".cookie-bar", ".notice"]
    assert read.blocks("https://www.example.net/") == ["||example.net^"]
    assert read.blocks("https://example.org/my-cookie-bar.css") == ["-cookie-bar."]
    assert read.blocks("https://example.org/consent.js") == ["/consent.js|"]
    assert read.blocks("https://example.org/a/very/long/b") == ["/a/*/b$script,domain=~example.com"]
    assert read.blocks("https://example.org/x12") == ["/^https:.*\\/x[0-9]+$/"]
    for other in ("consent.json", "only/here", "theirs/", "allowed/", "?example.net"):
        assert read.blocks(f"https://example.org/{other}") == []


@pytest.mark.skipif(not LISTS, reason="needs lists: set TEST_COOKIE_LISTS to the path of EasyList's cookie list, say")
@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_lists_that_hide_banners_leave_the_preferences_and_block_nothing(site: Site, page: Page, path: Path) -> None:
    blocklist = BlockList.read(path.read_text(encoding="utf-8"))
    assert blocklist.patterns, "this is no list that blockers read"
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url.replace(site.url, PUBLIC)))
    for address in ("/", "/glossary/", "/search/?q=cookie", "/consent/notices/", "/consent/receipt/", "/cookies/"):
        page.goto(site.url + address)
        page.evaluate(HIDE, blocklist.selectors)
        expect(page.get_by_role("link", name="Cookie preferences", exact=True)).to_be_visible()
    page.get_by_role("checkbox", name="Analytics").check()
    page.get_by_role("button", name="Save my choice").click()
    expect(page.get_by_text("Your choice is saved.")).to_be_visible()
    assert {name for name, answer in answers(page).items() if answer != "-1"} == {"analytics"}
    assert f"{PUBLIC}/consent/" in requested
    assert {url: blocklist.blocks(url) for url in requested if blocklist.blocks(url)} == {}
