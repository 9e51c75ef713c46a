"""Consent records of a period as one ZIP file, with everything that is needed to check them without this site.

The format is ``consent-export/1``, described in docs/reference/consent-export.md; ``standalone/verify.py`` goes along,
and checks it with nothing but Python. The file is written as it is read: an export of any size takes the same memory.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import rfc8785
from django.db.models import QuerySet
from django.template.loader import render_to_string

from consent.ledger import journal
from consent.ledger.checkpoint import PublicKey, read
from consent.ledger.keys import public_keys
from consent.ledger.proofs import Prover
from consent.models import Checkpoint, ConsentRecord, Notice

FORMATS = ("csv", "json")
VERIFIER = Path(__file__).parent / "standalone" / "verify.py"
CHUNK = 500
COLUMNS = (
    *("index", "created_at", "expires_at", "notice", "action", "accepted", "refused", "language", "surface", "gpc"),
    *("receipt_sha256", "salt", "personal_sha256", "leaf"),
)
# What spreadsheets take as the beginning of a formula (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = dict[str, Any]


class NothingSealed(Exception):
    """The ledger has no signed head yet, so nothing in it can be proved. Run ``seal_consent_ledger`` first."""


@dataclass(frozen=True, slots=True)
class Export:
    """An export that is about to be written: the sealed records of a period, both days (UTC) included."""

    first: date
    last: date
    format: str
    checkpoint: Checkpoint
    number: int
    waiting: int
    at: datetime

    @property
    def file_name(self) -> str:
        return f"consent-records-{self.first}-{self.last}.zip"

    def records(self) -> QuerySet[ConsentRecord]:
        """Return the records, in the ledger's order."""
        return within(self.first, self.last).filter(index__lt=self.checkpoint.size).order_by("index")

    def chunks(self) -> Iterator[bytes]:
        """Yield the ZIP file in pieces."""
        sink = _Sink()
        sums: dict[str, str] = {}
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self._files():
                digest = hashlib.sha256()
                with archive.open(zipfile.ZipInfo(name, self.at.timetuple()[:6]), "w", force_zip64=True) as file:
                    for text in content:
                        data = text.encode()
                        digest.update(data)
                        file.write(data)
                        yield sink.drain()
                sums[name] = digest.hexdigest()
            listing = "".join(f"{sha256}  {name}\n" for name, sha256 in sums.items())
            archive.writestr(zipfile.ZipInfo("SHA256SUMS", self.at.timetuple()[:6]), listing)
        yield sink.drain()

    def _files(self) -> Iterator[tuple[str, Iterable[str]]]:
        notices = list(Notice.objects.order_by("number"))
        numbers = {notice.pk: notice.sha256 for notice in notices}
        used: set[int] = set()
        if self.format == "csv":
            yield "records.csv", self._csv(numbers, used)
        else:
            yield "records.jsonl", self._json(numbers, used)
        yield "proofs.jsonl", self._proofs()
        yield "checkpoint.txt", [self.checkpoint.note]
        yield "public-keys.txt", [f"{key}\n" for key in self._keys()]
        for notice in notices:
            if notice.pk in used:
                yield f"notices/{notice.sha256}.json", [rfc8785.dumps(notice.document).decode()]
        if entry := read(self.checkpoint.note).head.journal:
            yield "journal.jsonl", journal.lines(through=entry[0])
            published = journal.documents("notice", used)
            yield "publications.jsonl", (f"{rfc8785.dumps(document).decode()}\n" for document in published.values())
        yield "README.md", [render_to_string("consent/export_readme.md", {"export": self})]
        yield "verify.py", [VERIFIER.read_text(encoding="utf-8")]

    def _keys(self) -> list[PublicKey]:
        return public_keys(self.checkpoint.note.partition("\n")[0])

    def _csv(self, notices: dict[int, str], used: set[int]) -> Iterator[str]:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
        writer.writerow(COLUMNS)
        for record in self.records().iterator(chunk_size=CHUNK):
            used.add(record.notice_id)
            writer.writerow([defused(cell) for cell in cells_of(record, notices[record.notice_id])])
            if buffer.tell() > 32_768:
                yield buffer.getvalue()
                buffer.seek(0)
                buffer.truncate()
        yield buffer.getvalue()

    def _json(self, notices: dict[int, str], used: set[int]) -> Iterator[str]:
        for record in self.records().iterator(chunk_size=CHUNK):
            used.add(record.notice_id)
            yield json.dumps(row_of(record, notices[record.notice_id]), ensure_ascii=False) + "\n"

    def _proofs(self) -> Iterator[str]:
        prover = Prover(self.checkpoint)
        for index, leaf in self.records().values_list("index", "leaf").iterator(chunk_size=CHUNK):
            if index is not None and (proof := prover.prove(index, leaf)):
                yield json.dumps({"index": index, "leaf": leaf, "path": proof["path"]}) + "\n"


def prepare_export(*, first: date, last: date, format: str, at: datetime) -> Export:  # noqa: A002  (as people call it)
    """Return what :func:`consent.actions.export_records` hands out. Raises :class:`NothingSealed`."""
    newest = Checkpoint.objects.first()
    if newest is None:
        raise NothingSealed("No record is sealed yet, so there are no proofs to export. Run seal_consent_ledger first.")
    period = within(first, last)
    return Export(
        first=first,
        last=last,
        format=format,
        checkpoint=newest,
        number=period.filter(index__lt=newest.size).count(),
        waiting=period.exclude(index__lt=newest.size).count(),
        at=at,
    )


def within(first: date, last: date) -> QuerySet[ConsentRecord]:
    """Return the records of a period, both days (UTC) included."""
    return ConsentRecord.objects.filter(
        created_at__gte=datetime.combine(first, time.min, UTC),
        created_at__lt=datetime.combine(last + timedelta(days=1), time.min, UTC),
    )


def row_of(record: ConsentRecord, notice: str) -> Row:
    """Return a record as a line of JSON: ``core`` and ``personal`` are what was hashed, to the letter."""
    row: Row = {
        "index": record.index,
        "core": {"created_at": _utc(record.created_at), "expires_at": _utc(record.expires_at), "notice": notice},
        "personal": None,
        "salt": None,
        "personal_sha256": record.personal_sha256 or None,
        "leaf": record.leaf,
    }
    if not record.is_erased:
        row["salt"] = record.salt
        row["personal"] = {
            "action": record.action,
            "answers": record.answers,
            "gpc": record.gpc,
            "language": record.language,
            "receipt_sha256": record.receipt_sha256,
            "surface": record.surface,
        }
    return row


def cells_of(record: ConsentRecord, notice: str) -> list[str]:
    """Return a record as the cells of :data:`COLUMNS`. What was erased is empty."""
    answers = record.answers or {}
    cells = {
        "index": record.index,
        "created_at": _utc(record.created_at),
        "expires_at": _utc(record.expires_at),
        "notice": notice,
        "action": record.action,
        "accepted": " ".join(sorted(varname for varname, answer in answers.items() if answer)),
        "refused": " ".join(sorted(varname for varname, answer in answers.items() if not answer)),
        "language": record.language,
        "surface": record.surface,
        "gpc": None if record.gpc is None else str(record.gpc).lower(),
        "receipt_sha256": record.receipt_sha256,
        "salt": record.salt,
        "personal_sha256": record.personal_sha256,
        "leaf": record.leaf,
    }
    return ["" if cells[name] is None else str(cells[name]) for name in COLUMNS]


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula. An apostrophe in front says that it is text."""
    return f"'{cell}" if cell.startswith((*FORMULA, "'")) else cell


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


class _Sink(io.RawIOBase):
    """Takes what the archive writes, until it is drained. It cannot go back, so the archive doesn't try to."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def drain(self) -> bytes:
        data = b"".join(self._parts)
        self._parts.clear()
        return data
