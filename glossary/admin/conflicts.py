"""Two people saved one term: the form is shown again on the newer revision, with what both changed side by side.

See ``glossary.document.merging`` for what merges by itself. The page that is shown again holds everything that was
typed, and posts three things more: the parts in conflict, the revision that both started from, and a choice for each
part.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.forms import BoundField
from django.http import QueryDict

from glossary.actions import StaleRevision
from glossary.admin.forms import TermForm, choice_name, switched_off
from glossary.admin.formsets import ChildFormSet
from glossary.admin.widgets import TagsInput
from glossary.document.differences import Difference, compare_part
from glossary.document.documents import slugs_named
from glossary.models import Revision, Term
from glossary.text.names import normalise

ROWS = {
    "synonyms": ("text", "kind"),
    "insights": ("text", "target", "url"),
    "references": ("citation", "doi", "pmid", "url"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One part that both changed: what each of them made of it, and the field in which the editor chooses."""

    part: str
    choice: BoundField
    mine: Difference
    theirs: Difference


@dataclass(frozen=True, slots=True)
class Collision:
    """Everything that the form shows of a collision. ``values`` are both sides of each part, for the page's script."""

    newer: Revision
    decisions: tuple[Decision, ...]
    values: dict[str, dict[str, Any]]


def rebased(data: QueryDict, refusal: StaleRevision, *, chosen: Iterable[str]) -> QueryDict:
    """Return a refused post as a page of the newer revision: with what merged, and the conflicts still to decide.

    ``chosen`` are parts for which the editor had decided on the other side in an earlier collision.
    """
    data = data.copy()
    data["both_from"] = data.get("opened_on", "")
    data["opened_on"] = str(refusal.head.number)
    for name in [name for name in data if name.startswith(choice_name(""))]:
        del data[name]
    data.setlist("conflicts", [conflict.field for conflict in refusal.merge.conflicts])
    merged = refusal.merge.document.as_json()
    parts = {*refusal.merge.taken, *chosen}
    keys = dict(Term.objects.filter(slug__in=slugs_named(merged)).values_list("slug", "pk"))
    switches = _switches(data, refusal.head.term)
    for part in parts:
        _put(data, part, merged[part], keys)
    if "synonyms" in parts:
        _put_switches(data, merged["synonyms"], switches)
    return data


def collision_in(form: TermForm, formsets: Sequence[ChildFormSet], term: Term) -> Collision | None:
    """Return what is to be decided in a form that was shown again after a collision."""
    parts = [name.removeprefix(choice_name("")) for name in form.fields if name.startswith(choice_name(""))]
    if not parts:
        return None
    numbers = [str(form[name].value() or "") for name in ("opened_on", "both_from")]
    revisions = {str(found.number): found for found in term.revisions.filter(number__in=filter(_is_number, numbers))}
    newer, base = (revisions.get(number) for number in numbers)
    if newer is None:
        return None
    mine = form.typed_fields() | {formset.part: formset.typed_rows() for formset in formsets}
    before: Mapping[str, Any] = base.document if base else {}
    named = Term.objects.filter(slug__in=slugs_named(mine, newer.document, before)).values_list("slug", "pk", "title")
    titles = {slug: title for slug, _, title in named}
    keys = {slug: pk for slug, pk, _ in named}
    return Collision(
        newer,
        tuple(
            Decision(
                part,
                form[choice_name(part)],
                mine=compare_part(part, before.get(part), mine[part], titles=titles),
                theirs=compare_part(part, before.get(part), newer.document[part], titles=titles),
            )
            for part in parts
        ),
        {part: {"theirs": _for_script(part, newer.document[part], keys, titles, switched_off(term))} for part in parts},
    )


def with_choices(data: Mapping[str, Any], form: TermForm, term: Term) -> dict[str, Any]:
    """Return the document that a form makes up, after what the editor chose in conflicts."""
    chosen = form.taken_from_theirs()
    theirs = term.revisions.filter(number=form.cleaned_data["opened_on"]).first() if chosen else None
    return {**data, **({part: theirs.document[part] for part in chosen} if theirs else {})}


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 10


def _for_script(
    part: str, value: Any, keys: Mapping[str, int], titles: Mapping[str, str], unlinked: Collection[str]
) -> Any:
    """Return a part as the page's script fills it in: terms with their keys and titles, names with their switches."""

    def term(slug: str) -> dict[str, str] | None:
        return {"id": str(keys[slug]), "text": titles[slug]} if slug in keys else None

    if part == "related":
        return [term(slug) for slug in value if slug in keys]
    if part == "synonyms":
        return [row | {"unlinked": normalise(row["text"]) in unlinked} for row in value]
    if part == "insights":
        return [{"text": row["text"], "target": term(row["term"]), "url": row["url"]} for row in value]
    return value


def _put(data: QueryDict, part: str, value: Any, keys: Mapping[str, int]) -> None:
    """Write a part of a document (as JSON) into posted data."""
    if part in ROWS:
        for name in [name for name in data if re.match(rf"(initial-)?{part}-\d+-", name)]:
            del data[name]
        data[f"{part}-TOTAL_FORMS"], data[f"{part}-INITIAL_FORMS"] = str(len(value)), "0"
        for index, row in enumerate(value):
            row = {**row, "target": keys.get(row["term"], "")} if part == "insights" else row
            for field in ROWS[part]:
                data[f"{part}-{index}-{field}"] = str(row[field])
            data[f"{part}-{index}-ORDER"] = str(index + 1)
    elif part == "related":
        data.setlist(part, [str(keys[slug]) for slug in value if slug in keys])
    elif part == "tags":
        data[part] = TagsInput().format_value(value)
    else:
        data[part] = value


def _switches(data: QueryDict, term: Term) -> dict[str, tuple[bool, bool]]:
    """Return whether names are not linked, as posted, and as it was when the page was opened.

    Switches are no part of the document, so they belong to names and not to rows. A name that has no row in the post
    is as the database has it.
    """
    switches = dict.fromkeys(switched_off(term), (True, True))
    for field in [field for field in data if re.fullmatch(r"synonyms-\d+-text", field)]:
        switch = field.removesuffix("text") + "unlinked"
        switches[normalise(str(data[field]))] = (bool(data.get(switch)), data.get(f"initial-{switch}") == "True")
    return switches


def _put_switches(
    data: QueryDict, rows: Iterable[Mapping[str, str]], switches: Mapping[str, tuple[bool, bool]]
) -> None:
    """Write the switches of the names in ``rows`` into posted data, beside the rows."""
    for index, row in enumerate(rows):
        unlinked, was_unlinked = switches.get(normalise(row["text"]), (False, False))
        if unlinked:
            data[f"synonyms-{index}-unlinked"] = "on"
        data[f"initial-synonyms-{index}-unlinked"] = str(was_unlinked)
