"""What the parts of the terms' admin share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import get_text_list

from glossary.admin.problems import problems_in
from glossary.linking.impact import Impact
from glossary.models import Term
from glossary.workflow.transitions import may_publish, may_publish_in_an_emergency, may_retire, may_submit

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TITLES_SHOWN = 50


class Desk(admin.ModelAdmin):
    """Finding a term for somebody who may see it, and what every page about it needs."""

    @property
    def media(self) -> forms.Media:
        """Django's scripts without those that make an address of a title: the server does, and they are 37 KB."""
        jquery = "vendor/jquery/jquery.js" if settings.DEBUG else "vendor/jquery/jquery.min.js"
        names = (jquery, "jquery.init.js", "core.js", "admin/RelatedObjectLookups.js", "actions.js")
        return forms.Media(js=[f"admin/js/{name}" for name in names])

    def has_submit_permission(self, request: HttpRequest) -> bool:
        return may_submit(request.user)

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return may_publish(request.user)

    def has_retire_permission(self, request: HttpRequest) -> bool:
        return may_retire(request.user)

    def has_emergency_permission(self, request: HttpRequest) -> bool:
        return may_publish_in_an_emergency(request.user)

    def _term(self, request: HttpRequest, key: int | str) -> Term:
        """Return the term, for somebody who may see it. Raises ``Http404`` or ``PermissionDenied``."""
        term: Term | None = self.get_object(request, str(key))
        if not self.has_view_or_change_permission(request, term):
            raise PermissionDenied
        if term is None:
            raise Http404("There is no such term.")
        return term

    def _context(self, request: HttpRequest, *, title: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "opts": self.opts,
            "media": self.media,
        }

    def _to_term(self, term: Term) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:glossary_term_change", args=[term.pk]))

    def _ask(
        self,
        request: HttpRequest,
        form: forms.Form,
        *,
        title: str,
        button: str,
        explanation: str = "",
        term: Term,
        dangerous: bool = False,
        impacts: Sequence[Impact] = (),
    ) -> HttpResponse:
        """Return the page that asks what a step of a term needs.

        ``impacts`` are shown below: what the step would have the term's names link.
        """
        context = self._context(request, title=title) | {
            "form": form,
            "problems": problems_in(form),
            "button": button,
            "explanation": explanation,
            "original": term,
            "dangerous": dangerous,
            "impacts": impacts,
            "may_switch": True,
            "next": request.path,
        }
        return TemplateResponse(request, "admin/glossary/term/step.html", context)


def user_of(request: HttpRequest) -> User:
    """The member of staff who asks: the admin lets nobody else in."""
    return cast("User", request.user)


def listed(terms: Sequence[object], count: int | None = None) -> str:
    """Return titles as they stand in a sentence: as many as a page of the list holds, and how many more.

    ``count`` is how many there are, where ``terms`` are only the first of them.
    """
    shown = [f"“{term}”" for term in terms[:TITLES_SHOWN]]
    left = (len(terms) if count is None else count) - len(shown)
    return get_text_list([*shown, f"{left:,} more"] if left else shown, "and")
