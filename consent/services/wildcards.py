"""Names and paths in which ``*`` stands for any text, as operators write them.

No regular expression reads them: one with many stars tries every way to divide a text among them, and a visitor writes
the text. ``static/consent/kept.js`` reads them by the same rules.
"""

from __future__ import annotations


def fits(pattern: str, text: str) -> bool:
    """Return whether the whole of ``text`` is what ``pattern`` says, in steps that grow with the longer of both."""
    first, *middle = pattern.split("*")
    if not middle:
        return text == pattern
    last = middle.pop()
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in middle:
        # The first place will do: what is behind it has the more room.
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
