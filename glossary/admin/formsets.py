"""The ordered rows of a term's form: synonyms, insights and references."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any, cast

from django import forms
from django.forms.formsets import DELETION_FIELD_NAME as DELETE
from django.forms.formsets import ORDERING_FIELD_NAME as ORDER
from django.forms.formsets import BaseFormSet
from django.forms.models import BaseInlineFormSet

from glossary.admin.forms import ChildForm, in_words, switched_off
from glossary.admin.widgets import TermChoiceField, is_key
from glossary.document.documents import Problem
from glossary.models import Term
from glossary.text.names import normalise
from glossary.workflow.concerns import insight_flags


class ChildFormSet(BaseInlineFormSet):
    """Ordered rows of one kind, all of them new to the server each time (see the module's docstring)."""

    part: str  # the document's name for these rows

    def __init__(self, *args: Any, problems: Iterable[Problem] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.problems = [problem for problem in problems if problem.field.startswith(f"{self.part}[")]
        if not self.is_bound and self.instance.pk:
            held = list(self.queryset or ())
            self.initial_extra = [forms.model_to_dict(child, self.form._meta.fields) for child in held]
            self.extra = len(held)

    def initial_form_count(self) -> int:
        return 0

    def get_queryset(self) -> Any:
        return super().get_queryset().none()

    def add_fields(self, form: Any, index: int | None) -> None:
        # Past the two classes that would add the primary key and the foreign key.
        BaseFormSet.add_fields(self, form, index)
        form.fields[ORDER].label = "Position"
        if index is not None and not self.is_bound:
            form.initial[ORDER] = index + 1

    @property
    def extra_forms(self) -> list[Any]:
        """All rows, in the order that the editor gave them."""
        return [form for _, form in sorted(enumerate(self.forms), key=_place)]

    def rows(self) -> list[ChildForm]:
        """Return the rows that count: filled, and not marked as removed."""
        return [form for form in self.extra_forms if form.has_changed() and not form.cleaned_data.get(DELETE)]

    def typed_rows(self) -> list[dict[str, Any]]:
        """Return the rows as they stand in the form, valid or not, without those that were removed."""
        filled = (form for form in self.extra_forms if form.has_changed() or not self.is_bound)
        return [form.typed_row() for form in filled if not form[DELETE].value()]

    def document_rows(self) -> list[dict[str, Any]]:
        return [form.document_row() for form in self.rows()]

    def clean(self) -> None:
        # Not super().clean(): it would ask the database whether rows repeat one another.
        rows = self.rows()
        for problem in self.problems:
            where, _, field = problem.field.partition("].")
            row = rows[int(where.removeprefix(f"{self.part}[").rstrip("]")) - 1]
            row.add_error({"term": "target"}.get(field, field) or None, in_words(problem))


class SynonymFormSet(ChildFormSet):
    part = "synonyms"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound and self.initial_extra:
            off = switched_off(self.instance)
            for row in self.initial_extra:
                row["unlinked"] = normalise(row["text"]) in off


class ReferenceFormSet(ChildFormSet):
    part = "references"


class InsightFormSet(ChildFormSet):
    part = "insights"

    @cached_property
    def known(self) -> dict[str, Term]:
        """The terms that the rows lead to, by primary key as text."""
        if self.is_bound:
            given = (self.data.get(f"{self.prefix}-{index}-target", "") for index in range(self.total_form_count()))
        else:
            given = (str(row["target"] or "") for row in self.initial_extra or ())
        keys = {key for key in given if is_key(key)}
        return {str(key): term for key, term in Term.objects.only("title", "slug").in_bulk(map(int, keys)).items()}

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        cast("TermChoiceField", form.fields["target"]).know(self.known if index is not None else {})
        form.flags = self.flags if index is not None else {}

    @cached_property
    def flags(self) -> dict[str, str]:
        """What is the matter with the terms that the rows lead to, by primary key as text."""
        slugs = {term.slug: key for key, term in self.known.items()}
        return {slugs[slug]: flag for slug, flag in insight_flags(self.instance, slugs.keys()).items()}


def _place(numbered: tuple[int, Any]) -> tuple[float, int]:
    """Sort key of a row: its position, rows without a usable one last, and then as posted."""
    index, form = numbered
    value = form[ORDER].value()
    return (int(value) if str(value).isascii() and str(value).isdigit() else float("inf"), index)
