"""The two apps may not import one another, and still agree on which characters show nothing."""

from __future__ import annotations

import sys

from consent.actions.registry import invisible_in
from glossary.text.characters import is_blank


def test_what_shows_nothing_in_a_text_is_refused_in_start_code() -> None:
    unseen = [chr(code) for code in range(sys.maxunicode + 1) if is_blank(chr(code)) and not chr(code).isspace()]
    assert "\u200b" in unseen
    assert [f"U+{ord(character):04X}" for character in unseen if not invisible_in(character)] == []
