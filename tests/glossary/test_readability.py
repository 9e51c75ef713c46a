"""LIX: words per sentence plus the percentage of words with more than six letters."""

from __future__ import annotations

import pytest

from glossary.document.readability import readability


def plain(words: int, *, long_words: int = 0, sentences: int = 1) -> str:
    """Return a text with exactly so many words, long words and sentences."""
    every = ["abcdefg"] * long_words + ["abc"] * (words - long_words)
    size = words // sentences
    parts = [" ".join(every[n * size : (n + 1) * size if n < sentences - 1 else words]) for n in range(sentences)]
    return f"<p>{'. '.join(parts)}.</p>"


@pytest.mark.parametrize(
    ("words", "long_words", "sentences", "lix", "band"),
    [
        (100, 0, 10, 10, "very easy"),
        (100, 20, 10, 30, "easy"),
        (100, 30, 10, 40, "medium"),
        (100, 30, 5, 50, "difficult"),
        (100, 40, 5, 60, "very difficult"),
        (20, 4, 2, 30, "easy"),
    ],
)
def test_the_formula_and_its_bands(words: int, long_words: int, sentences: int, lix: int, band: str) -> None:
    found = readability(plain(words, long_words=long_words, sentences=sentences))
    assert (found.words, found.long_words, found.sentences) == (words, long_words, sentences)
    assert (found.lix, found.band) == (lix, band)


@pytest.mark.parametrize("fragment", ["", "<p>Too few words to say.</p>", plain(19)])
def test_a_short_text_is_not_judged(fragment: str) -> None:
    found = readability(fragment)
    assert (found.lix, found.band) == (None, "")


def test_a_list_item_without_a_full_stop_ends_a_sentence() -> None:
    assert readability("<ul><li>one two three</li><li>four five</li></ul><p>Six seven.</p>").sentences == 3


def test_a_decimal_point_and_a_hyphen_end_nothing() -> None:
    found = readability("<p>About 1.5 mg of well-known gonadotrophin-releasing hormone. Then more.</p>")
    assert found.sentences == 2
    assert found.words == 8


def test_letters_count_and_hyphens_do_not() -> None:
    assert readability("<p>a-b-c-d œstrogène well-to-do</p>").long_words == 2


def test_sections_add_up_to_the_page() -> None:
    whole = readability(plain(30, long_words=3)) + readability(plain(50, long_words=7, sentences=5))
    assert (whole.words, whole.sentences, whole.long_words, whole.lix) == (80, 6, 10, 26)


def test_signs_in_a_row_end_one_sentence_or_none_however_many_they_are() -> None:
    # A pattern that repeats the signs looks through the rest of the row from each of them.
    row = "." * 90_000
    assert readability(f"<p>One?! Two... {row}three{row} four</p>").sentences == 4
