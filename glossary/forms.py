"""The form of one term: its own fields and its ordered rows, read into a term document.

A term and its rows are saved as one document by ``glossary.actions.save_term``, so the rows have no identity of their
own: a form shows what the working copy holds and posts what it shall hold. An old page therefore never names rows that
are gone, and what was typed into it is never lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property
from typing import Any, cast

from django import forms
from django.contrib import admin
from django.forms.formsets import DELETION_FIELD_NAME as DELETE
from django.forms.formsets import ORDERING_FIELD_NAME as ORDER
from django.forms.formsets import BaseFormSet
from django.forms.models import BaseInlineFormSet
from django.utils import timezone
from django.utils.text import capfirst, get_text_list
from taggit.models import Tag

from glossary.actions import StaleRevision
from glossary.documents import MAX_LINE, DocumentError, Problem, changed_parts
from glossary.models import Insight, Reference, Revision, Synonym, Term
from glossary.widgets import TagsField, TermChoiceField, TermsChoiceField, TermSelect, TermsSelect, is_key, prose_field


def in_words(problem: Problem) -> str:
    """Return a problem's message as it stands under its field."""
    return capfirst(problem.message) + "."


class TermForm(forms.ModelForm):
    """The fields of a term. The admin adds, on a subclass for one request, who asks and what was refused.

    Rules that need more than one field, or the database, belong to the document and the action; what they refuse comes
    back as ``refusal`` and is shown beside the fields concerned, with everything as it was typed.
    """

    may_add_tags = False
    refusal: DocumentError | StaleRevision | None = None

    definition = prose_field(help_text=Term._meta.get_field("definition").help_text)
    origin = prose_field(required=False, help_text=Term._meta.get_field("origin").help_text)
    mechanism = prose_field(required=False, help_text=Term._meta.get_field("mechanism").help_text)
    related = TermsChoiceField(
        Term.objects.only("title", "slug"),
        required=False,
        label="Related terms",
        widget=TermsSelect(Term._meta.get_field("related"), admin.site),
        help_text="Other entries of this glossary that a reader may want next.",
    )
    tags = TagsField(required=False, help_text="Topics. Choose from the list, or type a new one and press Enter.")
    note = forms.CharField(
        required=False,
        max_length=500,
        label="What changed, and why",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="A line for the history: “Dose corrected after the 2025 guideline”. Readers don't see it.",
    )
    # The number of the revision that this page shows. Never restored by the browser: it belongs to the page's text.
    opened_on = forms.IntegerField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    # The number of a newer revision that the editor has read and means to replace.
    save_over = forms.IntegerField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))

    class Meta:
        model = Term
        fields = ["title", "slug", "definition", "origin", "mechanism", "related", "tags"]
        labels = {"slug": "Address"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False
        if self.instance.pk:
            self.initial["opened_on"] = self.instance.head.number if self.instance.head else 0
            entry = getattr(self.instance, "entry", None)
            if entry is not None:
                self.fields["slug"].help_text = (
                    f"Readers find this term at {entry.get_absolute_url()}. "
                    "After a change the old address leads to the new one, for ever."
                )

    @property
    def stale(self) -> StaleRevision | None:
        """The newer revision that stood in the way of this save."""
        return self.refusal if isinstance(self.refusal, StaleRevision) else None

    def clean_tags(self) -> list[str]:
        names: list[str] = self.cleaned_data["tags"]
        if not self.may_add_tags and names:
            known = {name.casefold() for name in Tag.objects.values_list("name", flat=True)}
            if unknown := [name for name in names if name.casefold() not in known]:
                raise forms.ValidationError(f"Choose from the list: you can't add new tags ({', '.join(unknown)}).")
        return names

    def clean(self) -> dict[str, Any]:
        # Not super().clean(): whether the address is free is for the action to say, which also knows old addresses.
        if isinstance(self.refusal, DocumentError):
            for problem in self.refusal.problems:
                field = re.split(r"[\[.]", problem.field)[0]
                if field in self.fields:
                    self.add_error(field, in_words(problem))
                elif field == problem.field:
                    self.add_error(None, f"{capfirst(field)}: {problem.message}.")
                # What remains is about a row, and its formset shows it.
        elif self.refusal is not None:
            self.add_error(None, self._stale_in_words(self.refusal.head))
        return self.cleaned_data

    def _stale_in_words(self, head: Revision) -> str:
        seen = head.term.revisions.filter(number=self.based_on()).first()
        parts = changed_parts(seen.document if seen else {}, head.document)
        when = timezone.localtime(head.created_at)
        return (
            f"{head.created_by_name} saved revision {head.number} of this term on {when:%-d %B %Y at %H:%M}, after you "
            f"opened this page, and changed {get_text_list(parts, 'and')}. "
            "Nothing of yours is saved yet; everything that you typed is still below."
        )

    def document_fields(self) -> dict[str, Any]:
        """Return the term's own part of the document, as :func:`glossary.documents.parse_document` takes it."""
        data = self.cleaned_data
        texts = {name: data[name] for name in ("title", "slug", "definition", "origin", "mechanism", "tags")}
        return texts | {"related": [term.slug for term in data["related"]]}

    def based_on(self) -> int:
        """Return the number of the revision that the editor has seen."""
        return self.cleaned_data.get("save_over") or self.cleaned_data.get("opened_on") or 0


class ChildForm(forms.ModelForm):
    """One row. A row that holds nothing counts as not there."""

    @cached_property
    def changed_data(self) -> list[str]:
        # Where a row stands says nothing about whether there is something in it.
        return [name for name in super().changed_data if name != ORDER]

    def _post_clean(self) -> None:
        # No model instance is built: rules between fields and between rows belong to the document.
        pass

    def document_row(self) -> dict[str, Any]:
        """Return the row as the document has it."""
        return {name: value for name, value in self.cleaned_data.items() if name not in (ORDER, DELETE)}


class SynonymForm(ChildForm):
    class Meta:
        model = Synonym
        fields = ["text", "kind"]
        labels = {"text": "Name"}


class InsightForm(ChildForm):
    target = TermChoiceField(
        Term.objects.all(),
        required=False,
        label="Leads to term",
        widget=TermSelect(Insight._meta.get_field("target"), admin.site),
    )
    url = forms.URLField(
        required=False,
        label="or to address",
        assume_scheme="https",
        widget=forms.URLInput(attrs={"class": "vURLField"}),
        help_text="A page elsewhere, when the insight doesn't lead to a term of this glossary.",
    )

    class Meta:
        model = Insight
        fields = ["text", "target", "url"]
        widgets = {"text": forms.Textarea(attrs={"class": "vLargeTextField", "rows": 2})}

    def document_row(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"text": data["text"], "term": data["target"].slug if data["target"] else "", "url": data["url"]}


class ReferenceForm(ChildForm):
    # As long as an address: whatever holds the number may be pasted (glossary.references).
    pmid = forms.CharField(
        max_length=MAX_LINE,
        required=False,
        label="PMID",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="PubMed number, or the address of the work's page there.",
    )
    url = forms.URLField(
        required=False,
        label="Web address",
        assume_scheme="https",
        widget=forms.URLInput(attrs={"class": "vURLField"}),
        help_text="Only for works without a DOI or PMID.",
    )

    class Meta:
        model = Reference
        fields = ["citation", "doi", "pmid", "url"]
        widgets = {"citation": forms.Textarea(attrs={"class": "vLargeTextField", "rows": 2})}


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


def _place(numbered: tuple[int, Any]) -> tuple[float, int]:
    """Sort key of a row: its position, rows without a usable one last, and then as posted."""
    index, form = numbered
    value = form[ORDER].value()
    return (int(value) if str(value).isascii() and str(value).isdigit() else float("inf"), index)


class RetireForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        label="Why is it taken back?",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="For the history, for example “Replaced by ‘Luteal support’”. Readers don't see it.",
    )
