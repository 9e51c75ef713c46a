"""What the names of a term link to on other pages, before and after they are public, and the switch of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from glossary.actions import switch_links
from glossary.admin.base import Desk, user_of
from glossary.linking.impact import Impact, impacts_of
from glossary.models import EntryName, Term, UnlinkedName
from glossary.workflow.transitions import may_review, may_submit

# Each name may read some hundred pages, so that one page of the admin counts no more names than this.
MAX_NAMES = 8


class TermLinks(Desk):
    """The page about the links to a term, and its switches."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.links_view)
        return [path("<int:term_id>/links/", view, name="glossary_term_links"), *super().get_urls()]

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def links_view(self, request: HttpRequest, term_id: int) -> HttpResponse:
        """Show what the names of the newest revision link; switch ``name`` ``off`` or ``on`` and return to ``next``."""
        term = self._term(request, term_id)
        if request.method == "POST":
            return self._switch(request, term)
        document = term.head.document if term.head else {}
        names = names_of(document)
        context = self._context(request, title=f"Links to “{term}”") | {
            "original": term,
            "impacts": impacts_for(term, names[:MAX_NAMES]),
            "names_left": [name for name, _ in names[MAX_NAMES:]],
            "may_switch": may_switch(request),
            "next": request.path,
        }
        return TemplateResponse(request, "admin/glossary/term/links.html", context)

    def _switch(self, request: HttpRequest, term: Term) -> HttpResponse:
        if words := switch_name(request, term, request.POST.get("name", ""), off="off" in request.POST):
            self.message_user(request, words, messages.SUCCESS)
        back = request.POST.get("next", "")
        if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
            back = reverse("admin:glossary_term_links", args=[term.pk])
        return HttpResponseRedirect(back)


def switch_name(request: HttpRequest, term: Term, name: str, *, off: bool) -> str:
    """Switch links to a name of a term, and return what to tell the person: nothing where nothing changed."""
    if not may_switch(request):
        raise PermissionDenied
    name = name.replace("\x00", "").strip()[:200]
    names = [name] if name else []
    changed = switch_links(
        term=term, by=user_of(request), at=timezone.now(), off=names if off else (), on=() if off else names
    )
    if not changed:
        return ""
    return f"Mentions of “{name}” are no longer linked to this term." if off else f"Mentions of “{name}” are linked."


def switch_beside_a_form(request: HttpRequest, term: Term) -> str | None:
    """Switch the name whose button (``_off`` or ``_on``) was pressed beside a form, as :func:`switch_name` does.

    Returns ``None`` where another button was pressed. What is typed into the form stays on the page.
    """
    for button in ("_off", "_on"):
        if button in request.POST:
            return switch_name(request, term, request.POST[button], off=button == "_off")
    return None


def may_switch(request: HttpRequest) -> bool:
    """Whether somebody may switch links: who writes terms, and who reviews them."""
    user = request.user
    return user.has_perm("glossary.change_term") or may_review(user) or may_submit(user)


def names_of(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the names of a document (as JSON) with their kinds, the title first."""
    if not document:
        return []
    synonyms = ((synonym["text"], synonym["kind"]) for synonym in document["synonyms"])
    return [(document["title"], "title"), *synonyms]


def new_names(term: Term | None, names: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return those of ``names`` that readers don't meet yet as names of this term."""
    public: set[tuple[str, str]] = set()
    if term is not None:
        public = {(name, kind) for name, kind in EntryName.objects.filter(entry=term.pk).values_list("name", "kind")}
    return [name for name in names if name[0] and name not in public]


def impacts_for(term: Term | None, names: Iterable[tuple[str, str]]) -> list[Impact]:
    """Return what names of a term link, with its switches; ``None`` for a term that isn't saved yet."""
    off = UnlinkedName.objects.filter(term=term).values_list("name", flat=True) if term else ()
    return impacts_of(names, term=term.pk if term else None, off=off)


def new_impacts(term: Term, document: Mapping[str, Any]) -> list[Impact]:
    """Return what publishing a document (as JSON) of the term would link by names that are new."""
    return impacts_for(term, new_names(term, names_of(document))[:MAX_NAMES])
