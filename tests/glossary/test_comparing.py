"""Comparing two texts word by word: what counts as a change, where it stands, and that long texts are no trap."""

from __future__ import annotations

import random

import pytest

from glossary.comparing import Change, Comparison, Segment, compare_html, compare_text

SAME, ADDED, REMOVED = Change.SAME, Change.ADDED, Change.REMOVED


def lines(comparison: Comparison) -> list[str]:
    """Return each block in one line: removed text in [-…-], added text in {+…+}."""
    signs = {SAME: ("", ""), ADDED: ("{+", "+}"), REMOVED: ("[-", "-]")}
    return [
        "".join(signs[part.change][0] + part.text + signs[part.change][1] for part in block.segments)
        for block in comparison.blocks
    ]


def sides(comparison: Comparison) -> tuple[str, str]:
    """Return the old and the new text as the comparison has them, without blanks."""
    parts = [part for block in comparison.blocks for part in block.segments]
    old = "".join(part.text for part in parts if part.change is not ADDED)
    new = "".join(part.text for part in parts if part.change is not REMOVED)
    return "".join(old.split()), "".join(new.split())


def test_only_the_changed_words_are_marked() -> None:
    found = compare_html("<p>It lasts about two weeks.</p>", "<p>It lasts about ten days.</p>")
    assert lines(found) == ["It lasts about [-two weeks-]{+ten days+}."]
    assert (found.added, found.removed) == (2, 2)


def test_a_power_is_not_the_number_without_it() -> None:
    found = compare_html("<p>10<sup>3</sup> cells</p>", "<p>103 cells</p>")
    assert found.changed
    assert found.blocks[0].segments == (
        Segment(REMOVED, "10"),
        Segment(REMOVED, "3", ("sup",)),
        Segment(ADDED, "103"),
        Segment(SAME, " cells"),
    )


def test_the_same_words_under_another_link_are_a_change() -> None:
    old, new = (f'<p>See <a href="https://{host}/">the guideline</a>.</p>' for host in ("old.example", "new.example"))
    found = compare_html(old, new)
    assert lines(found) == ["See [-the guideline-]{+the guideline+}."]
    hrefs = [part.href for part in found.blocks[0].segments if part.href]
    assert hrefs == ["https://old.example/", "https://new.example/"]


def test_a_changed_list_item_leaves_its_neighbours_alone() -> None:
    found = compare_html(
        "<ul><li>One</li><li>Two</li><li>Three</li></ul>", "<ul><li>One</li><li>2</li><li>Three</li></ul>"
    )
    assert lines(found) == ["One", "[-Two-]{+2+}", "Three"]
    assert [block.tag for block in found.blocks] == ["li"] * 3


def test_bullets_turned_into_numbers_are_a_change() -> None:
    found = compare_html("<ul><li>One</li></ul>", "<ol><li>One</li></ol>")
    assert found.changed
    assert [(block.tag, block.change) for block in found.blocks][-1] == ("oli", ADDED)


def test_a_moved_paragraph_is_the_only_one_that_is_marked() -> None:
    one, two, three = "<p>First of all.</p>", "<p>Then another thing.</p>", "<p>At last the end.</p>"
    found = compare_html(one + two + three, two + three + one)
    assert lines(found) == ["[-First of all.-]", "Then another thing.", "At last the end.", "{+First of all.+}"]
    assert [block.change for block in found.blocks] == [REMOVED, SAME, SAME, ADDED]


def test_an_added_paragraph_is_added_as_a_block() -> None:
    found = compare_html("<p>One.</p>", "<p>One.</p><p>Two.</p>")
    assert [(block.change, line) for block, line in zip(found.blocks, lines(found), strict=True)] == [
        (SAME, "One."),
        (ADDED, "{+Two.+}"),
    ]


def test_a_line_break_that_is_gone_is_a_change_and_a_blank_is_none() -> None:
    assert compare_html("<p>One<br>two</p>", "<p>One two</p>").changed
    assert not compare_html("<p>One  two </p>", "<p>One two</p>").changed
    assert not compare_html("<ul>\n<li>One</li>\n</ul>", "<ul><li>One</li></ul>").changed


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("", "", []),
        ("", "<p>New.</p>", ["{+New.+}"]),
        ("<p>Old.</p>", "", ["[-Old.-]"]),
        ("<p>Same.</p>", "<p>Same.</p>", ["Same."]),
    ],
)
def test_empty_texts_compare_too(old: str, new: str, shown: list[str]) -> None:
    found = compare_html(old, new)
    assert lines(found) == shown
    assert found.changed == (old != new)


def test_plain_text_is_compared_without_reading_markup() -> None:
    found = compare_text("a < b & c", "a < b & d")
    assert lines(found) == ["a < b & [-c-]{+d+}"]
    assert not compare_text("the same", "the same").changed


def test_hyphens_apostrophes_and_decimals_stay_in_one_word() -> None:
    found = compare_text("FSH-like, patient's 1.5 mg", "FSH-like, patient's 2.5 mg")
    assert lines(found) == ["FSH-like, patient's [-1.5-]{+2.5+} mg"]


WORDS = ["the", "of", "and", "follicle", "luteal", "oestradiol", "receptor", "phase", "cycle", "rises", "before", "day"]


def prose(seed: int, *, paragraphs: int, words: int) -> str:
    chance = random.Random(seed)  # noqa: S311  (the same text each time)
    return "".join(f"<p>{' '.join(chance.choices(WORDS, k=words))}.</p>" for _ in range(paragraphs))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        # 100,000 characters each, as large as a text may be.
        (prose(1, paragraphs=1, words=16_000), prose(2, paragraphs=1, words=16_000)),
        (prose(1, paragraphs=160, words=100), prose(2, paragraphs=160, words=100)),
        ("<p>" + "a " * 49_000 + "</p>", "<p>" + "a b " * 24_000 + "</p>"),
        ("<p>a</p>" * 12_000, "<p>b</p>" + "<p>a</p>" * 11_000 + "<p>c</p>"),
        ("<p>" + "x" * 99_000 + "</p>", "<p>" + "y" * 99_000 + "</p>"),
        ("<p>" + "a, " * 30_000 + "</p>", "<p>" + ", a" * 30_000 + "</p>"),
    ],
    ids=["one-paragraph", "paragraphs", "one-word", "equal-paragraphs", "no-blank", "signs"],
)
def test_a_text_of_full_length_is_compared_whole_and_both_sides_are_there(old: str, new: str) -> None:
    """Would hang for minutes if the comparison grew with the square of the length."""
    found = compare_html(old, new)
    assert found.changed
    strip = str.maketrans("", "", " ")
    assert sides(found) == tuple(text.replace("<p>", "").replace("</p>", "").translate(strip) for text in (old, new))


def test_one_changed_word_in_a_long_text_is_found() -> None:
    old = prose(3, paragraphs=160, words=100)
    at = old.index("luteal", 50_000)
    found = compare_html(old, old[:at] + "FOLLICULAR" + old[at + len("luteal") :])
    assert (found.added, found.removed) == (1, 1)


def test_a_change_in_every_paragraph_of_a_long_text_leaves_the_rest_unmarked() -> None:
    old = prose(4, paragraphs=160, words=100)
    found = compare_html(old, old.replace(".</p>", " at last.</p>"))
    assert (found.added, found.removed) == (320, 0)
