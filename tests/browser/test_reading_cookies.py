"""The client reads the consent cookie as the server does, by one table of cases."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.banner import BANNER, STORED, choose_on_banner, withdraw
from tests.browser.visiting import wait_until
from tests.consent.cookie_headers import NAMES, headers
from tests.sites import Site

# The header under test is what scripts read, also where no browser would keep such a cookie.
READS = "Object.defineProperty(Document.prototype, 'cookie', { get: () => window.name, set() {} });"
# Runs the client for each case as a page that loads does, its cookie called `name`, and returns what it makes of each
# header.
ANSWERS = """async (cases) => {
    const banner = document.querySelector("[data-consent-banner]");
    const root = document.documentElement;
    const answers = [];
    for (const [name, header] of cases) {
        banner.hidden = true;
        delete root.dataset.consent;
        document.querySelector("[data-consent-cookie]").dataset.consentCookie = name;
        window.name = header;
        await import(`${document.querySelector("script[src*='/consent/consent.']").src}?${answers.length}`);
        // The other questions are left open by some; only what is said of analytics counts.
        const isAccepted = root.dataset.consent.split(" ").includes("analytics");
        const isAsked = !banner.hidden && !banner.querySelector("[data-consent-category=analytics]").hidden;
        answers.push(isAccepted ? "accepted" : isAsked ? "asked" : "refused");
    }
    return answers;
}"""


def test_the_client_reads_every_header_as_the_table_says(site: Site, page: Page) -> None:
    page.add_init_script(READS)
    page.goto(site.url + STORED)
    [number, version, notice] = page.evaluate(
        f"""() => [
            document.querySelector("{BANNER}").dataset.consentNumber,
            document.querySelector("[data-consent-category=analytics][data-consent-version]").dataset.consentVersion,
            document.querySelector("{BANNER} [name=notice]").value,
        ]"""
    )
    parts = {"version": version, "number": int(number), "short": notice[:16]}
    # The one over HTTP, the other over HTTPS.
    cases = [(name, *case) for name in NAMES for case in headers(name=name, **parts)]
    assert len(cases) > 100
    read = page.evaluate(ANSWERS, [[name, header] for name, header, _ in cases])
    assert list(zip(cases, read, strict=True)) == [(case, case[2]) for case in cases]


def test_a_cookie_of_the_name_before_is_replaced_once_and_one_without_a_record_is_not_believed(
    site: Site, page: Page
) -> None:
    page.goto(site.url + STORED)
    choose_on_banner(page, "accept")
    [choice] = [cookie for cookie in page.context.cookies() if cookie["name"] == "consent_choice"]
    page.goto("about:blank")  # a page that is open follows its cookie
    page.context.clear_cookies(name="consent_choice")
    page.context.add_cookies([{"name": "cookie_consent", "value": choice["value"], "url": site.url}])
    page.goto(site.url + STORED)
    expect(page.locator("html")).to_have_attribute("data-consent", re.compile("analytics"))
    expect(page.locator(BANNER)).to_be_hidden()
    assert "cookie_consent" not in {cookie["name"] for cookie in page.context.cookies()}
    # As another site of the same domain sets it.
    page.goto("about:blank")
    page.context.clear_cookies()
    page.context.add_cookies([{"name": "cookie_consent", "value": choice["value"], "url": site.url}])
    with page.expect_response("**/consent/carry-over/"):
        page.goto(site.url + STORED)
    expect(page.locator(BANNER)).to_be_visible()
    wait_until(page, "!document.cookie.includes('cookie_consent')")
    expect(page.locator("html")).to_have_attribute("data-consent", "")


def test_another_cookie_of_the_name_is_erased_and_what_was_answered_holds(site: Site, page: Page) -> None:
    def add_other() -> None:
        page.goto("about:blank")
        host = urlsplit(site.url).hostname or ""
        page.context.add_cookies([{"name": "consent_choice", "value": "x", "domain": host, "path": "/glossary"}])

    def paths() -> list[str | None]:
        return [cookie.get("path") for cookie in page.context.cookies() if cookie["name"] == "consent_choice"]

    # Beside a refusal that the site has seen, and beside none.
    for button, opened in (("reject", re.compile("^$")), ("accept", re.compile("analytics"))):
        add_other()
        page.goto(site.url + STORED)
        choose_on_banner(page, button)
        expect(page.get_by_text("Your browser keeps no cookie")).to_be_hidden()
        assert paths() == ["/"]
        add_other()
        page.goto(site.url + STORED)
        expect(page.locator(BANNER)).to_be_hidden()
        wait_until(page, "document.cookie.split('consent_choice=').length === 2")
        expect(page.locator("html")).to_have_attribute("data-consent", opened)
        assert paths() == ["/"]
        page.goto("about:blank")
        page.context.clear_cookies()


def declare(site: Site, *names: str) -> None:
    """Declare cookies in *analytics*, and publish a notice that names them."""
    site.add_person("olga", "Site operators")
    site.python(
        "from cookie_consent.models import Cookie, CookieGroup\nfrom consent.actions import declare_cookie\n"
        "group = CookieGroup.objects.get(varname='analytics')\n"
        f"for name in {names!r}:\n"
        "    declare_cookie(cookie=Cookie(cookiegroup=group, name=name, description='Counts.'), lifetime_days=30)"
    )
    site.manage("publish_notice", "--material", "--reason", "Cookies", "--as", "olga")


def test_names_that_are_none_and_names_with_many_stars_keep_nothing_from_being_erased(
    new_site: Callable[..., Site], page: Page
) -> None:
    site = new_site()
    declare(site, "_exact", "*a" * 40 + "*b", "_ga*", "_x*-*y")
    page.goto(site.url + STORED)
    choose_on_banner(page, "accept")
    page.evaluate("document.cookie = 'junk'")
    for name in ("_exact", "a" * 80, "a" * 40 + "b", "_ga_1", "_x1-2y", "_x-z"):
        page.evaluate("name => void (document.cookie = `${name}=1`)", name)
    withdraw(page)
    page.goto(site.url + STORED)
    wait_until(page, "!/_exact|a{40}b|_ga|y=/.test(document.cookie)")
    kept = page.evaluate("document.cookie.split('; ')")
    assert {"junk", "a" * 80 + "=1", "_x-z=1"} <= set(kept)
