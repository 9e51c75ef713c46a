"""The site runs as production runs it."""

from urllib.request import Request, urlopen

from playwright.sync_api import Page, expect

from tests.browser.visiting import faults_of_any_look
from tests.sites import PASSWORD, Site


def test_staff_can_sign_in(site: Site, page: Page) -> None:
    site.add_person("edith", "Clinical editors")
    page.goto(f"{site.url}/admin/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    assert faults_of_any_look(page) == []
    page.get_by_label("Username").fill("edith")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{site.url}/admin/")
    assert page.title().startswith("Overview")  # test_consent_admin.py looks at it


def test_what_asks_for_consent_is_under_three_kibibytes_on_the_wire(site: Site, page: Page) -> None:
    page.goto(site.url)
    client = page.locator("script[src*='/consent/'], link[rel=stylesheet][href*='/consent/']")
    files = [element.evaluate("element => element.src || element.href") for element in client.all()]
    assert len(files) == 2
    size = 0
    for file in files:
        with urlopen(Request(file, headers={"Accept-Encoding": "br"})) as response:  # noqa: S310  (our own server)
            assert response.headers["Content-Encoding"] == "br"
            size += len(response.read())
    assert size < 3 * 1_024
