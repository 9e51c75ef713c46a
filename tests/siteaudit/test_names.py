"""Whose cookie is that: what the bundled list says in the findings of an audit, and what an operator's list adds.

The rows of the latter are made up.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from siteaudit import CouldNotAudit
from siteaudit.cookie_list import CookieList, read_cookie_list
from siteaudit.declared import declaration_of
from siteaudit.judging import judge
from siteaudit.observed import SampledPage, SeenCookie, SiteSeen, StateSeen
from siteaudit.states import states_for
from siteaudit.well_known import FILE

HEAD = "ID,Platform,Category,Cookie / Data Key name,Domain,Description,Wildcard match"
ROWS = (
    "1,Acme,Analytics,shop_,,,1",
    "2,Acme Carts,Functional,shop_cart_,,,1",
    "3,Bolt,Marketing,shop_cart_id,,,0",
    '4,"Cog, Inc.",Marketing,cogs,,"Two\nlines",0',
)


def brought(folder: Path, *rows: str, head: str = HEAD) -> CookieList:
    file = folder / "cookies.csv"
    file.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return read_cookie_list(file)


def said(name: str, cookie_list: CookieList | None) -> str:
    declaration = declaration_of(
        {"schema": "consent-notice/1", "language": "en", "text": {}, "number": 1, "categories": []}, "0" * 64, ()
    )
    untouched = next(state for state in states_for(declaration) if state.name == "untouched")
    page = SampledPage("/", "home", ())
    seen = StateSeen(untouched, cookies=[SeenCookie(name, "glossary.example.org", "/", 60)])
    [finding] = judge(SiteSeen([page], [seen]), declaration, "https://glossary.example.org", cookie_list=cookie_list)
    assert finding.code == "undeclared-cookie"
    return finding.what


def test_a_whole_name_goes_before_a_beginning_and_a_long_beginning_before_a_short_one(tmp_path: Path) -> None:
    for rows in (ROWS, ROWS[::-1]):
        known = brought(tmp_path, *rows)
        assert known.looks_like("shop_cart_id") == "shop_cart_id of Bolt"
        assert known.looks_like("shop_cart_9") == "shop_cart_* of Acme Carts"
        assert known.looks_like("shop_9") == "shop_* of Acme"
        assert known.looks_like("cogs") == "cogs of Cog, Inc."


def test_what_the_list_does_not_know_stays_unknown(tmp_path: Path) -> None:
    known = brought(tmp_path, *ROWS)
    for name in ("", "s", "shop", "cogs2", "COGS", "my_shop_9"):
        assert known.looks_like(name) == ""


@pytest.mark.parametrize("beginning", ["c", "_s", "P_", "ab", "__", "*", "cap", "_cap"])
def test_a_beginning_too_short_to_tell_anything_names_nothing(tmp_path: Path, beginning: str) -> None:
    known = brought(tmp_path, *ROWS, f"5,Greedy,Marketing,{beginning},,,1")
    assert known.looks_like(f"{beginning}tcha") == ""


@pytest.mark.parametrize("beginning", ["cap_", "capt", "ab1-"])
def test_a_beginning_that_tells_something_names_what_begins_so(tmp_path: Path, beginning: str) -> None:
    known = brought(tmp_path, f"1,Caps,Marketing,{beginning},,,1")
    assert known.looks_like(f"{beginning}9") == f"{beginning}* of Caps"


def test_a_short_name_is_known_when_it_is_the_whole_name(tmp_path: Path) -> None:
    known = brought(tmp_path, "1,Acme,Marketing,q,,,0")
    assert known.looks_like("q") == "q of Acme"
    assert known.looks_like("quiz") == ""


def test_a_name_of_several_platforms_names_each_once(tmp_path: Path) -> None:
    known = brought(tmp_path, "1,Acme,Marketing,uid,,,0", "2,Bolt,Marketing,uid,,,0", "3,Acme,Analytics,uid,,,0")
    assert known.looks_like("uid") == "uid of Acme or Bolt"


def test_careless_rows_are_read_as_they_are_meant_or_passed_over(tmp_path: Path) -> None:
    known = brought(
        tmp_path, "1, Acme ,Marketing,padded\t,,,0", "2,Star,Marketing,star_*,,,0", "3,,Security,nobody,,,0", "4,Short"
    )
    assert known.looks_like("padded") == "padded of Acme"
    assert known.looks_like("star_1") == "star_* of Star"
    assert known.looks_like("nobody") == ""


def test_a_list_saved_by_a_spreadsheet_begins_with_a_mark_and_is_read(tmp_path: Path) -> None:
    known = brought(tmp_path, "cogs,Cog,0", head="\ufeffCookie / Data Key name,Platform,Wildcard match")
    assert known.looks_like("cogs") == "cogs of Cog"


def test_what_is_no_such_list_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(CouldNotAudit, match="has no column “Platform”"):
        brought(tmp_path, *ROWS, head=HEAD.replace("Platform", "Vendor"))
    with pytest.raises(CouldNotAudit, match="names no cookie"):
        brought(tmp_path)
    with pytest.raises(CouldNotAudit, match="cannot be read"):
        brought(tmp_path, '1,Acme,Marketing,"open')
    with pytest.raises(CouldNotAudit, match="cannot be read"):
        read_cookie_list(tmp_path / "nowhere.csv")
    (tmp_path / "latin.csv").write_bytes(f"{HEAD}\n1,Caf\xe9,Marketing,cafe,,,0\n".encode("latin-1"))
    with pytest.raises(CouldNotAudit, match="cannot be read"):
        read_cookie_list(tmp_path / "latin.csv")


def test_a_finding_says_what_a_cookie_looks_like_and_where_that_is_from(tmp_path: Path) -> None:
    known = brought(tmp_path, *ROWS)
    assert said("shop_9", known) == (
        "The cookie shop_9, which looks like shop_* of Acme (Open Cookie Database), was set, "
        "and the notice does not name it."
    )
    assert said("other", known) == said("other", None) == ("The cookie other was set, and the notice does not name it.")


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("_ga", "Google Analytics (tells visitors apart)"),
        ("_ga_4XYZ", "Google Analytics 4 ("),
        ("_pk_id.1.1fff", "Matomo (tells visitors apart)"),
        ("_pk_new.1", "Matomo (counts visits)"),
        ("OptanonConsent", "OneTrust ("),
    ],
)
def test_the_list_that_comes_with_the_project_says_whose_a_cookie_is_and_what_for(name: str, known: str) -> None:
    assert f"The cookie {name}, a name used by {known}" in said(name, None)


def test_the_list_that_comes_with_the_project_is_one_that_tells_something() -> None:
    with FILE.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, strict=True))
    names = [row["name"] for row in rows]
    assert len(names) == len(set(names)) > 300
    assert all(all(value and value == value.strip() for value in row.values()) for row in rows)
    assert [name for name in names if name.endswith("*") and sum(map(str.isalnum, name)) < 2] == []
    assert [name for name in names if "*" in name[:-1]] == []


def test_the_list_that_comes_with_the_project_goes_first(tmp_path: Path) -> None:
    known = brought(tmp_path, "1,Somebody Else,Marketing,_fbp,,,0")
    assert known.looks_like("_fbp") == "_fbp of Somebody Else"
    assert said("_fbp", known) == said("_fbp", None)
    assert "a name used by Meta Pixel" in said("_fbp", known)


def test_a_list_that_cannot_be_read_stops_the_audit_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="The list of cookies cannot be read") as stopped:
        call_command("audit_site", cookie_list=tmp_path / "nowhere.csv")
    assert stopped.value.returncode == 2
