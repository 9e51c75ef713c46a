"""The notices of all times, each under the hash that names it. The same for every reader."""

from __future__ import annotations

import rfc8785
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from consent.models import Notice
from consent.notice import notices
from consent.notice.comparing import compared
from consent.notice.notices import Publication


@require_safe
def notice_list(request: HttpRequest) -> HttpResponse:
    """Every notice that visitors were ever asked with, when it was in force, and who was asked again."""
    return render(request, "consent/notice_list.html", {"publications": _history()})


@require_safe
def notice(request: HttpRequest, sha256: str) -> HttpResponse:
    """A notice whole, under the hash that names it: when it was in force, and what it changed."""
    publication = next((publication for publication in _history() if publication.notice.sha256 == sha256), None)
    if publication is None:
        raise Http404("No notice of this site has this hash.")
    changes = compared(publication.changes) if publication.previous else []
    return render(request, "consent/notice.html", {"publication": publication, "changes": changes})


@require_safe
def notice_document(request: HttpRequest, sha256: str) -> HttpResponse:
    """The notice as the bytes whose SHA-256 is its name: canonical JSON (RFC 8785)."""
    found = Notice.objects.filter(sha256=sha256).first()
    if found is None:
        raise Http404("No notice of this site has this hash.")
    return HttpResponse(rfc8785.dumps(found.document), content_type="application/json")


def public_paths() -> list[str]:
    """Return the path of every notice, as a page and as a document."""
    hashes = Notice.objects.values_list("sha256", flat=True)
    return [reverse(f"consent:{name}", args=[sha256]) for sha256 in hashes for name in ("notice", "notice_document")]


def _history() -> list[Publication]:
    # A site has a few dozen of them at most, and these pages are rendered once and kept.
    return notices.history(Notice.objects.order_by("number"))
