"""Ask for the password again before changes to accounts and groups.

Note [The password again]
    A session is enough to work in the admin, but not to create an account, to give rights or to set a password.
    For these, the password must have been entered for this purpose within the last 15 minutes. Signing in doesn't
    count, because a script that misuses the session may run right after it. A script's request (``fetch``, a frame) is
    always refused, because people reach these pages by navigation. See docs/adr/0270.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from accounts.signing_in import TooManyWrongPasswords, answer_throttled, one_try
from consent.choice.form import is_navigation

logger = logging.getLogger(__name__)

HOLDS = 15 * 60  # seconds
#: How often the password may be wrong before the session ends.
MAX_TRIES = 5
#: Keys of the session: when the password was given, and how often it was wrong since.
GIVEN_AT = "password_given_at"
TRIES = "password_tries"
#: Fields of the form that asks for the password.
PASSWORD = "again-password"  # noqa: S105  (the name of a field)
NOTHING_POSTED = "again-nothing-kept"

MODELS = ("user", "group")
#: Pages that serve only changes, and pages that change something when a form is posted to them.
PAGES = frozenset(
    [f"admin:auth_{model}_{page}" for model in MODELS for page in ("add", "change", "delete")]
    + ["admin:auth_user_password_change"]
)
POSTED = PAGES | frozenset(f"admin:auth_{model}_changelist" for model in MODELS)


class PasswordForm(forms.Form):
    """The password of the person who is signed in."""

    prefix = "again"

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )

    retry_after = 0

    def __init__(self, *args: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        try:
            with one_try(self.request, self.user.get_username()):
                if not self.user.check_password(password):
                    raise forms.ValidationError("This is not your password. Nothing was changed. Try again.")
        except TooManyWrongPasswords as error:
            self.retry_after = error.retry_after
            raise
        return password


class PasswordAgainMiddleware:
    """Ask for the password before a page of :data:`PAGES` is shown, or a form is posted to one of :data:`POSTED`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not is_guarded(request) or not isinstance(request.user, User) or not _may_change(request.user):
            return None
        if not is_navigation(request):
            logger.warning("Refused a script's request for %s.", request.path)
            raise PermissionDenied("Scripts cannot change accounts. Use the pages of the admin.")
        if _was_given(request):
            return None
        return _ask(request, request.user)


def is_guarded(request: HttpRequest) -> bool:
    """Return whether a request is for a page that changes accounts, groups or permissions."""
    name = request.resolver_match.view_name if request.resolver_match else ""
    return name in (POSTED if request.method == "POST" else PAGES)


def _may_change(user: User) -> bool:
    """Whether the page would let this person change anything. The page itself answers all others."""
    verbs = ("add", "change", "delete")
    return (
        user.is_active
        and user.is_staff
        and any(user.has_perm(f"auth.{verb}_{model}") for model in MODELS for verb in verbs)
    )


def _was_given(request: HttpRequest) -> bool:
    given_at = request.session.get(GIVEN_AT, 0)
    return bool(0 <= time.time() - given_at < HOLDS)


def _ask(request: HttpRequest, user: User) -> HttpResponse | None:
    """Return the page that asks, or ``None`` if the posted form includes the right password and may be processed."""
    is_answered = request.method == "POST" and PASSWORD in request.POST
    form = PasswordForm(request.POST if is_answered else None, request=request, user=user)
    if is_answered and form.is_valid():
        request.session[GIVEN_AT] = time.time()
        request.session.pop(TRIES, None)
        return HttpResponseRedirect(request.get_full_path()) if NOTHING_POSTED in request.POST else None
    if is_answered and _is_one_too_many(request, user):
        logout(request)
        messages.error(request, f"The password was wrong {MAX_TRIES} times, so you were signed out.")
        return HttpResponseRedirect(reverse("admin:login"))
    response = TemplateResponse(
        request,
        "admin/password_again.html",
        {
            **admin.site.each_context(request),
            "title": "Enter your password",
            "form": form,
            "kept": _posted_values(request),
            "minutes": HOLDS // 60,
        },
    )
    add_never_cache_headers(response)
    throttled: HttpResponse = answer_throttled(response)
    return throttled


def _is_one_too_many(request: HttpRequest, user: User) -> bool:
    tries = request.session.get(TRIES, 0) + 1
    request.session[TRIES] = tries
    logger.warning("A wrong password of account %s for %s.", user.pk, request.path)
    return bool(tries >= MAX_TRIES)


def _posted_values(request: HttpRequest) -> list[tuple[str, str]]:
    """Return what was posted, to be posted again with the password. Passwords themselves are never sent back."""
    if request.method != "POST":
        return [(NOTHING_POSTED, "1")]
    own = (PASSWORD, "csrfmiddlewaretoken")
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name not in own and (name == "usable_password" or "password" not in name)
        for value in values
    ]
