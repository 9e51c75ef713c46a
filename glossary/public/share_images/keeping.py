"""Name share images, and store them once they are drawn."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from glossary.models import TermSnapshot
from glossary.public.share_images.drawing import DESIGN, draw, is_drawable

logger = logging.getLogger(__name__)

BRAND = "Clinical Glossary"
SITE_TITLE = "Clinical terms, in plain words."
SITE_TEXT = "What a term means, where it comes from, how it works in the body, and which studies say so."
# In each of 256 folders. Some ten thousand cards of about 20 KB, and never more, however often terms change.
MOST_IN_FOLDER = 40

# One at a time in each process: whoever asks for many cards at once keeps nobody else waiting.
_drawing = threading.Lock()


@dataclass(frozen=True, slots=True)
class Card:
    """A card by what it shows. ``slug`` is the term's, empty for the card of the site."""

    title: str
    text: str
    slug: str = ""

    @property
    def name(self) -> str:
        """Say by a hash what the card shows."""
        shown = json.dumps([DESIGN, BRAND, self.title, self.text, _host()])
        return hashlib.sha256(shown.encode()).hexdigest()[:20]

    @property
    def path(self) -> str:
        if self.slug:
            return reverse("glossary:card", args=[self.slug, self.name])
        return reverse("glossary:site_card", args=[self.name])


def site_card() -> Card:
    """Return the card of every page that has none of its own."""
    return Card(SITE_TITLE, SITE_TEXT)


def card_of(term: TermSnapshot) -> Card:
    """Return a term's card. What has a letter that the typeface hasn't got is left out: better nothing than boxes."""
    if not is_drawable(term.title):
        return site_card()
    return Card(term.title, term.summary if is_drawable(term.summary) else "", term.slug)


def kept(card: Card) -> bytes:
    """Return a card as PNG, drawn now if it isn't kept."""
    file = _file(card)
    try:
        return file.read_bytes()
    except OSError:
        pass
    with _drawing:
        picture = draw(brand=BRAND, title=card.title, text=card.text, site=_host())
    try:
        _write(file, picture)
    except OSError as error:
        # It is drawn again for the next who asks.
        logger.warning("The card %s could not be kept: %s", card.name, error)
    return picture


def _file(card: Card) -> Path:
    folder: Path = settings.GLOSSARY_CARDS
    return folder / card.name[:2] / f"{card.name}.png"


def _write(file: Path, picture: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix="card-", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as target:
            target.write(picture)
        Path(temporary).replace(file)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    # The oldest go first: what is still shown somewhere is drawn anew when it is asked for.
    for old in sorted(file.parent.glob("*.png"), key=_age)[:-MOST_IN_FOLDER]:
        old.unlink(missing_ok=True)


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _host() -> str:
    return urlsplit(settings.SITE_URL).netloc
