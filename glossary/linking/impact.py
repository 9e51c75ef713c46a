"""What a name would do before it goes live: which links it makes on which pages, and which of them look wrong.

Bounded whatever the size of the glossary: at most :data:`MAX_PAGES` pages are read for each name; how many more may
mention it is counted by the database.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from glossary.linking.current import current_names
from glossary.linking.doubts import COMMON_WORDS
from glossary.linking.fragments import pieces_of
from glossary.linking.mentions import entries_that_may_mention
from glossary.linking.names import KnownName, Mention, Names, is_exact, is_linkable
from glossary.models import PublishedEntry
from glossary.text.names import normalise

MAX_PAGES = 200
SAMPLES = 12
CONTEXT = 60
SHORT = 4
# From so many pages on, of which it is on every tenth: an everyday word of this glossary.
OFTEN, SHARE = 20, 10

_SENTENCE_END = re.compile(r"(?:^|[.!?:;•–—(\[“\"])\s*$")


@dataclass(frozen=True, slots=True)
class Sample:
    """A link in its sentence: what stands before it, its words, what follows, on which page, and what looks wrong."""

    title: str
    slug: str
    before: str
    words: str
    after: str
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """What linking a name does. ``pages`` of ``pages_read`` get ``links``; ``pages_left`` more were not looked at.

    ``doubts`` say why links of this name may be wrong; ``notes`` why there are fewer than somebody might expect.
    """

    name: str
    kind: str
    is_linked: bool
    is_new: bool
    is_linkable: bool = True
    links: int = 0
    pages: int = 0
    pages_read: int = 0
    pages_left: int = 0
    samples: tuple[Sample, ...] = ()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The numbers in a sentence."""
        if not self.links:
            return (
                "no link"
                if not self.pages_left
                else f"no link on the first {self.pages_read} pages that may mention it"
            )
        links = "1 link" if self.links == 1 else f"{self.links} links"
        pages = "1 page" if self.pages == 1 else f"{self.pages} pages"
        if self.pages_left:
            more = "1 more page" if self.pages_left == 1 else f"{self.pages_left:,} more pages"
            return f"{links} on {pages} of the first {self.pages_read}; {more} may mention it"
        return f"{links} on {pages}"


def impact_of(name: str, kind: str, *, term: int | None, is_linked: bool = True) -> Impact:
    """Return what links to ``name`` (of ``kind``, as ``EntryName.kind`` has it) would do on the pages of others.

    ``term`` is the term that bears it or shall bear it; ``None`` for one that isn't saved yet. A few queries.
    """
    published = current_names()
    own = {term} if term else set()
    is_new = not (own and own <= published.bearers_of(name))
    if not is_linkable(name):
        note = "It has fewer than three letters, so it is never linked."
        return Impact(name, kind, is_linked, is_new=False, is_linkable=False, notes=(note,))
    doubts: list[str] = []
    notes: list[str] = []
    rivals = published.bearers_of(name) - own
    titles = dict(PublishedEntry.objects.filter(pk__in=rivals).values_list("pk", "title")) if rivals else {}
    loses = _meet_rivals(name, kind, titles, doubts, notes)
    if is_exact(name, kind):
        notes.append("It is an abbreviation, so only mentions with the same capitals are linked.")
    doubts.extend(doubts_of(name, kind))
    # A name without a term yet is looked at as if it were of term 0, which there never is.
    wanted = Names([KnownName(term or 0, name, kind), KnownName(-1, name, kind)], held_back_by=published)
    candidates = entries_that_may_mention([name]).exclude(pk__in=own).order_by("sort_key", "pk")
    rows = candidates[:MAX_PAGES].with_texts("title", "slug")
    samples: list[Sample] = []
    links = pages = read = inside = 0
    held_back: Counter[str] = Counter()
    for title, slug, *texts in rows:
        read += 1
        here = 0
        for text in texts:
            found, hidden = _first(text, wanted, published, own, held_back)
            inside += hidden
            if found is not None and not loses:
                here += 1
                samples.append(_sample(title, slug, *found, name=name))
        links += here
        pages += bool(here)
    left = max(0, candidates.count() - read) if read == MAX_PAGES else 0
    if pages >= OFTEN and pages * SHARE >= PublishedEntry.objects.count():
        doubts.append(f"It is on {pages} pages: readers will see this link very often.")
    if inside:
        notes.append(f"{_times(inside)} it is part of a longer name, which is linked instead or means something else.")
    notes.extend(f"{_times(count)} it {doubt}, and is not linked there." for doubt, count in sorted(held_back.items()))
    # Doubtful ones first, each kind of page order.
    samples.sort(key=lambda sample: not sample.doubts)
    return Impact(
        name,
        kind,
        is_linked,
        is_new,
        links=links,
        pages=pages,
        pages_read=read,
        pages_left=left,
        samples=tuple(samples[:SAMPLES]),
        doubts=tuple(doubts),
        notes=tuple(notes),
    )


def doubts_of(name: str, kind: str = "synonym") -> tuple[str, ...]:
    """Return why mentions of a name may mean something else, by its words alone."""
    if is_exact(name, kind):
        return ()
    doubts = []
    if sum(map(str.isalpha, name)) < SHORT:
        doubts.append("It is very short.")
    if normalise(name) in COMMON_WORDS:
        doubts.append("It is an everyday word, so most mentions may mean something else.")
    return tuple(doubts)


def _meet_rivals(name: str, kind: str, titles: dict[int, str], doubts: list[str], notes: list[str]) -> bool:
    """Say which other terms bear the name, and return whether that keeps it from being linked."""
    if not titles:
        return False
    others = " and ".join(f"“{title}”" for title in sorted(titles.values()))
    bear = "has this name too" if len(titles) == 1 else "have this name too"
    named_so = any(normalise(title) == normalise(name) for title in titles.values())
    if kind == "title" and not named_so:
        doubts.append(
            f"{others} {bear}, as a synonym: mentions will link to this term instead, because titles come first."
        )
        return False
    if kind != "title" and named_so:
        notes.append(f"{others} {bear}, as its title: mentions keep linking to that term.")
    else:
        notes.append(
            f"{others} {bear}: mentions are not linked to any of them. Switch the links off for all terms but one."
        )
    return True


def _times(count: int) -> str:
    return "Once" if count == 1 else f"{count} times"


def _first(
    source: str, wanted: Names, published: Names, own: set[int], held_back: Counter[str]
) -> tuple[tuple[str, Mention] | None, int]:
    """Return the first place in a text that would be linked, and how many stand inside longer names.

    The doubts that hold mentions back are counted in ``held_back``.
    """
    first: tuple[str, Mention] | None = None
    inside = 0
    for piece in pieces_of(source):
        glued = {"glued_before": piece.glued_before, "glued_after": piece.glued_after}
        mentions = wanted.mentions(piece.text, **glued)
        if not mentions:
            continue
        longer = published.mentions(piece.text, **glued)
        for mention in mentions:
            if any(
                other.start < mention.end
                and mention.start < other.end
                and other.end - other.start > mention.end - mention.start
                and own.isdisjoint(other.bearers)
                for other in longer
            ):
                inside += 1
            elif mention.doubt:
                held_back[mention.doubt] += 1
            elif first is None:
                first = piece.text, mention
    return first, inside


def _sample(title: str, slug: str, text: str, mention: Mention, *, name: str) -> Sample:
    before, words, after = text[: mention.start], text[mention.start : mention.end], text[mention.end :]
    doubts = []
    if words[:1].isupper() and name[:1].islower() and not _SENTENCE_END.search(before):
        doubts.append("has a capital letter within a sentence: perhaps a proper name")
    if before.endswith("-") or after.startswith("-"):
        doubts.append("is part of a compound")
    if re.match(r"\s\d|\s[A-Z]\b", after):
        doubts.append("a number or letter follows: perhaps a longer name")
    return Sample(title, slug, _tail(before), words, _head(after), tuple(doubts))


def _tail(text: str) -> str:
    return text if len(text) <= CONTEXT else "…" + text[-CONTEXT:].partition(" ")[2]


def _head(text: str) -> str:
    return text if len(text) <= CONTEXT else text[:CONTEXT].rpartition(" ")[0] + "…"


def impacts_of(names: Iterable[tuple[str, str]], *, term: int | None, off: Iterable[str] = ()) -> list[Impact]:
    """Return the impact of each name (with its kind); ``off`` are those that are switched off."""
    switched_off = {normalise(name) for name in off}
    return [impact_of(name, kind, term=term, is_linked=normalise(name) not in switched_off) for name, kind in names]
