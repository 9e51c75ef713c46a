"""All published names by the number of their links, ambiguous ones first, with the switch beside each."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Max
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from glossary.actions import count_names, look_at_names_again
from glossary.admin.base import Desk
from glossary.admin.links import may_switch, switch_name
from glossary.models import NameUse, PublishedEntry, Term, UnlinkedName
from glossary.text.names import normalise, sort_key_of

PER_PAGE = 100


class NameOverview(Desk):
    """The page about all names."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.names_view)
        return [path("names/", view, name="glossary_term_names"), *super().get_urls()]

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def names_view(self, request: HttpRequest) -> HttpResponse:
        """List the names as they were counted; count anew (``count``), or switch a name (``use``, ``off``, ``on``)."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if "count" in request.POST:
            return self._count(request)
        if "use" in request.POST:
            self._switch_use(request)
        if request.method == "POST":
            return HttpResponseRedirect(request.get_full_path())
        searched = " ".join(request.GET.get("q", "").split())[:100]
        uses = NameUse.objects.select_related("entry").defer("entry__revision", "entry__summary")
        if searched:
            uses = uses.filter(sort_key__contains=sort_key_of(searched))
        page = Paginator(uses, PER_PAGE).get_page(request.GET.get("p"))
        off = set(
            UnlinkedName.objects.filter(term__in=[use.entry_id for use in page]).values_list("term_id", "normalised")
        )
        counted_at = NameUse.objects.aggregate(at=Max("counted_at"))["at"]
        context = self._context(request, title="Names and their links") | {
            "page": page,
            "rows": [(use, (use.entry_id, normalise(use.name)) in off) for use in page],
            "searched": searched,
            "query": f"{urlencode({'q': searched})}&" if searched else "",
            "counted_at": counted_at,
            "newer": PublishedEntry.objects.filter(published_at__gt=counted_at).count() if counted_at else 0,
            "may_switch": may_switch(request),
        }
        return TemplateResponse(request, "admin/glossary/term/names.html", context)

    def _count(self, request: HttpRequest) -> HttpResponse:
        after, done = (_number(request.POST.get(name, "")) for name in ("after", "done"))
        counted = count_names(after=after, at=timezone.now())
        done += counted.pages
        if not counted.after:
            self.message_user(request, f"The links on {done:,} pages have been counted.", messages.SUCCESS)
            return HttpResponseRedirect(reverse("admin:glossary_term_names"))
        context = self._context(request, title="Counting links") | {
            "after": counted.after,
            "done": done,
            "total": max(done, PublishedEntry.objects.count()),
        }
        return TemplateResponse(request, "admin/glossary/term/names_progress.html", context)

    def _switch_use(self, request: HttpRequest) -> None:
        use = get_object_or_404(NameUse, pk=_number(request.POST["use"]))
        words = switch_name(request, Term.objects.get(pk=use.entry_id), use.name, off="off" in request.POST)
        if words:
            look_at_names_again(name=use.name)
            self.message_user(request, words, messages.SUCCESS)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
