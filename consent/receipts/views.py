"""The visitor's receipt: read, printed, downloaded; and their consent withdrawn or their record erased with it.

The receipt's secret is the only key. It comes in the visitor's own cookie or is typed into the form, and never stands
in an address. An unknown receipt, an erased one, and something that never was one get the same answer.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import Error
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from consent.actions import Recorded, UnknownReceipt, erase_record, withdraw_consent
from consent.choice.form import BadChoice, is_navigation, is_same_origin, read_fields
from consent.choice.limits import TooManyChoices, admission
from consent.choice.views import (
    RECEIPT_COOKIE,
    away,
    close,
    forget,
    keep_refused,
    refusal,
    remember,
    replaces_cookie_before,
    still_refused,
    too_many,
    unavailable,
)
from consent.ledger.proofs import InclusionProof, MissingNode, inclusion_proof
from consent.models import ConsentRecord, Ending
from consent.receipts import receipts

View = Callable[[HttpRequest], HttpResponse]

JSON_TYPES = ("application/ld+json", "application/json")
STEPS = ("show", "download", "withdraw", "erase")


def keeps_to_itself(view: View) -> View:
    """Have the page stored by nobody, indexed by nobody, and named to no other site."""

    @wraps(view)
    def kept(request: HttpRequest) -> HttpResponse:
        response = view(request)
        # Not `no-referrer`: under it browsers send `Origin: null` with our own forms, and those that don't send
        # Sec-Fetch-Site could no longer withdraw. To other sites this sends nothing either.
        response["Referrer-Policy"] = "same-origin"
        response["X-Robots-Tag"] = "noindex"
        return response

    return kept


# Exempt from Django's token for the same reasons as the choice form: see consent.choice.views.choose.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(no_store=True)
@keeps_to_itself
@replaces_cookie_before
def receipt(request: HttpRequest) -> HttpResponse:
    """The visitor's own record, opened by their receipt; with it they withdraw, or have the record erased.

    The receipt comes from their cookie or from the form on the page, and from nowhere else. The record as JSON-LD for
    `?format=json` or `Accept: application/json`. Scripts of this site's pages, among them those of services that were
    let in, can't fetch it.
    """
    if not is_navigation(request):
        return refusal(
            request, 403, "not-a-visit", gettext("A receipt opens as a page of its own, and is given to no script.")
        )
    held = request.COOKIES.get(RECEIPT_COOKIE, "")
    if request.method == "POST":
        return _step(request, held)
    if request.GET.get("format") == "json" or request.get_preferred_type(["text/html", *JSON_TYPES]) in JSON_TYPES:
        return _download(request, held)
    return _page(request, held, typed="")


def _step(request: HttpRequest, held: str) -> HttpResponse:
    if not is_same_origin(request):
        return refusal(request, 403, "cross-site", gettext("The form was not sent from a page of this site."))
    try:
        fields = {name: values[0] for name, values in read_fields(request, "step", "receipt", "confirmed").items()}
    except BadChoice as error:
        return refusal(request, 400, "bad-form", str(error), is_technical=True)
    step, typed = fields.get("step"), receipts.typed(fields.get("receipt", ""))
    if step == "show":
        return _page(request, typed or held, typed=typed)
    if step == "download":
        return _download(request, typed or held)
    if step == "withdraw":
        return _withdraw(request, typed or held, held=held, typed=typed)
    if step == "erase":
        if fields.get("confirmed") != "yes":
            return _page(request, typed or held, typed=typed, asks_to_confirm=True)
        return _erase(request, typed or held, held=held)
    return refusal(request, 400, "bad-form", f"“step” must be one of {', '.join(STEPS)}.", is_technical=True)


def _page(request: HttpRequest, secret: str, *, typed: str, **context: Any) -> HttpResponse:
    """Show the record that ``secret`` opens; ``typed`` is it again when it came from the form."""
    record = ConsentRecord.objects.held_by(secret).select_related("notice").first()
    return _shown(request, record, secret, typed=typed, **context)


def _shown(
    request: HttpRequest, record: ConsentRecord | None, secret: str, *, typed: str, **context: Any
) -> HttpResponse:
    ending = _ending_of(record)
    page = {
        "record": record,
        "ending": ending,
        "receipt": receipts.readable(secret) if record else "",
        "typed": typed,
        "proof": _proof_of(record) if record else None,
        "has_expired": record is not None and record.expires_at <= timezone.now(),
        "may_withdraw": record is not None and ending is None and _may_withdraw(record),
        **context,
    }
    return render(request, "consent/receipt.html", page)


def _download(request: HttpRequest, secret: str) -> HttpResponse:
    record = ConsentRecord.objects.held_by(secret).select_related("notice").first()
    if record is None:
        return JsonResponse({"error": "no-record", "reason": "No record is held under this receipt."}, status=404)
    site = request.build_absolute_uri("/").rstrip("/")
    document = receipts.as_json(
        record, receipt=secret, proof=_proof_of(record), ending=_ending_of(record), site=site, at=timezone.now()
    )
    response = HttpResponse(json.dumps(document, ensure_ascii=False, indent=2), content_type=JSON_TYPES[0])
    response["Content-Disposition"] = 'attachment; filename="consent-receipt.json"'
    return response


def _withdraw(request: HttpRequest, secret: str, *, held: str, typed: str) -> HttpResponse:
    now = timezone.now()
    is_own = secret == held
    # Withdrawing holds in this browser, also where it can't be recorded.
    reason = still_refused() if is_own else ""
    recorded: Recorded | None = None
    try:
        recorded = withdraw_consent(
            receipt=secret,
            at=now,
            gpc=request.headers.get("Sec-GPC") == "1",
            admit=admission(request, receipt=secret, at=now),
        )
    except UnknownReceipt:
        response = _page(request, "", typed=typed)
        if is_own:
            close(response, request)
        return response
    except TooManyChoices as error:
        response = too_many(request, error, reason, is_refused=is_own)
    except Error as error:
        response = unavailable(request, error, reason or away(), is_refused=is_own)
    if recorded is None:
        if is_own:
            keep_refused(response, "preferences")
        return response
    if not is_own:
        # Another browser's record: what this one holds stays as it is, and the page says what that means.
        return _shown(request, recorded.record, recorded.receipt, typed=recorded.receipt, was_withdrawn=True)
    response = HttpResponseRedirect(reverse("consent:receipt"))
    response.status_code = 303
    remember(response, recorded, now)
    return response


def _erase(request: HttpRequest, secret: str, *, held: str) -> HttpResponse:
    # Whether there was a record, an erased one, or none: the answer is the same.
    with contextlib.suppress(UnknownReceipt):
        erase_record(receipt=secret, at=timezone.now())
    response = render(request, "consent/erased.html", {"was_here": secret == held})
    if held and secret == held:
        forget(response)
    return response


def _ending_of(record: ConsentRecord | None) -> Ending | None:
    return Ending.objects.filter(record=record).select_related("ended_by").first() if record else None


def _proof_of(record: ConsentRecord) -> InclusionProof | None:
    """Return the ledger's proof, or ``None`` until the record is sealed, or while the ledger can't give it."""
    try:
        return inclusion_proof(record)
    except MissingNode:
        return None  # `verify_consent_ledger` names what is missing; the visitor can do nothing about it


def _may_withdraw(record: ConsentRecord) -> bool:
    """Whether the record accepts anything that a withdrawal would take back."""
    required = {category["varname"] for category in record.notice.document["categories"] if category["required"]}
    return bool(set(record.accepted) - required) and record.expires_at > timezone.now()
