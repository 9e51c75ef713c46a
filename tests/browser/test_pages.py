"""The public pages in a real browser: accessible, usable from 320 px to a desktop, by keyboard and without scripts."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import AXE_TAGS, Site, axe_violations
from tests.packages import NU, PackageMissing

TERMS = """
from datetime import UTC, datetime, timedelta
from django.contrib.auth.models import User
from glossary.actions import approve_review, describe_tag, publish_term, retire_term, save_term, save_terms, submit_term
from glossary.documents import parse_document
from glossary.models import Credentials, Program, RetractedWork, Term
from taggit.models import Tag
by, at = User.objects.create_user("pages"), datetime(2026, 3, 2, 12, tzinfo=UTC)
documents = [parse_document(data) for data in [
    {"title": "Luteal phase", "definition": "<p>The second half of the menstrual cycle.</p>", "tags": ["cycle"]},
    {
        "title": "Retracted work",
        "definition": "<p>It relies on one.</p>",
        "references": [{"citation": "Doe J. On eggs. 2020.", "doi": "10.1000/retracted"}],
    },
    {"title": "β-estradiol", "definition": "<p>A hormone.</p>", "tags": ["cycle", "hormones"]},
    {"title": "Withdrawn notion", "definition": "<p>Taken back.</p>"},
    {
        "title": "Pseudohypoparathyroidism with an unreasonably long name",
        "definition": "<p>Giving <strong>progesterone</strong>, H<sub>2</sub>O and a list:</p><ul><li>one</li></ul>",
        "origin": "<p>From Latin <em>luteus</em>, yellow.</p>",
        "mechanism": "<p>By hormones. <a href='https://example.org/'>More</a>.</p>",
        "insights": [{"text": "Leads on.", "term": "luteal-phase"}, {"text": "Leads nowhere."}],
        "synonyms": [{"text": "long synonym"}, {"text": "PHP", "kind": "abbreviation"}],
        "references": [{"citation": "Someone. 2002.", "doi": "10.1001/" + "jama.288.3.321" * 6, "pmid": "1"}],
        "related": ["luteal-phase"],
        "tags": ["cycle", "hormone therapy"],
        "slug": "long-name",
    },
]]
reviewer = User.objects.create_user("rafael", first_name="Rafael", last_name="Lindqvist")
Credentials.objects.create(user=reviewer, text="MD, consultant endocrinologist")
later = at + timedelta(days=9)
RetractedWork.objects.create(doi="10.1000/retracted", reason="Data fabricated", listed_at=later, checked_at=later)
for saved in save_terms(documents=documents, by=by, at=at):
    publish_term(term=saved.term, by=Program("Test"), at=at, emergency=True, reason="Test")
    if saved.term.slug in ("long-name", "retracted-work"):
        review = submit_term(term=saved.term, by=by, at=at)
        approve_review(review=review, by=reviewer, at=at + timedelta(days=1), publish=True)
    if saved.term.slug == "long-name":
        data = {**documents[4].as_json(), "mechanism": "<p>By 10<sup>3</sup> hormones.</p>", "tags": ["cycle"]}
        save_term(document=parse_document(data), by=by, at=at, term=saved.term)
        publish_term(term=saved.term, by=Program("Test"), at=at, emergency=True, reason="Correction of the dose")
    if saved.term.slug == "withdrawn-notion":
        retire_term(term=saved.term, by=by, at=at, successor=Term.objects.get(slug="luteal-phase"))
describe_tag(tag=Tag.objects.get(name="cycle"), text="What comes each month.\\n\\nAnd why.", by=by, at=at)
"""

PAGES = {
    "home": "/",
    "A to Z": "/glossary/",
    "letter": "/glossary/letter/l/",
    "empty letter": "/glossary/letter/q/",
    "script": "/glossary/letter/greek/",
    "term": "/glossary/long-name/",
    "term with a retracted work": "/glossary/retracted-work/",
    "revisions": "/glossary/long-name/revisions/",
    "earlier revision": "/glossary/long-name/revisions/1/",
    "current revision": "/glossary/long-name/revisions/2/",
    "revision of a retired term": "/glossary/withdrawn-notion/revisions/1/",
    "tags": "/glossary/tags/",
    "tags by letter": "/glossary/tags/letter/c/",
    "tag": "/glossary/tags/cycle/",
    "cookies": "/cookies/",
    "notices": "/consent/notices/",
    "own terms": "/saved/",
    "search": "/search/",
    "search with hits": "/search/?q=luteal",
    "search without hits": "/search/?q=lutael",
    # More parameters than Django reads.
    "bad request": "/search/?" + "&" * 2000,
    "not allowed": "/glossary/",
    "not found": "/nowhere/",
    "retired": "/glossary/withdrawn-notion/",
    "fault": "/glossary/",
}
LANGUAGES = ("", "/de", "/es", "/ar")
WIDTHS = (1280, 390, 320)
# Text has WCAG's AAA contrast of 7:1. A dark page differs from a light one in nothing but its colours.
_COLOURS = {"color-contrast-enhanced": {"enabled": True}}
SCHEMES: dict[Literal["light", "dark"], dict[str, Any]] = {
    "light": {"runOnly": {"type": "tag", "values": AXE_TAGS}, "rules": _COLOURS},
    "dark": {
        "runOnly": {"type": "rule", "values": ["color-contrast", "color-contrast-enhanced", "link-in-text-block"]}
    },
}
STATUS = {"bad request": 400, "not allowed": 403, "not found": 404, "retired": 410, "fault": 500}
# Asked for with a POST that comes from nowhere.
FORGED = ("not allowed",)


@pytest.fixture(scope="module", autouse=True)
def glossary(site: Site) -> None:
    site.python(TERMS)


@pytest.fixture(scope="module")
def broken(new_site: Callable[[], Site]) -> Site:
    """A site of which a table is gone before it has finished any page."""
    site = new_site()
    site.python(
        "from django.db import connection\n"
        "connection.cursor().execute('ALTER TABLE glossary_publishedentry RENAME TO gone')"
    )
    return site


@pytest.fixture(scope="module")
def reader(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(15_000)
    yield context
    context.close()


@pytest.mark.parametrize("language", ["", "/ar"], ids=["English", "Arabic"])
@pytest.mark.parametrize("name", PAGES)
def test_pages_are_accessible_and_fit_the_screen(
    site: Site, broken: Site, reader: BrowserContext, name: str, language: str
) -> None:
    page = reader.new_page()
    address = (broken if name == "fault" else site).url + language + PAGES[name]
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
    for scheme, options in SCHEMES.items():
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width)
            assert axe_violations(page, options=options) == [], (scheme, width)
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
    for language, (name, path) in product(LANGUAGES, PAGES.items()):
        file = tmp_path / f"{len(names)}.html"
        address = (broken if name == "fault" else site).url + language + path
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
