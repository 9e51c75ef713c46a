"""Say what is wrong with the terms to which a term's insights lead."""

from __future__ import annotations

from collections.abc import Collection

from glossary.models import Concern, Term


def insight_flags(term: Term, slugs: Collection[str], *, newest: bool = True) -> dict[str, str]:
    """Return slug → what is wrong with the term that has it: retired, not public, or changed clinically since.

    Terms with nothing wrong are left out. Whether one changed is only known of the ``newest`` revision
    of ``term``. Two queries at most.
    """
    wanted = {slug for slug in slugs if slug}
    if not wanted:
        return {}
    flags = {}
    if newest and term.pk:
        changed = Concern.objects.open().filter(term=term, kind=Concern.Kind.TARGET_CHANGED, target__slug__in=wanted)
        flags = dict.fromkeys(
            changed.values_list("target__slug", flat=True), "changed clinically after this was reviewed: check it again"
        )
    hidden = Term.objects.filter(slug__in=wanted, entry__isnull=True)
    for slug, retired_at in hidden.values_list("slug", "retired_at"):
        flags[slug] = "is retired, so readers see no link" if retired_at else "is not public, so readers see no link"
    return flags
