"""What visitors of consent meet: the form's target and the preferences page."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any

from cookie_consent.conf import settings
from cookie_consent.util import dict_to_cookie_str
from django.db import Error
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from consent.actions import OutdatedNotice, Recorded, UnknownCategory, UnknownNotice, record_choice
from consent.choice.form import BadChoice, ChoiceForm, is_same_origin, read_choice
from consent.choice.gate import (
    NAME_BEFORE,
    REFUSED_KEY,
    Gate,
    cookie_content,
    cookie_of,
    given_in,
    open_nothing,
    read_gate,
    sends_gpc,
    states_as_before,
    unrecorded_refusal,
)
from consent.choice.limits import TooManyChoices, admission
from consent.choice.signed_in import carries_session
from consent.models import ConsentRecord, Notice
from consent.notice import languages, wording
from consent.notice.notices import ServiceEntry

logger = logging.getLogger(__name__)

Recorder = Callable[[HttpRequest, ChoiceForm], HttpResponse]
View = Callable[..., HttpResponse]

RECEIPT_COOKIE = "consent_receipt"
RECEIPT_PATH = "/consent/"
RETRY_AFTER_SECONDS = 10


class NoRoom(Exception):
    """There are too many requests to record this choice now. Ask the visitor to try again."""


def away() -> str:
    return gettext(
        "Your choice cannot be saved just now. Nothing optional was switched on. Please try again in a minute."
    )


def unavailable(request: HttpRequest, error: Error, reason: str, **said: bool) -> HttpResponse:
    # Without the traceback, which would show the statement and so the choice.
    logger.error("A consent page failed because the database is away: %s", type(error).__name__, extra={"outage": True})
    return try_again(request, reason, **said)


def try_again(request: HttpRequest, reason: str, **said: bool) -> HttpResponse:
    # The page of the answer would look for the notice once more, and wait for that as long.
    open_nothing(request)
    response = refusal(request, 503, "unavailable", reason, **said)
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def replaces_cookie_before(view: View) -> View:
    """Delete the cookie of the name before with each answer that sets or deletes the consent cookie."""

    @wraps(view)
    def replacing(request: HttpRequest, **parts: Any) -> HttpResponse:
        response = view(request, **parts)
        if settings.COOKIE_CONSENT_NAME in response.cookies and NAME_BEFORE in request.COOKIES:
            _delete(response, NAME_BEFORE, "/")
        return response

    return replacing


# Exempt from Django's token, as no page carries one: a token needs a cookie, which no page may set before a choice, and
# would make pages differ by reader. A choice forged by another site is refused by `is_same_origin` instead.
@csrf_exempt
@require_POST
@cache_control(no_store=True)
@replaces_cookie_before
def choose(request: HttpRequest) -> HttpResponse:
    """Record a choice, then answer: JSON to a script, a redirect to a form."""
    return _choose(request, _recorded)


@replaces_cookie_before
def choose_without_record(request: HttpRequest) -> HttpResponse:
    """Answer a choice that there is no room to record, without asking the database. A refusal holds all the same."""
    open_nothing(request)
    return _choose(request, _no_room)


def _choose(request: HttpRequest, record: Recorder) -> HttpResponse:
    if not is_same_origin(request):
        return refusal(request, 403, "cross-site", gettext("The choice was not sent from a page of this site."))
    try:
        form = read_choice(request)
    except BadChoice as error:
        response = refusal(request, 400, "bad-choice", str(error), is_technical=True)
        # It may have been a refusal, and it came from a page of this site.
        close(response, request)
        return response
    # The form's address is one for all languages; the page that it came from, and leads back to, is in one of them.
    with translation.override(languages.language_of(form.next)):
        return _record(request, form=form, record=record)


def _record(request: HttpRequest, *, form: ChoiceForm, record: Recorder) -> HttpResponse:
    """Record a choice. Where that fails, what it refuses is closed all the same, and nothing is opened."""
    refuses, closes = form.refuses_everything, form.takes_back(given_in(cookie_of(request)))
    reason = gettext("Your choice could not be saved. Until it is, nothing optional runs here.") if closes else ""
    if refuses:
        reason = still_refused()
    try:
        return record(request, form)
    except (UnknownCategory, UnknownNotice) as error:
        response = refusal(request, 400, "bad-choice", str(error), is_technical=True)
        close(response, request)
        return response
    except OutdatedNotice as error:
        response = asked_anew(request, error, cookies={} if closes else cookie_of(request))
    except TooManyChoices as error:
        response = too_many(request, error, reason, is_refused=refuses)
    except Error as error:
        response = unavailable(request, error, reason or away(), is_refused=refuses)
    except NoRoom:
        response = try_again(request, reason or away(), is_refused=refuses)
    if refuses:
        keep_refused(response, form.surface, form.notice)
    elif closes:
        close(response, request)
    return response


def _no_room(request: HttpRequest, form: ChoiceForm) -> HttpResponse:
    raise NoRoom


def _recorded(request: HttpRequest, form: ChoiceForm) -> HttpResponse:
    now = timezone.now()
    held = request.COOKIES.get(RECEIPT_COOKIE, "")[:32]
    recorded = record_choice(
        choice=form.choice,
        categories=form.categories,
        notice=form.notice,
        surface=form.surface,
        services=form.services,
        gpc=form.gpc or sends_gpc(request),
        receipt=held,
        at=now,
        admit=admission(request, receipt=held, at=now),
    )
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


# Exempt for the same reasons as the choice form.
@csrf_exempt
@require_POST
@cache_control(no_store=True)
def carry_over(request: HttpRequest) -> HttpResponse:
    """Replace a consent cookie of the name before by one of the new name, where the visitor's record says the same."""
    if not is_same_origin(request):
        return refusal(request, 403, "cross-site", gettext("The form was not sent from a page of this site."))
    now = timezone.now()
    held = request.COOKIES.get(RECEIPT_COOKIE, "")[:32]
    record = ConsentRecord.objects.held_by(held).in_force(at=now).select_related("notice").first()
    response = HttpResponse(status=204)
    if record is not None and states_as_before(request, record):
        remember(response, Recorded(record, created=False, receipt=held), now)
    if NAME_BEFORE in request.COOKIES:
        _delete(response, NAME_BEFORE, "/")
    return response


@require_safe
@cache_control(no_store=True)
def preferences(request: HttpRequest, language: str = "") -> HttpResponse:
    """The preferences page; under `language`, that of a notice whose language has no pages of its own.

    Differs by reader, so it is never stored anywhere. Database errors pass through: without an answer, nobody can say
    what the site asks.
    """
    gate = read_gate()
    notices = _notices_of(gate)
    notice = notices.get(language or languages.asked_in(notices))
    if language:
        if notice is None or language == wording.LANGUAGE:
            raise Http404(f"There is no notice in the language {language!r}.")
        address = languages.preferences_url(language)
        if request.path != address:
            query = request.META["QUERY_STRING"]
            return HttpResponsePermanentRedirect(address + (f"?{query}" if query else ""))
    return _page(request, gate, notice, cookie_of(request), here=request.path)


def asked_anew(request: HttpRequest, error: OutdatedNotice, *, cookies: Mapping[str, str]) -> HttpResponse:
    """Answer 409 with the notice that is live now, to be read before anything is allowed."""
    if wants_json(request):
        return refusal(request, 409, "outdated-notice", str(error))
    try:
        gate = read_gate()
    except Error as gone:
        return unavailable(request, gone, away())
    notices = _notices_of(gate)
    language = error.language if error.language in notices else languages.asked_in(notices)
    here = languages.preferences_url(language)
    response = _page(request, gate, notices.get(language), cookies, here=here, is_changed=True)
    response.status_code = 409
    return response


def _notices_of(gate: Gate) -> dict[str, Notice]:
    return {each.language: each.notice for each in (gate, *gate.others) if each.notice}


def _page(
    request: HttpRequest,
    gate: Gate,
    notice: Notice | None,
    cookies: Mapping[str, str],
    *,
    here: str,
    is_changed: bool = False,
) -> HttpResponse:
    gpc = sends_gpc(request)
    answers = gate.answers(cookies, gpc=gpc)
    own = gate.service_answers(cookies, gpc=gpc)
    # What only the browser's signal decides was not answered here: the line about the signal says so.
    said = gate.answers(cookies)
    told = {key: answer for key, answer in answers.items() if said.get(key) == answer} | own
    names = _names_in(notice)
    return render(
        request,
        "consent/preferences.html",
        {
            "notice": notice,
            "accepted": [key for key, answer in (answers | own).items() if answer],
            "accepted_before": gate.accepted_before(cookies),
            "accepted_names": [names.get(key, key) for key, answer in told.items() if answer],
            "refused_names": [names.get(key, key) for key, answer in told.items() if not answer],
            "allowed_services": [key for key, answer in own.items() if answer],
            "refused_services": [key for key, answer in own.items() if not answer],
            "is_opted_out": gpc and any(answers.get(varname) is False for varname in gate.opted_out),
            "is_withdrawn": "withdrawn" in request.GET and not any((answers | own).values()),
            "beyond_reach": _services_in(notice),
            "is_complete": gate.is_complete(cookies, gpc=gpc),
            "is_saved": "saved" in request.GET,
            # A choice was made just now, and its cookie has not come back.
            "is_unkept": "saved" in request.GET and settings.COOKIE_CONSENT_NAME not in request.COOKIES,
            "is_changed": is_changed or "changed" in request.GET,
            "is_signed_in": carries_session(request.COOKIES),
            "unrecorded": unrecorded_refusal(cookies),
            "preferences": here,
            "languages": [
                (code, languages.name_of(code), url, url == here)
                for code, url in ((code, languages.preferences_url(code)) for code in sorted(_notices_of(gate)))
            ],
        },
    )


def _services_in(notice: Notice | None) -> list[ServiceEntry]:
    """Return the services that a notice names: what they keep at their own addresses is out of our reach."""
    return [service for category in notice.document["categories"] for service in category["services"]] if notice else []


def _names_in(notice: Notice | None) -> dict[str, str]:
    """Return what categories, and services by their keys, are called in a notice."""
    names = {}
    for category in notice.document["categories"] if notice else ():
        names[category["varname"]] = category["name"]
        names |= {f"{category['varname']}.{entry.get('slug')}": entry["name"] for entry in category["services"]}
    return names


def remember(response: HttpResponse, recorded: Recorded, now: datetime) -> None:
    """Set the cookie that holds the answers, and the one that holds the receipt, until the record expires."""
    record = recorded.record
    seconds = int((record.expires_at - now).total_seconds())
    choice = record.choice()
    _keep(response, cookie_content(record.notice, choice.answers, gpc=choice.gpc), seconds)
    response.set_cookie(
        RECEIPT_COOKIE,
        recorded.receipt,
        max_age=seconds,
        path=RECEIPT_PATH,
        secure=settings.COOKIE_CONSENT_SECURE,
        httponly=True,
        samesite="Lax",
    )


def keep_refused(response: HttpResponse, surface: str, notice: str = "") -> None:
    """Have the browser keep that everything was refused, until that is recorded."""
    _keep(response, {REFUSED_KEY: f"{surface}.{notice}".removesuffix(".")}, settings.COOKIE_CONSENT_MAX_AGE)


def _keep(response: HttpResponse, content: dict[str, str], seconds: int) -> None:
    response.set_cookie(
        settings.COOKIE_CONSENT_NAME,
        dict_to_cookie_str(content),
        max_age=seconds,
        secure=settings.COOKIE_CONSENT_SECURE,
        httponly=settings.COOKIE_CONSENT_HTTPONLY,
        samesite=settings.COOKIE_CONSENT_SAMESITE,
    )


def close(response: HttpResponse, request: HttpRequest) -> None:
    """Delete the consent cookie, if there is one: nothing optional runs, and the visitor is asked again."""
    for name in (settings.COOKIE_CONSENT_NAME, NAME_BEFORE):
        if name in request.COOKIES:
            _delete(response, name, "/")


def close_unread(response: HttpResponse, request: HttpRequest) -> None:
    """Close after a choice whose form could not be read, as it may have been a refusal. Leaves other requests alone."""
    if request.path == reverse("consent:choose") and is_same_origin(request):
        close(response, request)


def forget(response: HttpResponse) -> None:
    """Delete both cookies, so that the visitor counts as undecided."""
    _delete(response, settings.COOKIE_CONSENT_NAME, "/")
    _delete(response, RECEIPT_COOKIE, RECEIPT_PATH)


def _delete(response: HttpResponse, name: str, path: str) -> None:
    # As it was set: browsers let no other cookie take the place of a `Secure` one.
    response.set_cookie(
        name,
        "",
        max_age=0,
        expires="Thu, 01 Jan 1970 00:00:00 GMT",
        path=path,
        secure=settings.COOKIE_CONSENT_SECURE,
        samesite=settings.COOKIE_CONSENT_SAMESITE,
    )


def refusal(
    request: HttpRequest, status: int, code: str, reason: str, *, is_technical: bool = False, is_refused: bool = False
) -> HttpResponse:
    """Say why nothing was recorded, in the form that the sender reads.

    A technical reason is for who wrote the program that sent the form, and in English: no page of ours leads to it.
    ``is_refused`` says that everything was refused, which holds all the same.
    """
    if wants_json(request):
        return JsonResponse({"error": code, "reason": reason}, status=status)
    return render(
        request,
        "consent/refusal.html",
        {"status": status, "reason": reason, "is_technical": is_technical, "is_refused": is_refused},
        status=status,
    )


def still_refused() -> str:
    return gettext("Your refusal holds in this browser: nothing optional runs. It could not be recorded yet.")


def too_many(
    request: HttpRequest, error: TooManyChoices, reason: str = "", *, is_refused: bool = False
) -> HttpResponse:
    """Say that nothing was recorded. What becomes of the cookie is the caller's to decide."""
    response = refusal(request, 429, "too-many", reason or str(error), is_refused=is_refused)
    response["Retry-After"] = str(error.retry_after)
    return response


def wants_json(request: HttpRequest) -> bool:
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
