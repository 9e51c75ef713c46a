"""The page of what a reader's own browser keeps: the server has only its frame, and learns of nothing in it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from glossary.public.views.answers import page_of


@require_safe
def saved(request: HttpRequest) -> HttpResponse:
    """The terms that a reader saved and last read, filled in by the reader's browser."""
    return page_of(request, "glossary/saved.html", reverse("glossary:saved"))
