"""Look up cookies in a list that the operator supplies: the Open Cookie Database's CSV file.

It adds to the project's own list (``siteaudit.well_known``). Why the project has a list of its own:
docs/adr/0090-an-audit-runs-on-a-copy-of-the-site.md.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from siteaudit import CouldNotAudit

SOURCE = "Open Cookie Database"
NAME, PLATFORM, WILDCARD = "Cookie / Data Key name", "Platform", "Wildcard match"


@dataclass(frozen=True, slots=True)
class CookieList:
    """Names of cookies, and beginnings of names, each with the platforms that are said to use it."""

    names: Mapping[str, tuple[str, ...]]
    beginnings: Mapping[str, tuple[str, ...]]

    def find(self, name: str) -> tuple[str, tuple[str, ...]] | None:
        """Return the listed name that a cookie's name is or begins with, and its platforms.

        A whole name wins over any beginning, and a longer beginning over a shorter one.
        """
        if platforms := self.names.get(name):
            return name, platforms
        for length in range(len(name), 0, -1):
            if platforms := self.beginnings.get(name[:length]):
                return f"{name[:length]}*", platforms
        return None

    def looks_like(self, name: str) -> str:
        """Return what a cookie's name looks like, as in ``"shop_* of Acme"``, or ``""``."""
        found = self.find(name)
        return f"{found[0]} of {' or '.join(found[1])}" if found else ""


def read_cookie_list(file: Path) -> CookieList:
    """Read a list in the Open Cookie Database's CSV format; of its columns only name, platform and wildcard are used.

    Rows without a name or a platform are skipped, as are beginnings that are too short to identify a cookie.
    Raises ``CouldNotAudit`` when the file can't be read, is not such a list, or names no cookie.
    """
    names: dict[str, tuple[str, ...]] = {}
    beginnings: dict[str, tuple[str, ...]] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            if missing := [column for column in (NAME, PLATFORM, WILDCARD) if column not in (rows.fieldnames or ())]:
                raise CouldNotAudit(f"{file} is not the {SOURCE}’s CSV file: it has no column “{missing[0]}”.")
            for row in rows:
                name, platform = (row[NAME] or "").strip(), (row[PLATFORM] or "").strip()
                is_beginning = (row[WILDCARD] or "").strip() == "1" or name.endswith("*")
                name = name.rstrip("*")
                if not name or not platform or (is_beginning and not _is_distinctive(name)):
                    continue
                known = beginnings if is_beginning else names
                known[name] = tuple(dict.fromkeys((*known.get(name, ()), platform)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CouldNotAudit(f"The list of cookies cannot be read from {file}: {error}") from error
    if not names and not beginnings:
        raise CouldNotAudit(f"{file} names no cookie.")
    return CookieList(names, beginnings)


def _is_distinctive(beginning: str) -> bool:
    """Whether a beginning identifies a cookie: many names begin with “cap”, few with “cap_” and its separator."""
    letters = sum(character.isalnum() for character in beginning)
    return letters >= (4 if beginning[-1].isalnum() else 3)
