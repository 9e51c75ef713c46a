"""Measure the buttons that reject and accept, on the banner and on the page of preferences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page

from consent.receipts.evidence import SCHEMES, SETTLE
from siteaudit.buttons import Button, ButtonPair
from siteaudit.observed import SampledPage
from siteaudit.visiting import BANNER, PREFERENCES, TIMEOUT_MS

WIDTHS = (1280, 390)

# A canvas turns a colour in any notation into the bytes that are drawn.
MEASURE = """(element) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const paint = (colour) => { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); };
  const drawn = () => [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  const ancestors = [];
  for (let node = element; node; node = node.parentElement) ancestors.unshift(node);
  paint("Canvas");
  let opacity = 1;
  for (const node of ancestors) {
    paint(getComputedStyle(node).backgroundColor);
    opacity *= Number(getComputedStyle(node).opacity);
  }
  const background = drawn();
  const style = getComputedStyle(element);
  paint(style.color);
  const colour = drawn();
  element.scrollIntoView({ block: "nearest" });
  const box = element.getBoundingClientRect();
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return {
    tag: element.tagName.toLowerCase(),
    visible: element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && box.width * box.height > 0,
    width: box.width, height: box.height,
    font_size: parseFloat(style.fontSize), font_weight: style.fontWeight,
    colour, background, border: style.border, opacity,
    covered: !!top && top !== element && !element.contains(top),
  };
}"""


def measure_buttons(browser: Browser, site: str, start: SampledPage, check: Callable[[], None]) -> list[ButtonPair]:
    """Measure the buttons on the banner and the preferences at each width and colour scheme. ``check`` may raise."""
    pairs = []
    for width in WIDTHS:
        check()
        context = browser.new_context(viewport={"width": width, "height": 844}, locale="en-GB")
        context.set_default_timeout(TIMEOUT_MS)
        try:
            page = context.new_page()
            for where, path, scope in (("banner", start.path, BANNER), ("preferences", PREFERENCES, "main")):
                page.goto(site + path, wait_until="load")
                for scheme in SCHEMES:
                    page.emulate_media(color_scheme=scheme)
                    page.evaluate(SETTLE)
                    reject, accept = (
                        _measure_button(page, f"{scope} [data-consent-{name}]") for name in ("reject", "accept")
                    )
                    pairs.append(ButtonPair(where, path, width, scheme, reject, accept))
        finally:
            context.close()
    return pairs


def _measure_button(page: Page, selector: str) -> Button | None:
    found = page.locator(selector)
    if not found.count():
        return None
    measured: dict[str, Any] = found.first.evaluate(MEASURE)
    measured["colour"], measured["background"] = tuple(measured["colour"]), tuple(measured["background"])
    return Button(**measured)
