"""The state of the ledger."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_safe

from consent.admin.base import ReadOnlyAdmin
from consent.admin.checks import checks_for
from consent.ledger.state import ledger_state
from consent.models import Checkpoint

HEADS_SHOWN = 10


@admin.register(Checkpoint)
class LedgerAdmin(ReadOnlyAdmin):
    """A page, and no list of rows: heads are public, and stand at ``/consent/heads/``."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(require_safe(self.state_view))
        return [path("", page, name="consent_checkpoint_changelist")]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.user.has_perm("consent.view_consentrecord")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def state_view(self, request: HttpRequest) -> HttpResponse:
        """Show whether records are sealed, heads are published, and the ledger is verified."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "State of the ledger",
            "state": ledger_state(at=timezone.now()),
            "checks": checks_for(request)[:1],
            "heads": Checkpoint.objects.all()[:HEADS_SHOWN],
        }
        return TemplateResponse(request, "admin/consent/checkpoint/state.html", context)
