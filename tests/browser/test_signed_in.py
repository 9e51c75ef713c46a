"""Those who are signed in to the admin get no services on public pages, where a third party could use their session."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.banner import STORED, choose_on_banner, publish_services
from tests.browser.third_parties import remembering, serve
from tests.browser.visiting import axe_violations, sign_in
from tests.sites import PASSWORD, Site

OFF = "You are signed in to the admin. Services of third parties are off until you sign out."
# Reads the form's token as the admin's own page would, and makes an account.
ATTACK = f"""
(async () => {{
    const page = await (await fetch("/admin/auth/user/add/")).text();
    const token = /name="csrfmiddlewaretoken" value="([^"]+)"/.exec(page)?.[1] ?? "";
    const body = new URLSearchParams({{ csrfmiddlewaretoken: token, username: "mallory", usable_password: "true" }});
    for (const name of ["password1", "password2"]) body.set(name, "{PASSWORD}");
    await fetch("/admin/auth/user/add/", {{ method: "POST", body }});
    document.documentElement.dataset.attacked = "done";
}})();
"""
#: Scripts that the client has put into the page.
STARTED = "script[src*='/consent/services/'], script[src*='vendor.js'], img[src*='pixel']"


@pytest.fixture(scope="module")
def asked() -> list[str]:
    return []


@pytest.fixture(scope="module")
def attacked(new_site: Callable[..., Site], asked: list[str]) -> Iterator[Site]:
    """A site with services that attack those who are signed in: start code, a script, a pixel and an embed."""
    bodies = {"/vendor.js": ("text/javascript", ATTACK), "/film": ("text/html", "<!doctype html><title>Film</title>")}
    with serve(remembering(asked, lambda path: bodies.get(path, ("image/gif", "GIF89a")))) as port:
        yield _site(new_site(), f"http://127.0.0.1:{port}")


def _site(site: Site, vendor: str) -> Site:
    publish_services(
        site,
        {"name": "Start code", "kind": "code", "start_code": ATTACK},
        {"name": "Script", "kind": "script", "url": f"{vendor}/vendor.js"},
        {"name": "Pixel", "kind": "pixel", "url": f"{vendor}/pixel.gif"},
        {"name": "Film", "kind": "embed", "url": f"{vendor}/film", "pages": STORED},
    )
    site.add_person("sam", superuser=True)
    return site


def accounts(site: Site) -> str:
    """Return how many accounts the attack made."""
    return site.python(
        "from django.contrib.auth.models import User\nprint(User.objects.filter(username='mallory').count())"
    )


@pytest.fixture
def superuser(attacked: Site, page: Page) -> Page:
    """The page of a superuser who accepted every service before they signed in."""
    page.goto(attacked.url + STORED)
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-attacked", "done")
    assert accounts(attacked) == "0", "nobody is signed in"
    sign_in(page, attacked, "sam")
    return page


def nothing_runs(page: Page) -> bool:
    """Whether the client has put nothing of a third party into the page, which it does as it starts."""
    expect(page.locator("html")).to_have_attribute("data-consent", "personalization")
    return page.locator(STARTED).count() == 0


def test_an_accepted_service_cannot_use_the_session_of_a_superuser(
    attacked: Site, asked: list[str], superuser: Page
) -> None:
    asked.clear()
    for path in (STORED, "/search/", "/nowhere/"):
        answer = superuser.goto(attacked.url + path)
        assert answer is not None
        assert nothing_runs(superuser), path
        assert "http://127.0.0.1" not in answer.headers["content-security-policy"], path
        assert asked == [], path
    assert accounts(attacked) == "0"


def test_what_they_read_is_true_and_ends_with_the_session(attacked: Site, superuser: Page) -> None:
    superuser.goto(attacked.url + STORED)
    expect(superuser.locator("footer").get_by_text(OFF)).to_be_visible()
    expect(superuser.locator("[data-consent-embed]").get_by_text(OFF)).to_be_visible()
    expect(superuser.get_by_role("button", name="Show this")).to_be_hidden()
    expect(superuser.get_by_role("button", name="Withdraw my consent")).to_be_visible()
    for part in ("[data-consent-embed]", "footer"):
        assert axe_violations(superuser, part=part) == []
    superuser.goto(f"{attacked.url}/cookies/")
    expect(superuser.locator("main").get_by_text(OFF)).to_be_visible()
    superuser.goto(f"{attacked.url}/admin/")
    superuser.get_by_role("button", name="Log out").click()
    superuser.wait_for_url(f"{attacked.url}/admin/logout/")
    superuser.goto(attacked.url + STORED)
    expect(superuser.locator("html")).to_have_attribute("data-attacked", "done")
    expect(superuser.get_by_text(OFF).first).to_be_hidden()
    assert accounts(attacked) == "0"


def test_a_session_cookie_alone_is_sign_enough(
    attacked: Site, asked: list[str], context: BrowserContext, superuser: Page
) -> None:
    context.clear_cookies(name="signed_in")
    asked.clear()
    for _ in range(2):  # anew, and as the browser kept it
        superuser.goto(attacked.url + STORED)
        assert nothing_runs(superuser)
    assert asked == []
    assert accounts(attacked) == "0"


def test_a_page_that_was_open_before_is_loaded_anew(attacked: Site, context: BrowserContext, page: Page) -> None:
    page.goto(attacked.url + STORED)
    choose_on_banner(page, "accept")
    expect(page.locator("html")).to_have_attribute("data-attacked", "done")
    sign_in(context.new_page(), attacked, "sam")
    page.bring_to_front()
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    expect(page.locator("footer").get_by_text(OFF)).to_be_visible()
    assert nothing_runs(page)


def test_the_client_starts_nothing_where_a_cache_hands_out_a_policy_that_is_open(
    attacked: Site, superuser: Page
) -> None:
    def from_a_cache(route: Route) -> None:
        """Answer as a cache does that doesn't look at cookies."""
        answer = route.fetch(headers={**route.request.headers, "cookie": ""})
        policy = re.sub("require-trusted-types.*?;|trusted-types.*?;", "", answer.headers["content-security-policy"])
        opened = policy.replace("'self'", "'self' http://127.0.0.1:*").replace("'none'", "http://127.0.0.1:*", 1)
        route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": opened})

    superuser.route(attacked.url + STORED, from_a_cache)
    answer = superuser.goto(attacked.url + STORED)
    assert answer is not None
    assert "http://127.0.0.1" in answer.headers["content-security-policy"]
    assert nothing_runs(superuser)
    assert accounts(attacked) == "0"
