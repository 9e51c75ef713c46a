"""A page of another site that shows definitions, under the strictest policy that it may have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from glossary.public.embedding import newest
from tests.browser.third_parties import serve
from tests.browser.visiting import faults_of_any_look, until
from tests.sites import Site

PAGE = """<!doctype html>
<html lang="{lang}" dir="{direction}">
  <head>
    <meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <meta name="color-scheme" content="{schemes}">
    <title>Ward 7</title>
    <script src="{site}/embed/v1/{script}" async crossorigin="anonymous" referrerpolicy="no-referrer" {more}></script>
  </head>
  <body>
    <main>
      <h1>Ward 7</h1>
      <p>Your levels of <a data-clinical-term="oestradiol" href="{site}/glossary/oestradiol/">oestradiol</a> change at
      <a data-clinical-term="menopause" href="{site}/glossary/menopause/" aria-describedby="note">menopause</a>, and
      <a data-clinical-term="retired" href="{site}/glossary/retired/">retired</a> terms have no card.</p>
      <p id="note">Ask your nurse.</p>
    </main>
  </body>
</html>"""
POLICY = (
    "default-src 'none'; script-src {site}; connect-src {site}; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


class Host:
    """The other site. What its page says and loads is set by each test."""

    def __init__(self, glossary: str) -> None:
        self.glossary = glossary
        self.url = ""
        self.fill: dict[str, str] = {}

    def page(self) -> str:
        release = newest()
        pinned = {"script": f"glossary-{release.version}.js", "more": f'integrity="{release.integrity}"'}
        return PAGE.format(
            **{"site": self.glossary, "lang": "en", "direction": "ltr", "schemes": "light dark"} | pinned | self.fill
        )


@pytest.fixture(scope="module")
def glossary(site: Site) -> Site:
    site.add_person("erin", superuser=True)
    terms = [
        {"slug": slug, "title": slug.title(), "definition": f"<p>{text}</p>"}
        for slug, text in (("oestradiol", "The <b>main</b> oestrogen."), ("menopause", "The last period."))
    ]
    file = Path(site.environment["DATA_DIR"]) / "terms.json"
    file.write_text(json.dumps(terms), encoding="utf-8")
    site.manage("import_terms", str(file), "--publish", "--as", "erin", "--reason", "To be embedded")
    return site


@pytest.fixture
def host(glossary: Site) -> Iterator[Host]:
    host = Host(glossary.url)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = host.page().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY.format(site=host.glossary))
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
            self.send_header("Referrer-Policy", "unsafe-url")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with serve(Handler) as port:
        # The same host name as the glossary's, and so the same cookies: nothing but care keeps them from being sent.
        host.url = f"http://127.0.0.1:{port}/private/ward-7?patient=1"
        yield host


@pytest.fixture
def asked(page: Page, host: Host) -> list[Request]:
    """What the page asks of the glossary."""
    requests: list[Request] = []

    def note(request: Request) -> None:
        if request.url.startswith(host.glossary):
            requests.append(request)

    page.on("request", note)
    return requests


def terms(asked: list[Request]) -> list[str]:
    return sorted(request.url.rpartition("/")[2] for request in asked if "/terms/" in request.url)


def open_page(page: Page, host: Host) -> list[str]:
    """Open the host's page with the script in it. Returns what the browser complains of, as it happens."""
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    with page.expect_response("**/embed/v1/*.js"):
        page.goto(host.url)
    page.wait_for_load_state("load")
    return complaints


ALL = ["menopause.json", "oestradiol.json", "retired.json"]


def test_pointing_at_a_word_shows_what_it_means_and_moving_away_hides_it(
    page: Page, host: Host, asked: list[Request]
) -> None:
    complaints = open_page(page, host)
    card = page.get_by_role("tooltip")
    assert terms(asked) == []
    page.get_by_role("link", name="oestradiol").hover()
    expect(card).to_be_visible()
    expect(card).to_contain_text("The main oestrogen.")
    expect(card).to_contain_text("Clinical Glossary. Published without review.")
    # All of the page together: which word it was stays with the reader.
    assert terms(asked) == ALL
    # It stays while the pointer moves onto it (WCAG 2.2, 1.4.13), and goes when it leaves.
    card.hover()
    page.clock.fast_forward(2_000)
    expect(card).to_be_visible()
    page.get_by_role("heading").hover()
    expect(card).to_be_hidden()
    page.get_by_role("link", name="menopause").hover()
    expect(card).to_contain_text("The last period.")
    assert terms(asked) == ALL
    # A 404 is told by the browser itself; nothing was refused by the page's policy.
    assert all("404" in complaint for complaint in complaints), complaints


def test_the_keyboard_gets_the_card_as_the_words_description_and_escape_takes_it_away(page: Page, host: Host) -> None:
    open_page(page, host)
    card = page.get_by_role("tooltip")
    page.keyboard.press("Tab")
    expect(card).to_contain_text("The main oestrogen.")
    word = page.get_by_role("link", name="oestradiol")
    expect(word).to_be_focused()
    expect(word).to_have_accessible_description(
        "Oestradiol The main oestrogen. Clinical Glossary. Published without review."
    )
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(word).to_be_focused()
    assert word.get_attribute("aria-describedby") is None
    # What the page itself says of a word stays.
    page.keyboard.press("Tab")
    word = page.get_by_role("link", name="menopause")
    expect(word).to_have_accessible_description(
        "Ask your nurse. Menopause The last period. Clinical Glossary. Published without review."
    )
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="retired")).to_be_focused()
    expect(card).to_be_hidden()
    assert page.get_by_role("link", name="menopause").get_attribute("aria-describedby") == "note"


def test_nothing_is_kept_in_the_browser_and_nothing_of_it_is_told(
    page: Page, context: BrowserContext, host: Host, asked: list[Request]
) -> None:
    context.add_cookies([{"name": "patient", "value": "1", "domain": "127.0.0.1", "path": "/"}])
    open_page(page, host)
    page.get_by_role("link", name="oestradiol").hover()
    expect(page.get_by_role("tooltip")).to_be_visible()
    assert len(asked) == 4
    for request in asked:
        headers = request.all_headers()
        assert "cookie" not in headers, request.url
        assert "referer" not in headers, request.url
        assert "?" not in request.url
        # Browsers add it themselves, and it names no page: docs/howto/embed.md says so.
        assert headers["origin"] == host.url.split("/private")[0]
        response = request.response()
        assert response
        assert "set-cookie" not in response.all_headers()
    assert [cookie["name"] for cookie in context.cookies()] == ["patient"]
    kept = "async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length]"
    assert page.evaluate(kept) == [0, 0, 0]


def test_a_page_may_have_everything_fetched_as_it_opens_or_from_a_folder_of_its_own(
    page: Page, host: Host, asked: list[Request]
) -> None:
    host.fill = {"more": 'data-load="page"', "script": "glossary.js"}
    open_page(page, host)
    until(page, lambda: terms(asked) == ALL, "all terms of the page are asked for")
    host.fill = {"more": 'data-load="page" data-terms="/healthz/"', "script": "glossary.js"}
    asked.clear()
    open_page(page, host)
    addresses = [f"{host.glossary}/healthz/{name}" for name in ("oestradiol.json", "menopause.json", "retired.json")]
    until(page, lambda: [each.url for each in asked if "/healthz/" in each.url] == addresses, "the folder is asked")


@pytest.mark.parametrize(("width", "direction"), [(320, "ltr"), (1280, "rtl")])
def test_the_card_stands_inside_the_page_and_axe_finds_nothing(
    page: Page, host: Host, width: int, direction: str
) -> None:
    host.fill = {"direction": direction, "lang": "ar" if direction == "rtl" else "en"}
    page.set_viewport_size({"width": width, "height": 700})
    open_page(page, host)
    page.keyboard.press("Tab")
    card = page.get_by_role("tooltip")
    expect(card).to_be_visible()
    box, word = card.bounding_box(), page.get_by_role("link", name="oestradiol").bounding_box()
    assert box
    assert word
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] >= word["y"] + word["height"]
    if direction == "rtl":
        assert box["x"] + box["width"] == pytest.approx(word["x"] + word["width"], abs=2)
    # Colours are the same in both directions. Those of the page's own links are the browser's.
    found = faults_of_any_look(page, widths=(width,), dark=direction == "ltr")
    assert [each for each in found if "<a data-clinical-term" not in each] == []


def test_the_card_is_dark_only_where_the_page_is(page: Page, host: Host) -> None:
    page.emulate_media(color_scheme="dark")
    for schemes, colour in (("light dark", "rgb(26, 35, 38)"), ("normal", "rgb(255, 255, 255)")):
        host.fill = {"schemes": schemes}
        open_page(page, host)
        page.keyboard.press("Tab")
        expect(page.get_by_role("tooltip")).to_have_css("background-color", colour)


def test_without_the_script_a_word_is_a_link(page: Page, host: Host, glossary: Site) -> None:
    host.fill = {"script": "glossary-0.0.0.js", "more": ""}
    page.goto(host.url)
    page.get_by_role("link", name="oestradiol").click()
    expect(page).to_have_url(f"{glossary.url}/glossary/oestradiol/")
