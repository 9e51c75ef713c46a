"""The site runs as production runs it."""

from playwright.sync_api import Page

from tests.browser.conftest import Site, axe_violations, sign_in


def test_staff_can_sign_in(site: Site, page: Page) -> None:
    site.add_person("edith", "Clinical editors")
    sign_in(page, site, "edith")
    assert page.title().startswith("Editing desk")
    assert axe_violations(page) == []
