"""What visitors of consent meet: the form's target and the preferences page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from functools import wraps

from cookie_consent.conf import settings
from cookie_consent.util import dict_to_cookie_str
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from consent import languages, wording
from consent.actions import OutdatedNotice, Recorded, UnknownCategory, UnknownNotice, record_choice
from consent.choices import BadChoice, is_same_origin, read_choice
from consent.gate import cookie_content, current_gate
from consent.limits import TooManyChoices, admission

logger = logging.getLogger(__name__)

View = Callable[..., HttpResponse]

RECEIPT_COOKIE = "consent_receipt"
RECEIPT_PATH = "/consent/"
RETRY_AFTER_SECONDS = 10


def refuses_when_database_is_away(view: View) -> View:
    """Answer 503, saying that nothing is opened, when the database doesn't answer."""

    @wraps(view)
    def guarded(request: HttpRequest, **parts: str) -> HttpResponse:
        try:
            return view(request, **parts)
        except (OperationalError, InterfaceError) as error:
            # Without the traceback, which would show the statement and so the choice.
            logger.error("A consent page failed because the database is away: %s", type(error).__name__)
            reason = (
                "Your choice cannot be saved just now. Nothing optional was switched on. Please try again in a minute."
            )
            response = refusal(request, 503, "unavailable", reason)
            response["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return response

    return guarded


# Exempt from Django's token, as no page carries one: a token needs a cookie, which no page may set before a choice, and
# would make pages differ by reader. A choice forged by another site is refused by `is_same_origin` instead.
@csrf_exempt
@require_POST
@cache_control(no_store=True)
@refuses_when_database_is_away
def choose(request: HttpRequest) -> HttpResponse:
    """Record a choice, then answer: JSON to a script, a redirect to a form."""
    if not is_same_origin(request):
        return refusal(request, 403, "cross-site", "The choice was not sent from a page of this site.")
    now = timezone.now()
    held = request.COOKIES.get(RECEIPT_COOKIE, "")[:32]
    try:
        form = read_choice(request)
        recorded = record_choice(
            choice=form.choice,
            categories=form.categories,
            notice=form.notice,
            surface=form.surface,
            gpc=request.headers.get("Sec-GPC") == "1",
            receipt=held,
            at=now,
            admit=admission(request, receipt=held, at=now),
        )
    except (BadChoice, UnknownCategory, UnknownNotice) as error:
        return refusal(request, 400, "bad-choice", str(error))
    except OutdatedNotice as error:
        return refusal(request, 409, "outdated-notice", str(error))
    except TooManyChoices as error:
        return too_many(request, error)
    record = recorded.record
    response: HttpResponse
    if wants_json(request):
        response = JsonResponse(
            {"action": record.action, "answers": record.answers, "expires_at": record.expires_at.isoformat()}
        )
    else:
        response = HttpResponseRedirect(form.next)
        response.status_code = 303
    remember(response, recorded, now)
    return response


@require_safe
@cache_control(no_store=True)
@refuses_when_database_is_away
def preferences(request: HttpRequest, language: str = wording.LANGUAGE) -> HttpResponse:
    """The preferences page, here in a further language. Differs by reader, so it is never stored anywhere."""
    gate = current_gate()
    notices = {each.language: each.notice for each in (gate, *gate.others) if each.notice}
    notice = notices.get(language)
    if request.resolver_match and request.resolver_match.kwargs and (notice is None or language == wording.LANGUAGE):
        raise Http404(f"There is no notice in the language {language!r}.")
    answers = gate.answers(request.COOKIES)
    names = {entry["varname"]: entry["name"] for entry in notice.document["categories"]} if notice else {}
    return render(
        request,
        "consent/preferences.html",
        {
            "notice": notice,
            "accepted": [varname for varname, answer in answers.items() if answer],
            "accepted_names": [names.get(varname, varname) for varname, answer in answers.items() if answer],
            "refused_names": [names.get(varname, varname) for varname, answer in answers.items() if not answer],
            "is_complete": gate.is_complete(request.COOKIES),
            "is_saved": "saved" in request.GET,
            "preferences": preferences_url(language),
            "languages": [
                (code, languages.name_of(code), preferences_url(code), code == language) for code in sorted(notices)
            ],
        },
    )


def preferences_url(language: str) -> str:
    """Return where the preferences are in a language."""
    if language == wording.LANGUAGE:
        return reverse("consent:preferences")
    return reverse("consent:preferences_in", args=[language])


def remember(response: HttpResponse, recorded: Recorded, now: datetime) -> None:
    """Set the cookie that holds the answers, and the one that holds the receipt, until the record expires."""
    record = recorded.record
    seconds = int((record.expires_at - now).total_seconds())
    choice = record.choice()
    response.set_cookie(
        settings.COOKIE_CONSENT_NAME,
        dict_to_cookie_str(cookie_content(record.notice, choice.answers)),
        max_age=seconds,
        secure=settings.COOKIE_CONSENT_SECURE,
        httponly=settings.COOKIE_CONSENT_HTTPONLY,
        samesite=settings.COOKIE_CONSENT_SAMESITE,
    )
    response.set_cookie(
        RECEIPT_COOKIE,
        recorded.receipt,
        max_age=seconds,
        path=RECEIPT_PATH,
        secure=settings.COOKIE_CONSENT_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget(response: HttpResponse) -> None:
    """Delete both cookies, so that the visitor counts as undecided."""
    for name, path in ((settings.COOKIE_CONSENT_NAME, "/"), (RECEIPT_COOKIE, RECEIPT_PATH)):
        # As they were set: browsers let no other cookie take the place of a `Secure` one.
        response.set_cookie(
            name,
            "",
            max_age=0,
            expires="Thu, 01 Jan 1970 00:00:00 GMT",
            path=path,
            secure=settings.COOKIE_CONSENT_SECURE,
            samesite=settings.COOKIE_CONSENT_SAMESITE,
        )


def refusal(request: HttpRequest, status: int, code: str, reason: str) -> HttpResponse:
    """Say why nothing was recorded, in the form that the sender reads."""
    if wants_json(request):
        return JsonResponse({"error": code, "reason": reason}, status=status)
    return render(request, "consent/refusal.html", {"status": status, "reason": reason}, status=status)


def too_many(request: HttpRequest, error: TooManyChoices) -> HttpResponse:
    """Say that nothing was recorded, and take away what was open: a refusal that can't be recorded is obeyed."""
    response = refusal(request, 429, "too-many", str(error))
    response["Retry-After"] = str(error.retry_after)
    response.delete_cookie(settings.COOKIE_CONSENT_NAME, samesite=settings.COOKIE_CONSENT_SAMESITE)
    return response


def wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
