"""Styles as they are served: smaller, and to a browser the same as they were written."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser
from rcssmin import cssmin

from tests.folders import ROOT

STYLES = sorted(
    path.relative_to(ROOT)
    for folder in ("static", "consent/static", "glossary/static")
    for path in (ROOT / folder).rglob("*.css")
)
# What a browser has understood: selectors and conditions in its own words, and every property with its value.
READ = """
(texts) => {
  const squeezed = (text) => text.replace(/\\s+/g, " ").replace(/ ?([,()]) ?/g, "$1").replace(/: /g, ":");
  const read = (rules) => [...rules].map((rule) => [
    rule.constructor.name,
    rule.selectorText ?? squeezed(rule.conditionText ?? rule.containerQuery ?? rule.name ?? ""),
    [...(rule.style ?? [])].map((name) => `${name}: ${squeezed(rule.style.getPropertyValue(name))}`),
    read(rule.cssRules ?? []),
  ]);
  return texts.map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return read(sheet.cssRules);
  });
}
"""


def test_minified_styles_say_what_was_written(browser: Browser) -> None:
    page = browser.new_page()
    assert len(STYLES) > 40
    for path in STYLES:
        written = (ROOT / path).read_text()
        if path.is_relative_to("static/css"):
            # In a layer, as they are bundled: within a block the minifier takes some selectors for declarations.
            written = f"@layer components {{ {written} }}"
        before, after = page.evaluate(READ, [written, cssmin(written)])
        assert after == before, path
    page.close()


@pytest.mark.parametrize("selector", ["nav :is(a, b)", "nav :not(a)", "nav :first-child"])
def test_the_minifier_drops_the_blank_before_a_pseudo_class(browser: Browser, selector: str) -> None:
    """So that the test above has something to find. Once this fails, styles may be written without `*` before it."""
    page = browser.new_page()
    written = f"@layer components {{ {selector} {{ color: red; }} }}"
    before, after = page.evaluate(READ, [written, cssmin(written)])
    assert after != before
    page.close()
