"""The form of one term: its own fields and its ordered rows, read into a term document.

A term and its rows are saved as one document by ``glossary.actions.save_term``, so the rows have no identity of their
own: a form shows what the working copy holds and posts what it shall hold. An old page therefore never names rows that
are gone, and what was typed into it is never lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import prefetch_related_objects
from django.forms.formsets import DELETION_FIELD_NAME as DELETE
from django.forms.formsets import ORDERING_FIELD_NAME as ORDER
from django.utils import timezone
from django.utils.text import capfirst, get_text_list
from taggit.models import Tag

from glossary.actions import StaleRevision
from glossary.admin.widgets import TagsField, TermChoiceField, TermsChoiceField, TermSelect, TermsSelect, is_key
from glossary.document.documents import (
    COLUMNS,
    LINES,
    MAX_LINE,
    MAX_TEXT,
    PARTS,
    TEXTS,
    DocumentError,
    Problem,
    sorted_names,
    tag_key_of,
)
from glossary.document.markup import clean_html
from glossary.models import Insight, Reference, Synonym, Term, name_of
from glossary.text.names import normalise

if TYPE_CHECKING:
    from glossary.admin.formsets import ChildFormSet

    UserChoiceField = forms.ModelChoiceField[User]
else:
    UserChoiceField = forms.ModelChoiceField

# How an editor decides a conflict. Both “mine” and “hand” save what stands in the field.
THEIRS = "theirs"
CHOICES = [("mine", "Keep mine"), (THEIRS, "Take theirs"), ("hand", "Edit by hand, in the form below")]


def in_words(problem: Problem) -> str:
    """Return a problem's message as it stands under its field."""
    return capfirst(problem.message) + "."


class PersonField(UserChoiceField):
    """A person who works in the admin, by name."""

    def label_from_instance(self, obj: User) -> str:
        return name_of(obj)


def unlinked_field(help_text: str = "") -> forms.BooleanField:
    """Return the switch of a name. It is no part of the document: see ``glossary.models.UnlinkedName``."""
    return forms.BooleanField(required=False, label="Don't link", show_hidden_initial=True, help_text=help_text)


def switched_off(term: Term) -> set[str]:
    """Return the names of a term to which links are switched off, as lookups compare them. One query for all forms."""
    prefetch_related_objects([term], "unlinked_names")
    return {unlinked.normalised for unlinked in term.unlinked_names.all()}


class TermForm(forms.ModelForm):
    """The fields of a term. The admin adds, on a subclass for one request, who asks and what was refused.

    Rules that need more than one field, or the database, belong to the document and the action; what they refuse comes
    back as ``refusal`` and is shown beside the fields concerned, with everything as it was typed.
    """

    may_add_tags = False
    refusal: DocumentError | StaleRevision | None = None

    related = TermsChoiceField(
        Term.objects.only("title", "slug"),
        required=False,
        label="Related terms",
        widget=TermsSelect(Term._meta.get_field("related"), admin.site),
        help_text="Other terms of this glossary that readers may want to read next.",
    )
    tags = TagsField(required=False, help_text="Topics. Choose from the list, or type a new one and press Enter.")
    # With what they were when the page was opened: only a change of them is one.
    unlinked = unlinked_field(
        "Mentions of this name in other terms are not linked. Takes effect immediately, without a review."
    )
    owner = PersonField(
        User.objects.filter(is_staff=True, is_active=True).order_by("first_name", "last_name", "username"),
        required=False,
        empty_label="Nobody",
        label="Owner",
        show_hidden_initial=True,
        help_text="Gets an email when the term is due for review, or when something that it leads to changes.",
    )
    review_months = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=120,
        label="Review every … months",
        show_hidden_initial=True,
        help_text="Leave empty for the site's default.",
    )
    note = forms.CharField(
        required=False,
        max_length=500,
        label="What changed, and why",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="Kept in the history, for example “Dose corrected after the 2025 guideline”. Readers don't see it.",
    )
    # The number of the revision that this page shows. Never restored by the browser: it belongs to the page's text.
    opened_on = forms.IntegerField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    # After a collision: what both changed (see glossary.admin.conflicts), and the revision that both started from.
    conflicts = forms.MultipleChoiceField(
        required=False,
        initial=list,
        choices=PARTS.items(),
        widget=forms.MultipleHiddenInput(attrs={"autocomplete": "off"}),
    )
    both_from = forms.IntegerField(required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"}))
    # Names the copy that the browser keeps of this page until it is saved (static/glossary/admin/drafts.js).
    draft = forms.RegexField(
        r"^[a-z0-9-]{8,40}\Z", required=False, widget=forms.HiddenInput(attrs={"autocomplete": "off"})
    )

    class Meta:
        model = Term
        fields = [*COLUMNS, "related", "tags", "owner", "review_months"]
        labels = {"slug": "Address"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False
        for part in self["conflicts"].value() or () if self.is_bound else ():
            if part in PARTS:
                self.fields[choice_name(part)] = forms.ChoiceField(
                    choices=CHOICES,
                    widget=forms.RadioSelect,
                    label=capfirst(PARTS[part]),
                    error_messages={"required": "Choose which version to save."},
                )
        if self.instance.pk:
            self.initial["unlinked"] = normalise(self.instance.title) in switched_off(self.instance)
            self.initial["opened_on"] = self.instance.head.number if self.instance.head else 0
            entry = getattr(self.instance, "entry", None)
            if entry is not None:
                self.fields["slug"].help_text = (
                    f"Readers find this term at {entry.get_absolute_url()}. If you change the address, the old one "
                    "permanently redirects to the new one."
                )
        else:
            self.fields["title"].widget.attrs["autofocus"] = True

    def switches(self, formsets: Iterable[ChildFormSet], before: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """Return the names to switch off and on: those whose box was changed, and new names (not in the document
        ``before``) whose box is ticked.
        """
        rows = [row for formset in formsets if formset.part == "synonyms" for row in formset.rows()]
        named = [(self.cleaned_data["title"], self), *((row.cleaned_data["text"], row) for row in rows)]
        known = (
            {normalise(before["title"]), *(normalise(item["text"]) for item in before["synonyms"])} if before else set()
        )
        off, on = [], []
        for name, form in named:
            if form.cleaned_data["unlinked"]:
                if "unlinked" in form.changed_data or normalise(name) not in known:
                    off.append(name)
            elif "unlinked" in form.changed_data:
                on.append(name)
        return off, on

    def clean_tags(self) -> list[str]:
        names: list[str] = self.cleaned_data["tags"]
        if not self.may_add_tags and names:
            known = {tag_key_of(name) for name in Tag.objects.values_list("name", flat=True)}
            if unknown := [name for name in names if tag_key_of(name) not in known]:
                raise forms.ValidationError(
                    f"You cannot add new tags. Choose from the list instead of: ({', '.join(unknown)})."
                )
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
            self.add_error(None, _collision(self.refusal))
        return self.cleaned_data

    def typed_fields(self) -> dict[str, Any]:
        """Return the term's own part of the document as it stands in the form, valid or not."""
        lines = {name: " ".join(str(self[name].value() or "").split()) for name in LINES}
        texts = {name: clean_html(str(self[name].value() or "")[:MAX_TEXT]) for name in TEXTS}
        tags = self["tags"].value() or ()
        names = cast("TagsField", self.fields["tags"]).to_python(tags) if isinstance(tags, str) else map(str, tags)
        keys = [key for key in map(str, self["related"].value() or ()) if is_key(key)]
        slugs = Term.objects.filter(pk__in=keys).values_list("slug", flat=True) if keys else ()
        return lines | texts | {"tags": list(sorted_names(names)), "related": list(sorted_names(slugs))}

    def plans_review(self) -> bool:
        """Return whether the person changed who looks after the term, or how often it is reviewed."""
        return bool({"owner", "review_months"}.intersection(self.changed_data))

    def document_fields(self) -> dict[str, Any]:
        """Return the term's own part of the document, as ``glossary.document.parsing.parse_document`` takes it."""
        data = self.cleaned_data
        texts = {name: data[name] for name in (*COLUMNS, "tags")}
        return texts | {"related": [term.slug for term in data["related"]]}

    def taken_from_theirs(self) -> list[str]:
        """Return the parts for which the editor chose what stands in the revision that the page is based on."""
        return [part for part in self.cleaned_data["conflicts"] if self.cleaned_data[choice_name(part)] == THEIRS]


def choice_name(part: str) -> str:
    """Return the name of the field that decides a conflict in a part of the document."""
    return f"choice_{part}"


def _collision(refusal: StaleRevision) -> str:
    head, merge = refusal.head, refusal.merge
    when = timezone.localtime(head.created_at)
    both = get_text_list([PARTS[conflict.field] for conflict in merge.conflicts], "and")
    words = f"{head.created_by_name} saved revision {head.number} of this term on {when:%-d %B %Y at %H:%M}, after you "
    words += f"opened this page. You both changed {both}. Choose below which version to save. "
    if merge.taken:
        words += f"Taken from revision {head.number}, because only one of you changed it: "
        words += f"{get_text_list([PARTS[part] for part in merge.taken], 'and')}. "
    return words + "Your changes are not saved yet. Everything that you typed is still here."


class ChildForm(forms.ModelForm):
    """One row. A row that holds nothing counts as not there."""

    @cached_property
    def changed_data(self) -> list[str]:
        # Where a row stands says nothing about whether there is something in it.
        return [name for name in super().changed_data if name != ORDER]

    def _post_clean(self) -> None:
        # No model instance is built: rules between fields and between rows belong to the document.
        pass

    def typed_row(self) -> dict[str, Any]:
        """Return the row as it stands in the form, valid or not."""
        return {name: str(self[name].value() or "") for name in self.fields if name not in (ORDER, DELETE)}

    def document_row(self) -> dict[str, Any]:
        """Return the row as the document has it."""
        return {name: value for name, value in self.cleaned_data.items() if name not in (ORDER, DELETE)}


class SynonymForm(ChildForm):
    unlinked = unlinked_field()

    @cached_property
    def changed_data(self) -> list[str]:
        # A row without a name that only has its box ticked isn't there.
        changed = super().changed_data
        return [] if changed == ["unlinked"] and not str(self["text"].value() or "").strip() else changed

    def typed_row(self) -> dict[str, Any]:
        return _without_switch(super().typed_row())

    def document_row(self) -> dict[str, Any]:
        return _without_switch(super().document_row())

    class Meta:
        model = Synonym
        fields = ["text", "kind"]
        labels = {"text": "Name"}
        help_texts = {
            "text": "As people may look it up, for example “LP”.",
            "kind": "An abbreviation, a British or American spelling, or a former name.",
        }


def _without_switch(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "unlinked"}


class InsightForm(ChildForm):
    target = TermChoiceField(
        Term.objects.all(),
        required=False,
        label="Term that it leads to",
        widget=TermSelect(Insight._meta.get_field("target"), admin.site),
    )
    url = forms.URLField(
        required=False,
        label="Or web address",
        assume_scheme="https",
        widget=forms.URLInput(attrs={"class": "vURLField"}),
        help_text="A page of another site, if the insight does not lead to a term of this glossary.",
    )

    flags: Mapping[str, str] = {}

    @property
    def flag(self) -> str:
        """What is the matter with the term to which the row leads, or nothing."""
        return self.flags.get(str(getattr(self["target"].value(), "pk", self["target"].value()) or ""), "")

    class Meta:
        model = Insight
        fields = ["text", "target", "url"]
        widgets = {"text": forms.Textarea(attrs={"class": "vLargeTextField", "rows": 2})}

    def typed_row(self) -> dict[str, Any]:
        row = super().typed_row()
        target = cast("TermChoiceField", self.fields["target"]).known.get(row.pop("target"))
        return {"text": row["text"], "term": target.slug if target else "", "url": row["url"]}

    def document_row(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"text": data["text"], "term": data["target"].slug if data["target"] else "", "url": data["url"]}


class ReferenceForm(ChildForm):
    # As long as an address: whatever holds the number may be pasted (glossary.document.references).
    pmid = forms.CharField(
        max_length=MAX_LINE,
        required=False,
        label="PMID",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="PubMed number, or the address of the work on PubMed.",
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
