"""The words of the next notice, in each language in which visitors are asked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from consent import actions
from consent.actions.publishing import asked_about, named
from consent.admin.base import ModelForm, ShowsPendingNotice, staff, tell_what_is_pending
from consent.models import NoticeText
from consent.notice import languages, notices, wording

#: Words of more than a line.
LONG = 60
#: What is special about some of the English words.
OWN_HELP = {"summary": "As long as this is the text of a new site, the notice names only the categories it asks about."}
BANNER = ("controller", "summary", "preferences_link", "choose", "save", "accept_all", "reject_all", "no_javascript")


class WordsForm(ModelForm):
    """A field for each of the words, and in a translation for each name and purpose of the registry."""

    class Meta:
        model = NoticeText
        fields: list[str] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said = self.instance.said
        self.initial.update({f"words.{key}": said.get(key, "") for key in (*wording.TEXT, *wording.ABOUT)})
        self.initial.update({f"names.{key}": name for key, name in self.instance.names.items()})

    def part(self, prefix: str) -> dict[str, str]:
        """Return what was typed into the fields of one part, by key."""
        return {
            name.partition(".")[2]: value for name, value in self.cleaned_data.items() if name.startswith(f"{prefix}.")
        }

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for key, reason in wording.refused(self.instance.language, self.part("words")).items():
            self.add_error(f"words.{key}", ValidationError(reason))
        return data


@admin.register(NoticeText)
class NoticeTextAdmin(ShowsPendingNotice):
    list_display = ["__str__", "language", "changed_at", "changed_by"]
    list_select_related = ["changed_by"]
    actions = None
    change_form_template = "admin/consent/noticetext/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and bool(not_begun())

    def has_delete_permission(self, request: HttpRequest, obj: NoticeText | None = None) -> bool:
        return False

    def get_fieldsets(self, request: HttpRequest, obj: NoticeText | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ["language"]})]
        rest = [key for key in wording.TEXT if key not in BANNER]
        fieldsets = [
            ("Banner", {"fields": [f"words.{key}" for key in BANNER]}),
            ("Who asks, and what becomes of the data", {"fields": [f"words.{key}" for key in wording.ABOUT]}),
            ("Preferences page", {"fields": [f"words.{key}" for key in rest]}),
        ]
        if names := names_of(obj):
            fieldsets.append(("Categories, cookies and services", {"fields": list(names)}))
        return fieldsets

    def get_form(
        self, request: HttpRequest, obj: NoticeText | None = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        if obj is None:
            offered = forms.ChoiceField(choices=[(code, languages.name_of(code)) for code in not_begun()])
            form = type("LanguageForm", (ModelForm,), {"language": offered})
            return super().get_form(request, obj, change=change, **{**kwargs, "form": form})
        form = type("NoticeTextForm", (WordsForm,), {**words_of(obj), **names_of(obj)})
        # The fields are the form's own: of the row itself, none is edited.
        return super().get_form(request, obj, change=change, **{**kwargs, "form": form, "fields": []})

    def save_model(self, request: HttpRequest, obj: NoticeText, form: Any, change: bool) -> None:
        # The names of what isn't in the form, as nothing uses it now, stay for when something does.
        words, names = (form.part("words"), obj.names | form.part("names")) if change else ({}, {})
        saved = actions.save_notice_text(
            language=obj.language, words=words, names=names, by=staff(request), at=timezone.now()
        )
        obj.pk = saved.pk
        if change:
            tell_what_is_pending(request)

    def response_add(self, request: HttpRequest, obj: NoticeText, post_url_continue: str | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:consent_noticetext_change", args=[obj.pk]))


def not_begun() -> list[str]:
    """Return the languages that are switched on and have no words yet."""
    begun = set(NoticeText.objects.values_list("language", flat=True))
    return [language for language in languages.offered() if language not in begun]


def words_of(text: NoticeText) -> dict[str, forms.Field]:
    """Return a form field for each of the words of the notice."""
    is_own = text.language == wording.LANGUAGE
    words = wording.TEXT if is_own else english_words()
    fields = {
        f"words.{key}": _field(
            named(key), words[key], help_text=OWN_HELP.get(key, "") if is_own else f"English: {words[key]}"
        )
        for key in wording.TEXT
    }
    for key, how in wording.ABOUT.items():
        english = "" if is_own else words.get(key, "")
        is_long = key not in wording.ADDRESSES
        fields[f"words.{key}"] = _field(
            named(key), english, help_text=f"{how} English: {english}" if english else how, is_long=is_long
        )
    return fields


def names_of(text: NoticeText) -> dict[str, forms.Field]:
    """Return a form field for each name and purpose that a translation needs; none in English."""
    if text.language == wording.LANGUAGE:
        return {}
    try:
        entries = notices.to_translate(actions.registry_entries())
    except actions.IncompleteNotice:
        return {}  # the box above says what is missing
    return {f"names.{key}": _field(where, english, help_text=f"English: {english}") for key, where, english in entries}


def english_words() -> dict[str, str]:
    """Return the texts that a translator reads next to the translation."""
    own = NoticeText.objects.filter(language=wording.LANGUAGE).first()
    words = own.said if own else wording.TEXT
    try:
        asked = asked_about(actions.registry_entries())
    except actions.IncompleteNotice:
        return words
    return {**words, "summary": wording.summary_of(words["summary"].strip(), asked)}


def _field(label: str, english: str, *, help_text: str, is_long: bool | None = None) -> forms.Field:
    # May be left empty: a translation is saved half done, and published whole.
    is_long = len(english) > LONG if is_long is None else is_long
    widget = forms.Textarea(attrs={"rows": 3, "cols": 80}) if is_long else forms.TextInput(attrs={"size": 60})
    return forms.CharField(label=label, required=False, max_length=2000, widget=widget, help_text=help_text)
