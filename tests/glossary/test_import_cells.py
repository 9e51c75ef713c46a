"""The notation of lists in a CSV cell, read and written."""

import random
from typing import Any

import pytest

from glossary.interchange.cells import LISTS, read_cell, write_cell


@pytest.mark.parametrize(
    ("field", "cell", "entries"),
    [
        ("tags", " cycle | Fertility||", ["cycle", "Fertility"]),
        ("tags", r"either\|or", ["either|or"]),
        ("synonyms", "LP [Abbreviation]", [{"text": "LP", "kind": "abbreviation"}]),
        ("synonyms", "[18F]FDG | FDG [18F]", [{"text": "[18F]FDG"}, {"text": "FDG [18F]"}]),
        ("synonyms", r"X [former\]", [{"text": "X [former]"}]),
        ("insights", "Look. [url: https://example.org/]", [{"text": "Look.", "url": "https://example.org/"}]),
        (
            "references",
            "A. [B]. 2006. [doi: 10.1890/0012(2006)87[1:A]2.0.CO;2] [pmid:7]",
            [{"citation": "A. [B]. 2006.", "doi": "10.1890/0012(2006)87[1:A]2.0.CO;2", "pmid": "7"}],
        ),
        ("references", r"C:\path [in print]", [{"citation": r"C:\path [in print]"}]),
    ],
)
def test_a_cell_is_read_as_entries(field: str, cell: str, entries: list[Any]) -> None:
    assert read_cell(field, cell) == entries


def test_whatever_is_written_to_a_cell_is_read_back_the_same() -> None:
    dice = random.Random(7)  # noqa: S311  made-up texts, not secrets

    def text() -> str:
        signs = "".join(dice.choice(r"ab|\[]: ") for _ in range(dice.randint(1, 9)))
        return (signs + dice.choice(["", " [doi: x]", " [former]", "[term: a]"])).strip() or "z"

    for _ in range(3_000):
        field = dice.choice(sorted(LISTS))
        name, keys = LISTS[field]
        entries: list[Any] = []
        for _ in range(dice.randint(1, 3)):
            entry = {key: text() for key in keys if dice.random() < 0.5}
            if field == "synonyms" and dice.random() < 0.5:
                entry["kind"] = "former"
            entries.append({name: text(), **entry} if name else text())
        assert read_cell(field, write_cell(field, entries)) == entries


@pytest.mark.parametrize("piece", [" ", "[doi:", "[a]", "[former]", "\\"])
def test_a_cell_of_nonsense_costs_no_more_time_than_its_length(piece: str) -> None:
    # A search that starts anew at every sign would take many minutes for this.
    cell = "x" + piece * (400_000 // len(piece)) + "x]"
    assert len(read_cell("references", cell)) == len(read_cell("synonyms", cell)) == 1
