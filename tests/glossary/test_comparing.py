"""Comparing two texts word by word: what counts as a change, where it stands, and that long texts are no trap."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import pytest

from glossary.document.blocks import Change, Segment, Shape
from glossary.document.comparing import Comparison, compare_html, compare_rows, compare_text
from tests.steps import DOUBLE, NOW_AND_THEN, steps_of

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
    assert [(block.tag, block.was) for block in found.blocks] == [("oli", Shape("li", 1))]
    assert lines(found) == ["One"]


def test_a_moved_paragraph_is_the_only_one_that_is_marked() -> None:
    one, two, three = "<p>First of all.</p>", "<p>Then another thing.</p>", "<p>At last the end.</p>"
    found = compare_html(one + two + three, two + three + one)
    assert lines(found) == ["Then another thing.", "At last the end.", "First of all."]
    assert [block.moved for block in found.blocks] == [None, None, (1, 3)]
    assert found.changed


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


@pytest.mark.slow
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


PARAGRAPH, ITEM, NUMBERED = Shape(), Shape("li", 1), Shape("oli", 1)


@pytest.mark.parametrize(
    ("old", "new", "shapes"),
    [
        ("<p>One</p><p>Two</p>", "<ul><li><p>One</p></li><li><p>Two</p></li></ul>", [(PARAGRAPH, ITEM)] * 2),
        ("<p>One</p>", "<ul><li>One</li></ul>", [(PARAGRAPH, ITEM)]),
        ("<ol><li>One</li></ol>", "<p>One</p>", [(NUMBERED, PARAGRAPH)]),
        (
            "<ul><li>One</li><li>Two</li></ul>",
            "<ul><li>One<ul><li>Two</li></ul></li></ul>",
            [(None, ITEM), (ITEM, Shape("li", 2))],
        ),
        (
            "<ol><li>One</li><li>Two</li></ol>",
            "<ol><li>One</li></ol><ol><li>Two</li></ol>",
            [(None, NUMBERED), (NUMBERED, Shape("oli", 1, begins=True))],
        ),
        (
            "<ul><li>One</li></ul><p>Two</p>",
            "<ul><li><p>One</p><p>Two</p></li></ul>",
            [(None, ITEM), (PARAGRAPH, Shape("p", 1))],
        ),
    ],
    ids=["list-of-editor", "list", "no-list", "nested", "two-lists", "into-the-item"],
)
def test_another_structure_of_the_same_words_is_a_change(
    old: str, new: str, shapes: list[tuple[Shape | None, Shape]]
) -> None:
    found = compare_html(old, new)
    assert found.changed
    assert [(block.was, block.shape) for block in found.blocks] == shapes
    assert (found.added, found.removed) == (0, 0)


def test_an_item_as_the_editor_writes_it_is_an_item() -> None:
    assert not compare_html("<ul><li>One</li></ul>", "<ul><li><p>One</p></li></ul>").changed


def test_a_paragraph_that_moved_and_changed_shows_only_what_changed() -> None:
    first = "<p>It begins when the follicle has released its egg and ends with the bleeding.</p>"
    rest = "<p>Progesterone rises for a week.</p><p>Then it falls.</p>"
    found = compare_html(first + rest, rest + first.replace("released", "shed"))
    assert found.blocks[-1].moved == (1, 3)
    assert (
        lines(found)[-1] == "It begins when the follicle has [-released-]{+shed+} its egg and ends with the bleeding."
    )
    assert (found.added, found.removed) == (1, 1)


def test_a_divided_paragraph_says_so_and_so_does_one_that_was_two() -> None:
    whole = "<p>It begins with ovulation, and it ends with the bleeding. It lasts for two weeks in most people.</p>"
    parts = whole.replace("bleeding. It", "bleeding.</p><p>It")
    divided = compare_html(whole, parts)
    assert [block.divided for block in divided.blocks] == [False, True]
    assert (divided.added, divided.removed) == (0, 0)
    assert divided.changed
    joined = compare_html(parts, whole)
    assert [block.joined for block in joined.blocks] == [True]
    assert (joined.added, joined.removed) == (0, 0)
    assert joined.changed


def test_a_text_of_which_little_survives_is_shown_beside_the_new_one() -> None:
    old = "<p>The second half of the cycle, which begins with ovulation and lasts for about two weeks.</p>"
    new = "<p>A time between the release of an egg and menstruation; the corpus luteum makes progesterone then.</p>"
    found = compare_html("<p>Before.</p>" + old, "<p>Before.</p>" + new)
    assert [(len(group.old), len(group.new)) for group in found.groups] == [(0, 1), (1, 1)]
    assert [len(block.segments) for block in found.blocks] == [1, 1, 1]
    # Where enough survives, words are marked.
    found = compare_html(old, old.replace("begins with ovulation and", "follows ovulation and usually"))
    assert [(len(group.old), len(group.new)) for group in found.groups] == [(0, 1)]


def test_rows_that_moved_say_from_where_and_what_changed_inside() -> None:
    rows = ["First insight about sleep.", "Second insight about pain.", "Third insight about the luteal phase. → LH"]
    found = compare_rows(rows, [rows[2].replace("LH", "FSH"), *rows[:2]])
    assert [block.moved for block in found.blocks] == [(3, 1), None, None]
    assert lines(found)[0] == "Third insight about the luteal phase. → [-LH-]{+FSH+}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (lambda at: f"u{at} ", lambda at: f"v{at} "),
        (lambda at: f"u{at} s{at} ", lambda at: f"u{at} t{at} "),
        (lambda at: f"<p>w{at * 7919 % 1009} a b c d</p>", lambda at: f"<p>w{at * 104729 % 1009} a b c d</p>"),
    ],
    ids=["nothing-in-common", "every-second-word", "moved-paragraphs"],
)
def test_twice_the_text_takes_twice_the_steps(old: Callable[[int], str], new: Callable[[int], str]) -> None:
    def compare(size: int) -> None:
        compare_html(*("".join(piece(at) for at in range(size)) for piece in (old, new)))

    compare(1)
    small, large = (steps_of(partial(compare, size)).lines for size in (350, 700))
    assert large <= DOUBLE * small + NOW_AND_THEN
