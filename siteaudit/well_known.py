"""Look up cookies in the project's own list, so that findings can say whose cookie it is.

``cookies.csv`` is written down from what vendors and their documentation say in public, in our own words, and is under
the project's licence. A name proves nothing; it tells where to look first.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from siteaudit.cookie_list import CookieList

FILE = Path(__file__).with_name("cookies.csv")


def known_as(name: str) -> str:
    """Return whose cookie this name is known as and what it is for, as in ``"Hotjar (…)"``, or ``""``."""
    found = _bundled().find(name)
    return found[1][0] if found else ""


@cache
def _bundled() -> CookieList:
    names: dict[str, tuple[str, ...]] = {}
    beginnings: dict[str, tuple[str, ...]] = {}
    with FILE.open(encoding="utf-8", newline="") as lines:
        for name, vendor, purpose in list(csv.reader(lines, strict=True))[1:]:
            known = beginnings if name.endswith("*") else names
            known[name.removesuffix("*")] = (f"{vendor} ({purpose})",)
    return CookieList(names, beginnings)
