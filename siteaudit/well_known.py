"""Look up cookies in the project's own list, so that findings can say whose cookie it is.

``cookies.csv`` says in our own words what vendors and their documentation say in public, and is under the project's
licence. A name proves nothing, but says what to check first.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from siteaudit.cookie_list import CookieList

FILE = Path(__file__).with_name("cookies.csv")


def known_as(name: str) -> str:
    """Return the vendor and purpose of a cookie of this name, as in ``"Hotjar (…)"``, or ``""`` if it is not listed."""
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
