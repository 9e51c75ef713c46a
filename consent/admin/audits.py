"""The results of audits of the site, in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from consent.admin.base import ReadOnlyAdmin
from consent.admin.checks import checks_for
from consent.models import AuditFinding, AuditRun, Notice, Service


def declare_url(request: HttpRequest, finding: AuditFinding, services: Iterable[Service]) -> str:
    """Return where what a finding is about is declared, with what is known filled in, or ``""``.

    What one of the ``services`` sets is declared in its own form, and the rest among the site's cookies.
    """
    if not (found := finding.get("declare")):
        return ""
    keeper = next((service for service in services if found["by"] and found["by"] in service.recipients), None)
    if keeper and request.user.has_perm("consent.change_service"):
        fields = {f"declare_{name}": value for name, value in found.items() if name != "by"}
        return f"{reverse('admin:consent_service_change', args=[keeper.pk])}?{urlencode(fields)}#service-kept-heading"
    if keeper or not request.user.has_perm("cookie_consent.add_cookie"):
        return ""
    known = {"name": found["name"], "kind": found["kind"], "domain": found["domain"], "lifetime_days": found["days"]}
    return f"{reverse('admin:cookie_consent_cookie_add')}?{urlencode(known)}"


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
        services = Service.objects.select_related("category")  # read once, for the first finding that asks
        context["findings"] = [(finding, declare_url(request, finding, services)) for finding in run.findings]
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(ordering="found")
    def verdict(self, run: AuditRun) -> str:
        return run.verdict.capitalize()

    @admin.display(ordering="seconds")
    def duration(self, run: AuditRun) -> str:
        minutes, seconds = divmod(run.seconds, 60)
        return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
