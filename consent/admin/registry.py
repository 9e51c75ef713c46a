"""Categories and declared cookies: django-cookie-consent's registry, edited in our own way."""

from __future__ import annotations

from typing import Any

import cookie_consent.admin  # noqa: F401  (its registrations come first, so that ours can replace them)
from cookie_consent.models import Cookie, CookieGroup
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from consent import actions
from consent.admin.desk import ModelForm, SaysWhatWaits, tell_what_waits
from consent.gate import NOTICE_KEY

admin.site.unregister([CookieGroup, Cookie])


class CategoryForm(ModelForm):
    def clean_varname(self) -> str:
        varname: str = self.cleaned_data["varname"]
        if varname == NOTICE_KEY:
            raise ValidationError("The consent cookie uses this name itself: choose another.")
        return varname


@admin.register(CookieGroup)
class CategoryAdmin(SaysWhatWaits):
    """Categories. Whether one is required is fixed by migration; one that is made here is optional."""

    form = CategoryForm
    list_display = ["name", "varname", "is_required", "ordering"]
    fields = ["varname", "name", "description", "ordering", "is_required"]
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: CookieGroup | None = None) -> list[str]:
        return ["is_required", "varname"] if obj else ["is_required"]

    def has_delete_permission(self, request: HttpRequest, obj: CookieGroup | None = None) -> bool:
        return False  # records and notices of the past name it

    def save_model(self, request: HttpRequest, obj: CookieGroup, form: CategoryForm, change: bool) -> None:
        obj.save()
        tell_what_waits(request)


class DeclaredCookieForm(ModelForm):
    lifetime_days = forms.IntegerField(
        label="Lifetime in days",
        min_value=1,
        max_value=36_500,
        required=False,
        help_text="Empty when the cookie goes as the browser is closed.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and hasattr(self.instance, "lifetime"):
            self.initial["lifetime_days"] = self.instance.lifetime.days


@admin.register(Cookie)
class DeclaredCookieAdmin(SaysWhatWaits):
    form = DeclaredCookieForm
    list_display = ["name", "cookiegroup", "domain", "description"]
    list_filter = ["cookiegroup"]
    search_fields = ["name"]
    fields = ["cookiegroup", "name", "description", "lifetime_days", "domain", "path"]
    actions = None

    def save_model(self, request: HttpRequest, obj: Cookie, form: DeclaredCookieForm, change: bool) -> None:
        actions.declare_cookie(cookie=obj, lifetime_days=form.cleaned_data["lifetime_days"])
        tell_what_waits(request)

    def delete_model(self, request: HttpRequest, obj: Cookie) -> None:
        obj.delete()
        tell_what_waits(request)
