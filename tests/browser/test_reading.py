"""A term's page as people read it: by keyboard, without scripts, large, on paper, and in colours of their own."""

import re
from collections.abc import Iterator
from threading import Event

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.proxy import Answered, Asked, ask_site, proxy
from tests.browser.visiting import MOVED, PAINTED, TIMEOUT, rest, until
from tests.sites import Site

TERMS = """
from datetime import UTC, datetime
from django.contrib.auth.models import User
from glossary.actions import approve_review, publish_term, save_terms, submit_term
from glossary.document.parsing import parse_document
from glossary.models import Credentials, Program
by, at = User.objects.create_user("author"), datetime(2026, 3, 2, 12, tzinfo=UTC)
reviewer = User.objects.create_user("rafael", first_name="Rafael", last_name="Lindqvist")
Credentials.objects.create(user=reviewer, text="MD, consultant endocrinologist")
long = "<p>" + "The lining of the uterus thickens and is shed again. " * 12 + "</p>"
documents = [parse_document(data) for data in [
    {"title": "Corpus luteum", "definition": "<p>The gland that forms after ovulation.</p>", "tags": ["cycle"]},
    {"title": "Endometrium", "definition": "<p>The lining of the uterus.</p>", "tags": ["cycle"]},
    {
        "title": "Luteal phase",
        "definition": "<p>The second half of the menstrual cycle, kept up by the corpus luteum.</p>" + long,
        "origin": "<p>From Latin <em>luteus</em>, yellow [1].</p>" + long,
        "mechanism": "<p>By progesterone [1, 2].</p>" + long,
        "insights": [{"text": "It grows in the luteal phase.", "term": "endometrium"}, {"text": "It is short."}],
        "synonyms": [{"text": "Secretory phase"}],
        "references": [
            {"citation": "Someone A. On eggs. 2002.", "doi": "10.1000/eggs"},
            {"citation": "Other B. On glands. 2003.", "pmid": "12345"},
        ],
        "related": ["corpus-luteum", "endometrium"],
        "tags": ["cycle"],
    },
    {"title": "Menopause", "definition": "<p>The end of menstrual cycles.</p>"},
]]
for saved in save_terms(documents=documents, by=by, at=at):
    if saved.term.slug == "luteal-phase":
        review = submit_term(term=saved.term, by=by, at=at)
        approve_review(review=review, by=reviewer, at=at, publish=True)
    else:
        publish_term(term=saved.term, by=Program("Test"), at=at, emergency=True, reason="Test")
"""
PATH = "/glossary/luteal-phase/"


@pytest.fixture(scope="module", autouse=True)
def glossary(site: Site) -> None:
    site.python(TERMS)


@pytest.fixture(scope="module")
def tab(browser: Browser, site: Site) -> Iterator[Page]:
    """The tab of a reader who has answered the banner, for all tests that need one."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.set_default_timeout(TIMEOUT)
    page = context.new_page()
    page.goto(site.url)
    page.locator("[data-consent-reject]").click()
    expect(page.locator("[data-consent-banner]")).to_be_hidden()
    yield page
    context.close()


@pytest.fixture
def refused(tab: Page) -> Iterator[Page]:
    """A page whose reader has answered the banner. The test fails when a script of ours throws."""
    errors: list[str] = []

    def note(error: object) -> None:
        errors.append(str(error))

    tab.on("pageerror", note)
    tab.mouse.move(0, 0)  # nothing is pointed at
    yield tab
    tab.remove_listener("pageerror", note)
    tab.emulate_media(media="null", color_scheme="null", forced_colors="null")
    assert errors == []


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """A page without JavaScript."""
    context = browser.new_context(java_script_enabled=False, locale="en-GB")
    context.set_default_timeout(TIMEOUT)
    yield context.new_page()
    context.close()


def tab_to(page: Page, goal: Locator) -> None:
    """Press Tab until ``goal`` has the focus, which has to be seen on every element on the way."""
    expect(goal).to_be_visible()
    element = goal.element_handle()
    for _ in range(120):
        page.keyboard.press("Tab")
        outline, html, has_come = element.evaluate(
            """goal => {
              const focused = document.activeElement
              return [getComputedStyle(focused).outlineStyle, focused.outerHTML, focused === goal]
            }"""
        )
        assert outline != "none", html
        if has_come:
            return
    raise AssertionError(f"Tab doesn't reach {goal}")


def test_the_keyboard_alone_leads_from_home_to_a_term_and_on(site: Site, refused: Page) -> None:
    # `wait_for_url` waits for the page too: a Tab before there is one leads nowhere.
    page = refused
    page.goto(site.url)
    skip = page.get_by_role("link", name="Skip to content")
    tab_to(page, skip)
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    tab_to(
        page, page.get_by_role("main").get_by_role("combobox").or_(page.get_by_role("main").get_by_role("searchbox"))
    )
    page.keyboard.type("luteal")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/search/\?q=luteal"))
    tab_to(page, page.get_by_role("main").get_by_role("link", name="Luteal phase", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url(site.url + PATH)
    tab_to(page, page.locator(".prose").get_by_role("link", name="corpus luteum").first)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/glossary/corpus-luteum/")
    tab_to(page, page.get_by_role("main").get_by_role("link", name="cycle", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{site.url}/glossary/tags/cycle/")
    page.go_back()  # Alt+Left, which is the window’s and not the page’s
    page.wait_for_url(f"{site.url}/glossary/corpus-luteum/")


def test_the_same_way_leads_on_without_javascript(site: Site, plain: Page) -> None:
    plain.goto(site.url)
    plain.get_by_role("main").locator("input[name=q]").fill("luteal")
    plain.get_by_role("main").get_by_role("button", name="Search").click()
    plain.get_by_role("main").get_by_role("link", name="Luteal phase", exact=True).click()
    assert plain.url == site.url + PATH
    plain.locator(".prose").get_by_role("link", name="corpus luteum").first.click()
    assert plain.url == f"{site.url}/glossary/corpus-luteum/"
    plain.get_by_role("main").get_by_role("link", name="cycle", exact=True).click()
    assert plain.url == f"{site.url}/glossary/tags/cycle/"
    plain.go_back()
    assert plain.get_by_role("heading", level=1).inner_text() == "Corpus luteum"
    plain.get_by_role("link", name="C", exact=True).click()
    assert plain.url == f"{site.url}/glossary/letter/c/"


def test_on_this_page_is_open_on_a_wide_screen_and_folded_on_a_phone_without_javascript(
    site: Site, plain: Page
) -> None:
    contents = plain.get_by_role("navigation", name="On this page")
    plain.set_viewport_size({"width": 1280, "height": 900})
    plain.goto(site.url + PATH)
    expect(contents.get_by_role("link", name="Mechanism")).to_be_visible()
    contents.get_by_role("link", name="Mechanism").click()
    assert plain.url.endswith("#mechanism")
    plain.set_viewport_size({"width": 390, "height": 800})
    plain.goto(site.url + PATH)
    expect(contents.get_by_role("link", name="Mechanism")).to_be_hidden()
    contents.locator("summary").click()
    contents.get_by_role("link", name="Mechanism").click()
    assert plain.url.endswith("#mechanism")


def test_on_this_page_follows_the_reader(site: Site, refused: Page) -> None:
    current = refused.get_by_role("navigation", name="On this page").locator("[aria-current=location]")
    refused.goto(site.url + PATH)
    expect(current).to_have_text("Definition")
    refused.locator("#mechanism").evaluate("e => e.scrollIntoView({behavior: 'instant'})")
    expect(current).to_have_text("Mechanism")
    refused.evaluate("scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
    expect(current).to_have_text("This entry")


def test_each_section_has_a_link_that_the_keyboard_reaches_and_the_focus_shows(site: Site, refused: Page) -> None:
    refused.goto(site.url + PATH)
    anchor = refused.get_by_role("link", name="Link to the section “Mechanism”")
    assert anchor.evaluate("e => getComputedStyle(e).opacity") == "0"
    tab_to(refused, anchor)
    assert anchor.evaluate("e => getComputedStyle(e).opacity") == "1"
    refused.keyboard.press("Enter")
    assert refused.url.endswith("#mechanism")
    expect(refused.locator("#mechanism")).to_be_in_viewport()


def test_a_mark_leads_to_its_reference_and_back(site: Site, refused: Page) -> None:
    refused.goto(site.url + PATH)
    refused.locator(".prose .mark a").nth(2).click()
    assert refused.url.endswith("#ref-2")
    expect(refused.locator("#ref-2")).to_be_in_viewport()
    refused.locator("#ref-1").get_by_role("link", name="Back to the text, mention 2").click()
    assert refused.url.endswith("#cite-1-2")
    expect(refused.locator("#cite-1-2")).to_be_in_viewport()


def test_who_reviewed_it_and_when_stands_before_the_text(site: Site, refused: Page) -> None:
    refused.goto(site.url + PATH)
    head = refused.locator(".term__head").inner_text()
    assert "2 March 2026" in head
    assert "Rafael Lindqvist, MD, consultant endocrinologist" in head


def test_on_paper_stand_the_text_its_addresses_and_how_to_cite_it(site: Site, refused: Page) -> None:
    refused.goto(site.url + PATH)
    refused.emulate_media(media="print", color_scheme="dark")
    for name in ("Main", "Breadcrumb", "On this page", "Neighbouring terms", "Footer"):
        expect(refused.get_by_role("navigation", name=name, include_hidden=True)).to_be_hidden()
    for gone in refused.locator("[role=search], .anchor, .references__back, .skip-link").all():
        expect(gone).to_be_hidden()
    text = refused.locator("body").inner_text()
    assert "https://doi.org/10.1000/eggs" in text
    assert re.search(
        r"Cite as\s+“Luteal phase”.*revision 1, 2 March 2026.*/glossary/luteal-phase/revisions/1/", text, re.DOTALL
    )
    # Ink on paper, whatever the screen has.
    assert refused.evaluate("getComputedStyle(document.body).color") == "rgb(26, 36, 39)"
    assert refused.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgba(0, 0, 0, 0)"


def test_in_forced_colours_the_current_place_and_every_chip_are_still_told_apart(site: Site, refused: Page) -> None:
    refused.emulate_media(forced_colors="active")
    refused.goto(site.url + PATH)
    contents = refused.get_by_role("navigation", name="On this page")
    grounds = [
        contents.get_by_role("link", name=name).evaluate("e => getComputedStyle(e).backgroundColor")
        for name in ("Definition", "Origin")
    ]
    assert grounds[0] != grounds[1]
    chip = refused.get_by_role("main").get_by_role("link", name="cycle", exact=True)
    assert chip.evaluate("e => getComputedStyle(e).borderStyle") == "solid"


# WCAG 2.2, 1.4.12.
SPACING = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-block-end: 2em !important; }"""


# In the language with the longest words. The mirrored one has another font: there, the page with most kinds of text.
SPACED = ["/de/", "/de" + PATH, "/de/glossary/", "/de/search/?q=luteal", "/de/cookies/", "/ar" + PATH]


def test_a_reader_may_space_text_and_double_it(site: Site, page: Page) -> None:
    for path in SPACED:
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(site.url + path)
        page.evaluate(
            "css => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s]; }", SPACING
        )
        for width, size, family in (
            *((1280, "100%", ""), (640, "100%", ""), (320, "100%", ""), (1280, "200%", ""), (390, "200%", "")),
            # Some systems have wider letters than others.
            (390, "200%", "monospace"),
        ):
            page.evaluate(
                """([size, family]) => {
                    document.documentElement.style.fontSize = size;
                    document.body.style.fontFamily = family;
                }""",
                [size, family],
            )
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width, size)
            cut = page.evaluate(
                """[...document.querySelectorAll(`main :is(h1,h2,p,li,a), header a:not([href^="#"]), button`)].filter(
                    (e) => e.checkVisibility() && getComputedStyle(e).overflow !== "visible"
                      && getComputedStyle(e).webkitLineClamp === "none" && !e.matches(".visually-hidden")
                      && (e.scrollHeight > e.clientHeight + 1 || e.scrollWidth > e.clientWidth + 1)
                ).map((e) => e.outerHTML)"""
            )
            assert cut == [], (path, width, size)


def test_with_large_text_the_banner_covers_no_link_that_has_focus_in_what_is_sticky(site: Site, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")  # no scrolling that is still under way
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(site.url + PATH)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    top = page.locator("[data-consent-banner]").evaluate("banner => banner.getBoundingClientRect().top")
    links = page.locator(".term__side :is(a, button)").locator("visible=true").all()
    assert len(links) > 4
    for link in links:
        link.focus()
        box = link.bounding_box()
        assert box is not None
        assert box["y"] < top, link.inner_text()


def test_nothing_moves_while_a_page_loads(site: Site, page: Page) -> None:
    page.add_init_script(MOVED)
    for width, paths in ((1280, ("/", PATH, "/ar" + PATH)), (390, (PATH, "/glossary/"))):
        page.set_viewport_size({"width": width, "height": 900})
        for path in paths:
            page.goto(site.url + path)
            rest(page)
            assert page.evaluate("moved") == [], (width, path)


@pytest.mark.parametrize("path", ["/search/", PATH])
def test_nothing_moves_while_a_page_comes_in_pieces(site: Site, page: Page, path: str) -> None:
    whole = ask_site(site, Asked("GET", path, {}))
    frame = re.split(rb"(<header class=\"site-header|<main|<footer)", whole.body)
    assert len(frame) == 7
    inside = range(len(b"".join(frame[:2])), len(b"".join(frame[:3]))), range(len(b"".join(frame[:6])), len(whole.body))
    tags = [tag.start() for tag in re.finditer(rb"<[a-z]", whole.body) if any(tag.start() in part for part in inside)]
    places = tags[:: len(tags) // 8]
    pause_at, go_on = 0, Event()

    def answer(asked: Asked) -> Answered:
        asked.headers.pop("Accept-Encoding", None)
        answered = ask_site(site, asked)
        return answered._replace(pause_at=pause_at, go_on=go_on) if asked.path == path else answered

    page.add_init_script(MOVED)
    with proxy(answer) as url:
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            # Every other place at the one width, and those between at the other.
            for pause_at in places[width == 390 :: 2]:
                go_on.clear()
                page.goto(url + path, wait_until="commit")
                page.evaluate("async () => { while (!document.body) await new Promise((done) => setTimeout(done)); }")
                page.evaluate(PAINTED)
                go_on.set()
                page.wait_for_load_state()
                rest(page)
                assert page.evaluate("moved") == [], (width, whole.body[:pause_at][-200:])


def test_a_first_visit_to_a_term_leaves_room_for_longer_texts(site: Site, page: Page) -> None:
    sizes: dict[str, int] = {}
    page.on("requestfinished", lambda request: sizes.update({request.url: request.sizes()["responseBodySize"]}))
    page.goto(site.url + PATH)
    # What a page asks for comes before it has loaded, but for the icon: browsers ask for it when they like, and one
    # without a user interface never does.
    page.evaluate("async () => void (await fetch(document.querySelector('link[rel=icon]').href))")
    until(page, lambda: any("/icon." in url for url in sizes), "the icon has come")
    rest(page)
    assert sum(sizes.values()) <= 24_000, sizes
