"""The journal: a hash chain over notices, events and daily counts, whose newest link each signed head names.

Records are leaves of the ledger's tree. What stands around them is not: when, why and how a notice was published, what
operators and visitors did with records, and the counts that stay when records go. The journal covers these, to the
letter and in their order, so that none can be changed, removed or put in behind a signed head.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import rfc8785
from django.db.models import Exists, Max, OuterRef

from consent.ledger.faults import Fault, Faulty
from consent.models import ClosedDay, ConsentEvent, DailyChoices, JournalEntry, Notice

VERSION = b"consent/journal/v1"
#: The form of the documents that are hashed from now on. Those of before stay in :data:`FORMS`.
SCHEMA = 1
BEGINNING = bytes(32).hex()
AT_ONCE = 500
#: Events are committed in another order than they are numbered in. No event is committed as late as this many others.
LATE_COMMITS = 10_000

Kind = JournalEntry.Kind
Document = dict[str, Any]


def link(chain: str, number: int, sha256: str) -> str:
    """Return the chain behind an entry, from the chain in front of it."""
    return hashlib.sha256(
        VERSION + bytes.fromhex(chain) + number.to_bytes(8, "big") + bytes.fromhex(sha256)
    ).hexdigest()


def newest() -> tuple[int, str]:
    """Return number and chain of the newest entry; those of an empty journal are 0 and :data:`BEGINNING`."""
    return JournalEntry.objects.values_list("number", "chain").first() or (0, BEGINNING)


def write_entries(*, limit: int) -> int:
    """Add up to ``limit`` entries for what has none yet, and return how many. Only one may do so at a time."""
    number, chain = newest()
    entries = []
    for kind, rows in _without_entries(limit):
        for row, document in documents(kind, rows).items():
            number, sha256 = number + 1, sha256_of(document)
            chain = link(chain, number, sha256)
            entries.append(JournalEntry(number=number, kind=kind, row=row, schema=SCHEMA, sha256=sha256, chain=chain))
    JournalEntry.objects.bulk_create(entries)
    return len(entries)


def sha256_of(document: Document) -> str:
    """Return the hex SHA-256 of a document's canonical form (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(document)).hexdigest()


def documents(kind: str, rows: Iterable[int], *, schema: int = SCHEMA) -> dict[int, Document]:
    """Return the rows that exist as the documents that are hashed, in the order of the rows."""
    wanted = sorted(rows)
    found: dict[int, Document] = {}
    for start in range(0, len(wanted), AT_ONCE):
        found.update(FORMS[schema][kind](wanted[start : start + AT_ONCE]))
    return found


def lines(*, through: int) -> Iterator[str]:
    """Yield the entries up to one as lines of JSON: kind, schema and hash, from which the chain can be computed."""
    entries = JournalEntry.objects.filter(number__lte=through).order_by("number")
    for number, kind, schema, sha256 in entries.values_list("number", "kind", "schema", "sha256").iterator(AT_ONCE):
        yield json.dumps({"number": number, "kind": kind, "schema": schema, "sha256": sha256}) + "\n"


def check_journal() -> list[str]:
    """Return what is not covered yet, in words. Raises :class:`Faulty` for the first entry that doesn't fit its row."""
    number, chain = 0, BEGINNING
    while page := list(JournalEntry.objects.filter(number__gt=number).order_by("number")[:AT_ONCE]):
        found = {
            key: documents(key[0], [entry.row for entry in page if (entry.kind, entry.schema) == key], schema=key[1])
            for key in {(entry.kind, entry.schema) for entry in page if entry.schema in FORMS}
        }
        for entry in page:
            number += 1
            if entry.number != number:
                raise Faulty(Fault.JOURNAL, f"Entry {number} of the journal is missing.")
            document = found.get((entry.kind, entry.schema), {}).get(entry.row)
            _check_entry(entry, document)
            chain = link(chain, number, entry.sha256)
            if entry.chain != chain:
                raise Faulty(Fault.JOURNAL, f"{entry} was changed: it does not follow from the entry before it.")
    if counted := DailyChoices.objects.exclude(date__in=ClosedDay.objects.values("date")).first():
        raise Faulty(Fault.JOURNAL, f"Choices of {counted.date} are counted, but that day was not closed.")
    waiting = Notice.objects.count() + ConsentEvent.objects.count() + ClosedDay.objects.count() - number
    if waiting > 0:
        return [f"{waiting:,} notices, events and days of statistics that wait for seal_consent_ledger"]
    return []


def check_named(named: set[tuple[int, str]], *, whose: str) -> None:
    """Raise :class:`Faulty` if an entry (number and chain) that heads name isn't the journal's."""
    numbers = {number for number, _ in named}
    chains = dict(JournalEntry.objects.filter(number__in=numbers).values_list("number", "chain"))
    for number, chain in sorted(named):
        if chains.get(number) != chain:
            words = "is gone" if number not in chains else "is a different one"
            raise Faulty(Fault.JOURNAL, f"{whose} names entry {number} of the journal, which {words}.")


def _check_entry(entry: JournalEntry, document: Document | None) -> None:
    row = date.fromordinal(entry.row) if entry.kind == Kind.DAY else entry.row
    what = f"The {entry.get_kind_display()} {row}"
    if entry.schema not in FORMS:
        raise Faulty(Fault.JOURNAL, f"{entry} has the form {entry.schema}, which this release does not know.")
    if document is None:
        raise Faulty(Fault.JOURNAL, f"{what} is gone. It has entry {entry.number} of the journal.")
    if sha256_of(document) != entry.sha256:
        raise Faulty(Fault.JOURNAL, f"{what} was changed: it does not match entry {entry.number} of the journal.")


def _without_entries(limit: int) -> Iterator[tuple[str, list[int]]]:
    """Yield what has no entry yet, up to ``limit`` in all: notices, then days, then events, each in its order."""
    last = dict(JournalEntry.objects.order_by().values_list("kind").annotate(last=Max("row")))
    days = ClosedDay.objects.order_by("date")
    if Kind.DAY in last:
        days = days.filter(date__gt=date.fromordinal(last[Kind.DAY]))  # they are closed without gaps
    sources: list[tuple[str, Any]] = [
        (Kind.NOTICE, _unnamed(Kind.NOTICE, Notice.objects.order_by("pk"))),
        (Kind.DAY, days.values_list("date", flat=True)),
        (
            Kind.EVENT,
            _unnamed(
                Kind.EVENT,
                ConsentEvent.objects.filter(pk__gt=last.get(Kind.EVENT, 0) - LATE_COMMITS).order_by("pk"),
            ),
        ),
    ]
    for kind, rows in sources:
        found = [row.toordinal() if isinstance(row, date) else row for row in rows[:limit]]
        limit -= len(found)
        if found:
            yield kind, found
        if limit == 0:
            return


def _unnamed(kind: str, rows: Any) -> Any:
    named = JournalEntry.objects.filter(kind=kind, row=OuterRef("pk"))
    return rows.filter(~Exists(named)).values_list("pk", flat=True)


def _notices(rows: list[int]) -> Iterator[tuple[int, Document]]:
    for notice in Notice.objects.filter(pk__in=rows).defer("document").order_by("pk"):
        yield (
            notice.pk,
            {
                "kind": Kind.NOTICE.value,
                "schema": 1,
                "number": notice.number,
                "language": notice.language,
                "sha256": notice.sha256,
                "material": notice.material,
                "reason": notice.reason,
                "published_at": _utc(notice.published_at),
                "published_by": notice.published_by_id,
                "published_by_name": notice.published_by_name,
            },
        )


def _events(rows: list[int]) -> Iterator[tuple[int, Document]]:
    for event in ConsentEvent.objects.filter(pk__in=rows).order_by("pk"):
        yield (
            event.pk,
            {
                "kind": Kind.EVENT.value,
                "schema": 1,
                "verb": event.verb,
                "at": _utc(event.at),
                "by": event.by_id,
                "by_name": event.by_name,
                "details": event.details,
            },
        )


def _days(rows: list[int]) -> Iterator[tuple[int, Document]]:
    dates = [date.fromordinal(row) for row in rows]
    counts: dict[date, list[list[Any]]] = {}
    cells = (
        DailyChoices.objects.filter(date__in=dates)
        .order_by()
        .values_list(*("date", "notice__number", "language", "surface", "action", "category", "accepted", "refused"))
    )
    for day, *cell in cells:
        counts.setdefault(day, []).append(cell)
    for closed in ClosedDay.objects.filter(date__in=dates).order_by("date"):
        yield (
            closed.date.toordinal(),
            {
                "kind": Kind.DAY.value,
                "schema": 1,
                "date": closed.date.isoformat(),
                "records": closed.records,
                "closed_at": _utc(closed.closed_at),
                "choices": sorted(counts.get(closed.date, [])),
            },
        )


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


#: Schema → kind → the rows as documents. What was hashed once is hashed alike from then on: a new form gets a number of
#: its own.
FORMS: dict[int, dict[str, Callable[[list[int]], Iterator[tuple[int, Document]]]]] = {
    1: {Kind.NOTICE: _notices, Kind.EVENT: _events, Kind.DAY: _days}
}
