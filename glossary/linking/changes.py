"""Which automatic links on public pages change when the names of terms do, told before it happens."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from glossary.document.documents import TermDocument
from glossary.linking.current import current_names, known_names
from glossary.linking.definitions import defined_otherwise
from glossary.linking.fragments import Fragment, fragment_of, pieces_of
from glossary.linking.impact import doubts_of
from glossary.linking.mentions import TooMany, entries_that_mention, silent, with_ends
from glossary.linking.names import KnownName, Mention, Names, end_of, is_exact, keys_of_name
from glossary.models import PublishedEntry, UnlinkedName
from glossary.text.names import normalise
from glossary.text.normalising import WORD, singulars_of

# Names are looked up in the index if there are at most FEW_NAMES, on at most FEW_PAGES pages. Otherwise reading all
# pages is quicker.
FEW_NAMES, FEW_PAGES = 500, 2_000
# After how many pages or names progress is reported.
BATCH = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LinkChange:
    """Words on a public page whose automatic link comes, goes, or leads to another term.

    ``before`` and ``after`` are the titles of the terms to which they lead, or empty. ``because_of`` are the terms
    whose names bring it about, and ``rivals`` the titles of those that bear the name too and so keep it from leading
    anywhere. ``doubts`` say why a new link may be wrong, and ``held_back`` why there is none any more.
    """

    title: str
    slug: str
    words: str
    before: str
    after: str
    because_of: frozenset[int]
    rivals: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    held_back: str = ""

    def __str__(self) -> str:
        page = f"“{self.words}” on “{self.title}”"
        if not self.after:
            others = " and ".join(f"“{title}”" for title in self.rivals)
            bear = "bears the name too" if len(self.rivals) == 1 else "bear the name too"
            why = f", since {others} {bear}" if others else f", since it {self.held_back}" if self.held_back else ""
            return f"{page} leads to “{self.before}”, and would lead nowhere{why}"
        doubts = f" ({' '.join(self.doubts)})" if self.doubts else ""
        instead = f" instead of “{self.before}”" if self.before else ""
        return f"{page} would lead to “{self.after}”{instead}{doubts}"


def changed_links(
    coming: Mapping[int, TermDocument],
    *,
    rewritten: Collection[int] = (),
    progress: Callable[[int, int], None] = silent,
    names_read: Callable[[int, int], None] = silent,
) -> list[LinkChange]:
    """Return what changes on public pages, in their order, when the documents of terms are what is published of them.

    ``coming`` has the documents by the primary keys of their terms; those of terms that aren't saved yet have a
    negative number each. The pages of terms that are ``rewritten`` are left out: their texts aren't what is public.
    ``names_read`` is told how many of how many names are read, and then ``progress`` how many of how many pages.
    """
    if not coming or not PublishedEntry.objects.exists():
        return []
    held: dict[int, set[tuple[str, str]]] = defaultdict(set)
    for name in known_names():
        held[name.term].add((name.text, name.kind))
    wanted = {term: _names_of(document) for term, document in coming.items()}
    renamed = {term for term, names in wanted.items() if set(names) != held[term]}
    if not renamed:
        return []
    of_terms = {term: {*wanted[term], *held[term]} for term in renamed}
    names = with_ends(name for names in of_terms.values() for name in names)
    counted = _Counted(len(names) + sum(len(wanted[term]) for term in renamed), names_read)
    comparison = _Comparison(coming, wanted, of_terms, counted)
    found: dict[tuple[str, str, str, str], LinkChange] = {}
    for pk, title, slug, *texts in _pages(names, progress, counted):
        if pk not in rewritten:
            for change in comparison.of_page(pk, title, slug, texts):
                found.setdefault((change.slug, normalise(change.words), change.before, change.after), change)
    return list(found.values())


def _names_of(document: TermDocument) -> list[tuple[str, str]]:
    return [(document.title, "title"), *((synonym.text, synonym.kind) for synonym in document.synonyms)]


def _pages(
    names: Collection[tuple[str, str]], progress: Callable[[int, int], None], counted: _Counted
) -> Iterator[tuple[int, str, str, str, str, str]]:
    """Yield the public pages in whose texts one of ``names`` stands, with their texts."""
    rows = PublishedEntry.objects.order_by("sort_key", "pk")
    if len(names) <= FEW_NAMES:
        with suppress(TooMany):
            rows = rows.filter(pk__in=entries_that_mention(names, at_most=FEW_PAGES))
    looked_for = Names(KnownName(1, name, kind) for name, kind in counted(names))
    total = rows.count()
    for number, row in enumerate(rows.with_texts("pk", "title", "slug"), start=1):
        if number % BATCH == 0 or number == total:
            progress(number, total)
        if any(looked_for.mentions(piece.text) for text in row[3:] for piece in pieces_of(text)):
            yield row


class _Counted:
    """Counts names while they are taken in, which takes long when they are very many."""

    def __init__(self, total: int, progress: Callable[[int, int], None]) -> None:
        self.done, self.total, self.progress = 0, total, progress

    def __call__(self, names: Iterable[T]) -> Iterator[T]:
        for name in names:
            self.done += 1
            if self.done % BATCH == 0 or self.done == self.total:
                self.progress(self.done, self.total)
            yield name


class _Comparison:
    """The names that are public and those that will be, and the links that the one and the other make."""

    def __init__(
        self,
        coming: Mapping[int, TermDocument],
        wanted: Mapping[int, Sequence[tuple[str, str]]],
        renamed: Mapping[int, Collection[tuple[str, str]]],
        counted: _Counted,
    ) -> None:
        """``renamed`` has the names that those terms bear now and then whose names change."""
        self.renamed = renamed
        # The last two words of longer names → the terms whose they are.
        self.ends: dict[str, set[int]] = defaultdict(set)
        for term, names in renamed.items():
            for name, _ in names:
                for key in keys_of_name(end_of(name)):
                    self.ends[key].add(term)
        self.before = current_names()
        self.after = Names(known_names())
        off = set(UnlinkedName.objects.values_list("term_id", "normalised"))
        self.after.replace(
            renamed,
            (
                KnownName(term, text, kind, linked=(term, normalise(text)) not in off)
                for term, text, kind in counted((term, *name) for term in renamed for name in wanted[term])
            ),
        )
        self.terms = {
            pk: (title, slug) for pk, title, slug in PublishedEntry.objects.values_list("pk", "title", "slug")
        }
        self.terms.update((term, (document.title, document.slug)) for term, document in coming.items())

    def of_page(self, pk: int, title: str, slug: str, texts: Sequence[str]) -> Iterator[LinkChange]:
        """Yield what changes on the page of a term."""
        fragments = [
            [fragment_of(text, names, own=(pk,), defined=defined) for text in texts]
            for names in (self.before, self.after)
            for defined in [defined_otherwise(texts, names)]
        ]
        for text, before, after in zip(texts, *fragments, strict=True):
            links, coming = self._links(before), self._links(after)
            replaced: set[int] = set()
            for place in coming:
                piece, mention = place
                instead = next((other.target for each, other in links if _overlap(place, (each, other))), 0)
                is_other = instead not in (0, mention.target)
                if is_other:
                    replaced.add(instead)
                if is_other or mention.target not in {other.target for _, other in links}:
                    words = before.text_of(piece)[mention.start : mention.end]
                    yield LinkChange(
                        title,
                        slug,
                        words,
                        self._title(instead) if is_other else "",
                        self._title(mention.target),
                        self._causes(text, place, mention),
                        doubts=_doubts_of(words),
                    )
            kept = {mention.target for _, mention in coming}
            for place in links:
                piece, mention = place
                if mention.target not in kept and mention.target not in replaced:
                    bearers = self._bearers(self.after, text, place) - {mention.target}
                    doubt = next((each.doubt for each in self._at(self.after, text, place) if each.doubt), "")
                    yield LinkChange(
                        title,
                        slug,
                        before.text_of(piece)[mention.start : mention.end],
                        self._title(mention.target),
                        "",
                        self._causes(text, place, mention),
                        rivals=tuple(sorted(self._title(term) for term in bearers)),
                        held_back=doubt,
                    )

    def _links(self, fragment: Fragment) -> list[tuple[int, Mention]]:
        """Return the links of a text, without those to which the author has set one by hand."""
        by_hand = "".join(fragment.pieces[1::2])
        return [
            (piece, mention)
            for piece, mention in fragment.found
            if mention.target in self.terms and f'/{self.terms[mention.target][1]}/"' not in by_hand
        ]

    def _causes(self, text: str, place: tuple[int, Mention], mention: Mention) -> frozenset[int]:
        if mention.target in self.renamed and mention.target in self._bearers(self.after, text, place):
            return frozenset({mention.target})
        concerned = self._bearers(self.after, text, place) | self._bearers(self.before, text, place)
        return frozenset((concerned | {mention.target}) & set(self.renamed)) or self._ending_here(text, place)

    def _ending_here(self, text: str, place: tuple[int, Mention]) -> frozenset[int]:
        """Return the terms a longer name of which ends in the word at a place and the one behind it."""
        piece = next(piece.text for piece in pieces_of(text) if piece.number == place[0])
        following = WORD.split(piece[place[1].end :], maxsplit=1)[1:2]
        keys = keys_of_name(" ".join([piece[place[1].start : place[1].end], *following]))
        return frozenset(term for key in keys for term in self.ends.get(key, ()))

    @classmethod
    def _bearers(cls, names: Names, text: str, place: tuple[int, Mention]) -> set[int]:
        """Return the terms that bear a name which is mentioned at a place of a text."""
        return {bearer for found in cls._at(names, text, place) for bearer in found.bearers}

    @staticmethod
    def _at(names: Names, text: str, place: tuple[int, Mention]) -> list[Mention]:
        """Return what is mentioned at a place of a text."""
        piece = next(piece for piece in pieces_of(text) if piece.number == place[0])
        mentions = names.mentions(piece.text, glued_before=piece.glued_before, glued_after=piece.glued_after)
        return [found for found in mentions if _overlap(place, (place[0], found))]

    def _title(self, term: int) -> str:
        return self.terms[term][0]


def _doubts_of(words: str) -> tuple[str, ...]:
    if is_exact(words):
        return ()
    readings = (words, *singulars_of(words.casefold()))
    return next((doubts for reading in readings if (doubts := doubts_of(reading))), ())


def _overlap(one: tuple[int, Mention], other: tuple[int, Mention]) -> bool:
    return one[0] == other[0] and one[1].start < other[1].end and other[1].start < one[1].end
