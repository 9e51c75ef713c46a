"""What changed between two term documents, section by section: for reviewers, and for readers of the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy

from glossary.document.comparing import Comparison, compare_html, compare_rows, compare_text
from glossary.document.documents import LINES, PARTS, TEXTS

#: What stands behind another name that is no plain synonym.
KINDS = {
    "abbreviation": gettext_lazy("abbreviation"),
    "variant": gettext_lazy("variant"),
    "former": gettext_lazy("former"),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of the document (a key of ``documents.PARTS``), compared. ``is_list`` when its blocks are rows.

    ``unseen`` is true when the part changed in a way that no reader would see, such as one blank instead of two. It
    counts as changed, since it changes the hash of the document.
    """

    part: str
    heading: str
    comparison: Comparison
    is_list: bool
    unseen: bool = False

    @property
    def changed(self) -> bool:
        return self.comparison.changed or self.unseen


def compare_documents(
    old: Mapping[str, Any] | None, new: Mapping[str, Any], *, titles: Mapping[str, str] | None = None
) -> tuple[Difference, ...]:
    """Return every part of two documents (as JSON) compared, in the order of the page.

    ``old`` is ``None`` when there was nothing before. ``titles`` maps slugs to titles, so that links to other terms are
    shown as readers know them (:func:`glossary.document.documents.slugs_named` says which).
    """
    return tuple(compare_part(part, (old or {}).get(part), new[part], titles=titles or {}) for part in PARTS)


def compare_part(part: str, before: Any, after: Any, *, titles: Mapping[str, str]) -> Difference:
    """Return one part of two documents (as JSON) compared. ``before`` is ``None`` when there was nothing."""
    if part in LINES:
        comparison = compare_text(before or "", after)
    elif part in TEXTS:
        comparison = compare_html(before or "", after)
    else:
        comparison = compare_rows(*(_rows(part, rows or (), titles) for rows in (before, after)))
    unseen = not comparison.changed and (before or after) and before != after
    return Difference(
        part, capfirst(str(PARTS[part])), comparison, is_list=part not in (*LINES, *TEXTS), unseen=bool(unseen)
    )


def _rows(part: str, rows: Any, titles: Mapping[str, str]) -> list[str]:
    match part:
        case "synonyms":
            return [row["text"] + (f" ({KINDS[row['kind']]})" if row["kind"] in KINDS else "") for row in rows]
        case "insights":
            return [" → ".join(filter(None, (row["text"], _goal(row, titles)))) for row in rows]
        case "references":
            return [" ".join(filter(None, (row["citation"], *_identifiers(row)))) for row in rows]
        case "related":
            return [titles.get(slug, slug) for slug in rows]
    return list(rows)


def _goal(insight: Mapping[str, str], titles: Mapping[str, str]) -> str:
    return titles.get(insight["term"], insight["term"]) or insight["url"]


def _identifiers(reference: Mapping[str, str]) -> tuple[str, ...]:
    names = {"doi": "doi:", "pmid": "PMID ", "url": ""}
    return tuple(f"{name}{reference[key]}" for key, name in names.items() if reference[key])
