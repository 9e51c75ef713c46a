"""What is wrong in a form that wasn't saved, as a list that leads to each field.

After the error summary of the GOV.UK design system: it is at the top of the page, takes the focus, and names each field
with what to do there. It works without JavaScript.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.forms import BaseForm, BoundField

from glossary.admin.forms import TermForm, choice_name
from glossary.admin.formsets import ChildFormSet
from glossary.document.documents import PARTS


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One line of the summary. ``target`` is the id of the field that it leads to, empty where there is none."""

    words: str
    target: str = ""


def problems_in(form: BaseForm, fields: Iterable[str] = (), *, before: str = "") -> list[FieldProblem]:
    """Return what is wrong in a form, in the order of ``fields`` and then in that of the form.

    ``before`` is put before the name of each field: of which row, for example.
    """
    if not form.is_bound:
        return []
    names = dict.fromkeys([*fields, *form.fields])
    of_all = f"{before.removesuffix(', ')}: " if before else ""
    found = [FieldProblem(f"{of_all}{error}") for error in form.non_field_errors()]
    for bound in (form[name] for name in names if name in form.fields):
        found += [
            FieldProblem(f"{before}{bound.label}: {error}", "" if bound.is_hidden else _target(bound))
            for error in bound.errors
        ]
    return found


def problems_in_term(
    form: TermForm, formsets: Iterable[ChildFormSet], fields: Iterable[str], *, collided: bool
) -> list[FieldProblem]:
    """Return what is wrong in the form of a term and in its rows, in the order of the page."""
    if not form.is_bound:
        return []
    choices = [name for name in form.fields if name.startswith(choice_name(""))]
    found = problems_in(form, [*choices, *fields])
    if collided:
        words = "You both changed this term: choose which version to save."
        found = [FieldProblem(words, "collision-heading"), *(one for one in found if one.target)]
    own, note = [one for one in found if one.target != "id_note"], [one for one in found if one.target == "id_note"]
    rows: list[FieldProblem] = []
    for formset in formsets:
        part, heading = PARTS[formset.part].capitalize(), f"{formset.prefix}-heading"
        rows += [FieldProblem(f"{part}: {error}", heading) for error in formset.non_form_errors()]
        for place, row in enumerate(formset.extra_forms, start=1):
            rows += problems_in(row, before=f"{part} {place}, ")
    return [*own, *rows, *note]


def _target(bound: BoundField) -> str:
    # A group of choices has no id of its own: its first choice has.
    return bound.id_for_label or f"{bound.auto_id}_0"
