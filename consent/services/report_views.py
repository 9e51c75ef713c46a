"""Where visitors' browsers report what they refused."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from consent.actions import count_violation
from consent.choice.limits import Limiter, address_of
from consent.services.reports import MAX_BODY, NotReports, Refused, origin, read_reports

logger = logging.getLogger(__name__)

#: In an hour, in each worker process: posts of one network, and of everybody. A page that is well causes none; of a bad
#: one these are enough to know.
PER_NETWORK = 60
PER_PROCESS = 600
#: However often a single body says the same.
MOST_TIMES = 100

limiter = Limiter()


# Exempt from Django's token, as browsers send reports by themselves. Nothing that is reported is believed.
@csrf_exempt
@require_POST
@cache_control(no_store=True)
def reports(request: HttpRequest) -> HttpResponse:
    """Count what a browser refused under the Content-Security-Policy, by directive and origin.

    Always 204, because a browser can do nothing about a failure. Stores nothing about the sender.
    """
    if len(request.body) > MAX_BODY:
        return HttpResponse(status=413)
    site = origin(f"{request.scheme}://{request.get_host()}")
    try:
        found = read_reports(request.body, content_type=request.content_type or "", site=site)
    except NotReports as error:
        return HttpResponse(f"{error}\n", status=400, content_type="text/plain")
    now = timezone.now()
    # Another site could name this address in a policy of its own, and have its visitors' browsers post here.
    if found and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin" and _admits(request, at=now):
        return _count(found, at=now)
    return HttpResponse(status=204)


def _admits(request: HttpRequest, *, at: datetime) -> bool:
    """Whether there is room for another post; without a word, as a flood of posts would be one of log lines too."""
    if limiter.wait("network", address_of(request), most=PER_NETWORK, at=at):
        return False
    return not limiter.wait("everybody", "", most=PER_PROCESS, at=at)


def _count(found: Mapping[Refused, int], *, at: datetime) -> HttpResponse:
    try:
        for refused, times in found.items():
            count_violation(refused=refused, times=min(times, MOST_TIMES), at=at)
    except (OperationalError, InterfaceError) as error:
        # Without the traceback, which would show the statement. Browsers send it once more.
        logger.error(
            "A report could not be counted because the database is away: %s",
            type(error).__name__,
            extra={"outage": True},
        )
        return HttpResponse(status=503)
    return HttpResponse(status=204)
