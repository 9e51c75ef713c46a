"""Pages in other languages in a real browser: they fit, they can be heard, and the way between them works."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.banner import choose_on_banner
from tests.browser.pages import TERMS
from tests.browser.visiting import axe_violations, rest
from tests.sites import Site

pytestmark = pytest.mark.one_tab

# Those with the longest words, and those that the walk of all pages doesn't know in Arabic.
GERMAN = (
    "/de/",
    "/de/glossary/long-name/",
    "/de/glossary/long-name/revisions/",
    "/de/search/?q=nothing",
    "/de/cookies/",
)
RECEIPTS = ("/consent/de/receipt/", "/consent/ar/receipt/")


@pytest.fixture(scope="module", autouse=True)
def glossary(site: Site) -> None:
    site.python(TERMS)


def test_pages_fit_the_smallest_screen_and_are_accessible(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 900})
    for path in (*GERMAN, *RECEIPTS):
        response = page.goto(site.url + path)
        assert response
        assert response.ok, path
        rest(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        # Longer words take more room; what is in the pages is judged in test_pages.py.
        if path in RECEIPTS:
            assert axe_violations(page) == [], path


def test_a_reader_changes_the_language_where_she_is(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/search/?q=luteal")
    page.get_by_role("link", name="العربية").click()
    expect(page).to_have_url(f"{site.url}/ar/search/?q=luteal")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.get_by_role("link", name="Luteal phase", exact=True).click()
    expect(page).to_have_url(f"{site.url}/ar/glossary/luteal-phase/")
    title = page.get_by_role("heading", level=1).locator("[lang]")
    assert title.get_attribute("lang") == "en-GB"
    page.get_by_role("link", name="Deutsch").click()
    expect(page).to_have_url(f"{site.url}/de/glossary/luteal-phase/")
    expect(page.get_by_role("link", name="Zum Inhalt springen")).to_be_attached()
    page.get_by_role("link", name="English").click()
    expect(page).to_have_url(f"{site.url}/glossary/luteal-phase/")


def test_suggestions_lead_to_pages_of_the_same_language(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/ar/")
    page.get_by_role("combobox").press_sequentially("lute")
    page.get_by_role("option", name="Luteal phase").click()
    expect(page).to_have_url(f"{site.url}/ar/glossary/luteal-phase/")


def test_an_arabic_page_begins_at_the_right(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{site.url}/ar/glossary/long-name/")
    name, topics = (page.locator(f"header {place}").first.bounding_box() for place in ("a[href='/ar/']", "nav a"))
    assert name
    assert topics
    assert name["x"] > topics["x"]
    # English text is read from the left, wherever it stands.
    definition, origin = page.locator(".prose--lead"), page.locator("section:has(#origin) .prose")
    # In the same column as what follows, although it has another direction than the page.
    ends = [text.evaluate("element => element.getBoundingClientRect().right") for text in (definition, origin)]
    assert ends[0] == ends[1]
    assert definition.evaluate("element => getComputedStyle(element).direction") == "ltr"


def test_consent_is_given_and_shown_on_pages_of_another_language(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/ar/")
    banner = page.locator("[data-consent-banner]")
    expect(banner).to_have_attribute("lang", "en")
    expect(banner).to_have_attribute("dir", "ltr")
    choose_on_banner(page, "accept")
    page.goto(f"{site.url}/consent/ar/receipt/")
    expect(page.get_by_role("heading", level=1)).to_have_text("إيصال اختيارك")
    page.get_by_role("button", name="سحب موافقتي").first.click()
    expect(page).to_have_url(f"{site.url}/consent/ar/receipt/")
    expect(page.locator("html")).to_have_attribute("lang", "ar")
