"""The colours of the public pages, computed from their tokens: who sees little must still read everything."""

import re
from itertools import product

import pytest

from config.settings import BASE_DIR

TOKENS = (BASE_DIR / "static" / "css" / "tokens.css").read_text()

# WCAG 2.2, 1.4.6 (AAA): 7:1, whatever the size. Any of these may stand on any surface.
TEXTS = ("text", "text-muted", "accent", "accent-strong", "alarm", "added")
SURFACES = ("surface", "surface-raised", "surface-tinted", "accent-soft", "warning-soft", "alarm-soft", "added-soft")
FILLED = {"on-accent": ("accent", "accent-strong")}
# WCAG 2.2, 1.4.11: 3:1 for what has to be seen to know where a field, a mark or the focus is.
SHAPES = ("border-strong", "focus", "warning")
# Hairlines between things that white space tells apart already.
DECORATION = ("border",)
# What pages for readers and visitors are made of, and not the admin.
PUBLIC = [
    *(path for path in (BASE_DIR / "static" / "css").glob("*.css") if path.name != "tokens.css"),
    *(
        BASE_DIR / "consent" / "static" / "consent" / f"{name}.css"
        for name in ("consent", "embed", "preferences", "receipt", "heads")
    ),
]
# Any other way to name a colour in a style.
COLOUR = re.compile(
    r"\b(rgb|rgba|hsl|hsla|hwb|lab|lch|oklab|oklch|color|color-mix|light-dark)\(|#[0-9a-f]{3,8}\b", re.IGNORECASE
)
# What a page without the tokens has, on a site that brings styles of its own.
FALLBACK = re.compile(r"var\(--colour-[\w-]+, .*\)")


def colours(scheme: int) -> dict[str, str]:
    """Return token → colour in the light scheme (0) or the dark one (1)."""
    pairs = re.findall(r"--colour-([\w-]+): light-dark\((#\w+), (#\w+)\);", TOKENS)
    return {name: both[scheme] for name, *both in pairs}


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rgb`` or ``#rrggbb``, as WCAG defines it."""
    digits = colour.removeprefix("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    channels = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_wcag_defines_it() -> None:
    assert contrast("#000", "#ffffff") == pytest.approx(21)
    assert contrast("#777", "#fff") == pytest.approx(4.48, abs=0.005)


def test_every_colour_has_a_duty() -> None:
    assert {*TEXTS, *SURFACES, *FILLED, *SHAPES, *DECORATION} == colours(0).keys()


def test_browsers_without_light_dark_get_the_light_colours() -> None:
    assert dict(re.findall(r"--colour-([\w-]+): (#\w+);", TOKENS)) == colours(0)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_is_seven_times_as_bright_as_its_ground_or_the_reverse(scheme: int) -> None:
    found = colours(scheme)
    pairs = [*product(TEXTS, SURFACES), *((text, ground) for text, grounds in FILLED.items() for ground in grounds)]
    weak = {pair: ratio for pair in pairs if (ratio := contrast(found[pair[0]], found[pair[1]])) < 7}
    assert weak == {}


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_fields_marks_and_the_focus_stand_out_from_their_ground(scheme: int) -> None:
    found = colours(scheme)
    weak = {pair: ratio for pair in product(SHAPES, SURFACES) if (ratio := contrast(*(found[t] for t in pair))) < 3}
    assert weak == {}


def test_public_styles_use_no_colour_but_the_tokens() -> None:
    """So that what is shown here of tokens holds on every page. Shadows are under everything."""
    found = {
        f"{path.relative_to(BASE_DIR)}: {line.strip()}"
        for path in PUBLIC
        for line in path.read_text().splitlines()
        if COLOUR.search(FALLBACK.sub("", line)) and not line.strip().startswith("box-shadow:")
    }
    assert found == set()
