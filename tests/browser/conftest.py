"""A real Chromium, and sites for it to visit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.banner import SCRIPTS, Tracker, publish_services
from tests.browser.editing import WIDE, watch
from tests.browser.tabs import as_on_a_first_visit, no_errors, one_tab
from tests.browser.third_parties import remembering, serve
from tests.browser.visiting import CHROMIUM, CHROMIUM_OPTIONS, HEADLESS, TIMEOUT, sign_in
from tests.sites import Site

expect.set_options(timeout=TIMEOUT)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here as a browser test, and leave it out, saying so, where there is no Chromium."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="needs Chromium: install the package chromium"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests. Each begins with profiles of its own, and those are closed behind it."""
    with sync_playwright() as playwright:
        # Playwright's event loop runs for as long as the browser does. Django takes it for a sign that tests without a
        # browser, which come next in the same process, were asynchronous, and would refuse them the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        visible = os.environ.get("TEST_BROWSER") == "visible"
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM if visible else HEADLESS, args=CHROMIUM_OPTIONS, headless=not visible
        )
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def _own_profiles(request: pytest.FixtureRequest, browser: Browser) -> Iterator[None]:
    """Close the profiles that a test has opened, also where it failed. Those of its module stay."""
    if request.node.get_closest_marker("one_tab"):
        request.getfixturevalue("tab")
    before = browser.contexts
    yield
    for context in browser.contexts:
        if context not in before:
            context.close()


@pytest.fixture
def context(browser: Browser) -> BrowserContext:
    """A visitor's fresh browser profile, desktop size."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(TIMEOUT)
    return context


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    yield from one_tab(browser)


@pytest.fixture
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of a profile of its own or, in a module marked ``one_tab``, the tab of the module as on a first visit.

    It fails the test when a script of ours throws.
    """
    if request.node.get_closest_marker("one_tab"):
        yield from as_on_a_first_visit(request.getfixturevalue("tab"))
        return
    context: BrowserContext = request.getfixturevalue("context")
    page = context.new_page()
    with no_errors(page):
        yield page


@pytest.fixture(scope="module")
def tracker() -> Iterator[Tracker]:
    asked: list[str] = []

    def script(path: str) -> tuple[str, str]:
        return "text/javascript", SCRIPTS.get(path.strip("/").removesuffix(".js"), "")

    with serve(remembering(asked, script)) as port:
        yield Tracker(port, asked)


@pytest.fixture(scope="module")
def tracked(new_site: Callable[..., Site], tracker: Tracker) -> Site:
    """A site whose live notice names a service of the tracker in *analytics* and one in *marketing*."""
    site = new_site()
    publish_services(
        site,
        *(
            {
                "name": f"{name.title()} service",
                "category": name,
                "url": tracker.url(name),
                "integrity": tracker.integrity(name),
            }
            for name in SCRIPTS
        ),
    )
    return site


@pytest.fixture(scope="module")
def desk(site: Site) -> Site:
    """The site with two editors, *edith* and *emil*."""
    site.add_person("edith", "Clinical editors")
    site.add_person("emil", "Clinical editors")
    return site


@pytest.fixture(scope="module")
def terms(desk: Site) -> Iterator[str]:
    """The addresses of new terms' forms, one for each test that asks for one."""
    titles = ["Ovulation", "Menarche", "Luteolysis", "Granulosa cell", "Theca interna", "Zona pellucida", "Blastocyst"]
    keys = json.loads(
        desk.python(
            "from django.contrib.auth.models import User\n"
            "from django.utils import timezone\n"
            "from glossary.actions import save_terms\n"
            "from glossary.document.parsing import parse_document\n"
            "by, at = User.objects.get(username='edith'), timezone.now()\n"
            "rest = {'definition': 'An event.', 'origin': 'Latin.', 'tags': ['menstrual cycle'],"
            " 'related': ['progesterone'],"
            " 'synonyms': [{'text': 'First name'}, {'text': 'FN', 'kind': 'abbreviation'}],"
            " 'insights': [{'text': 'One.', 'term': 'progesterone'}, {'text': 'Two.', 'url': 'https://example.org/'}],"
            " 'references': [{'citation': 'Someone. Something.', 'doi': '10.1001/jama.288.3.321'}]}\n"
            "documents = [{'title': 'Progesterone', 'definition': 'A hormone.'}]\n"
            f"documents += [{{'title': title, **rest}} for title in {titles!r}]\n"
            "saved = save_terms(documents=[parse_document(data) for data in documents], by=by, at=at)\n"
            "print([each.term.pk for each in saved][1:])"
        )
    )
    return iter([f"{desk.url}/admin/glossary/term/{key}/change/" for key in keys])


@pytest.fixture
def term(terms: Iterator[str]) -> str:
    """The address of a term's form that no other test has."""
    address = next(terms, "")
    assert address, "the module has more tests than `terms` has titles: add one"
    return address


@pytest.fixture
def refusals() -> Iterator[list[str]]:
    """What a browser refused, or a script threw, on any page of the test; nothing, or the test fails."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture(scope="module")
def profiles(browser: Browser, desk: Site) -> Iterator[dict[str, BrowserContext]]:
    """The profiles of the two editors, who are signed in. They stay for the module, with the files that they cached."""
    profiles = {name: browser.new_context(viewport=WIDE, locale="en-GB") for name in ("edith", "emil")}
    for name, context in profiles.items():
        context.set_default_timeout(TIMEOUT)
        page = context.new_page()
        sign_in(page, desk, name)
        page.close()
    yield profiles
    for context in profiles.values():
        context.close()


@pytest.fixture
def somebody(profiles: dict[str, BrowserContext], desk: Site, refusals: list[str]) -> Iterator[Callable[[str], Page]]:
    """A function that opens a page for a person who is signed in. What a test leaves in their browser is cleared."""

    def come(username: str) -> Page:
        page = profiles[username].new_page()
        watch(page, refusals)
        return page

    yield come
    for context in profiles.values():
        for page in context.pages:
            page.close(run_before_unload=False)
        # Only now: a page that is left keeps a copy of its text.
        page = context.new_page()
        origin = {"origin": desk.url, "storageTypes": "indexeddb,local_storage"}
        context.new_cdp_session(page).send("Storage.clearDataForOrigin", origin)
        page.close()
