"""Consent in a real browser: what runs, what is refused, and what a visitor sees, in every state of her choice."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import MOVED, Site, axe_violations
from tests.browser.third_parties import remembering, serve

BANNER = "[data-consent-banner]"
STORED = "/glossary/"  # a page that the page store answers, and not Django
RECEIPT = "/consent/receipt/"
# What the tracker's two scripts do: leave a mark in the page, and report home.
SCRIPTS = {
    name: f"document.documentElement.dataset.{name} = 'ran';"
    f"fetch(new URL('/beacon/{name}', document.currentScript.src));"
    for name in ("analytics", "marketing")
}


@dataclass
class Tracker:
    """A third party on another host name of this machine. It remembers what was asked of it."""

    port: int
    asked: list[str]

    def url(self, name: str) -> str:
        """Return where a script is. Each has an origin of its own, as policies tell origins apart and not scripts."""
        host = {"analytics": "localhost", "marketing": "127.0.0.1"}[name]
        return f"http://{host}:{self.port}/{name}.js"

    def integrity(self, name: str) -> str:
        return "sha384-" + base64.b64encode(hashlib.sha384(SCRIPTS[name].encode()).digest()).decode()

    def forget(self) -> None:
        self.asked.clear()


@pytest.fixture(scope="module")
def tracker() -> Iterator[Tracker]:
    asked: list[str] = []

    def script(path: str) -> tuple[str, str]:
        return "text/javascript", SCRIPTS.get(path.strip("/").removesuffix(".js"), "")

    with serve(remembering(asked, script)) as port:
        yield Tracker(port, asked)


@pytest.fixture(scope="module")
def tracked(new_site: Callable[[], Site], tracker: Tracker) -> Site:
    """A site whose live notice names a service of the tracker in *analytics* and one in *marketing*."""
    site = new_site()
    site.add_person("olga", "Site operators")
    site.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from cookie_consent.models import CookieGroup\n"
        "from consent.actions import save_service\n"
        "from consent.models import Service\n"
        + "".join(
            "save_service(service=Service("
            f"name={name.title() + ' service'!r}, vendor='Example Ltd', purpose='Counts visits.', "
            f"privacy_policy='https://example.org/privacy', category=CookieGroup.objects.get(varname={name!r}), "
            f"url={tracker.url(name)!r}, integrity={tracker.integrity(name)!r}, status='announced'), "
            "by=User.objects.get(), at=timezone.now())\n"
            for name in SCRIPTS
        )
    )
    site.manage("publish_notice", "--material", "--reason", "Two services", "--as", "olga")
    switch_all_on(site)
    return site


def switch_all_on(site: Site) -> None:
    """Switch every service on, as an operator does once the notice names them."""
    site.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from consent.actions import save_service\n"
        "from consent.models import Service\n"
        "for service in Service.objects.all():\n"
        "    service.status = 'on'\n"
        "    save_service(service=service, by=User.objects.first(), at=timezone.now())\n"
    )


def settle(page: Page, url: str) -> None:
    page.goto(url)
    page.wait_for_load_state("networkidle")


def ran(page: Page) -> set[str]:
    return set(page.evaluate("Object.keys(document.documentElement.dataset)")) & set(SCRIPTS)


def choose_on_banner(page: Page, button: str, *categories: str) -> None:
    if categories or button == "save":
        page.locator(f"{BANNER} summary").click()
    for category in categories:
        page.locator(f"{BANNER} [data-consent-category={category}] input").check()
    opened = ["template[data-consent-service]"] if button == "accept" else []
    opened += [f"template[data-consent-category={category}]" for category in categories]
    loads_anew = opened and page.locator(", ".join(opened)).count()
    with page.expect_navigation() if loads_anew else page.expect_response("**/consent/"):
        page.locator(f"{BANNER} [data-consent-{button}]").click()
    expect(page.locator(BANNER)).to_be_hidden()
    page.wait_for_load_state("networkidle")


def withdraw(page: Page) -> None:
    """Take consent back in the footer of a page, and see what became of it."""
    page.get_by_role("button", name="Withdraw my consent").click()
    page.wait_for_url("**/cookies/?withdrawn")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("address", ["/search/?q=" + "x" * 3_000, "/nowhere/" + "x" * 3_000, "/search/?" + "&" * 2_000])
def test_the_banner_is_answered_on_a_page_of_any_address(site: Site, page: Page, address: str) -> None:
    settle(page, site.url + address)
    choose_on_banner(page, "reject")


def test_untouched_nothing_is_asked_of_the_tracker_and_no_cookie_is_set(
    tracked: Site, tracker: Tracker, page: Page
) -> None:
    tracker.forget()
    settle(page, f"{tracked.url}/cookies/")
    settle(page, f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_visible()
    assert page.locator("script[integrity]").count() == 0
    assert (ran(page), tracker.asked, page.context.cookies()) == (set(), [], [])


def test_rejected_stays_closed_and_isnt_asked_again(tracked: Site, tracker: Tracker, page: Page) -> None:
    tracker.forget()
    settle(page, f"{tracked.url}{STORED}")
    choose_on_banner(page, "reject")
    settle(page, f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_hidden()
    assert (ran(page), tracker.asked) == (set(), [])
    page.goto(tracked.url + RECEIPT)
    expect(page.get_by_text("Rejected all")).to_be_visible()


def test_analytics_only_leaves_marketing_closed(tracked: Site, tracker: Tracker, page: Page) -> None:
    tracker.forget()
    settle(page, f"{tracked.url}{STORED}")
    choose_on_banner(page, "save", "analytics")
    expect(page.locator("html")).to_have_attribute("data-analytics", "ran")
    settle(page, f"{tracked.url}{STORED}")
    assert ran(page) == {"analytics"}
    assert set(tracker.asked) == {"/analytics.js", "/beacon/analytics"}


def test_accepted_runs_both_and_withdrawn_neither(tracked: Site, tracker: Tracker, page: Page) -> None:
    settle(page, f"{tracked.url}{STORED}")
    choose_on_banner(page, "accept")
    settle(page, f"{tracked.url}{STORED}")
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")
    assert ran(page) == {"analytics", "marketing"}
    # As many clicks to withdraw as on the banner's way to accept, one link away on every page.
    page.get_by_role("link", name="Cookie preferences").click()
    page.get_by_role("button", name="Reject all").click()
    expect(page.get_by_text("Your choice is saved.")).to_be_visible()
    tracker.forget()
    settle(page, f"{tracked.url}{STORED}")
    assert (ran(page), tracker.asked) == (set(), [])
    page.goto(tracked.url + RECEIPT)
    expect(page.get_by_text("Withdrew")).to_be_visible()


@pytest.mark.parametrize(
    "cookie",
    [
        "analytics=9999|personalization=9999|marketing=9999|notice=9999",
        "analytics=2099-01-01T00:00:00|personalization=-1|marketing=-1|notice=2.x",
        "analytics=-1|personalization=-1|marketing=-1",
        "analytics=-1|personalization=-1|marketing=-1|notice=1.old",
        "analytics=-1|personalization=-1|marketing=-1|notice=3.future",
        "necessary=1",
    ],
)
def test_a_cookie_that_answers_another_question_opens_nothing_and_asks(
    tracked: Site, tracker: Tracker, page: Page, cookie: str
) -> None:
    tracker.forget()
    page.context.add_cookies([{"name": "cookie_consent", "value": f'"{cookie}"', "url": tracked.url}])
    settle(page, f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_visible()
    assert (ran(page), tracker.asked) == (set(), [])


PASTE = """() => new Promise((resolve) => {
    const {content} = document.querySelector("[data-consent-service='marketing.marketing-service']");
    const pasted = content.cloneNode(true);
    const script = document.importNode(pasted, true).querySelector("script");
    document.addEventListener("securitypolicyviolation", (event) => resolve(event.effectiveDirective));
    script.addEventListener("load", () => resolve("loaded"));
    document.body.append(script);
})"""


def test_a_pasted_tracker_is_refused_by_the_policy_of_everybody_but_those_who_opened_it(
    tracked: Site, tracker: Tracker, page: Page
) -> None:
    """A live tag of a tracker in the page, as if an editor had got it past every other fence."""
    tracker.forget()
    settle(page, f"{tracked.url}{STORED}")
    assert page.evaluate(PASTE) == "script-src-elem"
    choose_on_banner(page, "save", "analytics")
    expect(page.locator("html")).to_have_attribute("data-analytics", "ran")
    assert page.evaluate(PASTE) == "script-src-elem"
    assert "/marketing.js" not in tracker.asked
    page.context.clear_cookies()
    settle(page, f"{tracked.url}{STORED}")
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")
    assert page.evaluate(PASTE) == "loaded"


def test_without_javascript_the_preferences_page_does_everything(tracked: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_hidden()
    page.get_by_role("link", name="Manage your preferences").click()
    expect(page.get_by_role("heading", name="Detailed Cookie Preferences")).to_be_visible()
    assert context.cookies() == []
    page.get_by_role("checkbox", name="Analytics").check()
    page.get_by_role("button", name="Save my choice").click()
    expect(page.get_by_text("Your choice is saved.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Analytics")).to_be_checked()
    expect(page.get_by_role("checkbox", name="Marketing")).not_to_be_checked()
    page.get_by_role("button", name="Reject all").click()
    expect(page.get_by_text("You refused everything optional.")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Analytics")).not_to_be_checked()
    page.get_by_role("link", name="See the receipt of your choice").click()
    expect(page.get_by_text("Withdrew")).to_be_visible()
    context.close()


def test_withdrawing_takes_one_press_on_any_page_as_accepting_did(tracked: Site, tracker: Tracker, page: Page) -> None:
    settle(page, f"{tracked.url}{STORED}")
    withdrawal = page.get_by_role("button", name="Withdraw my consent")
    expect(withdrawal).to_be_hidden()
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")
    settle(page, f"{tracked.url}/?from=elsewhere")
    withdraw(page)
    expect(page.get_by_text("Your consent is withdrawn")).to_be_visible()
    expect(page.get_by_text("we cannot erase")).to_be_visible()
    tracker.forget()
    settle(page, f"{tracked.url}{STORED}")
    expect(withdrawal).to_be_hidden()
    assert (ran(page), tracker.asked) == (set(), [])
    page.goto(tracked.url + RECEIPT)
    expect(page.get_by_text("Withdrew")).to_be_visible()


@pytest.mark.parametrize("failure", ["503", "offline", "nonsense", "outdated"])
def test_a_choice_that_cannot_be_saved_opens_nothing_and_says_so(
    tracked: Site, tracker: Tracker, page: Page, failure: str
) -> None:
    def fail(route: Route) -> None:
        if failure == "offline":
            route.abort()
        elif failure == "outdated":
            route.continue_(post_data=(route.request.post_data or "").replace("notice=", "notice=0"))
        else:
            route.fulfill(status=503 if failure == "503" else 500, body="<p>Not JSON</p>")

    tracker.forget()
    settle(page, f"{tracked.url}{STORED}")
    page.route("**/consent/", fail)
    page.locator("[data-consent-accept]").click()
    status = page.locator(f"{BANNER} [role=status]")
    expect(status).not_to_be_empty()
    expect(status).to_be_visible()
    assert "Nothing" in status.inner_text() or "notice" in status.inner_text()
    expect(page.locator(BANNER)).to_be_visible()
    assert page.context.cookies() == []
    page.unroute("**/consent/")
    settle(page, f"{tracked.url}{STORED}")
    assert (ran(page), tracker.asked) == (set(), [])
    choose_on_banner(page, "accept")


def test_rejecting_is_as_easy_as_accepting(tracked: Site, page: Page) -> None:
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        settle(page, f"{tracked.url}{STORED}")
        looks = [
            page.locator(f"{BANNER} [data-consent-{name}]").evaluate(
                "element => { const box = element.getBoundingClientRect(), style = getComputedStyle(element);"
                "return [element.tagName, box.width, box.height, box.top, style.font, style.color,"
                "style.backgroundColor, style.border] }"
            )
            for name in ("reject", "accept")
        ]
        assert looks[0] == looks[1]
        assert looks[0][2] >= 44


def test_the_banner_is_first_in_tab_order_moves_nothing_and_leaves_focus_in_the_page(tracked: Site, page: Page) -> None:
    page.add_init_script(MOVED)
    settle(page, f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_visible()
    assert page.evaluate("moved") == []
    page.keyboard.press("Tab")
    assert page.evaluate(f"document.activeElement.closest('{BANNER}') !== null")
    page.keyboard.press("Escape")
    expect(page.locator(BANNER)).to_be_visible()
    choose_on_banner(page, "reject")
    assert page.evaluate("document.activeElement.tagName") == "MAIN"
    assert page.evaluate("moved") == []


def test_a_choice_in_one_tab_closes_the_banner_in_another(tracked: Site, context: BrowserContext) -> None:
    first, second = context.new_page(), context.new_page()
    for page in (first, second):
        settle(page, f"{tracked.url}{STORED}")
    choose_on_banner(second, "reject")
    first.bring_to_front()
    first.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(first.locator(BANNER)).to_be_hidden()


# As blockers hide banners: by a style that no page's policy has a say in.
HIDE_BANNER = f"""
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("{BANNER} {{ display: none !important }}");
    document.adoptedStyleSheets.push(sheet);
"""


@pytest.mark.parametrize("blocked", ["banner", "module"])
def test_a_blocker_opens_nothing_and_leaves_the_preferences(
    tracked: Site, tracker: Tracker, page: Page, blocked: str
) -> None:
    tracker.forget()
    if blocked == "banner":
        page.add_init_script(HIDE_BANNER)
    else:
        page.route("**/consent/consent.*js", lambda route: route.abort())
    settle(page, f"{tracked.url}{STORED}")
    expect(page.locator(BANNER)).to_be_hidden()
    assert (ran(page), tracker.asked, page.context.cookies()) == (set(), [], [])
    page.get_by_role("link", name="Cookie preferences", exact=True).click()
    page.get_by_role("checkbox", name="Analytics").check()
    page.get_by_role("button", name="Save my choice").click()
    expect(page.get_by_text("Your choice is saved.")).to_be_visible()
    settle(page, f"{tracked.url}{STORED}")
    # Hiding the banner breaks nothing; without the module nothing is ever started.
    assert ran(page) == ({"analytics"} if blocked == "banner" else set())
    assert "/marketing.js" not in tracker.asked


@pytest.mark.parametrize("width", [1280, 320])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(tracked: Site, page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    settle(page, f"{tracked.url}{STORED}")
    page.locator(f"{BANNER} summary").click()
    assert axe_violations(page) == []
    choose_on_banner(page, "accept")
    for path in ("/cookies/", "/cookies/?saved", RECEIPT):
        settle(page, tracked.url + path)
        assert axe_violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
