"""Form widgets of the editing desk: rich text, tags, and terms chosen by name."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.urls import reverse_lazy
from django_prose_editor.fields import ProseEditorFormField
from django_prose_editor.widgets import AdminProseEditorWidget

from glossary.models import Term

# What an editor can do to a text. It equals the allow-list of ``glossary.document.markup`` (system check
# glossary.E001), so nothing that the editor offers is taken away on saving. Paragraphs are always there; "Bare…" are
# ours and stand in prose-extensions.js (``DJANGO_PROSE_EDITOR_EXTENSIONS`` in the settings).
PROSE_EXTENSIONS: dict[str, Any] = {
    "Bold": True,
    "Italic": True,
    "Subscript": True,
    "Superscript": True,
    "HardBreak": True,
    "BulletList": True,
    "BareOrderedList": True,
    "ListItem": True,
    "BareLink": {"protocols": ["http", "https", "mailto"]},
}


def is_key(value: str) -> bool:
    """Say whether a posted value can be a primary key. Neither database compares with more than 19 digits."""
    return value.isascii() and value.isdigit() and len(value) < 19


def _module(source: str) -> forms.Media:
    return forms.Media(js=[forms.Script(source, type="module")])  # type: ignore[list-item]  # the stubs know paths only


class ProseWidget(AdminProseEditorWidget):
    """The prose editor, whose editing area takes its name, help and errors from its field."""

    @property
    def media(self) -> forms.Media:
        names = ("prose-name", "prose-buttons", "prose-paste")
        modules = sum((_module(f"glossary/admin/{name}.js") for name in names), forms.Media())
        media: forms.Media = super().media + modules
        return media


def prose_field(**kwargs: Any) -> forms.CharField:
    """Return a form field for a text of the term document."""
    field: forms.CharField = ProseEditorFormField(extensions=dict(PROSE_EXTENSIONS), widget=ProseWidget, **kwargs)
    return field


class TagsInput(forms.TextInput):
    """Tag names in one line, separated by commas; a script turns it into a list with suggestions.

    The line is CSV, and not taggit's own notation, in which a single tag of two words falls apart and a name with a
    quotation mark cannot be written.
    """

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        defaults = {"class": "vTextField", "data-tags": reverse_lazy("admin:glossary_term_tags"), "autocomplete": "off"}
        super().__init__(defaults | (attrs or {}))

    def format_value(self, value: Any) -> str:
        if value is None or isinstance(value, str):
            return value or ""
        return ", ".join(_quoted(str(tag)) for tag in value)

    @property
    def media(self) -> forms.Media:
        # The admin's own copy of select2, with what it needs in the order it needs it.
        return AutocompleteSelect(Term._meta.get_field("related"), admin.site).media + _module("glossary/admin/tags.js")


def _quoted(name: str) -> str:
    cell = io.StringIO()
    csv.writer(cell, lineterminator="").writerow([name])
    return cell.getvalue()


class TagsField(forms.CharField):
    """Tag names. Cleans to a list of them."""

    widget = TagsInput

    def to_python(self, value: Any) -> Any:
        line = " ".join((super().to_python(value) or "").split())
        names = next(csv.reader([line], skipinitialspace=True), [])
        return [name for name in (name.strip() for name in names) if name]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return sorted(map(str, initial or ())) != sorted(self.to_python(data))


class TermsSelect(AutocompleteSelectMultiple):
    """The admin's autocomplete for several terms, as wide as other fields."""

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        # Each term has its own button to take it out; the one that clears all is no valid part of the list.
        return super().build_attrs(base_attrs, extra_attrs) | {"data-allow-clear": "false", "data-width": "100%"}

    def optgroups(self, name: str, value: Iterable[str], attr: Any = None) -> list[Any]:
        # The stock widget asks the database for whatever was posted, and fails on what can't be a key.
        return super().optgroups(name, [key for key in value if is_key(key)], attr)


class TermsChoiceField(forms.ModelMultipleChoiceField):
    """Terms chosen by name."""

    def clean(self, value: Any) -> Any:
        for key in value or ():
            if not is_key(str(key)):
                raise forms.ValidationError(self.error_messages["invalid_pk_value"], "invalid_pk_value", {"pk": key})
        return super().clean(value)


class TermSelect(AutocompleteSelect):
    """The admin's autocomplete for one term, among terms that :class:`TermChoiceField` was given."""

    known: Mapping[str, Term] = {}

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        return super().build_attrs(base_attrs, extra_attrs) | {"data-width": "100%"}

    def optgroups(self, name: str, value: Iterable[str], attrs: Any = None) -> list[Any]:
        chosen = [
            self.create_option(name, key, str(self.known[key]), True, index)
            for index, key in enumerate(value, start=1)
            if key in self.known
        ]
        return [(None, [self.create_option(name, "", "", False, 0), *chosen], 0)]


class TermChoiceField(forms.ModelChoiceField):
    """A term chosen by name. Its formset fetches the terms of all rows at once, instead of one query per row."""

    known: Mapping[str, Term] = {}

    def know(self, terms: Mapping[str, Term]) -> None:
        """Take the terms (primary key as text → term) that this field will be asked about."""
        self.known = self.widget.known = terms

    def to_python(self, value: Any) -> Term | None:
        if value in self.empty_values:
            return None
        try:
            return self.known[str(value)]
        except KeyError:
            raise forms.ValidationError(self.error_messages["invalid_choice"], "invalid_choice") from None
