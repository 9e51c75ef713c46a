"""All published names of a glossary, and where they are mentioned in a text.

Note [Why words and no automaton]
Names are kept in one dict: each whole name, and each beginning of a name up to the end of a word, by its key
(``glossary.text.normalising``). A text is read word by word, going on for as long as its words begin a name. Boundaries
of words, plurals and spellings are then a matter of keys, publishing a term adds and takes out a few of them, and
100,000 names take a third of the memory that an Aho–Corasick automaton takes. The figures are in docs/adr/0160.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from glossary.linking import doubts
from glossary.text.greek import GREEK
from glossary.text.normalising import ARTICLE, WORD, key_of, separator_of, singulars_of, words_of_name

MIN_LETTERS = 3
# Up to so many capitals, a name in capitals is an abbreviation, and its capitals tell it apart: “AIDS” from “aids”.
MAX_CAPITALS = 6

# How a name is borne, in the low bits of a reference; the term's primary key stands above them.
_TITLE, _EXACT, _OFF, _DERIVED = 1, 2, 4, 8
_BITS = 4

_PLURAL_ENDS = "saie"
_GREEK = frozenset(GREEK.split())
_HYPHENS = frozenset(("-", "‐", "‑"))
# Directly between two words, these make one thing of them: an address, a decimal number.
_JOINTS = frozenset((".", "@", "://", "_", "\\", "#"))
_BINDING = _JOINTS | _HYPHENS
# In front of a name, with a hyphen, these make another one of it: “anti-androgen” mentions no androgen.
PREFIXES = (
    "anti contra counter de dis extra hyper hypo inter intra micro mid mis multi neo non para peri poly post pre "
    "pro pseudo quasi re semi sub super supra trans ultra un"
)
# And these behind it: “thyrotropin-releasing hormone” mentions no thyrotropin, “insulin-like” no insulin.
SUFFIXES = "activating binding converting inhibiting like releasing secreting stimulating"
_PREFIXES, _SUFFIXES = frozenset(PREFIXES.split()), frozenset(SUFFIXES.split())


class KnownName(NamedTuple):
    """A name of a published term (its primary key), its kind as ``EntryName.kind`` has it, and the editor's switch."""

    term: int
    text: str
    kind: str
    linked: bool = True


class Mention(NamedTuple):
    """Where a known name stands in a text.

    ``target`` is the term that it means, or 0 when several bear the name, linking it is switched off, or there is a
    ``doubt`` (``glossary.linking.doubts``) whether it means the term. ``bearers`` are all terms that bear it.
    """

    start: int
    end: int
    key: str
    target: int
    bearers: tuple[int, ...]
    doubt: str = ""


class _Found(NamedTuple):
    mention: Mention
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class _Text:
    """A text in pieces: what is between the words at even places, the words at odd ones."""

    parts: list[str]
    keys: list[str]
    glued_before: bool
    glued_after: bool

    def between(self, first: int, last: int) -> str:
        """Return what stands there from the first word to the last."""
        return "".join(self.parts[2 * first + 1 : 2 * last + 2])

    def stands_alone(self, first: int, last: int) -> bool:
        """Whether the words from ``first`` to ``last`` are no part of a longer expression."""
        before, after = self.parts[2 * first], self.parts[2 * last + 2]
        if not before and (first or self.glued_before):
            return False
        is_end = last == len(self.keys) - 1
        if not after and (not is_end or self.glued_after):
            return False
        if first:
            neighbour = self.keys[first - 1]
            if before in _JOINTS or (before in _HYPHENS and (neighbour in _PREFIXES or _is_symbol(neighbour))):
                return False
        if is_end or after not in _BINDING:
            return True
        neighbour = self.keys[last + 1]
        return after in _HYPHENS and neighbour not in _SUFFIXES and not _is_symbol(neighbour)


class Names:
    """The names that texts are searched for. Built once and changed in place; see ``glossary.linking.current``."""

    def __init__(self, names: Iterable[KnownName] = (), *, held_back_by: Names | None = None) -> None:
        """``held_back_by`` are further names, longer ones of which hold back mentions of these, as in one glossary."""
        # Name → references to those who bear it (a bare number for the usual one); beginning of a name → 0.
        self._nodes: dict[str, int | tuple[int, ...]] = {}
        # What has to stand there letter by letter, by key and term.
        self._exact: dict[tuple[str, int], tuple[str, ...]] = {}
        # The last two words of longer names → how many times, and those of each term.
        self._ends: dict[str, int] = {}
        self._ends_of: dict[int, tuple[str, ...]] = {}
        self._held_back_by = held_back_by
        self.add(names)

    def add(self, names: Iterable[KnownName]) -> None:
        """Take names in. Those that are too short to be linked are left out."""
        for name in names:
            if is_linkable(name.text):
                self._add(name)

    def replace(self, terms: Iterable[int], names: Iterable[KnownName]) -> None:
        """Forget all names of ``terms``, and take ``names`` in."""
        gone = set(terms)
        changed: dict[str, int | tuple[int, ...]] = {}
        for key, node in self._nodes.items():
            references = node if isinstance(node, tuple) else (node,)
            if any(reference >> _BITS in gone for reference in references):
                kept = tuple(reference for reference in references if reference >> _BITS not in gone)
                changed[key] = kept if len(kept) > 1 else kept[0] if kept else 0
        self._nodes.update(changed)
        for key, term in [exact for exact in self._exact if exact[1] in gone]:
            del self._exact[key, term]
        for term in gone:
            for end in self._ends_of.pop(term, ()):
                self._ends[end] -= 1
                if not self._ends[end]:
                    del self._ends[end]
        self.add(names)

    def bearers_of(self, name: str) -> set[int]:
        """Return the terms whose names mean the same as ``name``: spelled alike, or its singular or plural."""
        return {
            reference >> _BITS
            for key in keys_of_name(name)
            for reference in _references(self._nodes.get(key, 0))
            if not reference & _EXACT or _is_exact(name, self._exact[key, reference >> _BITS])
        }

    def mentions(self, text: str, *, glued_before: bool = False, glued_after: bool = False) -> list[Mention]:
        """Return the known names in ``text``, in order, none overlapping another; of two that do, the longer one.

        ``glued_before`` and ``glued_after`` say that the text's first or last word goes on outside of it.
        """
        parts = WORD.split(text)
        keys = [key_of(word) for word in parts[1::2]]
        nodes = self._nodes
        plurals = [singulars_of(key) if key[-1] in _PLURAL_ENDS else () for key in keys]
        text_read = _Text(parts, keys, glued_before, glued_after)
        found: list[_Found] = []
        offsets: list[int] = []
        count = len(keys)
        for first, node in enumerate(map(nodes.get, keys)):
            if node is None and not plurals[first]:
                continue
            last, prefix, whole = first, "", keys[first]
            while True:
                # A beginning of a name is 0, so that only names and plurals of names are looked at.
                if node or (plurals[last] and self._is_plural(prefix, plurals[last])):
                    if not offsets:
                        offsets = [0, *accumulate(map(len, parts))]
                    if mention := self._mention(text_read, first, last, (prefix, keys[last], plurals[last]), offsets):
                        found.append(_Found(mention, first, last))
                if node is None or last + 1 == count:
                    break
                last += 1
                between = parts[2 * last]
                if keys[last] == ARTICLE and last + 1 < count and _is_blank(between) and _is_blank(parts[2 * last + 2]):
                    last += 1
                prefix = whole + (between if between == " " else separator_of(between))
                whole = prefix + keys[last]
                node = nodes.get(whole)
                if node is None and not plurals[last]:
                    break
        return _longest(found) if len(found) > 1 else [each.mention for each in found]

    def _is_plural(self, prefix: str, singulars: tuple[str, ...]) -> bool:
        """Whether a name ends in one of ``singulars`` behind ``prefix``. Most plurals in a text are of no name."""
        for form in singulars:  # noqa: SIM110  (a generator for each word of a text takes twice as long)
            if self._nodes.get(prefix + form):
                return True
        return False

    def _mention(
        self, text: _Text, first: int, last: int, name: tuple[str, str, tuple[str, ...]], offsets: list[int]
    ) -> Mention | None:
        """Return what the words mention. ``name``: all but the last of them, that, and of what it may be the plural."""
        prefix, word, singulars = name
        for form in (word, *singulars):
            node = self._nodes.get(prefix + form)
            if not node:
                continue
            if not text.stands_alone(first, last):
                return None
            key = prefix + form
            start, end = offsets[2 * first + 1], offsets[2 * last + 2]
            written = text.between(first, last)
            borne = [each for each in _references(node) if self._is_written(written, key, each, single=first == last)]
            # A name as it stands comes before one that is only another's singular.
            borne = [each for each in borne if not each & _DERIVED] or borne
            if borne:
                bearers = tuple(dict.fromkeys(each >> _BITS for each in borne))
                doubt = self._doubt(text, first, borne) if first == last else ""
                return Mention(start, end, key, 0 if doubt else _target(borne), bearers, doubt)
        return None

    def _doubt(self, text: _Text, word: int, borne: Sequence[int]) -> str:
        """Return why the mention of a name of one word may mean something else, or nothing."""
        parts, key = text.parts, text.keys[word]
        is_last = word == len(text.keys) - 1
        if doubts.is_in_proper_name(parts, word):
            return doubts.PROPER_NAME
        if doubts.is_verb(parts, word, key, only_plural=all(each & _DERIVED for each in borne)):
            return doubts.VERB
        if is_last:
            return ""
        if all(each & _EXACT and not each & _TITLE for each in borne) and doubts.is_gene(parts, word):
            return doubts.GENE
        if self._is_part(key, text.keys[word + 1], parts[2 * word + 2]) and text.stands_alone(word, word + 1):
            return doubts.LONGER
        return ""

    def _is_part(self, word: str, following: str, between: str) -> bool:
        """Whether a longer name ends in these two words."""
        if not _is_blank(between) or doubts.is_adjective(word):
            return False
        return any(self.ends_in(f"{word} {form}") for form in (following, *singulars_of(following)))

    def ends_in(self, words: str) -> bool:
        """Whether a longer name ends in these two words, given by their keys."""
        return words in self._ends or (self._held_back_by is not None and self._held_back_by.ends_in(words))

    def _is_written(self, written: str, key: str, reference: int, *, single: bool) -> bool:
        if reference & _EXACT:
            return _is_exact(written, self._exact[key, reference >> _BITS])
        # A word in capitals is an abbreviation, and means another thing than the word: “ALL” and “all”.
        return not (single and written.isupper() and 1 < len(written) <= MAX_CAPITALS)

    def _add(self, name: KnownName) -> None:
        words = words_of_name(name.text)
        nodes = self._nodes
        prefix = ""
        for word, separator in words[:-1]:
            prefix += word
            nodes.setdefault(prefix, 0)
            prefix += separator
        reference = name.term << _BITS | (_TITLE if name.kind == "title" else 0) | (0 if name.linked else _OFF)
        last = words[-1][0]
        if is_exact(name.text, name.kind):
            key = prefix + last
            self._exact[key, name.term] = (*self._exact.get((key, name.term), ()), name.text.replace("’", "'"))
            self._refer(key, reference | _EXACT)
            return
        self._refer(prefix + last, reference)
        for form in singulars_of(last):
            self._refer(prefix + form, reference | _DERIVED)
        if end := end_of(name.text):
            ends = keys_of_name(end)
            self._ends_of[name.term] = (*self._ends_of.get(name.term, ()), *ends)
            for end in ends:
                self._ends[end] = self._ends.get(end, 0) + 1

    def _refer(self, key: str, reference: int) -> None:
        node = self._nodes.get(key, 0)
        if not node:
            self._nodes[key] = reference
        elif reference not in (references := _references(node)):
            self._nodes[key] = (*references, reference)


def is_linkable(name: str) -> bool:
    """Whether a name is long enough to be linked: :data:`MIN_LETTERS` letters or more."""
    letters = 0
    for character in name:
        if character.isalpha():
            letters += 1
            if letters == MIN_LETTERS:
                return True
    return False


def keys_of_name(name: str) -> tuple[str, ...]:
    """Return the keys by which a name is found: as it is, and as the plural of which it is the singular."""
    words = words_of_name(name)
    if not words:
        return ()
    before = "".join(word + separator for word, separator in words[:-1])
    return tuple(before + form for form in (words[-1][0], *singulars_of(words[-1][0])))


def end_of(name: str) -> str:
    """Return the last two words of a longer name, or nothing: where they stand in a text, they belong together.

    “Blood pressure”, of “high blood pressure”: the first of them is not linked there. As a name in lower case, which
    is found wherever they stand.
    """
    words = words_of_name(name)
    if len(words) < 3 or words[-2][1] != " " or doubts.is_adjective(words[-2][0]):
        return ""
    return f"{words[-2][0]} {words[-1][0]}"


def is_exact(name: str, kind: str = "synonym") -> bool:
    """Whether a name is an abbreviation whose capitals have to stand as they are: “AIDS”, “mRNA”, “CA-125”."""
    if kind != "abbreviation" and name[1:].islower():
        return False  # like most names: one capital at most
    capitals = letters = 0
    for character in name:
        if character.isalpha():
            letters += 1
            capitals += character.isupper()
    if kind == "abbreviation" and letters <= MAX_CAPITALS:
        return True
    if not 2 <= capitals <= MAX_CAPITALS:
        return False
    return capitals == letters or (letters <= MAX_CAPITALS + 1 and not re.search(r"\s", name))


def _is_exact(written: str, names: Sequence[str]) -> bool:
    written = written.replace("’", "'")
    return any(written in (name, f"{name}s", f"{name}'s") for name in names)


def _is_symbol(word: str) -> bool:
    """Whether a word behind or before a hyphen is part of a designation: “GLP-1”, “TNF-alpha”, “5-HT”."""
    return len(word) == 1 or word[0].isdigit() or word in _GREEK


def _references(node: int | tuple[int, ...]) -> tuple[int, ...]:
    if isinstance(node, tuple):
        return node
    return (node,) if node else ()


def _target(references: Sequence[int]) -> int:
    """Return the one term that is meant, or 0. A title comes before other terms' synonyms."""
    if len(references) == 1:
        return 0 if references[0] & _OFF else references[0] >> _BITS
    on = [reference for reference in references if not reference & _OFF]
    terms = {reference >> _BITS for reference in on}
    if len(terms) > 1:
        terms = {reference >> _BITS for reference in on if reference & _TITLE}
    return terms.pop() if len(terms) == 1 else 0


def _is_blank(between: str) -> bool:
    return between == " " or separator_of(between) == " "


def _longest(found: Sequence[_Found]) -> list[Mention]:
    """Return the longest of those that overlap, in order of the text."""
    chosen: list[_Found] = []
    taken: set[int] = set()
    for each in sorted(found, key=lambda each: each.mention.start - each.mention.end):
        words = range(each.first, each.last + 1)
        if taken.isdisjoint(words):
            taken.update(words)
            chosen.append(each)
    return [each.mention for each in sorted(chosen, key=lambda each: each.first)]
