"""What audits of the site came to, in plain words."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from consent.admin.checks import checks_for
from consent.admin.desk import ReadOnlyAdmin
from consent.models import AuditRun, Notice


@admin.register(AuditRun)
class AuditRunAdmin(ReadOnlyAdmin):
    list_display = ["at", "verdict", "host", "is_copy", "pages", "states", "duration"]
    list_filter = ["is_copy", "at"]
    show_facets = admin.ShowFacets.NEVER
    change_form_template = "admin/consent/auditrun/run.html"
    change_list_template = "admin/consent/auditrun/change_list.html"

    class Media:
        css = {"all": ["consent/audit.css", "consent/ledger.css", "consent/check.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "checks": checks_for(request)[1:]})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        run: AuditRun = context["original"]
        # None when another site's notice was live at the audited address.
        context["notice"] = Notice.objects.filter(sha256=run.notice_sha256).first()
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(ordering="found")
    def verdict(self, run: AuditRun) -> str:
        return run.verdict.capitalize()

    @admin.display(ordering="seconds")
    def duration(self, run: AuditRun) -> str:
        minutes, seconds = divmod(run.seconds, 60)
        return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
