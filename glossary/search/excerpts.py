"""Names and passages with the words that were looked for marked, as safe HTML."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from django.utils.safestring import SafeString, mark_safe

from glossary.search.questions import MIN_BEGINNING, Question
from glossary.text.words import MAX_WORD, different_words, fold, is_word_at, stem_of, written

LENGTH = 230
# So much of the passage stands before its first marked word.
LEAD = 60
# Farther into a text nobody looks for a passage.
MAX_READ = 20_000


class Sought(dict[str, str]):
    """Word, as it is written → the one of ``stems`` by which it has been found, or nothing. With ``beginning``, what
    begins with a stem is found by it too.

    A word is looked at once: a text repeats its words, and so do the texts of one page.
    """

    def __init__(self, stems: frozenset[str], *, beginning: bool = False) -> None:
        super().__init__()
        self.stems, self.beginning = stems, beginning

    @classmethod
    def by(cls, question: Question, *, beginning: bool = False) -> Sought:
        return cls(frozenset(stem for part in question.parts for stem in part.stems), beginning=beginning)

    def __missing__(self, word: str) -> str:
        found = self[word] = self._found(word)
        return found

    def _found(self, word: str) -> str:
        # No generator: this is asked of each word of each text that is shown, and answered with "" for most.
        for part in fold(word):
            stem = stem_of(part)
            if stem in self.stems:
                return stem
            if self.beginning:
                for beginning in self.stems:
                    if len(beginning) >= MIN_BEGINNING and part.startswith(beginning):
                        return beginning
        return ""


def marked(text: str, sought: Sought) -> SafeString:
    """Return ``text`` escaped, with the sought words in ``<mark>``."""
    return _mark(text, [(match.start(), match.end()) for match in written(text) if sought[match.group()]])


def passage(text: str, sought: Sought, *, from_start: bool = False) -> SafeString:
    """Return the part of ``text`` in which the most different sought words stand close together, marked and escaped.

    Its beginning, when they stand nowhere or with ``from_start``.
    """
    found = _places(text, sought, LENGTH if from_start else MAX_READ)
    start = 0 if from_start or not found else _start(text, found)
    end = min(len(text), start + LENGTH)
    if end < len(text):
        # Not inside of a word, nor of one that is marked.
        blank = text.rfind(" ", start + LENGTH // 2, end + 1)
        end = blank if blank > 0 else end
    places = [(first - start, last - start) for first, last, _ in found if start <= first and last <= end]
    before = "…" if start else ""
    shown = text[start:end].rstrip().rstrip(",;:–—(") if end < len(text) else text[start:end]
    after = "" if end == len(text) or shown.endswith((".", "?", "!")) else "…"
    return mark_safe(before + _mark(shown, places) + after)  # noqa: S308  (escaped there)


def _places(text: str, sought: Sought, most: int) -> list[tuple[int, int, str]]:
    """Return where sought words stand in the first ``most`` characters, and by which stem.

    Of a text's words few are sought, so those are told apart first, and then looked for.
    """
    read = text[: most + MAX_WORD]  # with the whole of the last word
    found = []
    for word in different_words(read):
        if stem := sought[word]:
            start = read.find(word)
            while -1 < start <= most:
                if is_word_at(text, start, word):
                    found.append((start, start + len(word), stem))
                start = read.find(word, start + len(word))
    return sorted(found)


def _start(text: str, found: list[tuple[int, int, str]]) -> int:
    """Return where the best passage begins, at a word."""
    best, most = found[0][0], 0
    for number, (first, _, _) in enumerate(found):
        within = set()
        for _, end, stem in found[number:]:
            if end > first + LENGTH - LEAD:
                break
            within.add(stem)
        if len(within) > most:
            best, most = first, len(within)
        if number > 200:
            break
    if best <= LEAD:
        return 0
    # From the beginning of the sentence, where that isn't far.
    sentence = max(text.rfind(". ", best - LENGTH // 2, best) + 2, text.rfind("\n", best - LENGTH // 2, best) + 1)
    if sentence > 2:
        return sentence
    return text.rfind(" ", 0, best - LEAD) + 1


def _mark(text: str, places: Iterable[tuple[int, int]]) -> SafeString:
    pieces, done = [], 0
    for start, end in _without_seams(text, places):
        if end > len(text):
            break
        pieces += [escape(text[done:start]), "<mark>", escape(text[start:end]), "</mark>"]
        done = end
    return mark_safe("".join([*pieces, escape(text[done:])]))  # noqa: S308  (escaped piece by piece)


def _without_seams(text: str, places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Make one place of those that only a hyphen divides."""
    whole: list[tuple[int, int]] = []
    for start, end in places:
        if whole and start == whole[-1][1] + 1 and text[start - 1 : start] in ("-", "‑", "–"):
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return whole
