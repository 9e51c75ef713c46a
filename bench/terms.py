"""Made-up terms: the same ones for the same seed, as long as real ones, and speaking of one another as real ones do.

The first terms are the same in a glossary of any size, so that the same page can be compared in each. They
are read by people only where something is wrong; what they say is no medicine.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from bench import words

Document = dict[str, Any]

SEED = 20_26
# A term speaks of terms that came before it or in the same part, so that sizes are multiples of this.
PART = 50
# What the searches look for: a word that one term has, and one that none has.
RARE_WORD = "xanthoquilone"
RARE_AT = 17
NO_WORD = "qqzxvwj"
# The term whose page is measured: like every other one, with a text of a thousand words or thereabouts.
MEASURED_AT = 42
LONG_TEXT = 1_000


@cache
def titles(count: int) -> tuple[str, ...]:
    """Return so many titles, each once. Fewer are the beginning of more."""
    chance = random.Random(SEED)  # noqa: S311  (the same ones each time)
    found: dict[str, None] = {}
    while len(found) < count:
        name = _word(chance)
        kind = chance.random()
        if kind < 0.55:
            name = f"{chance.choice(words.QUALIFIERS)} {name}"
        elif kind < 0.75:
            name = f"{name} of the {chance.choice(words.PLACES)}"
        elif kind < 0.8:
            name = f"{name} type {chance.randint(1, 9)}"
        found.setdefault(name.capitalize())
    return tuple(found)


def documents(count: int, *, real: Path | None = None) -> Iterator[Document]:
    """Yield ``count`` term documents. Those of the file ``real``, if there is one, come first."""
    given = json.loads(real.read_text(encoding="utf-8"))["terms"] if real else []
    yield from given[:count]
    slugs = {document.get("slug") for document in given}
    made = (document(number, titles(_parts(count))) for number in range(count))
    yield from itertools.islice((each for each in made if each["slug"] not in slugs), max(0, count - len(given)))


def document(number: int, names: Sequence[str]) -> Document:
    """Return the term that comes in this place, from 0, with one of ``names`` as its title."""
    chance = random.Random(SEED * 1_000_003 + number)  # noqa: S311  (the same ones each time)
    title = names[number]
    # A few terms are spoken of much, most hardly ever.
    others = [int(_parts(number + 1) * chance.random() ** 2) for _ in range(12)]
    others = [other for other in dict.fromkeys(others) if other != number]
    write = _Writer(chance, title, [names[other] for other in others])
    mechanism = write.text(words.MECHANISMS, chance.randint(3, 7), paragraphs=2)
    if number == MEASURED_AT:
        while len(mechanism.split()) < LONG_TEXT:
            mechanism += write.text(words.MECHANISMS, 4, paragraphs=1)
    if number == RARE_AT:
        mechanism += f"<p>Its name among chemists is {RARE_WORD}.</p>"
    return {
        "title": title,
        "slug": slug(title),
        "definition": write.text(words.DEFINITIONS, chance.randint(3, 6), paragraphs=2),
        "origin": write.text(words.ORIGINS, chance.randint(1, 3), paragraphs=1),
        "mechanism": mechanism,
        "insights": [
            {"text": write.sentence(words.INSIGHTS[n]), "term": slug(names[others[n]]), "url": ""}
            for n in range(chance.randint(1, 3))
        ],
        "synonyms": list(_synonyms(chance, title)),
        "references": [_reference(chance, title) for _ in range(chance.randint(1, 4))],
        "related": sorted(slug(names[other]) for other in others[3 : 3 + chance.randint(1, 5)]),
        "tags": sorted(chance.sample(words.TAGS, chance.randint(1, 3)), key=str.casefold),
    }


def slug(title: str) -> str:
    """Return the slug that a made-up title has: they are plain ASCII words."""
    return title.lower().replace(" ", "-")


def _parts(count: int) -> int:
    return -(-count // PART) * PART


def mistyped(title: str) -> str:
    """Return the title with two letters of its longest word exchanged."""
    longest = max(title.split(), key=len)
    middle = len(longest) // 2
    wrong = longest[: middle - 1] + longest[middle] + longest[middle - 1] + longest[middle + 1 :]
    return title.replace(longest, wrong)


def _word(chance: random.Random) -> str:
    prefix = chance.choice(words.PREFIXES) if chance.random() < 0.5 else ""
    roots = chance.choice(words.ROOTS) + (f"o{chance.choice(words.ROOTS)}" if chance.random() < 0.4 else "")
    return prefix + roots + chance.choice(words.SUFFIXES)


def _synonyms(chance: random.Random, title: str) -> Iterator[Document]:
    seen = {title.casefold()}
    wanted = [("synonym", _word(chance).capitalize()) for _ in range(chance.randint(0, 2))]
    if " " in title and chance.random() < 0.3:
        wanted.append(("abbreviation", "".join(part[0] for part in title.upper().split())))
    if chance.random() < 0.2:
        wanted.append(("variant", title.replace("e", "ae", 1)))
    if chance.random() < 0.1:
        wanted.append(("former", f"{chance.choice(words.SURNAMES)}’s disease"))
    for kind, text in wanted:
        if text.casefold() not in seen:
            seen.add(text.casefold())
            yield {"text": text, "kind": kind}


def _reference(chance: random.Random, title: str) -> Document:
    authors = ", ".join(f"{chance.choice(words.SURNAMES)} {chance.choice('ABCDEFGHJKLM')}" for _ in range(3))
    year, volume, page = chance.randint(1985, 2026), chance.randint(1, 90), chance.randint(1, 900)
    return {
        "citation": f"{authors}. {title}: {chance.choice(words.SLOTS['group'])}. {chance.choice(words.JOURNALS)}. "
        f"{year};{volume}({chance.randint(1, 12)}):{page}–{page + 9}.",
        "doi": f"10.5555/{year}.{volume}.{page}",
        "pmid": str(chance.randint(1_000_000, 39_999_999)),
        "url": "",
    }


class _Writer:
    """Fills sentences in, naming each of the other terms in turn."""

    def __init__(self, chance: random.Random, title: str, others: list[str]) -> None:
        self.chance = chance
        self.title = title
        self.others = others
        self.named = 0

    def text(self, sentences: tuple[str, ...], count: int, *, paragraphs: int) -> str:
        # The first sentence says what it is; the others come as they come.
        chosen = [self.sentence(sentences[0])]
        chosen += [self.sentence(self.chance.choice(sentences[1:])) for _ in range(count - 1)]
        size = -(-count // paragraphs)
        parts = [" ".join(chosen[start : start + size]) for start in range(0, count, size)]
        return "".join(f"<p>{part}</p>" for part in parts)

    def sentence(self, pattern: str) -> str:
        self.named += 1
        other = self.others[self.named % len(self.others)]
        return pattern.format(
            Title=f"<strong>{self.title}</strong>",
            other=other[0].lower() + other[1:],
            place=self.chance.choice(words.PLACES),
            number=self.chance.randint(1, 400),
            year=self.chance.randint(1790, 2015),
            **{name: self.chance.choice(choices) for name, choices in words.SLOTS.items()},
        )
