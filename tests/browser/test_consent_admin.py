"""The operators' desk in a real browser, under the admin's own policy."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import Browser, Page, expect

from consent.services.presets import PRESETS
from tests.browser.editing import faults_of_desk_page
from tests.browser.visiting import sign_in
from tests.consent.builders import ANSWERS
from tests.sites import Site


@pytest.fixture(scope="module")
def desk(site: Site, browser: Browser) -> Iterator[Page]:
    """A site operator's page, signed in, of a site with an audit and a service."""
    site.add_person("olga", "Site operators")
    site.python(
        "from django.utils import timezone\n"
        "from tests.consent.audits import audit_finding, audit_run\n"
        "from consent.actions import save_service\n"
        "from django.contrib.auth.models import User\n"
        "from tests.consent.builders import service\n"
        "audit_run(audit_finding(refused_by_browser=True), at=timezone.now(), left_out=['The preferences page.'])\n"
        "heatmap = service('Heatmap', 'marketing', start_code='window.heat = 1;\\nheat.start();')\n"
        "save_service(service=heatmap, by=User.objects.get(), at=timezone.now())"
    )
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = context.new_page()
    sign_in(page, site, "olga")
    yield page
    context.close()


def test_a_service_goes_from_the_form_over_the_notice_to_the_page(site: Site, desk: Page) -> None:
    desk.goto(f"{site.url}/admin/consent/service/add/")
    for label, value in [
        ("Name", "Page counter"),
        ("Recipient", "Example Ltd"),
        ("Purpose", "Counts how often pages are read."),
        ("Privacy policy", "https://example.org/privacy"),
        ("Address", "https://stats.example.org/counter.js"),
        ("Integrity", "sha384-" + base64.b64encode(b"x" * 48).decode()),
    ]:
        desk.get_by_label(label, exact=False).first.fill(value)
    desk.get_by_label("Category").select_option(label="Analytics")
    desk.get_by_label("Status").select_option("announced")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("nothing changes for visitors")).to_be_visible()
    desk.get_by_role("link", name="Compare and publish a notice").click()
    expect(desk.get_by_text("Counts how often pages are read.").first).to_contain_text(
        "sends to https://stats.example.org"
    )
    assert faults_of_desk_page(desk) == []
    desk.get_by_label("What visitors agree to.").check()
    desk.get_by_label("Why?").fill("Statistics of use.")
    desk.get_by_role("button", name="Publish this notice").click()
    expect(desk.get_by_text("Notice 2 (en) is live.")).to_be_visible()
    desk.goto(f"{site.url}/admin/consent/service/")
    desk.get_by_role("link", name="Page counter").click()
    desk.get_by_label("Status").select_option("on")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Yes, for visitors who accept its category.")).to_be_visible()
    visitor = desk.context.new_page()
    visitor.goto(f"{site.url}/glossary/")
    assert visitor.locator("template[data-consent-service='analytics.page-counter']").count() == 1
    visitor.close()


def test_the_preview_is_the_public_page_and_runs_nothing(site: Site, desk: Page) -> None:
    refused: list[str] = []
    desk.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    desk.goto(f"{site.url}/admin/consent/notice/preview/en/")
    for width in ("desktop", "phone"):
        banner = desk.frame_locator(f"iframe[title='Banner, {width}']")
        expect(banner.get_by_role("button", name="Reject all")).to_be_visible()
        assert banner.locator("[data-consent-banner]").evaluate("panel => getComputedStyle(panel).position") == "fixed"
        page = desk.frame_locator(f"iframe[title='Preferences page, {width}']")
        expect(page.get_by_role("heading", name="Detailed Cookie Preferences")).to_be_visible()
    assert desk.frame_locator("iframe[title='Banner, phone']").locator("body").evaluate("() => innerWidth") == 390
    assert refused == []


# One of each kind. Lists that add nothing to Django's are judged once, in test_review_story.py, what was refused in
# test_consent_reports.py, the evidence in test_consent_evidence.py, and the pages of notices and checks that the other
# tests here come to, there.
@pytest.mark.parametrize(
    "path",
    [
        "consent/notice/",
        "consent/notice/1/change/",
        "consent/notice/preview/en/",
        "consent/noticetext/1/change/",
        "consent/consentrecord/export/",
        "",
        "consent/auditrun/1/change/",
        "consent/dailychoices/",
        "consent/service/presets/",
        "consent/service/presets/meta-pixel/",
        "consent/service/1/change/",
        "consent/service/1/start-code/",
        "cookie_consent/cookiegroup/2/change/",
    ],
)
def test_axe_finds_nothing_on_the_desk(site: Site, desk: Page, path: str) -> None:
    desk.goto(f"{site.url}/admin/{path}")
    assert faults_of_desk_page(desk) == []


# Runs start code, and returns what it has put by for the vendor's script.
QUEUED = """(code) => {
    (0, eval)(code);
    const {_paq, plausible, dataLayer, clarity, fbq} = window;
    const queues = [_paq, plausible?.q, dataLayer, clarity?.q, fbq?.queue];
    return JSON.stringify(queues.map((queue) => [...(queue ?? [])].map((each) =>
        [...(each[Symbol.iterator] ? each : [each])])));
}"""


def test_the_start_code_of_every_preset_runs(page: Page) -> None:
    """Before the vendor's script is there, and told a page's title only where somebody wanted that."""
    for chosen, tells_pages in product(PRESETS, (False, True)):
        which = f"{chosen.slug}, {'told' if tells_pages else 'not told'} which pages are read"
        code = chosen.service(ANSWERS[chosen.slug], tells_pages=tells_pages).start_code
        page.goto("about:blank")
        page.evaluate("document.title = 'Canary'")
        queued = page.evaluate(QUEUED, code)
        assert "Canary" not in queued, which
        for answer in ANSWERS[chosen.slug].values():
            if answer in code:
                assert answer in queued, which


def test_the_ledger_is_verified_with_a_button_and_the_page_follows(site: Site, desk: Page) -> None:
    desk.goto(f"{site.url}/admin/consent/checkpoint/")
    assert faults_of_desk_page(desk) == []
    desk.get_by_role("button", name="Verify now").click()
    expect(desk).to_have_url(re.compile(r"/admin/consent/checkrun/\d+/change/$"))
    # Without loading the page again.
    expect(desk.get_by_role("status")).to_contain_text("Passed.", timeout=60_000)
    expect(desk.get_by_role("region", name="Result")).to_contain_text("Not checked:")
    assert faults_of_desk_page(desk, dark=True) == []
    # A process that was killed says nothing any more.
    site.python(
        "from consent.models import CheckRun\n"
        "from datetime import timedelta\n"
        "run = CheckRun.objects.get()\n"
        "silent = run.started_at - timedelta(minutes=5)\n"
        "times = dict.fromkeys(('asked_at', 'started_at', 'alive_at'), silent)\n"
        "CheckRun.objects.create(kind='audit', asked_by=run.asked_by, progress='home', **times)"
    )
    desk.goto(f"{site.url}/admin/consent/checkrun/")
    desk.get_by_role("row", name="Did not finish").get_by_role("link").click()
    expect(desk.get_by_role("status")).to_contain_text("Did not finish.")
