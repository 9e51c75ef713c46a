"""Counting how often each published name is linked, in pieces, for the editors' overview."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, fields
from datetime import datetime

from django.db import transaction

from glossary.actions.batches import BATCH
from glossary.document.markup import clean_html
from glossary.linking import Names, current_names
from glossary.linking.definitions import defined_otherwise
from glossary.linking.fragments import fragment_of, pieces_of
from glossary.linking.names import is_exact, keys_of_name
from glossary.models import EntryName, NameUse, PublishedEntry
from glossary.text.names import sort_key_of

# The most pages that one piece reads, which takes a few seconds.
PAGES = 250


@dataclass(frozen=True, slots=True)
class Counted:
    """How far counting is: ``after`` is the key of the last page that was read, 0 when all are."""

    pages: int
    after: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What becomes of mentions, each by the term and the key of its name. Fields are those of ``NameUse``."""

    links: Counter[tuple[int, str]] = field(default_factory=Counter)
    ambiguous: Counter[tuple[int, str]] = field(default_factory=Counter)
    held_back: Counter[tuple[int, str]] = field(default_factory=Counter)


@transaction.atomic
def count_names(*, after: int = 0, at: datetime) -> Counted:
    """Count the links on the next pages, those whose keys follow ``after``. From 0 on, begin anew with all names."""
    names = current_names()
    if not after:
        _begin(names, at=at)
    rows = PublishedEntry.objects.filter(pk__gt=after).order_by("pk")
    pages = list(rows[: PAGES + 1].with_texts("pk"))
    found = _Found()
    for pk, *texts in pages[:PAGES]:
        _read(pk, [clean_html(text) for text in texts], names, found)
    _add(found)
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


def _read(page: int, texts: list[str], names: Names, counts: _Found) -> None:
    defined = defined_otherwise(texts, names)
    for text in texts:
        for found in fragment_of(text, names, own=(page,), defined=defined).found:
            counts.links[found.mention.target, found.mention.key] += 1
        for piece in pieces_of(text):
            for mention in names.mentions(piece.text, glued_before=piece.glued_before, glued_after=piece.glued_after):
                if mention.target or page in mention.bearers:
                    continue
                if mention.doubt:
                    counts.held_back.update((bearer, mention.key) for bearer in mention.bearers)
                elif len(mention.bearers) > 1:
                    counts.ambiguous.update((bearer, mention.key) for bearer in mention.bearers)


def _add(found: _Found) -> None:
    by_field = {each.name: getattr(found, each.name) for each in fields(found)}
    terms = sorted({term for counts in by_field.values() for term, _ in counts})
    changed = []
    for start in range(0, len(terms), BATCH):
        by_term: dict[int, list[NameUse]] = defaultdict(list)
        for use in NameUse.objects.filter(entry__in=terms[start : start + BATCH]).order_by("pk"):
            by_term[use.entry_id].append(use)
        for name, counts in by_field.items():
            for (term, key), count in counts.items():
                for use in by_term.get(term, ()):
                    if key in keys_of(use.name, use.kind):
                        setattr(use, name, getattr(use, name) + count)
                        changed.append(use)
                        break
    NameUse.objects.bulk_update({use.pk: use for use in changed}.values(), list(by_field), batch_size=100)


def keys_of(name: str, kind: str) -> set[str]:
    """Return the keys by which mentions of a name are found: as it is, and as the plural of which it is singular."""
    keys = keys_of_name(name)
    return set(keys[:1] if is_exact(name, kind) else keys)
