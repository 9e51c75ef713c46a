"""The refused rows of a file as a file of the same kind, to be corrected and imported again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence

from glossary.document.faults import Fault
from glossary.interchange.files import REASON


def refused_rows(faults: Sequence[Fault], *, header: Sequence[str], kind: str) -> str:
    """Return the text of a file of ``kind`` (``.csv`` or ``.json``) with the rows of the faults and their reasons.

    What could not be read as a row is there as text, in the first column or under the key ``text``.
    """
    return _as_json(faults) if kind == ".json" else _as_csv(faults, header)


def _as_csv(faults: Sequence[Fault], header: Sequence[str]) -> str:
    # A report that is mended and refused again has the column already.
    kept = [number for number, name in enumerate(header) if name.strip().casefold() != REASON]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(header[number] for number in kept), REASON])
    for fault in faults:
        if fault.source is None or isinstance(fault.source, Mapping):
            continue
        cells = [fault.source] if isinstance(fault.source, str) else [fault.source[number] for number in kept]
        writer.writerow([*cells, *[""] * (len(kept) - len(cells)), fault.message])
    return out.getvalue()


def _as_json(faults: Sequence[Fault]) -> str:
    terms = [
        {**(fault.source if isinstance(fault.source, Mapping) else {"text": fault.source}), REASON: fault.message}
        for fault in faults
        if fault.source is not None
    ]
    text = json.dumps({"terms": terms}, ensure_ascii=False, indent=2) + "\n"
    # Half a character can only be written as an escape.
    return "".join(sign if not "\ud800" <= sign <= "\udfff" else f"\\u{ord(sign):04x}" for sign in text)
