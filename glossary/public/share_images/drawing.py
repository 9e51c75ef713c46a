"""Draw a share image from words and colours."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 1200, 630
#: Part of a card's name: raised with every change of how cards look.
DESIGN = 1

MARGIN = 80
PAPER, INK, MUTED, ACCENT, SOFT = "#fbfaf6", "#1a2427", "#46555a", "#0b4f5a", "#dfecea"
TITLE_SIZES = (100, 88, 76, 66, 58, 50)
TITLE_LINES, TITLE_HEIGHT = 3, 270
TEXT_SIZE, TEXT_LINES = 34, 3
COLOURS = 64
FONTS = Path(__file__).resolve().parent / "fonts"

Font = ImageFont.FreeTypeFont


def draw(*, brand: str, title: str, text: str, site: str) -> bytes:
    """Return a card as PNG: ``title`` large, the beginning of ``text`` below, and who says so.

    What is too long ends in an ellipsis. The letters must be drawable (:func:`is_drawable`).
    """
    picture = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((0, 0, 24, HEIGHT), fill=ACCENT)
    _mark(pen, MARGIN, 64)
    pen.text((MARGIN + 68, 90), brand, font=_font("semibold", 34), fill=ACCENT, anchor="lm")
    size, lines = _fitted(_composed(title))
    font = _font("semibold", size)
    top = 168
    for line in lines:
        pen.text((MARGIN, top), line, font=font, fill=INK, anchor="la")
        top += round(size * 1.14)
    top = max(top + 26, 300)
    body = _font("regular", TEXT_SIZE)
    room = max(0, min(TEXT_LINES, (HEIGHT - 96 - top) // round(TEXT_SIZE * 1.35)))
    for line in _wrapped(_composed(text), body, WIDTH - 2 * MARGIN, room):
        pen.text((MARGIN, top), line, font=body, fill=MUTED, anchor="la")
        top += round(TEXT_SIZE * 1.35)
    pen.line((MARGIN, HEIGHT - 82, WIDTH - MARGIN, HEIGHT - 82), fill=SOFT, width=3)
    pen.text((MARGIN, HEIGHT - 48), site, font=_font("regular", 26), fill=MUTED, anchor="lm")
    output = BytesIO()
    # A few colours are enough for letters on paper, and make a third of the bytes.
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(output, "PNG", optimize=True)
    return output.getvalue()


def is_drawable(*texts: str) -> bool:
    """Return whether the cards' typeface has every letter: Latin, Greek and Cyrillic, and the signs beside them."""
    return all(_has(letter) for letter in set("".join(map(_composed, texts))) if not letter.isspace())


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


@cache
def _font(name: str, size: int) -> Font:
    return ImageFont.truetype(FONTS / f"card-{name}.ttf", size)


@cache
def _has(letter: str) -> bool:
    # A typeface draws one and the same box for every letter that it hasn't got.
    font = _font("semibold", 32)
    return unicodedata.category(letter)[0] != "C" and _shape(font, letter) != _shape(font, "\U0010fffd")


def _shape(font: Font, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)


def _fitted(title: str) -> tuple[int, list[str]]:
    """Return the largest size at which a title fits its place, and its lines."""
    for size in TITLE_SIZES:
        font = _font("semibold", size)
        lines = _wrapped(title, font, WIDTH - 2 * MARGIN, TITLE_LINES + 1)
        whole = all(font.getlength(word) <= WIDTH - 2 * MARGIN for word in title.split())
        if whole and len(lines) <= TITLE_LINES and len(lines) * size * 1.14 <= TITLE_HEIGHT:
            return size, lines
    return TITLE_SIZES[-1], _wrapped(title, _font("semibold", TITLE_SIZES[-1]), WIDTH - 2 * MARGIN, TITLE_LINES + 1)


def _wrapped(text: str, font: Font, width: int, most: int) -> list[str]:
    """Return ``text`` in at most ``most`` lines of ``width``; what is left over becomes an ellipsis."""
    lines: list[str] = []
    line = ""
    for word in _pieces(text.split(), lambda part: font.getlength(part) <= width):
        longer = f"{line} {word}" if line else word
        if font.getlength(longer) <= width:
            line = longer
            continue
        lines.append(line)
        line = word
    lines = [*lines, line] if line else lines
    if len(lines) <= most:
        return lines
    if not most:
        return []
    last = lines[most - 1]
    while last and font.getlength(f"{last}…") > width:
        last = last[:-1]
    return [*lines[: most - 1], f"{last.rstrip(' ,;:–—(')}…"]


def _pieces(words: Iterable[str], fits: Callable[[str], bool]) -> Iterable[str]:
    """Return words, each cut where it is longer than a line."""
    for word in words:
        rest = word
        while not fits(rest):
            end = next(end for end in range(len(rest) - 1, 0, -1) if end == 1 or fits(rest[:end]))
            yield rest[:end]
            rest = rest[end:]
        yield rest


def _mark(pen: ImageDraw.ImageDraw, left: int, top: int) -> None:
    """Draw the site's mark, as static/icon.svg has it."""
    pen.rounded_rectangle((left, top, left + 52, top + 52), radius=10, fill=ACCENT)
    pen.rounded_rectangle((left + 13, top + 12, left + 38, top + 40), radius=5, outline="white", width=4)
    for line in (21, 29):
        pen.line((left + 20, top + line, left + 31, top + line), fill="white", width=4)
