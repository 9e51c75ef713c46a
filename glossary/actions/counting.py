"""Counting how often each published name is linked, in pieces, for the editors' overview."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from glossary.actions.batches import BATCH
from glossary.document.markup import clean_html
from glossary.linking import Names, current_names
from glossary.linking.definitions import defined_otherwise
from glossary.linking.fragments import fragment_of, pieces_of
from glossary.linking.names import is_exact
from glossary.models import EntryName, NameUse, PublishedEntry
from glossary.text.names import sort_key_of
from glossary.text.normalising import WORD, key_of, separator_of, singulars_of

# The most pages that one piece reads, which takes a few seconds.
PAGES = 250


@dataclass(frozen=True, slots=True)
class Counted:
    """How far counting is: ``after`` is the key of the last page that was read, 0 when all are."""

    pages: int
    after: int


@transaction.atomic
def count_names(*, after: int = 0, at: datetime) -> Counted:
    """Count the links on the next pages, those whose keys follow ``after``. From 0 on, begin anew with all names."""
    names = current_names()
    if not after:
        _begin(names, at=at)
    rows = PublishedEntry.objects.filter(pk__gt=after).order_by("pk")
    pages = list(rows[: PAGES + 1].with_texts("pk"))
    links: Counter[tuple[int, str]] = Counter()
    ambiguous: Counter[tuple[int, str]] = Counter()
    for pk, *texts in pages[:PAGES]:
        _read(pk, [clean_html(text) for text in texts], names, links, ambiguous)
    _add(links, ambiguous)
    left = len(pages) > PAGES
    return Counted(len(pages[:PAGES]), pages[PAGES - 1][0] if left else 0)


@transaction.atomic
def look_at_names_again(*, name: str) -> None:
    """Say anew which names are ambiguous, among those of the terms that bear ``name``: after a switch."""
    names = current_names()
    uses = list(NameUse.objects.filter(entry__in=names.bearers_of(name)))
    for use in uses:
        use.is_ambiguous = _is_ambiguous(use.name, names)
    NameUse.objects.bulk_update(uses, ["is_ambiguous"], batch_size=100)


def _begin(names: Names, *, at: datetime) -> None:
    NameUse.objects.all().delete()
    rows = EntryName.objects.order_by("pk").values_list("entry_id", "name", "kind")
    NameUse.objects.bulk_create(
        (
            NameUse(
                entry_id=entry,
                name=name,
                kind=kind,
                sort_key=sort_key_of(name),
                is_ambiguous=_is_ambiguous(name, names),
                counted_at=at,
            )
            for entry, name, kind in rows.iterator(BATCH)
        ),
        batch_size=BATCH,
    )


def _is_ambiguous(name: str, names: Names) -> bool:
    """Whether mentions of a name lead nowhere although a term bears it whose links aren't switched off."""
    return any(
        not mention.target and len(mention.bearers) > 1 and mention.end - mention.start == len(name)
        for mention in names.mentions(name)
    )


def _read(
    page: int, texts: list[str], names: Names, links: Counter[tuple[int, str]], ambiguous: Counter[tuple[int, str]]
) -> None:
    defined = defined_otherwise(texts, names)
    for text in texts:
        for found in fragment_of(text, names, own=(page,), defined=defined).found:
            links[found.mention.target, found.mention.key] += 1
        for piece in pieces_of(text):
            for mention in names.mentions(piece.text, glued_before=piece.glued_before, glued_after=piece.glued_after):
                if not mention.target and len(mention.bearers) > 1 and page not in mention.bearers:
                    ambiguous.update((bearer, mention.key) for bearer in mention.bearers)


def _add(links: Counter[tuple[int, str]], ambiguous: Counter[tuple[int, str]]) -> None:
    terms = sorted({term for term, _ in (*links, *ambiguous)})
    changed = []
    for start in range(0, len(terms), BATCH):
        by_term: dict[int, list[NameUse]] = defaultdict(list)
        for use in NameUse.objects.filter(entry__in=terms[start : start + BATCH]).order_by("pk"):
            by_term[use.entry_id].append(use)
        for counts, field in ((links, "links"), (ambiguous, "ambiguous")):
            for (term, key), count in counts.items():
                for use in by_term.get(term, ()):
                    if key in keys_of(use.name, use.kind):
                        setattr(use, field, getattr(use, field) + count)
                        changed.append(use)
                        break
    NameUse.objects.bulk_update({use.pk: use for use in changed}.values(), ["links", "ambiguous"], batch_size=100)


def keys_of(name: str, kind: str) -> set[str]:
    """Return the keys by which mentions of a name are found: as it is, and as the plural of which it is singular."""
    parts = WORD.split(name)
    words = [key_of(word) for word in parts[1::2]]
    if not words:
        return set()
    before = "".join(word + separator_of(parts[2 * number + 2]) for number, word in enumerate(words[:-1]))
    keys = {before + words[-1]}
    return keys if is_exact(name, kind) else keys | {before + form for form in singulars_of(words[-1])}
