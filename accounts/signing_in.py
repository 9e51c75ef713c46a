"""Sign people in to the admin: what is refused, and what the log says.

Note [Wrong passwords]
    Wrong passwords are counted for each account and each network. After too many within 15 minutes, no password is
    checked until that time is over, not even the right one: otherwise, guessing could continue. Accounts that don't
    exist are counted like those that do, so that nobody learns which exist. Names and addresses are not stored as they
    are: see ``consent.choice.limits``. The log names an account by its number. It contains neither the network nor what
    was typed, because people type passwords into the wrong field.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.admin.forms import AdminAuthenticationForm, AdminPasswordChangeForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from consent.choice.limits import Limiter, address_of

logger = logging.getLogger(__name__)

PERIOD = timedelta(minutes=15)
#: How many wrong passwords an account, and a network, may have within that period, in each worker process.
PER_ACCOUNT, PER_NETWORK = 5, 30

limiter = Limiter(PERIOD)


class TooManyWrongPasswords(ValidationError):
    """An account, or a network, had too many wrong passwords. ``retry_after`` is in whole seconds."""

    def __init__(self, whose: str, *, retry_after: int) -> None:
        self.retry_after = retry_after
        minutes = -(-retry_after // 60)
        super().__init__(
            f"There were too many wrong passwords {whose}. Passwords are refused for {minutes} more "
            f"minute{'' if minutes == 1 else 's'}, even the right one. Please try again then.",
            code="throttled",
        )


@contextmanager
def one_try(request: HttpRequest, username: str) -> Iterator[None]:
    """Count a wrong password: one for which this block raises ``ValidationError``.

    Raises :class:`TooManyWrongPasswords` instead of entering the block.
    """
    at = timezone.now()
    name = unicodedata.normalize("NFKC", username).casefold()
    counted: list[tuple[str, str]] = []
    for kind, value, most, whose in (
        ("account", name, PER_ACCOUNT, "for this account"),
        ("network", address_of(request), PER_NETWORK, "from your network"),
    ):
        if wait := limiter.wait(kind, value, most=most, at=at):
            limiter.give_back(counted)
            raise TooManyWrongPasswords(whose, retry_after=wait)
        counted.append((kind, value))
    is_wrong = False
    try:
        yield
    except ValidationError:
        is_wrong = True
        raise
    finally:
        if not is_wrong:
            limiter.give_back(counted)


class SignInForm(AdminAuthenticationForm):
    """The form of the sign-in page, with the limits of Note [Wrong passwords]."""

    retry_after = 0

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not username or not password or self.request is None:
            return super().clean()
        try:
            with one_try(self.request, username):
                return super().clean()
        except TooManyWrongPasswords as error:
            self.retry_after = error.retry_after
            raise
        except ValidationError:
            account = User.objects.filter(username=username).values_list("pk", flat=True).first()
            logger.warning("A sign-in failed: %s.", f"account {account}" if account else "no such account")
            raise


class OwnPasswordForm(AdminPasswordChangeForm):
    """The form with which people change their own password. It checks the old one, with the same limits."""

    retry_after = 0

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        try:
            with one_try(self.request, self.user.get_username()):
                password: str = super().clean_old_password()
                return password
        except TooManyWrongPasswords as error:
            self.retry_after = error.retry_after
            raise
        except ValidationError:
            logger.warning("A wrong password of account %s when it was to be changed.", self.user.pk)
            raise


class OwnPasswordView(PasswordChangeView):
    form_class = OwnPasswordForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}


def answer_throttled(response: Any) -> Any:
    """Set the status 429 on a page whose form refuses to check a password."""
    form = (
        response.context_data.get("form") if isinstance(response, TemplateResponse) and response.context_data else None
    )
    if retry_after := getattr(form, "retry_after", 0):
        response.status_code = 429
        response["Retry-After"] = str(retry_after)
    return response
