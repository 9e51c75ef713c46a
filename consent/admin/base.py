"""What the pages of the operators' admin share."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from consent.notice import wording
from consent.notice.pending import pending_notices, pending_notices_for

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    # Django's own classes take no type parameters at run time.
    ModelAdmin = admin.ModelAdmin[Any]
    ModelForm = forms.ModelForm[Any]
else:
    ModelAdmin, ModelForm = admin.ModelAdmin, forms.ModelForm


class DayField(forms.DateField):
    """A day at an end of a period. Years that the calendar of Python or a database ends in are none."""

    def __init__(self, label: str) -> None:
        super().__init__(
            label=label,
            widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            validators=[
                MinValueValidator(date(1970, 1, 1), "Enter a day in 1970 or later."),
                MaxValueValidator(date(2999, 12, 31), "Enter a day before the year 3000."),
            ],
        )


def staff(request: HttpRequest) -> User:
    """Return the person at work. The admin lets nobody else in."""
    user = request.user
    if not user.is_authenticated:
        raise PermissionDenied
    return user


def tell_what_is_pending(request: HttpRequest) -> None:
    """Say so when what was just saved reaches visitors only with another notice."""
    for waiting in pending_notices():
        if waiting.problem:
            messages.warning(request, waiting.problem)
        else:
            messages.warning(
                request,
                format_html(
                    "The live notice does not contain this yet, so nothing changes for visitors{}. <a "
                    'href="{}">Compare and publish a notice</a>.',
                    "" if waiting.language == wording.LANGUAGE else f" who read it in {waiting.name}",
                    waiting.url,
                ),
            )


class ShowsPendingNotice(ModelAdmin):
    """A list above which stands what the live notices don't say yet."""

    change_list_template = "admin/consent/change_list.html"

    class Media:
        css = {"all": ["consent/admin.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        waiting = pending_notices_for(request.user)
        return super().changelist_view(request, {**(extra_context or {}), "pending_notices": waiting})


class ReadOnlyAdmin(ModelAdmin):
    """Rows that nobody adds, changes or deletes here, superusers included."""

    actions: list[str] | None = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)
