"""The faults of django-cookie-consent 1.0.0 that take a real browser or several processes to show.

The others, and what this is about, are in ``tests/site/test_cookie_consent_faults.py``.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.banner import BANNER, STORED, Tracker, ran, withdraw
from tests.sites import TIMES, Site, ask
from tests.waiting import eventually

pytestmark = pytest.mark.one_tab

RECORDS = (
    "from consent.models import ConsentRecord as R\nprint(*R.objects.order_by('pk').values_list('action', flat=True))"
)
SERVICES = (
    "from django.contrib.auth.models import User\nfrom django.utils import timezone\n"
    "from consent.actions import save_service\nfrom consent.models import Service\n"
    "for service in Service.objects.all():\n"
    "    service.status = {!r}\n"
    "    save_service(service=service, by=User.objects.get(username='olga'), at=timezone.now())"
)


def records(site: Site) -> list[str]:
    return site.python(RECORDS).split()


def has_receipt(context: BrowserContext) -> bool:
    return "consent_receipt" in {cookie["name"] for cookie in context.cookies()}


# Of ten choices that are made just before the visitor leaves the page, two are lost.
@pytest.mark.parametrize("way", ["to another page", "to another site", "by closing the tab"])
def test_every_choice_made_just_before_leaving_the_page_is_recorded(
    tracked: Site, tracker: Tracker, page: Page, way: str
) -> None:
    before = len(records(tracked))
    target = {"to another page": "/robots.txt", "to another site": tracker.url("analytics")}.get(way, "")
    context = page.context
    leaving = context.new_page()
    for number in range(3):
        context.clear_cookies()
        leaving.goto(f"{tracked.url}{STORED}")
        button = leaving.locator(f"{BANNER} [data-consent-reject]")
        if target:
            with leaving.expect_navigation():
                # In one task: nothing can happen between the press and the leaving.
                button.evaluate("(button, target) => { button.click(); location.assign(target); }", target)
        else:
            button.evaluate("button => button.click()")
            leaving.close()
            leaving = context.new_page()
        # The client writes the consent cookie at the press, and the site this one with its answer.
        eventually(lambda: has_receipt(context), f"choice {number} was answered")
        assert "consent_choice" in {cookie["name"] for cookie in context.cookies(tracked.url)}, number
    assert records(tracked)[before:] == ["reject_all"] * 3


# Its bar runs `onAccept`, and so every tracker, although the server answered 500 and nothing was recorded.
@pytest.mark.database
def test_nothing_opens_when_the_server_cannot_record_the_choice(tracked: Site, tracker: Tracker, page: Page) -> None:
    rename = "from django.db import connection\nconnection.cursor().execute('ALTER TABLE {} RENAME TO {}')"
    page.goto(f"{tracked.url}{STORED}")
    tracker.forget()
    tracked.python(rename.format("consent_consentrecord", "consent_consentrecord_away"))
    try:
        with page.expect_response("**/consent/") as answer:
            page.locator(f"{BANNER} [data-consent-accept]").click()
        assert answer.value.status >= 500
        expect(page.locator(f"{BANNER} [data-consent-status]")).to_contain_text("Nothing")
        assert page.context.cookies() == []
        page.goto(f"{tracked.url}{STORED}")
        expect(page.locator(BANNER)).to_be_visible()
        assert (ran(page), tracker.asked) == (set(), [])
    finally:
        tracked.python(rename.format("consent_consentrecord_away", "consent_consentrecord"))


# Two tabs that were open before either was answered overwrite one another's groups.
def test_of_two_open_tabs_the_answer_given_last_holds_whole_and_the_other_tab_follows_it(
    tracked: Site, tracker: Tracker, context: BrowserContext
) -> None:
    before = len(records(tracked))
    first, second = context.new_page(), context.new_page()
    for tab in (first, second):
        tab.goto(f"{tracked.url}{STORED}")
    # Pressed from within: as a tab comes to the front, it has the other one's answer already and asks no more.
    with first.expect_response("**/consent/"):
        first.locator(f"{BANNER} [data-consent-accept]").evaluate("button => button.click()")
    expect(first.locator("html")).to_have_attribute("data-marketing", "ran")
    with second.expect_response("**/consent/"):
        second.locator(f"{BANNER} [data-consent-reject]").evaluate("button => button.click()")
    assert records(tracked)[before:] == ["accept_all", "withdraw"]
    [value] = [cookie["value"] for cookie in context.cookies() if cookie["name"] == "consent_choice"]
    assert [pair.split("=")[1] for pair in value.split("|")[:3]] == ["-1"] * 3
    first.bring_to_front()
    first.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    expect(first.locator("html")).not_to_have_attribute("data-marketing", "ran")
    tracker.forget()
    first.goto(f"{tracked.url}{STORED}")
    assert (ran(first), tracker.asked) == (set(), [])


# Its cache in local memory tells other workers nothing for an hour: a group that is gone goes on being accepted there.
@pytest.mark.database
def test_what_one_process_switches_off_or_on_holds_in_every_worker_on_the_next_request(
    tracked: Site, tracker: Tracker, page: Page
) -> None:
    page.goto(f"{tracked.url}{STORED}")
    with page.expect_response("**/consent/"):
        page.locator(f"{BANNER} [data-consent-accept]").click()
    expect(page.locator("html")).to_have_attribute("data-marketing", "ran")
    cookie = "; ".join(f"{each['name']}={each['value']}" for each in page.context.cookies(tracked.url))
    origin = f"localhost:{tracker.port}"

    def opened(path: str) -> set[bool]:
        answers = [ask(tracked, path, Cookie=cookie)[0] for _ in range(TIMES)]
        return {origin in answer.headers["Content-Security-Policy"] for answer in answers}

    for path in (STORED, "/search/"):  # the page store's, and Django's
        assert opened(path) == {True}
        try:
            tracked.python(SERVICES.format("off"))
            assert opened(path) == {False}
        finally:
            tracked.python(SERVICES.format("on"))
        assert opened(path) == {True}


# It deletes cookies by their exact name, domain and path, and knows no wildcards such as `_ga_*`.
def test_withdrawal_erases_by_wildcard_whatever_path_and_parent_domain_a_cookie_was_set_with(
    new_site: Callable[..., Site], page: Page
) -> None:
    site = new_site()
    site.add_person("olga", "Site operators")
    site.python(
        "from cookie_consent.models import Cookie, CookieGroup\nfrom consent.actions import declare_cookie\n"
        "group = CookieGroup.objects.get(varname='analytics')\n"
        "declare_cookie(cookie=Cookie(cookiegroup=group, name='_ga_*', description='Counts.'), lifetime_days=30)"
    )
    site.manage("publish_notice", "--material", "--reason", "A cookie", "--as", "olga")
    url = site.url.replace("127.0.0.1", "www.glossary.localhost") + STORED

    def kept() -> set[str]:
        return {cookie["name"] for cookie in page.context.cookies()} - {"consent_choice", "consent_receipt"}

    page.goto(url)
    with page.expect_navigation():  # the page loads anew, as something is open now
        page.locator(f"{BANNER} [data-consent-accept]").click()
    expect(page.locator(BANNER)).to_be_hidden()
    names = {"_ga_HOST", "_ga_PARENT", "_ga_PATH", "_gap", "own"}
    for name in names:
        where = {"_ga_PARENT": "; domain=glossary.localhost", "_ga_PATH": "; path=/glossary"}.get(name, "; path=/")
        page.evaluate("text => { document.cookie = text }", f"{name}=1{where}")
    page.goto(url)
    assert kept() == names  # accepted, so they stay
    withdraw(page)
    page.goto(url)  # a cookie with a path is in sight of the pages below it alone
    assert kept() == {"_gap", "own"}
