"""The benchmarks' own parts: what is measured must be what is said, and a run must still go through."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import aims, report
from bench.__main__ import EVERYTHING
from bench.data import Databases
from bench.figures import Figure, by_turns, kept, read
from bench.terms import MEASURED_AT, NO_WORD, RARE_WORD, documents, mistyped, titles
from bench.words import EVERYWHERE
from glossary.document.markup import plain_text
from glossary.document.parsing import parse_document
from tests.folders import ROOT


def figure(name: str, *rounds: float, beside: tuple[float, ...] = (), size: int = 1_000) -> Figure:
    return Figure(name, name.title(), "µs", size, rounds, "something else" if beside else "", beside)


def test_made_up_terms_are_good_documents_that_know_one_another() -> None:
    made = list(documents(100))
    slugs = {parse_document(each).slug for each in made}
    assert len(slugs) == 100
    named = {slug for each in made for slug in (*each["related"], *(item["term"] for item in each["insights"]))}
    assert named <= slugs
    assert len(named) > 20


def test_made_up_terms_are_the_same_each_time_and_in_each_size() -> None:
    assert list(documents(50)) == list(documents(150))[:50]


def test_made_up_texts_have_what_is_searched_for_and_speak_of_other_terms() -> None:
    made = list(documents(100))
    texts = [plain_text(each["definition"] + each["origin"] + each["mechanism"]).casefold() for each in made]
    assert all(EVERYWHERE in text for text in texts)
    assert sum(RARE_WORD in text for text in texts) == 1
    assert not any(NO_WORD in text for text in texts)
    names = [title.casefold() for title in titles(100)]
    assert sum(any(name in text for name in names if name != own) for own, text in zip(names, texts, strict=True)) > 90
    assert 900 < len(texts[MEASURED_AT].split()) < 1_400
    assert mistyped(titles(100)[5]) != titles(100)[5]


def test_real_terms_come_before_made_up_ones(tmp_path: Path) -> None:
    file = tmp_path / "terms.json"
    file.write_text('{"terms": [{"title": "Luteal phase", "slug": "luteal-phase", "definition": "<p>Half.</p>"}]}')
    made = list(documents(10, real=file))
    assert [each["slug"] for each in made][:1] == ["luteal-phase"]
    assert made[1:] == list(documents(9))


def test_works_take_turns_and_a_ratio_is_taken_in_each_round() -> None:
    order: list[str] = []

    def work(name: str) -> float:
        order.append(name)
        return float(len(order))

    found = by_turns({name: lambda name=name: work(name) for name in "abc"}, rounds=2)  # type: ignore[misc]  # bound
    assert "".join(order) == "abccba"
    assert found == {"a": (1.0, 6.0), "b": (2.0, 5.0), "c": (3.0, 4.0)}
    assert figure("one", 2.0, 9.0, 4.0, beside=(1.0, 3.0, 8.0)).ratio == 2.0
    assert figure("one", 2.0).ratio is None


def test_figures_outlive_the_process_that_measured_them() -> None:
    figures = [figure("one", 1.5, 2.5, beside=(3.0, 4.0)), figure("two", 1.0)]
    assert read(kept(figures)) == figures


def test_an_aim_is_met_where_there_are_the_most_terms() -> None:
    aim = aims.Aim("Work", "≤ 2", "one", most=2)
    figures = [figure("one", 1.0, beside=(1.0,)), figure("one", 30.0, beside=(10.0,), size=100_000)]
    found = aim.measured(figures)
    assert found
    assert (found.size, aim.number(found), aim.is_met(found)) == (100_000, 3.0, False)
    assert aim.is_met(figures[0])
    assert aim.measured([figure("other", 1.0)]) is None


def test_the_table_of_aims_says_which_are_met_and_which_were_not_measured() -> None:
    measured = {
        "SQLite": [figure("memory", 100.0), figure("choices", 0.5, beside=(1.0,))],
        "PostgreSQL": [figure("memory", 300.0), figure("choices", 1.0, beside=(1.0,))],
    }
    lines = aims.table(measured).splitlines()
    [memory] = [line for line in lines if "Memory" in line]
    [choices] = [line for line in lines if "Consent write" in line]
    assert memory.endswith("| 100 µs | 300 µs | **in part** |")
    assert choices.endswith("|  | 1.00 | yes |")
    assert sum(line.endswith("| not measured |") for line in lines) == len(aims.AIMS) - 2


def test_a_table_shows_medians_with_their_spread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = report.table([figure("one", 1.0, 3.0, 2.0, beside=(2.0, 2.0, 2.0))])
    assert "| One | 1,000 | 2.00 µs (1.00–3.00) | something else | 2.00 | 1.00 (0.50–1.50) |" in shown
    page = tmp_path / "page.md"
    page.write_text("Before.\n<!-- figures -->\nOld.\n<!-- end of figures -->\nAfter.\n")
    monkeypatch.setattr(report, "PAGE", page)
    report.replace("figures", "New.\n")
    assert page.read_text() == "Before.\n<!-- figures -->\nNew.\n<!-- end of figures -->\nAfter.\n"
    with pytest.raises(ValueError, match="no place for aims"):
        report.replace("aims", "")


def test_the_page_has_a_place_for_everything_that_is_written_into_it() -> None:
    page = report.PAGE.read_text(encoding="utf-8")
    for name in ("aims", "figures", "machines", "Sizes"):
        assert f"<!-- {name} -->\n" in page
        assert f"<!-- end of {name} -->\n" in page


@pytest.mark.slow
@pytest.mark.processes
@pytest.mark.database
@pytest.mark.timeout(700)
def test_a_small_run_goes_through_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Each subject in turn, over the real servers, in a glossary of fifty terms; on PostgreSQL, one of terms and
    the one of records, since the others are the same there.
    """
    server = os.environ.get("DATABASE_URL", "")
    environment = {name: value for name, value in os.environ.items() if name not in ("DEBUG", "DATA_DIR")}
    subjects = ["queries", "consent"] if server else list(EVERYTHING)
    done = subprocess.run(
        [sys.executable, "-m", "bench", *subjects, "--smoke"],
        cwd=ROOT,
        env=environment | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    kind = Databases.named_by(server, folder=tmp_path).kind
    for subject in subjects:
        assert f"{subject}, {kind}, in " in done.stdout
    assert list(tmp_path.iterdir()) == []
