"""The hash of a document, which everything that was ever approved or frozen depends on."""

from __future__ import annotations

import hashlib

import rfc8785

from glossary.document.documents import TermDocument, document_sha256
from tests.glossary.builders import FULL


def test_a_document_is_hashed_in_its_canonical_form() -> None:
    odd = TermDocument(
        "Łódź “β” 𝛂 🥚", "lodz", 'Tab\there\nline "quoted" \\ back / \x7f\x1f\u2028\ufb01', tags=("Ä", "z")
    )
    for each in (FULL, odd, TermDocument("", "", "")):
        # Schema 1 is no part of it: what was frozen before documents said their schema has the same hash.
        content = {name: value for name, value in each.as_json().items() if name != "schema"}
        canonical = rfc8785.dumps(content)
        assert each.sha256() == document_sha256(each.as_json()) == hashlib.sha256(canonical).hexdigest()
        assert TermDocument.from_frozen(each.as_json()) == each
