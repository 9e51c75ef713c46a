"""The ledger's checkpoints, for everybody who wants to keep or check one: a page, plain notes, or JSON."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from consent.ledger.keys import origin, public_keys
from consent.ledger.proofs import MissingNode, consistency_proof
from consent.models import Checkpoint

SHOWN = 100
FORMATS = {"html": "text/html", "text": "text/plain", "json": "application/json"}


@require_safe
@cache_control(private=True, no_cache=True)
@vary_on_headers("Accept")
def heads(request: HttpRequest) -> HttpResponse:
    """The newest signed heads and the public keys, as a page, as plain notes or as JSON (`?format=`, or by Accept)."""
    wanted = FORMATS.get(request.GET.get("format", ""))
    kind = wanted or request.get_preferred_type(list(FORMATS.values())) or "text/html"
    newest = list(Checkpoint.objects.all()[:SHOWN])
    if kind == "text/plain":
        return HttpResponse("\n".join(head.note for head in newest), content_type="text/plain; charset=utf-8")
    keys = [str(key) for key in public_keys()]
    if kind == "application/json":
        shown = [
            {"size": head.size, "root": head.root, "at": head.at.isoformat(), "checkpoint": head.note}
            for head in newest
        ]
        return JsonResponse({"origin": origin(), "keys": keys, "heads": shown})
    context = {"heads": newest, "keys": keys, "origin": origin(), "shown": SHOWN}
    return render(request, "consent/heads.html", context)


@require_safe
@cache_control(private=True, no_cache=True)
def consistency(request: HttpRequest, old: int, new: int) -> HttpResponse:
    """The proof, in JSON, that the head over `new` records continues the one over `old` (RFC 9162, section 2.1.4)."""
    # Larger numbers than a database holds are asked for too.
    sizes = [size for size in (old, new) if size < 1 << 62]
    roots = dict(Checkpoint.objects.filter(size__in=sizes).values_list("size", "root"))
    if old not in roots or new not in roots or old > new:
        raise Http404("There are no checkpoints of these two sizes, or the smaller is not first.")
    try:
        path = consistency_proof(old, new)
    except MissingNode as error:
        return JsonResponse({"error": "ledger-damaged", "reason": str(error)}, status=500)
    return JsonResponse(
        {
            "format": "consent-consistency/1",
            "old": {"size": old, "root": roots[old]},
            "new": {"size": new, "root": roots[new]},
            "path": [digest.hex() for digest in path],
        }
    )
