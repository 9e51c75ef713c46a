"""Every test that the table of legal requirements names is there."""

import ast
import re

import pytest

from tests.folders import ROOT

PAGE = (ROOT / "docs" / "reference" / "legal.md").read_text(encoding="utf-8")
SHOWN = PAGE.partition("## What is shown")[2].partition("## What isn't met")[0]
ROWS = [
    line for line in SHOWN.splitlines() if line.startswith("| ") and not line.startswith(("| Requirement", "| ---"))
]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_named_test_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:60])
def test_every_requirement_names_a_test(row: str) -> None:
    requirement, how, shown = row.strip("| ").split(" | ")
    assert requirement
    assert how
    assert re.search(r"`tests/[\w/]+\.py::test_\w+`", shown)


@pytest.mark.parametrize(
    "rule",
    [
        *("Article 4(11)", "Article 7(1)", "Article 7(3)", "Article 5(1)(c)", "Article 5(1)(e)", "Article 17"),
        *("2002/58/EC, Article 5(3)", "Guidelines 05/2020", "Guidelines 03/2022", "CNIL", "CCPA", "My Health My Data"),
    ],
)
def test_every_rule_that_we_answer_to_is_in_the_table(rule: str) -> None:
    assert rule in SHOWN


def test_limits_are_said_plainly() -> None:
    assert "This is no legal advice." in PAGE
    assert "## What isn't met" in PAGE
    assert "## What depends on you" in PAGE
