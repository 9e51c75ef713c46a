"""Answer a public page: from what it shows and its own address, and from nothing about the reader."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from glossary.public import rendering
from glossary.public.share_images import site_card


def shown_until(request: HttpRequest, due: date | None, *, on: date) -> None:
    """Say when the calendar alone makes a page another one: a review that isn't overdue yet, on a day, will be.

    The page store finds it in the request's environment: ``glossary.until``, in seconds since 1970.
    """
    if due is not None and due >= on:
        end = datetime.combine(due + timedelta(days=1), time(), tzinfo=UTC)
        request.META["glossary.until"] = end.timestamp()


def page_of(request: HttpRequest, template: str, path: str, *, status: int = 200, **context: Any) -> HttpResponse:
    # The request is there for its path. Without context processors on purpose: nothing of the reader gets in by itself.
    card = context.get("card") or site_card()
    context |= {"request": request, "canonical": rendering.absolute(path)}
    context |= {"card": card, "card_url": rendering.absolute(card.path)}
    return HttpResponse(render_to_string(template, context), status=status)
