"""Forms of services: what operators type about a service, about what it keeps, and about its notice."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from cookie_consent.models import CookieGroup
from django import forms
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.text import slugify

from consent import actions
from consent.actions import Declaration
from consent.admin.base import ModelForm
from consent.models import CookieDetails, Service
from consent.services.presets import Preset

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    # Django's own class takes no type parameters at run time.
    FormSet = forms.BaseFormSet["DeclarationForm"]
else:
    FormSet = forms.BaseFormSet

#: How many empty rows stand below what is declared.
EMPTY_ROWS = 3
#: Fields whose lines count.
LINES = ("attributes", "start_code", "pages")
DOMAIN = re.compile(r"\.?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*(:[0-9]+)?", re.ASCII)


class DeclarationForm(forms.Form):
    """A cookie or storage key that a service keeps in browsers."""

    name = forms.CharField(max_length=250, label="Name", help_text="* stands for any text")
    purpose = forms.CharField(max_length=1000, label="Purpose")
    kind = forms.ChoiceField(choices=CookieDetails.Kind.choices, initial=CookieDetails.Kind.COOKIE, label="Where")
    days = forms.IntegerField(min_value=1, max_value=36_500, required=False, label="Days", help_text="empty: session")
    domain = forms.CharField(max_length=250, required=False, label="Domain", help_text="empty: this site’s")
    path = forms.CharField(max_length=250, required=False, initial="/", label="Path")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if re.search(r"[\s;=,]", name) or not name.strip("*"):
            raise ValidationError("Leave out spaces, semicolons, equals signs and commas, and write more than “*”.")
        return name

    def clean_domain(self) -> str:
        domain: str = self.cleaned_data["domain"].lower()
        if domain and not DOMAIN.fullmatch(domain):
            raise ValidationError("Enter a host such as .example.org.")
        return domain

    def clean_path(self) -> str:
        path: str = self.cleaned_data["path"] or "/"
        if not re.fullmatch(r"/[\x21-\x3a\x3c-\x7e]*", path):
            raise ValidationError("Begin the path with “/”, and leave out spaces.")
        return path

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == CookieDetails.Kind.SESSION and cleaned.get("days"):
            self.add_error("days", "Session storage is deleted when the browser is closed, so leave this empty.")
        return cleaned

    @property
    def declaration(self) -> Declaration:
        """What was typed, once it is valid."""
        fields = {name: value for name, value in self.cleaned_data.items() if name != "DELETE"}
        return Declaration(**fields)


class DeclarationRows(FormSet):
    """What a service keeps in browsers, row by row."""

    def add_fields(self, form: DeclarationForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.use_required_attribute = False
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = "Remove"
        for bound in form:
            bound.field.widget.attrs["aria-label"] = f"{bound.field.label}, row {(index or 0) + 1}"

    def clean(self) -> None:
        seen = set()
        for declaration in self.declarations:
            if (declaration.name, declaration.domain) in seen:
                raise ValidationError(
                    f"{declaration.name} is declared twice for the same domain. Remove one of the two."
                )
            seen.add((declaration.name, declaration.domain))

    @property
    def declarations(self) -> list[Declaration]:
        """The rows that say something and aren't to be removed."""
        return [
            form.declaration
            for form in self.forms
            if form.is_valid() and form.cleaned_data.get("name") and form not in self.deleted_forms
        ]

    @property
    def deleted_forms(self) -> list[DeclarationForm]:
        return [form for form in self.forms if form.is_valid() and form.cleaned_data.get("DELETE")]


Rows = forms.formset_factory(DeclarationForm, formset=DeclarationRows, extra=EMPTY_ROWS, can_delete=True, max_num=60)


class ServiceForm(ModelForm):
    """A service with the rows of what it keeps in browsers.

    Whether it may be saved as it stands, the action says: it is tried and taken back, so that a refusal is explained
    beside the field.
    """

    by: User | None = None
    declare: Mapping[str, str] = {}  # what an audit found, for one more row

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = self.instance.cookies.select_related("cookie") if self.instance.pk else ()
        initial = [
            {
                "name": details.cookie.name,
                "purpose": details.cookie.description,
                "kind": details.kind,
                "days": details.days,
                "domain": details.cookie.domain,
                "path": details.cookie.path,
            }
            for details in kept
        ]
        if self.declare:
            initial.append({"path": "/", **self.declare})
        rows = Rows(self.data if self.is_bound else None, initial=initial, prefix="cookies")
        self.rows = cast("DeclarationRows", rows)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        return slug or slugify(self.cleaned_data.get("name", ""))[:40]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in LINES:
            # As it was written, and not as browsers send it: the start code's address is its hash.
            cleaned[name] = cleaned.get(name, "").replace("\r\n", "\n")
        # A form without rows (a script's) leaves them as they are.
        if self.rows.management_form.is_valid() and not self.rows.is_valid():
            self.add_error(None, "Please correct what is declared under “What it keeps in browsers”.")
        return cleaned

    def has_changed(self) -> bool:
        return super().has_changed() or self.rows.has_changed()

    @property
    def declarations(self) -> list[Declaration] | None:
        """What it keeps in browsers, or ``None`` when the form didn't say."""
        return self.rows.declarations if self.rows.management_form.is_valid() else None

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]  # Django's own hook for what needs the whole instance
        if self.errors or self.by is None:
            return
        try:
            with transaction.atomic():
                tried = copy.copy(self.instance)
                actions.save_service(service=tried, declarations=self.declarations, by=self.by, at=timezone.now())
                transaction.set_rollback(True)
        except ValidationError as error:
            told = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
            for field, problems in told.items():
                for problem in problems:
                    self.add_error(field if field in self.fields and field != "name" else None, problem)


class PresetForm(forms.Form):
    """What differs by site, and how much is told of it."""

    def __init__(self, *args: Any, of: Preset, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.of = of
        for question in of.questions:
            self.fields[question.name] = forms.RegexField(
                f"^(?:{question.pattern.pattern})\\Z",
                label=question.label,
                initial=question.default,
                max_length=200,
                strip=True,
                help_text=f"{question.help_text} For example {question.example}".strip(),
                widget=AdminTextInputWidget(attrs={"class": "vLargeTextField"}),
                error_messages={"invalid": f"This does not look like {question.example}."},
            )
        self.fields["category"] = forms.ModelChoiceField(
            CookieGroup.objects.filter(is_required=False),
            initial=CookieGroup.objects.filter(varname=of.category).first(),
            help_text="What visitors accept or refuse together with it.",
        )
        if of.hides_pages:
            self.fields["tells_pages"] = forms.BooleanField(
                required=False,
                label="Tell the service which page is read",
                help_text="On this site, the page reveals what concerns the reader’s health. If this is off, the "
                "service counts visits but does not learn which pages were read. The audit fails when "
                "titles of pages are sent to others.",
            )

    def filled(self) -> Service:
        """Return the service that the answers make, unsaved."""
        answers = self.cleaned_data
        service = self.of.service(answers, tells_pages=answers.get("tells_pages", False))
        service.category = answers["category"]
        return service


class LaunchForm(forms.Form):
    """What the operator says about the notice that names the services which they switch on."""

    material = forms.TypedChoiceField(
        label="What does this change?",
        coerce=lambda value: value == "yes",
        choices=[
            ("yes", "What visitors agree to. They are asked again about the categories that change."),
            ("no", "Wording only. Nobody is asked again."),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Why?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with the notice, for colleagues and auditors.",
    )
