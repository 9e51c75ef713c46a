"""Services of every kind in a real browser: one by one, in embeds, under Global Privacy Control, and erased again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.banner import BANNER, choose_on_banner, switch_all_on, withdraw
from tests.browser.third_parties import remembering, serve
from tests.browser.visiting import axe_violations, rest, until
from tests.sites import Site

pytestmark = pytest.mark.one_tab

STORED = "/glossary/"
COUNTER = """
const root = document.documentElement.dataset;
root.counter = document.currentScript?.dataset.site ?? window.started;
document.cookie = "_count=1; path=/";
document.cookie = "_count_7=1; path=/glossary";
localStorage.setItem("count:here", "1");
localStorage.setItem("mine", "1");
sessionStorage.setItem("count", "1");
"""
BODIES = {
    "/counter.js": ("text/javascript", COUNTER),
    "/module.js": (
        "text/javascript",
        "export {}; document.documentElement.dataset.module = 'ran'; dataLayer.push('module');",
    ),
    "/pixel.gif": ("image/gif", "GIF89a"),
    "/film": ("text/html", "<!doctype html><title>Film</title><p>The film plays."),
}
START = "window.started = 'by start code';"


@dataclass
class Vendor:
    """A third party on this machine. ``asked`` are the paths that were asked of it."""

    port: int
    asked: list[str]

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    asked: list[str] = []
    with serve(remembering(asked, lambda path: BODIES.get(path, ("text/plain", "")))) as port:
        yield Vendor(port, asked)


@pytest.fixture(scope="module")
def served(new_site: Callable[..., Site], vendor: Vendor) -> Site:
    """A site with a counter and a pixel in *analytics*, a module and a film in *marketing*, all switched on."""
    site = new_site()
    site.add_person("olga", "Site operators")
    services: list[tuple[dict[str, Any], list[tuple[object, ...]]]] = [
        (
            {
                "name": "Counter",
                "category": "analytics",
                "url": vendor.url("/counter.js"),
                "start_code": START,
                "attributes": "data-site=abc",
            },
            [
                ("_count", "Counts.", None, {}),
                ("_count_*", "Counts pages.", 30, {"path": "/glossary"}),
                ("count:*", "Counts.", 30, {"kind": "local", "path": ""}),
                ("count", "Counts.", None, {"kind": "session", "path": ""}),
            ],
        ),
        (
            {
                "name": "Pixel",
                "category": "analytics",
                "kind": "pixel",
                "url": vendor.url("/pixel.gif"),
                "pages": "/glossary/*",
            },
            [],
        ),
        (
            {
                "name": "Module",
                "category": "marketing",
                "kind": "module",
                "url": vendor.url("/module.js"),
                "consent_mode": True,
            },
            [],
        ),
        (
            {
                "name": "Film",
                "category": "marketing",
                "kind": "embed",
                "url": vendor.url("/film"),
                "pages": "/glossary/",
            },
            [("own", "Is theirs, and called as something of ours.", 30, {"domain": ".films.example"})],
        ),
    ]
    site.python(
        "from django.contrib.auth.models import User\n"
        "from django.utils import timezone\n"
        "from cookie_consent.models import CookieGroup\n"
        "from consent.actions import Declaration, save_service\n"
        "from consent.models import Service\n"
        "common = {'vendor': 'Example Ltd', 'purpose': 'Shows what it is for.', 'status': 'announced',"
        " 'privacy_policy': 'https://example.org/privacy'}\n"
        f"for fields, declarations in {services!r}:\n"
        "    category = CookieGroup.objects.get(varname=fields.pop('category'))\n"
        "    service = Service(category=category, **common, **fields)\n"
        "    declared = [Declaration(*names, **others) for *names, others in declarations]\n"
        "    save_service(service=service, by=User.objects.get(), at=timezone.now(), declarations=declared)\n"
    )
    site.manage("publish_notice", "--material", "--reason", "Four services", "--as", "olga")
    switch_all_on(site)
    return site


@pytest.fixture
def gpc_page(browser: Browser) -> Iterator[Page]:
    """A page of a browser that sends Global Privacy Control, by header and property."""
    context = browser.new_context(extra_http_headers={"Sec-GPC": "1"})
    context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true});")
    yield context.new_page()
    context.close()


def marks(page: Page) -> dict[str, str]:
    found: dict[str, str] = page.evaluate("({...document.documentElement.dataset})")
    return {name: value for name, value in found.items() if name in ("counter", "module")}


def kept(page: Page) -> set[str]:
    """What the page's scripts have put by, but for the site's own."""
    names = page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    cookies = {cookie["name"] for cookie in page.context.cookies()} - {"consent_choice", "consent_receipt"}
    return {*names, *cookies} - {"consent_place"}


def answers(context: BrowserContext) -> dict[str, str]:
    """The content of the consent cookie, but for the notice: key → accepted or refused."""
    (value,) = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "consent_choice"]
    pairs = (pair.split("=") for pair in value.strip('"').split("|"))
    return {key: "no" if answer == "-1" else "yes" for key, answer in pairs if key != "notice"}


def test_start_code_comes_before_the_script_and_attributes_with_it(served: Site, vendor: Vendor, page: Page) -> None:
    vendor.asked.clear()
    page.goto(served.url + STORED)
    assert (marks(page), vendor.asked, kept(page)) == ({}, [], set())
    choose_on_banner(page, "save", "analytics")
    expect(page.locator("html")).to_have_attribute("data-counter", "abc")
    assert page.evaluate("window.started") == "by start code"
    assert set(vendor.asked) == {"/counter.js", "/pixel.gif"}
    assert page.locator("html").get_attribute("data-consent") == "analytics analytics.counter analytics.pixel"


def test_a_service_stands_on_its_own_pages_only(served: Site, vendor: Vendor, page: Page) -> None:
    page.goto(served.url + STORED)
    choose_on_banner(page, "accept")
    vendor.asked.clear()
    answer = page.goto(f"{served.url}/glossary/tags/")
    assert answer is not None
    assert "/pixel.gif" in vendor.asked
    vendor.asked.clear()
    page.goto(f"{served.url}/")
    assert "/counter.js" in vendor.asked
    assert "/pixel.gif" not in vendor.asked
    assert "frame-src" not in str(answer.headers["content-security-policy"])


def test_one_service_is_refused_within_an_accepted_category(served: Site, vendor: Vendor, page: Page) -> None:
    page.goto(f"{served.url}/cookies/")
    page.locator("[data-consent-category=analytics] input").check()
    page.get_by_label("Decide about Pixel alone").select_option("Refuse")
    assert axe_violations(page, part="main [data-consent-category=analytics]") == []
    page.locator("[data-consent-save]").click()
    expect(page.get_by_text("You accepted: Analytics. You refused: Personalisation, Marketing, Pixel.")).to_be_visible()
    page.wait_for_load_state()
    vendor.asked.clear()
    page.goto(served.url + STORED)
    assert vendor.asked == ["/counter.js"]
    assert answers(page.context)["analytics.pixel"] == "no"
    expect(page.locator(BANNER)).to_be_hidden()


def test_an_embed_opens_by_itself_and_leaves_the_rest_closed(served: Site, vendor: Vendor, page: Page) -> None:
    vendor.asked.clear()
    page.goto(served.url + STORED)
    expect(page.get_by_text("To show it, your browser has to contact Example Ltd (127.0.0.1")).to_be_visible()
    assert axe_violations(page, part="[data-consent-embed]") == []
    with page.expect_navigation():
        page.get_by_role("button", name="Show this").click()
    expect(page.frame_locator("iframe[title=Film]").get_by_text("The film plays.")).to_be_visible()
    assert vendor.asked == ["/film"]
    assert answers(page.context) == {
        "analytics": "no",
        "personalization": "no",
        "marketing": "no",
        "marketing.film": "yes",
    }
    # The next question leaves it open.
    page.goto(f"{served.url}/cookies/")
    expect(page.get_by_label("Decide about Film alone")).to_have_value("marketing.film=yes")


def test_an_embeds_category_is_opened_from_its_placeholder(served: Site, vendor: Vendor, page: Page) -> None:
    page.goto(served.url + STORED)
    choose_on_banner(page, "save", "analytics")
    with page.expect_navigation():
        page.get_by_role("button", name="Always allow: Marketing").click()
    expect(page.locator("iframe[title=Film]")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-module", "ran")
    assert answers(page.context) == {"analytics": "yes", "personalization": "no", "marketing": "yes"}


def test_withdrawal_erases_what_was_declared_and_nothing_else(served: Site, page: Page) -> None:
    page.goto(served.url + STORED)
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-counter", "abc")
    assert kept(page) == {"_count", "_count_7", "count:here", "mine", "count"}
    page.evaluate("document.cookie = 'own=1'")
    page.get_by_role("button", name="Withdraw my consent").click()
    expect(page.get_by_text("Your consent is withdrawn")).to_be_visible()
    expect(page.locator("main").get_by_role("link", name="Example Ltd").first).to_be_visible()
    # The page on which it was set may have a path of its own; the next one there erases that too.
    page.goto(served.url + STORED)
    assert kept(page) == {"mine", "own"}
    assert marks(page) == {}


KEEP = """async () => {
    document.cookie = "_count_8=1; path=/; secure; partitioned";
    for (const name of ["count:rows", "mine"]) {
        await caches.open(name);
        await new Promise((done) => (indexedDB.open(name).onsuccess = ({ target }) => done(target.result.close())));
    }
}"""
LARGE = "async () => [...(await caches.keys()), ...(await indexedDB.databases()).map(({ name }) => name)].sort()"


def test_withdrawal_erases_databases_caches_and_partitioned_cookies_and_names_what_stayed(
    served: Site, page: Page
) -> None:
    page.goto(served.url + STORED)
    choose_on_banner(page, "accept")
    page.evaluate(KEEP)
    assert page.evaluate(LARGE) == ["count:rows", "count:rows", "mine", "mine"]
    other = page.context.new_page()
    other.goto(f"{served.url}/robots.txt")
    other.evaluate("new Promise((done) => ((window.held = indexedDB.open('count:rows')).onsuccess = () => done()))")
    withdraw(page)
    # Another page uses the database, and lets nobody erase it.
    expect(page.get_by_text("This browser still stores what this page could not erase")).to_contain_text("count:rows")
    assert axe_violations(page, part="main") == []
    assert page.evaluate(LARGE) == ["count:rows", "mine", "mine"]
    other.close()
    page.goto(f"{served.url}/cookies/")
    until(page, lambda: page.evaluate(LARGE) == ["mine", "mine"], "what was declared is erased")
    expect(page.get_by_text("This browser still stores what this page could not erase")).to_be_hidden()
    assert "_count_8" not in kept(page)


def test_an_expired_choice_erases_too(served: Site, page: Page) -> None:
    page.goto(served.url + STORED)
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-counter", "abc")
    page.goto("about:blank")  # a page that is open follows its cookie
    page.context.clear_cookies(name="consent_choice")
    page.goto(served.url + STORED)
    until(page, lambda: kept(page) == {"mine"}, "what an expired choice had opened is erased")


def test_consent_mode_denies_all_seven_before_it_says_what_was_allowed(served: Site, page: Page) -> None:
    page.goto(served.url + STORED)
    assert page.evaluate("typeof dataLayer") == "undefined"
    choose_on_banner(page, "save", "marketing")
    expect(page.locator("html")).to_have_attribute("data-module", "ran")
    default, update, ran = page.evaluate("dataLayer.map((entry) => typeof entry === 'string' ? entry : [...entry])")
    assert default[:2] == ["consent", "default"]
    assert set(default[2].values()) == {"denied"}
    assert len(default[2]) == 7
    assert update[:2] == ["consent", "update"]
    assert {name for name, value in update[2].items() if value == "granted"} == {
        *("ad_storage", "ad_user_data", "ad_personalization", "security_storage"),
    }
    assert ran == "module"


def test_gpc_refuses_marketing_without_asking_and_says_so(served: Site, vendor: Vendor, gpc_page: Page) -> None:
    vendor.asked.clear()
    gpc_page.goto(served.url + STORED)
    expect(gpc_page.locator(BANNER).get_by_text("Opt-out request honoured")).to_be_visible()
    gpc_page.locator(f"{BANNER} summary").click()
    expect(gpc_page.locator(f"{BANNER} [data-consent-category=analytics]")).to_be_visible()
    expect(gpc_page.locator(f"{BANNER} [data-consent-category=marketing]")).to_be_hidden()
    assert axe_violations(gpc_page, part=BANNER) == []
    with gpc_page.expect_response("**/consent/"):
        gpc_page.locator(f"{BANNER} [data-consent-accept]").click()
    expect(gpc_page.locator("html")).to_have_attribute("data-counter", "abc")
    assert answers(gpc_page.context) == {"analytics": "yes", "personalization": "yes", "marketing": "no"}
    assert "/module.js" not in vendor.asked
    expect(gpc_page.locator(".site-footer").get_by_text("Opt-out request honoured")).to_be_visible()


def test_an_explicit_opt_in_overrides_gpc_and_says_what_it_overrides(
    served: Site, vendor: Vendor, gpc_page: Page
) -> None:
    gpc_page.goto(f"{served.url}/cookies/")
    expect(gpc_page.get_by_text("that overrides the opt-out on this site")).to_be_visible()
    gpc_page.locator("[data-consent-category=marketing] input").check()
    gpc_page.locator("[data-consent-save]").click()
    expect(gpc_page.get_by_text("You accepted: Marketing")).to_be_visible()
    gpc_page.goto(served.url + STORED)
    expect(gpc_page.locator("html")).to_have_attribute("data-module", "ran")
    assert answers(gpc_page.context)["gpc"] == "yes"


def test_gpc_that_comes_later_goes_before_what_was_accepted_without_it(
    served: Site, browser: Browser, vendor: Vendor, page: Page
) -> None:
    page.goto(served.url + STORED)
    choose_on_banner(page, "accept")
    state = page.context.storage_state()
    later = browser.new_context(storage_state=state, extra_http_headers={"Sec-GPC": "1"})
    later.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', {value: true});")
    vendor.asked.clear()
    opted_out = later.new_page()
    answer = opted_out.goto(served.url + STORED)
    assert answer is not None
    assert "frame-src" not in answer.headers["content-security-policy"]
    assert set(vendor.asked) == {"/counter.js", "/pixel.gif"}
    later.close()


def test_the_banner_moves_nothing(served: Site, context: BrowserContext) -> None:
    page = context.new_page()
    page.route("**/*.woff2", lambda route: route.abort())  # typefaces that arrive late move text by themselves
    page.add_init_script(
        "window.shifts = 0;"
        "new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shifts += entry.value; })"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(served.url + STORED)
        expect(page.locator(BANNER)).to_be_visible()
        rest(page)
        assert page.evaluate("window.shifts") == 0
