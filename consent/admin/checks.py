"""Checks that operators start in the admin: their progress and results."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from consent import actions
from consent.actions import CannotCheck, CheckGoesOn
from consent.admin.base import ReadOnlyAdmin, staff
from consent.models import CheckRun


def checks_for(request: HttpRequest) -> list[tuple[str, str, str]]:
    """Return what may be started here: kind, what the button says, and why it cannot be done on this machine."""
    if not request.user.has_perm("consent.start_checkrun"):
        return []
    buttons = [(CheckRun.Kind.VERIFY, "Verify now"), (CheckRun.Kind.AUDIT, "Audit now")]
    return [(kind.value, label, actions.why_not_check(kind)) for kind, label in buttons]


@admin.register(CheckRun)
class CheckRunAdmin(ReadOnlyAdmin):
    list_display = ["asked_at", "kind", "stands", "asked_by", "finished_at"]
    list_filter = ["kind"]
    list_select_related = ["asked_by"]
    show_facets = admin.ShowFacets.NEVER
    change_form_template = "admin/consent/checkrun/run.html"
    change_list_template = "admin/consent/checkrun/change_list.html"

    class Media:
        css = {"all": ["consent/ledger.css", "consent/check.css"]}

    def get_urls(self) -> list[URLPattern]:
        start = self.admin_site.admin_view(require_POST(self.start_view))
        return [path("start/", start, name="consent_checkrun_start"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "checks": checks_for(request)})

    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Start a check, and lead to the page that tells how far it is."""
        if not request.user.has_perm("consent.start_checkrun"):
            raise PermissionDenied
        kind = request.POST.get("kind", "")
        if kind not in CheckRun.Kind.values:
            raise BadRequest(f"There is no check called {kind[:40]!r}.")
        try:
            run = actions.start_check(kind=kind, by=staff(request), at=timezone.now())
        except CannotCheck as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:consent_checkrun_changelist"))
        except CheckGoesOn as error:
            messages.warning(request, str(error))
            run = error.run
        return HttpResponseRedirect(reverse("admin:consent_checkrun_change", args=[run.pk]))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        own = [check for check in checks_for(request) if check[0] == context["original"].kind]
        return super().render_change_form(request, {**context, "checks": own}, *args, **kwargs)

    @admin.display(description="state")
    def stands(self, run: CheckRun) -> str:
        return run.state
