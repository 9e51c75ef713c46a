"""What changed between two texts: in structure, in order, and word by word.

Markup that changes meaning counts: ``10<sup>3</sup>`` and ``103`` differ, and so do two links with the same words, and
a paragraph that became an item of a list. A block that moved says from where, and shows only what changed inside of it.
What comes out is data (blocks of segments); templates decide how an insertion or a deletion looks and is announced.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from glossary.document.aligning import ranges, rising
from glossary.document.blocks import Block, Change, Line, Part, Shape, Spaced, Token, parts_of_html, parts_of_rows

#: A text of which less than this survives isn't marked word by word: the old and the new one are shown side by side.
SURVIVING = 0.4
#: So much of a new block comes from an old one where a block was divided, by at least so many words.
DIVIDED, DIVIDED_WORDS = 0.6, 3
#: A block that moved and changed has this much in common with what it was.
MOVED = 0.55
#: Two paragraphs with no more words than this are one that changed, whatever they have in common.
SHORT = 8
# Blocks that share a few words in a row may be one that moved; not where those words are in many blocks.
_IN_A_ROW, _IN_BLOCKS = 3, 8


@dataclass(frozen=True, slots=True)
class Group:
    """Blocks that are shown below one another (``new``), or ``old`` ones beside the ``new`` ones in their place."""

    new: tuple[Block, ...]
    old: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two texts, compared. ``changed`` is false when a reader would see the same."""

    blocks: tuple[Block, ...]
    added: int
    removed: int

    @property
    def changed(self) -> bool:
        return bool(self.added or self.removed or any(block.rearranged for block in self.blocks))

    @property
    def groups(self) -> list[Group]:
        """The blocks, those apart that were replaced by others."""
        groups: list[Group] = []
        removed: tuple[Block, ...] = ()
        for change, found in groupby(self.blocks, key=lambda block: block.change):
            blocks = tuple(found)
            if change is Change.REMOVED:
                removed = blocks
                continue
            if change is Change.ADDED and removed:
                groups.append(Group(blocks, removed))
            else:
                groups.append(Group((*removed, *blocks)))
            removed = ()
        return [*groups, Group(removed)] if removed else groups


def compare_html(old: str, new: str) -> Comparison:
    """Return what changed from ``old`` to ``new``, two fragments of the glossary's allow-list."""
    return _compare(parts_of_html(old), parts_of_html(new))


def compare_text(old: str, new: str) -> Comparison:
    """Return what changed from ``old`` to ``new``, two plain texts of one line each."""
    return _compare(parts_of_rows([old]), parts_of_rows([new]))


def compare_rows(old: Sequence[str], new: Sequence[str]) -> Comparison:
    """Return what changed from one list of plain lines to another: a block for each row."""
    rows = (parts_of_rows(lines, Shape("li")) for lines in (old, new))
    return _compare(*rows, short=0)


# Places of old blocks, and those of the new ones that they became.
_Places = tuple[list[int], list[int]]


def _compare(old: list[Part], new: list[Part], *, short: int = SHORT) -> Comparison:
    pairs = _same_blocks(old, new)
    anchors = rising(sorted(pairs))
    components = [([i], [j]) for i, j in anchors]
    moved = sorted(set(pairs) - set(anchors))
    taken = {i for i, _ in pairs}, {j for _, j in pairs}
    for (i, j), (i_to, j_to) in pairwise([(-1, -1), *anchors, (len(old), len(new))]):
        came = [place for place in range(i + 1, i_to) if place not in taken[0]]
        went = [place for place in range(j + 1, j_to) if place not in taken[1]]
        if came and went:
            components += _changed_blocks(old, new, came, went, short)
    taken[0].update(i for olds, _ in components for i in olds)
    taken[1].update(j for _, news in components for j in news)
    components.sort()
    for i, j in _relatives(old, new, *taken):
        place = bisect_left(components, ([i], [j]))
        crosses = any(news[-1] > j for _, news in components[place - 1 : place] if place) or any(
            news[0] < j for _, news in components[place : place + 1]
        )
        if crosses:
            moved.append((i, j))
        else:
            components.insert(place, ([i], [j]))
        taken[0].add(i)
        taken[1].add(j)
    return _composed(old, new, components, moved)


def _same_blocks(old: Sequence[Part], new: Sequence[Part]) -> list[tuple[int, int]]:
    """Pair blocks that say the same, first those that are in the same order."""
    before, after = ([part.tokens for part in parts] for parts in (old, new))
    pairs = [
        pair
        for olds, news, same in ranges(before, after)
        if same
        for pair in zip(range(olds.start, olds.stop), range(news.start, news.stop), strict=True)
    ]
    taken = {i for i, _ in pairs}, {j for _, j in pairs}
    places: dict[tuple[Token, ...], deque[int]] = defaultdict(deque)
    for i, tokens in enumerate(before):
        if i not in taken[0]:
            places[tokens].append(i)
    for j, tokens in enumerate(after):
        if j not in taken[1] and places.get(tokens):
            pairs.append((places[tokens].popleft(), j))
    return pairs


def _changed_blocks(
    old: Sequence[Part], new: Sequence[Part], came: Sequence[int], went: Sequence[int], short: int
) -> list[_Places]:
    """Return which old blocks became which new ones, in order. One may have become two, and two one."""
    found: list[_Places] = []
    for olds, news in _linked(old, new, came, went):
        found.append((olds, news))
    done = {i for olds, _ in found for i in olds}, {j for _, news in found for j in news}
    # Short ones between those became one another.
    edges = [(-1, -1), *((olds[-1], news[-1]) for olds, news in found), (len(old), len(new))]
    starts = [*((olds[0], news[0]) for olds, news in found), (len(old), len(new))]
    for (i, j), (i_to, j_to) in zip(edges, starts, strict=False):
        olds = [place for place in came[bisect_left(came, i + 1) : bisect_left(came, i_to)] if place not in done[0]]
        news = [place for place in went[bisect_left(went, j + 1) : bisect_left(went, j_to)] if place not in done[1]]
        if len(olds) == len(news):
            for one, other in zip(olds, news, strict=True):
                if len(old[one].words) + len(new[other].words) <= short:
                    found.append(([one], [other]))
    return sorted(found)


def _linked(old: Sequence[Part], new: Sequence[Part], came: Sequence[int], went: Sequence[int]) -> Iterator[_Places]:
    """Yield groups of blocks of which enough words survived, by comparing the words of all of them."""
    olds, news = (
        [(place, word) for place in places for word in parts[place].words]
        for parts, places in (
            (old, came),
            (new, went),
        )
    )
    kept: Counter[tuple[int, int]] = Counter()
    for before, after, same in ranges([word for _, word in olds], [word for _, word in news]):
        if same:
            kept.update(zip((place for place, _ in olds[before]), (place for place, _ in news[after]), strict=True))
    sizes = Counter(place for place, _ in olds), Counter(place for place, _ in news)
    links = [
        (i, j)
        for (i, j), count in sorted(kept.items())
        if count >= SURVIVING * sizes[0][i] or (count >= DIVIDED * sizes[1][j] and count >= DIVIDED_WORDS)
    ]
    groups: list[_Places] = []
    for i, j in links:
        if groups and (groups[-1][0][-1] == i or groups[-1][1][-1] == j):
            groups[-1][0].append(i)
            groups[-1][1].append(j)
        else:
            groups.append(([i], [j]))
    for before_places, after_places in groups:
        in_old, in_new = sorted(set(before_places)), sorted(set(after_places))
        survived = sum(kept[i, j] for i in in_old for j in in_new)
        if survived >= SURVIVING * sum(sizes[0][i] for i in in_old):
            yield in_old, in_new


def _relatives(
    old: Sequence[Part], new: Sequence[Part], old_taken: set[int], new_taken: set[int]
) -> Iterator[tuple[int, int]]:
    """Yield pairs of blocks that have most of their words in common, wherever they are."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for i, part in enumerate(old):
        if i not in old_taken:
            for row in _rows_of(part):
                places[row].append(i)
    done: set[int] = set()
    for j, part in enumerate(new):
        if j in new_taken:
            continue
        shared: Counter[int] = Counter()
        for row in _rows_of(part):
            if len(places.get(row, ())) <= _IN_BLOCKS:
                shared.update(i for i in places.get(row, ()) if i not in done)
        for i, _ in shared.most_common(1):
            before, after = old[i].words, part.words
            kept = sum(news.stop - news.start for _, news, same in ranges(before, after) if same)
            if kept >= MOVED * max(len(before), len(after)):
                done.add(i)
                yield i, j


def _rows_of(part: Part) -> set[tuple[str, ...]]:
    words = part.words
    width = _IN_A_ROW if len(words) > _IN_A_ROW else 1
    return set(zip(*(words[shift:] for shift in range(width)), strict=False))


def _composed(
    old: Sequence[Part], new: Sequence[Part], components: Sequence[_Places], moved: Sequence[tuple[int, int]]
) -> Comparison:
    """Return the blocks of the new text in their order, and between them those that are gone."""
    shown: dict[int, Block] = {}
    added = removed = 0
    for olds, news in (*components, *(([i], [j]) for i, j in moved)):
        woven = _woven([old[i] for i in olds], [new[j] for j in news])
        shown.update(zip(news, woven.blocks, strict=True))
        added, removed = added + woven.added, removed + woven.removed
    for i, j in moved:
        shown[j] = replace(shown[j], moved=(i + 1, j + 1))
    # What is gone is shown behind what was before it.
    gone: dict[int, list[Block]] = defaultdict(list)
    stayed = {i for olds, _ in components for i in olds} | {i for i, _ in moved}
    ends = [(olds[-1], news[-1]) for olds, news in components]
    for i, part in enumerate(old):
        if i not in stayed:
            place = bisect_left(ends, (i, -1))
            gone[ends[place - 1][1] if place else -1].append(part.as_block(Change.REMOVED))
            removed += len(part.spaced)
    blocks = gone[-1]
    for j, part in enumerate(new):
        if j not in shown:
            shown[j] = part.as_block(Change.ADDED)
            added += len(part.spaced)
        blocks += (shown[j], *gone.get(j, ()))
    return Comparison(tuple(blocks), added, removed)


def _woven(olds: Sequence[Part], news: Sequence[Part]) -> Comparison:
    """Return the new blocks with what changed inside of them since they were the old ones."""
    came = [(index, spaced) for index, part in enumerate(olds) for spaced in part.spaced]
    went = [(index, spaced) for index, part in enumerate(news) for spaced in part.spaced]
    lines = [Line(part.shape) for part in news]
    homes: list[Counter[int]] = [Counter() for _ in news]
    added = removed = at = last = 0
    for before, after, same in ranges([spaced.token for _, spaced in came], [spaced.token for _, spaced in went]):
        if same:
            for (index, _), (place, spaced) in zip(came[before], went[after], strict=True):
                lines[place].add(Change.SAME, [spaced])
                homes[place][index] += 1
                at, last = place, index
            continue
        follows = went[after.start][0] if after.start < len(went) else at
        gone = [(at if index == last else follows, spaced) for index, spaced in came[before]]
        come = went[after]
        if gone and come and gone[0][0] == come[0][0]:
            blank = gone[0][1].blank
            if blank is not None and blank == come[0][1].blank:
                # The blank before both is no part of the change.
                lines[gone[0][0]].add(Change.SAME, [Spaced(Token("", blank), blank)])
                gone, come = ([(side[0][0], Spaced(side[0][1].token)), *side[1:]] for side in (gone, come))
        for change, side in ((Change.REMOVED, gone), (Change.ADDED, come)):
            for place, spaced in side:
                lines[place].add(change, [spaced])
                at = place
        added, removed = added + len(come), removed + len(gone)
    return Comparison(tuple(_with_origins(olds, lines, homes)), added, removed)


def _with_origins(olds: Sequence[Part], lines: Sequence[Line], homes: Sequence[Counter[int]]) -> Iterator[Block]:
    """Yield new blocks with what they were: ``homes`` counts how much of each comes from which of the old ones."""
    goals = {index: max(range(len(lines)), key=lambda place: homes[place][index]) for index in range(len(olds))}
    before: int | None = None
    for place, (line, home) in enumerate(zip(lines, homes, strict=True)):
        if not home and len(olds) > 1:
            yield line.block(Change.ADDED)
            continue
        origin = home.most_common(1)[0][0] if home else 0
        was = olds[origin].shape
        yield replace(
            line.block(Change.SAME),
            was=was if was != line.shape else None,
            divided=origin == before,
            joined=sum(goal == place for goal in goals.values()) > 1,
        )
        before = origin
