"""The public pages in a real browser: accessible, usable from 320 px to a desktop, by keyboard and without scripts."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.browser.pages import PAGES, TERMS
from tests.browser.visiting import SHAPES, TIMEOUT, axe_violations, faults_of_any_look, rest
from tests.packages import NU, PackageMissing
from tests.sites import Site

# One of each direction. That a translation has the same tags as its text is shown in tests/site/test_catalogues.py.
LANGUAGES = ("", "/ar")
STATUS = {"bad request": 400, "not allowed": 403, "not found": 404, "retired": 410, "fault": 500, "unavailable": 503}
# Asked for of the site that is broken.
BROKEN = ("fault", "unavailable")
# Asked for with a POST that comes from nowhere.
FORGED = ("not allowed",)
WIDTHS = (1280, 390, 320)
# Those whose parts are elsewhere on a wide screen: beside one another, or no longer folded away.
WIDE = ("home", "term", "search with hits")
# Those that together have every kind of part. tests/site/test_colours.py shows that any text can be read on any ground,
# light or dark, and that styles use no other colours.
DARK = ("home", "term", "current revision", "search with hits")
# Pages that are made of the same parts as another one, whose colours are theirs.
LOOKS_LIKE = {
    "empty letter": "letter",
    "script": "letter",
    "term with a retracted work": "term",
    "revision of a retired term": "earlier revision",
    "tags by letter": "tags",
    "search": "search without hits",
    "not allowed": "bad request",
    "not found": "bad request",
    "retired": "bad request",
    "fault": "bad request",
    "unavailable": "bad request",
}
# Another direction changes where things are, and no colour: it is judged at the smallest width, once for each layout.
MIRRORED = (
    *("home", "A to Z", "term", "revisions", "current revision", "search with hits", "own terms"),
    *("cookies", "bad request"),
)
WALK = [(prefix, name) for prefix in LANGUAGES for name in PAGES if not prefix or name in MIRRORED]


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
def tab(browser: Browser) -> Iterator[Page]:
    """One tab for all pages. What a browser has compiled for a page, axe among it, serves the next one."""
    context = browser.new_context(locale="en-GB")
    context.set_default_timeout(TIMEOUT)
    yield context.new_page()
    context.close()


@pytest.fixture
def complaints(tab: Page) -> Iterator[list[str]]:
    """What the browser says of the page in the tab, and what its scripts throw."""
    said: list[str] = []

    def note(what: object) -> None:
        said.append(getattr(what, "text", str(what)))

    for event in ("console", "pageerror"):
        tab.on(event, note)
    yield said
    for event in ("console", "pageerror"):
        tab.remove_listener(event, note)


@pytest.mark.parametrize(("language", "name"), [pytest.param(*each, id="".join(each[::-1])) for each in WALK])
def test_pages_are_accessible_and_fit_the_screen(
    site: Site, broken: Site, tab: Page, complaints: list[str], name: str, language: str
) -> None:
    address = (broken if name in BROKEN else site).url + language + PAGES[name]
    tab.set_viewport_size({"width": WIDTHS[0], "height": 900})
    tab.unroute_all()
    if name in FORGED:
        tab.route(address, lambda route: route.continue_(method="POST"))
    response = tab.goto(address)
    assert response
    assert response.status == STATUS.get(name, 200)
    assert "set-cookie" not in response.all_headers()
    assert tab.evaluate("document.documentElement.dir") == ("rtl" if language else "ltr")
    if response.ok:  # the browser itself logs a page that is an error
        assert complaints == []
    # Every page fits every width, and every layout in both directions. Axe judges it where there is least room.
    assert [f"needs {needed} px at {width}" for width in WIDTHS if (needed := needed_at(tab, width)) > width] == []
    if language or name in LOOKS_LIKE:
        assert axe_violations(tab, options=SHAPES) == []
    else:
        widths = (320, 1280) if name in WIDE else (320,)
        assert faults_of_any_look(tab, widths=widths, dark=name in DARK, strict=True) == []
    assert tab.context.cookies() == []


def needed_at(page: Page, width: int) -> int:
    """Return how many pixels the page takes in a window of that width, which it is left in."""
    page.set_viewport_size({"width": width, "height": 900})
    rest(page)
    needed: int = page.evaluate("document.documentElement.scrollWidth")
    return needed


def test_every_page_is_valid_html_in_both_directions(site: Site, broken: Site, tmp_path: Path) -> None:
    java = shutil.which("java")
    if java is None:
        pytest.skip("the Nu HTML checker is run with Java: install default-jre-headless")
    checker = tmp_path / "vnu.jar"
    try:
        checker.write_bytes(NU.read("build/dist/vnu.jar"))
    except PackageMissing as missing:
        pytest.skip(str(missing))
    names: dict[str, str] = {}
    for language, name in WALK:
        file = tmp_path / f"{len(names)}.html"
        address = (broken if name in BROKEN else site).url + language + PAGES[name]
        request = Request(address, method="POST" if name in FORGED else "GET")  # noqa: S310  (our own server)
        try:
            with urlopen(request) as response:  # noqa: S310
                file.write_bytes(response.read())
        except HTTPError as error:
            file.write_bytes(error.read())
        names[file.name] = f"{name} {language}"
    # For a hundred files, Java’s second compiler costs more than it saves. What it leaves on the stack takes more room.
    options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xss2m"]
    command = [
        java,
        *options,
        "-jar",
        str(checker),
        "--stdout",
        "--format",
        "json",
        "--exit-zero-always",
        *map(str, names),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, check=True)
    # Warnings too: whatever it has to say.
    found = {(names[Path(each["url"]).name], each["message"]) for each in json.loads(done.stdout)["messages"]}
    assert found == set()


def test_little_is_fetched_all_of_it_from_here_and_what_has_a_version_is_compressed_and_kept(
    site: Site, page: Page
) -> None:
    fetched: list[Response] = []
    page.on("response", lambda response: fetched.append(response))
    page.goto(f"{site.url}/glossary/long-name/")
    assert all(response.url.startswith(site.url) for response in fetched)
    styles = [response for response in fetched if response.url.endswith(".css")]
    # The site’s own, and that of consent, which brings its styles along.
    assert len(styles) == 2
    for style in styles:
        assert style.headers["content-encoding"] in ("br", "gzip")
        assert "immutable" in style.headers["cache-control"]
        assert "@import" not in style.text()
