"""Theme, text size, saved and recently read terms: kept in the browser alone, and only where the reader allowed it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.browser.visiting import COLOUR_RULES, SHAPES, axe_violations, rest, wait_until
from tests.sites import Site

pytestmark = pytest.mark.one_tab

TERM = "/glossary/progesterone/"
COLOURS = {"runOnly": {"type": "rule", "values": COLOUR_RULES[1:]}}
KEPT = "() => Object.fromEntries(Object.entries(localStorage))"
SHIFTS = """
window.shifted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.shifted += entry.value)))
  .observe({ type: "layout-shift", buffered: true });
window.frames_seen = [];
const look = () => {
  if (document.body) {
    window.frames_seen.push([getComputedStyle(document.documentElement).backgroundColor,
      getComputedStyle(document.documentElement).fontSize]);
  }
  if (document.readyState !== "complete") requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""


@pytest.fixture(scope="module", autouse=True)
def glossary(site: Site) -> None:
    site.manage("load_demo", "--no-accounts")


def answer(page: Page, *categories: str) -> None:
    """Answer the banner, with these categories accepted."""
    page.locator("[data-consent-banner] details > summary").click()
    for category in categories:
        page.locator(f"[data-consent-category={category}] input").check()
    # Where something is opened that a notice names, the page loads anew.
    opened = page.locator(",".join(f"template[data-consent-service={category}]" for category in categories)).count()
    with page.expect_navigation() if opened else contextlib.nullcontext():
        page.locator("[data-consent-save]").click()
    expect(page.locator("[data-consent-banner]")).to_be_hidden()
    for category in categories:
        expect(page.locator("html")).to_have_attribute("data-consent", re.compile(rf"\b{category}\b"))


def choose(page: Page, *labels: str) -> None:
    """Choose colours or text size, and close the panel."""
    page.get_by_text("Aa").click()
    for label in labels:
        page.get_by_label(label, exact=True).check()
    page.keyboard.press("Escape")
    expect(page.get_by_label(labels[0], exact=True)).to_be_hidden()


def test_without_permission_everything_lasts_for_the_page_and_nothing_is_kept(site: Site, page: Page) -> None:
    page.goto(site.url + TERM)
    answer(page, "analytics")
    page.get_by_text("Aa").click()
    expect(page.get_by_text("This lasts until you leave the page")).to_be_visible()
    page.keyboard.press("Escape")
    choose(page, "Dark", "Larger")
    expect(page.locator("html")).to_have_css("color-scheme", "dark")
    expect(page.locator("html")).to_have_css("font-size", "21.6px")
    save = page.get_by_role("button", name="Save", exact=True)
    save.click()
    expect(save).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Saved until you leave this page")).to_be_visible()
    assert page.evaluate(KEPT) == {}
    page.reload()
    expect(save).to_have_attribute("aria-pressed", "false")
    expect(page.locator("html")).to_have_css("font-size", "16px")
    expect(page.locator("html")).to_have_css("color-scheme", "light dark")
    page.goto(f"{site.url}/saved/")
    expect(page.get_by_text("Nothing is stored at present")).to_be_visible()
    expect(page.get_by_text("No term is saved.")).to_be_visible()
    assert page.evaluate(KEPT) == {}


def test_with_permission_it_is_kept_also_what_was_chosen_before_and_withdrawing_erases_it(
    site: Site, page: Page
) -> None:
    page.goto(site.url + TERM)
    choose(page, "Dark", "Large")
    page.get_by_role("button", name="Save", exact=True).click()
    answer(page, "personalization")
    wait_until(page, "localStorage.getItem('glossary.recent')")
    expect(page.locator("html")).to_have_attribute("data-consent", "personalization")
    term = '[{"slug":"progesterone","title":"Progesterone"}]'
    expect(page.get_by_role("button", name="Save", exact=True)).to_have_attribute("aria-pressed", "true")
    assert page.evaluate(KEPT) == {
        "glossary.display": "theme=dark text=large",
        "glossary.saved": term,
        "glossary.recent": term,
    }
    page.goto(f"{site.url}/glossary/menopause/")
    expect(page.locator("html")).to_have_css("color-scheme", "dark")
    expect(page.locator("html")).to_have_css("font-size", "18.4px")
    page.get_by_text("Aa").click()
    expect(page.get_by_label("Dark", exact=True)).to_be_checked()
    expect(page.get_by_text("This is stored in your browser.")).to_be_visible()
    # The newest first, on the home page and on a page of their own.
    page.goto(site.url)
    recent = page.get_by_role("region", name="Recently read")
    expect(recent.get_by_role("link")).to_have_text(["Menopause", "Progesterone"])
    expect(page.get_by_role("region", name="Saved").get_by_role("link")).to_have_text(["Progesterone"])
    page.get_by_role("link", name="Your terms").click()
    page.get_by_role("button", name="Remove “Menopause” from this list").click()
    expect(recent.get_by_role("link")).to_have_text(["Progesterone"])
    page.get_by_role("button", name="Remove all").click()
    expect(page.get_by_text("No term is saved.")).to_be_visible()
    recent.get_by_role("link", name="Progesterone").click()
    page.wait_for_url(f"{site.url}{TERM}")
    page.get_by_role("button", name="Withdraw my consent").click()
    page.wait_for_url("**/cookies/**")
    wait_until(page, "localStorage.length === 0")
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")
    page.goto(site.url + TERM)
    expect(page.locator("html")).to_have_css("color-scheme", "light dark")
    assert page.evaluate(KEPT) == {}


def test_nothing_of_it_reaches_the_server(site: Site, page: Page) -> None:
    page.goto(site.url + TERM)
    answer(page, "personalization")
    page.wait_for_load_state()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    choose(page, "Dark", "Larger")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(f"{site.url}/saved/")
    page.get_by_role("button", name="Forget all").click()
    expect(page.get_by_text("No term is remembered.")).to_be_visible()
    for request in asked:
        headers = request.all_headers()
        assert request.method == "GET"
        assert request.url.startswith((f"{site.url}/static/", f"{site.url}/saved/")), request.url
        assert "?" not in request.url
        assert "progesterone" not in headers.get("referer", "") + headers.get("cookie", "")
        assert "dark" not in headers.get("cookie", "")


def test_what_was_chosen_is_there_before_anything_is_painted_and_nothing_moves(
    site: Site, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(site.url + TERM)
    answer(page, "personalization")
    choose(page, "Dark", "Larger")
    page.get_by_role("button", name="Save", exact=True).click()
    page.add_init_script(SHIFTS)
    for path in ("/", TERM, "/saved/"):
        page.goto(site.url + path)
        rest(page)
        seen = page.evaluate("window.frames_seen")
        dark = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert seen, path
        assert all(frame == [dark, "21.6px"] for frame in seen), (path, seen)
        assert page.evaluate("window.shifted") < 0.01, path
        assert dark != "rgb(251, 250, 246)", path


def test_what_no_notice_names_is_not_kept_even_with_permission(new_site: Callable[..., Site], page: Page) -> None:
    """As on a site that was there before, until its operators publish a notice that names it."""
    site = new_site()
    site.manage("load_demo", "--no-accounts")
    site.add_person("olga", "Site operators")
    site.python(
        "from cookie_consent.models import Cookie; Cookie.objects.filter(name__startswith='glossary.').delete()"
    )
    site.manage("publish_notice", "--material", "--reason", "Nothing is stored", "--as", "olga")
    page.goto(site.url + TERM)
    answer(page, "personalization")
    choose(page, "Dark")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved until you leave this page")).to_be_visible()
    assert page.evaluate(KEPT) == {}


def use_controls(page: Page, *, width: int) -> None:
    """Open everything that the controls open, by the keyboard where they are hardest to use."""
    page.locator("[data-save]").click()
    page.locator(".embed summary").click()
    panel = page.locator("[data-display]")
    panel.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    box = page.locator(".display__panel").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width


def close_controls(page: Page) -> None:
    page.keyboard.press("Escape")
    expect(page.locator(".display__panel")).to_be_hidden()
    expect(page.locator("[data-display] summary")).to_be_focused()


def test_the_controls_are_for_everybody(site: Site, page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(site.url + TERM)
    page.locator("[data-consent-reject]").click()
    expect(page.locator("[data-consent-banner]")).to_be_hidden()
    use_controls(page, width=1280)
    assert axe_violations(page) == []
    page.locator('[name="theme"][value="dark"]').check()
    assert axe_violations(page, options=COLOURS, part=".display__panel") == []
    close_controls(page)
    page.set_viewport_size({"width": 320, "height": 800})
    for prefix in ("", "/ar"):
        page.goto(site.url + prefix + TERM)
        use_controls(page, width=320)
        assert axe_violations(page, options=SHAPES, part=".display__panel") == [], prefix
        close_controls(page)


def test_without_javascript_there_are_no_controls_that_do_nothing(site: Site, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    plain.goto(site.url + TERM)
    for selector in ("[data-display]", "[data-save]", "[data-print]", 'button[data-copy="#citation"]'):
        expect(plain.locator(selector)).to_be_hidden()
    expect(plain.get_by_role("link", name="BibTeX")).to_be_visible()
    expect(plain.get_by_role("link", name="Your terms")).to_be_hidden()
    context.close()


# -- Copying ----------------------------------------------------------------------------------------------------------


def test_citation_code_and_links_are_copied_and_it_is_said(site: Site, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    page.goto(site.url + TERM)
    page.locator("[data-consent-reject]").click()
    copied = "() => navigator.clipboard.readText()"
    said = page.locator("[data-copy-status]")
    page.get_by_role("button", name="Copy the citation").click()
    expect(said).to_have_text("Copied.")
    assert page.evaluate(copied).startswith("“Progesterone”. Clinical Glossary, revision 1, ")
    assert page.evaluate(copied).endswith(f" {site.url}{TERM}revisions/1/")
    page.get_by_text("Use this definition on your site").click()
    page.get_by_role("button", name="Copy the code").click()
    wait_until(page, "async () => (await navigator.clipboard.readText()).includes('<script')")
    code = page.evaluate(copied)
    assert f'<a data-clinical-term="progesterone" href="{site.url}{TERM}">Progesterone</a>' in code
    assert f'<script src="{site.url}/embed/v1/glossary-' in code
    assert code.endswith('"></script>')
    page.get_by_role("button", name="Copy link").click()
    wait_until(page, f"async () => (await navigator.clipboard.readText()) === '{site.url}{TERM}'")
    # The link to a section leads there as well.
    page.get_by_role("link", name="Link to the section “Origin”").click()
    wait_until(page, f"async () => (await navigator.clipboard.readText()) === '{site.url}{TERM}#origin'")
    expect(page).to_have_url(f"{site.url}{TERM}#origin")


def test_where_the_clipboard_is_closed_the_older_way_is_tried(site: Site, context: BrowserContext) -> None:
    page = context.new_page()
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto(site.url + TERM)
    page.locator("[data-consent-reject]").click()
    button = page.get_by_role("button", name="Copy the citation")
    button.click()
    expect(page.locator("[data-copy-status]")).to_have_text("Copied.")
    expect(button).to_be_focused()


# -- Scripts that come with their first use ---------------------------------------------------------------------------


def is_personal(url: str) -> bool:
    return "/static/personal/" in url and "/early." not in url


def test_what_keeps_comes_when_it_is_first_used_and_at_once_to_who_allowed_it(
    site: Site, context: BrowserContext
) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if is_personal(request.url) else None)
    page.goto(site.url + TERM)
    rest(page)
    assert asked == []
    with page.expect_request(lambda request: is_personal(request.url)):
        page.get_by_text("Aa").hover()
    answer(page, "personalization")
    asked.clear()
    page.goto(f"{site.url}/glossary/menopause/")
    wait_until(page, "JSON.parse(localStorage.getItem('glossary.recent'))?.[0].slug === 'menopause'")
    assert asked


def test_a_press_that_is_quicker_than_its_script_counts_once_it_is_there(site: Site, context: BrowserContext) -> None:
    page = context.new_page()
    held: list[Route] = []
    page.route(re.compile(r"/static/personal/term\."), lambda route: held.append(route))
    page.goto(site.url + TERM)
    page.locator("[data-consent-reject]").click()
    save = page.get_by_role("button", name="Save", exact=True)
    save.click()
    panel = page.locator("[data-display]")
    panel.locator("summary").click()
    page.get_by_label("Dark", exact=True).check()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(save).to_have_attribute("aria-pressed", "false")
    held[0].continue_()
    expect(save).to_have_attribute("aria-pressed", "true")
    expect(panel).to_have_attribute("open", "")
    save.click()
    expect(save).to_have_attribute("aria-pressed", "false")
    expect(panel).not_to_have_attribute("open", "")


def test_where_a_script_does_not_come_the_page_works_as_without_it(site: Site, context: BrowserContext) -> None:
    page = context.new_page()
    page.route(re.compile(r"/static/(personal/(?!early)|glossary/(suggestions|print))"), lambda route: route.abort())
    page.goto(site.url + TERM)
    page.locator("[data-consent-reject]").click()
    page.get_by_text("Aa").click()
    expect(page.get_by_label("Dark", exact=True)).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("combobox").fill("luteal")
    page.get_by_role("combobox").press("Enter")
    page.wait_for_url("**/search/?q=luteal")


def test_where_no_notice_names_it_nobody_is_sent_to_allow_it(new_site: Callable[..., Site], page: Page) -> None:
    site = new_site()
    site.manage("load_demo", "--no-accounts")
    site.add_person("olga", "Site operators")
    site.python(
        "from cookie_consent.models import Cookie\nCookie.objects.filter(name__startswith='glossary.').delete()\n"
    )
    site.manage("publish_notice", "--material", "--reason", "Nothing is kept", "--as", "olga")
    page.goto(site.url + TERM)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved until you leave this page.")).to_be_visible()
    page.get_by_text("Aa").click()
    expect(page.get_by_text("This lasts until you leave the page.")).to_be_visible()
    expect(page.get_by_text("your permission for personalisation").filter(visible=True)).to_have_count(0)
    page.goto(f"{site.url}/saved/")
    expect(page.get_by_text("Nothing is stored at present.")).to_be_visible()
    expect(page.get_by_text("your permission for personalisation").filter(visible=True)).to_have_count(0)
