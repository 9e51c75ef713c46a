"""The public pages in a real browser: accessible, usable from 320 px to a desktop, by keyboard and without scripts."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.pages import PAGES, TERMS
from tests.browser.visiting import TIMEOUT, faults_of_any_look, rest
from tests.packages import NU, PackageMissing
from tests.sites import Site

LANGUAGES = ("", "/de", "/es", "/ar")
STATUS = {"bad request": 400, "not allowed": 403, "not found": 404, "retired": 410, "fault": 500, "unavailable": 503}
# Asked for of the site that is broken.
BROKEN = ("fault", "unavailable")
# Asked for with a POST that comes from nowhere. The admin is in English alone.
FORGED = ("not allowed",)
PAGES_IN = {language: [name for name in PAGES if not language or name not in FORGED] for language in LANGUAGES}


@pytest.fixture(scope="module", autouse=True)
def glossary(site: Site) -> None:
    site.python(TERMS)


@pytest.fixture(scope="module")
def broken(new_site: Callable[..., Site]) -> Site:
    """A site with a column and a table gone before it has finished any page: a fault, and a database that is away."""
    site = new_site()
    site.python(
        "from django.db import connection\n"
        "cursor = connection.cursor()\n"
        "cursor.execute('ALTER TABLE glossary_publishedentry RENAME COLUMN sort_key TO gone')\n"
        "cursor.execute('ALTER TABLE glossary_entryname RENAME TO gone')"
    )
    return site


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(TIMEOUT)
    yield context
    context.close()


@pytest.mark.parametrize(
    ("name", "language"),
    [pytest.param(name, prefix, id=f"{name}{prefix}") for prefix in ("", "/ar") for name in PAGES_IN[prefix]],
)
def test_pages_are_accessible_and_fit_the_screen(
    site: Site, broken: Site, reader: BrowserContext, name: str, language: str
) -> None:
    page = reader.new_page()
    address = (broken if name in BROKEN else site).url + language + PAGES[name]
    if name in FORGED:
        page.route(address, lambda route: route.continue_(method="POST"))
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    response = page.goto(address)
    assert response
    assert response.status == STATUS.get(name, 200)
    assert "set-cookie" not in response.all_headers()
    assert page.evaluate("document.documentElement.dir") == ("rtl" if language else "ltr")
    if response.ok:  # the browser itself logs a page that is an error
        assert complaints == []
    page.set_viewport_size({"width": 390, "height": 900})
    rest(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # Colours are the same in every language.
    assert faults_of_any_look(page, dark=not language, strict=True) == []
    assert reader.cookies() == []
    page.close()


def test_every_page_is_valid_html_in_every_language(site: Site, broken: Site, tmp_path: Path) -> None:
    java = shutil.which("java")
    if java is None:
        pytest.skip("the Nu HTML checker is run with Java: install default-jre-headless")
    checker = tmp_path / "vnu.jar"
    try:
        checker.write_bytes(NU.read("build/dist/vnu.jar"))
    except PackageMissing as missing:
        pytest.skip(str(missing))
    names: dict[str, str] = {}
    for language, name in [(prefix, name) for prefix, inside in PAGES_IN.items() for name in inside]:
        file = tmp_path / f"{len(names)}.html"
        address = (broken if name in BROKEN else site).url + language + PAGES[name]
        request = Request(address, method="POST" if name in FORGED else "GET")  # noqa: S310  (our own server)
        try:
            with urlopen(request) as response:  # noqa: S310
                file.write_bytes(response.read())
        except HTTPError as error:
            file.write_bytes(error.read())
        names[file.name] = f"{name} {language}"
    command = [java, "-jar", str(checker), "--stdout", "--format", "json", "--exit-zero-always", *map(str, names)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, check=True)
    # Warnings too: whatever it has to say.
    found = {(names[Path(each["url"]).name], each["message"]) for each in json.loads(done.stdout)["messages"]}
    assert found == set()


def test_nothing_is_fetched_from_elsewhere_and_little_from_here(site: Site, page: Page) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto(f"{site.url}/glossary/long-name/")
    assert all(url.startswith(site.url) for url in fetched)
    # The site’s own, and that of consent, which brings its styles along.
    assert len([url for url in fetched if url.endswith(".css")]) == 2


def test_the_keyboard_reaches_the_content_and_the_search(site: Site, page: Page) -> None:
    page.goto(f"{site.url}/glossary/long-name/")
    skip = page.get_by_role("link", name="Skip to content")
    skip.focus()
    assert skip.is_visible()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.get_by_role("combobox").focus()
    page.keyboard.type("luteal")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=luteal")
    page.get_by_role("link", name="Luteal phase", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Luteal phase"


def test_every_page_works_without_javascript(site: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.url)
    page.get_by_role("searchbox").fill("PHP")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Pseudohypoparathyroidism").click()
    page.get_by_role("link", name="Luteal phase").first.click()
    page.get_by_role("link", name="L", exact=True).click()
    assert page.url == f"{site.url}/glossary/letter/l/"
    context.close()


def test_stylesheet_and_fonts_are_compressed_and_kept_for_ever(site: Site, page: Page) -> None:
    with page.expect_response(lambda response: response.url.endswith(".css")) as waited:
        page.goto(site.url)
    response = waited.value
    assert response.headers["content-encoding"] in ("br", "gzip")
    assert "immutable" in response.headers["cache-control"]
    assert "@import" not in response.text()
