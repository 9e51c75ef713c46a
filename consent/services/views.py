"""The start code of services, served from an address of this site that is named by its hash."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from consent.choice.gate import gate_for
from consent.choice.signed_in import carries_session

#: What browsers say that they fetch a worker's script for (Fetch Metadata).
WORKERS = ("worker", "sharedworker", "serviceworker")


@require_safe
@cache_control(public=True, max_age=31_536_000, immutable=True)
def start_code(request: HttpRequest, sha256: str) -> HttpResponse:
    """Return the start code of this hash while a service with it runs; else 404, so that nothing old can be started.

    404 too for those who are signed in to the admin, and for a browser that would run it as a worker, which outlives
    the page and its policy.
    """
    if carries_session(request.COOKIES) or request.headers.get("Sec-Fetch-Dest") in WORKERS:
        raise Http404("Start code is for pages of visitors alone.")
    gate = gate_for(request)
    for service in (service for each in (gate, *gate.others) for service in each.services):
        if service.start_code_sha256 == sha256:
            return HttpResponse(service.start_code, content_type="text/javascript; charset=utf-8")
    raise Http404("No service that runs has this start code.")
