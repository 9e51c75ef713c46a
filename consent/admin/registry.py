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
from consent.admin.base import ModelForm, ShowsPendingNotice, tell_what_is_pending
from consent.choice.gate import RESERVED
from consent.models import CookieDetails, Service

admin.site.unregister([CookieGroup, Cookie])

#: What a service's cookie shows here.
READ_ONLY = ["cookiegroup", "name", "description", "domain", "path"]


def service_of(cookie: Cookie | None) -> Service | None:
    """Return the service that keeps a declared cookie; none for the site's own."""
    return cookie.details.service if cookie and hasattr(cookie, "details") else None


class CategoryForm(ModelForm):
    def clean_varname(self) -> str:
        varname: str = self.cleaned_data["varname"]
        if varname in RESERVED:
            raise ValidationError("The consent cookie has this name. Choose another one.")
        return varname


@admin.register(CookieGroup)
class CategoryAdmin(ShowsPendingNotice):
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
        tell_what_is_pending(request)


class DeclaredCookieForm(ModelForm):
    lifetime_days = forms.IntegerField(
        label="Lifetime in days",
        min_value=1,
        max_value=36_500,
        required=False,
        help_text="Leave empty for a cookie that is deleted when the browser is closed.",
    )

    kind = forms.ChoiceField(
        label="Where", choices=CookieDetails.Kind.choices, initial=CookieDetails.Kind.COOKIE, required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and hasattr(self.instance, "details"):
            self.initial["lifetime_days"] = self.instance.details.days
            self.initial["kind"] = self.instance.details.kind

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("kind") == CookieDetails.Kind.SESSION and cleaned.get("lifetime_days"):
            self.add_error(
                "lifetime_days", "Session storage is deleted when the browser is closed, so leave this empty."
            )
        return cleaned


@admin.register(Cookie)
class DeclaredCookieAdmin(ShowsPendingNotice):
    """What the site itself keeps in browsers, and to read, what its services do: those say so in their own form."""

    form = DeclaredCookieForm
    list_display = ["name", "cookiegroup", "kept_by", "domain", "description"]
    list_filter = ["cookiegroup"]
    list_select_related = ["cookiegroup", "details__service"]
    search_fields = ["name"]
    fields = ["cookiegroup", "name", "description", "kind", "lifetime_days", "domain", "path"]
    actions = None

    @admin.display(description="kept by")
    def kept_by(self, cookie: Cookie) -> str:
        service = service_of(cookie)
        return str(service) if service else "This site"

    def has_change_permission(self, request: HttpRequest, obj: Cookie | None = None) -> bool:
        return super().has_change_permission(request, obj) and not service_of(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Cookie | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not service_of(obj)

    def get_fields(self, request: HttpRequest, obj: Cookie | None = None) -> Any:
        return ["kept_by", *READ_ONLY] if service_of(obj) else super().get_fields(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Cookie | None = None) -> list[str]:
        return ["kept_by", *READ_ONLY] if service_of(obj) else []

    def save_model(self, request: HttpRequest, obj: Cookie, form: DeclaredCookieForm, change: bool) -> None:
        data = form.cleaned_data
        actions.declare_cookie(
            cookie=obj, lifetime_days=data["lifetime_days"], kind=data["kind"] or CookieDetails.Kind.COOKIE
        )
        tell_what_is_pending(request)

    def delete_model(self, request: HttpRequest, obj: Cookie) -> None:
        obj.delete()
        tell_what_is_pending(request)
