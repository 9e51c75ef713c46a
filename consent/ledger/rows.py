"""Rows of the ledger, read quickly: the bytes that a leaf is hashed from, without a model instance in between.

:class:`Leaves` makes from columns what :class:`consent.ledger.leaf.Choice` makes from Python values, byte for byte (a
test compares them). It matters: a row costs a few microseconds this way, and ten times as much the other.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import rfc8785
from django.db.models import Func, TextField
from django.db.models.functions import Cast

from consent.ledger.leaf import VERSION
from consent.models import ConsentRecord, Notice

if TYPE_CHECKING:
    from django.db.models.query import QuerySet

MEMO = 4096
_LEAF = b"\x00" + VERSION
_RECEIPT = b',"receipt_sha256":"'


class CanonicalTime(Func):
    """A time as ``2026-03-02T12:00:00.000000Z``, written by the database."""

    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
        return self.as_sql(compiler, connection, template=template, **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # Django writes 19 characters, or 26 with microseconds. Whatever else somebody wrote there comes out as it is.
        template = (
            "CASE length(%(expressions)s) "
            "WHEN 19 THEN replace(%(expressions)s, ' ', 'T') || '.000000Z' "
            "WHEN 26 THEN replace(%(expressions)s, ' ', 'T') || 'Z' "
            "ELSE %(expressions)s END"
        )
        return self.as_sql(compiler, connection, template=template, **extra)


def read(records: QuerySet[ConsentRecord]) -> QuerySet[ConsentRecord, tuple[Any, ...]]:
    """Return the rows of a query as tuples: pk, index, and what the ledger is about, as text where it can be."""
    columns = {
        "created_text": CanonicalTime("created_at", output_field=TextField()),
        "expires_text": CanonicalTime("expires_at", output_field=TextField()),
        "answers_text": Cast("answers", TextField()),
    }
    return records.annotate(**columns).values_list(
        *("pk", "index", "created_text", "expires_text", "notice_id", "receipt_sha256", "action", "answers_text"),
        *("language", "surface", "gpc", "salt", "leaf", "mac", "personal_sha256", "seal"),
    )


class Leaves:
    """Computes leaves. Holds the hashes of notices, and the fixed parts of the forms that it has met."""

    def __init__(self) -> None:
        self._notices: dict[int, bytes] = {}
        self._forms: dict[tuple[Any, ...], tuple[bytes, bytes]] = {}

    def leaf(self, row: tuple[Any, ...]) -> bytes:
        """Return the leaf that a row's content makes. Whether it is the one that stands there is for the caller."""
        _, _, created, expires, notice, receipt, action, answers, language, surface, gpc, salt, _, _, erased, _ = row
        name = self._notices.get(notice) or self._notice(notice)
        core = hashlib.sha256(
            b'{"created_at":"%b","expires_at":"%b","notice":"%b"}' % (created.encode(), expires.encode(), name)
        ).digest()
        if erased:
            return hashlib.sha256(_LEAF + core + _bytes(erased)).digest()
        key = (action, answers, language, surface, gpc)
        before, after = self._forms.get(key) or self._form(key)
        if not (receipt.isalnum() and receipt.isascii()):
            receipt = json.dumps(receipt)[1:-1]
        personal = hashlib.sha256(b"%b%b%b%b" % (_bytes(salt), before, receipt.encode(), after)).digest()
        return hashlib.sha256(_LEAF + core + personal).digest()

    def _notice(self, pk: int) -> bytes:
        sha256 = Notice.objects.filter(pk=pk).values_list("sha256", flat=True).first() or ""
        self._notices[pk] = sha256.encode()
        return self._notices[pk]

    def _form(self, key: tuple[Any, ...]) -> tuple[bytes, bytes]:
        """Return what stands before the receipt and behind it."""
        action, answers, language, surface, gpc = key
        try:
            canonical = rfc8785.dumps(
                {
                    "action": action,
                    "answers": json.loads(answers),
                    "gpc": gpc,
                    "language": language,
                    "receipt_sha256": "",
                    "surface": surface,
                }
            )
        except (rfc8785.CanonicalizationError, ValueError, TypeError):
            canonical = _RECEIPT + b'unreadable"'  # which no record was ever signed with
        if len(self._forms) >= MEMO:
            self._forms.clear()
        # The last one: `answers` may hold the same letters, while `surface` cannot, as its quotes are escaped.
        before, name, after = canonical.rpartition(_RECEIPT)
        form = self._forms[key] = before + name, after
        return form


def _bytes(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b"unreadable"  # the hash over it is not the one that was signed
