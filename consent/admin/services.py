"""Services, which operators add, change and switch on and off."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminTextInputWidget, AdminURLFieldWidget
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from consent import actions
from consent.admin.desk import ModelForm, SaysWhatWaits, staff, tell_what_waits
from consent.gate import current_gate
from consent.models import Service


@admin.register(Service)
class ServiceAdmin(SaysWhatWaits):
    list_display = ["name", "vendor", "category", "enabled", "state"]
    list_filter = ["enabled", "category"]
    list_select_related = ["category"]
    search_fields = ["name", "vendor"]
    actions = None
    fieldsets = [
        ("What visitors read", {"fields": ["name", "vendor", "purpose", "privacy_policy", "category"]}),
        ("What their browsers run", {"fields": ["url", "integrity", "connect_origins", "image_origins"]}),
        ("State", {"fields": ["enabled", "state"]}),
    ]
    readonly_fields = ["state"]
    # Addresses and hashes are long: the wide box shows them whole.
    formfield_overrides = {
        models.URLField: {"assume_scheme": "https", "widget": AdminURLFieldWidget(attrs={"class": "vLargeTextField"})},
        models.CharField: {"widget": AdminTextInputWidget(attrs={"class": "vLargeTextField"})},
    }

    def has_delete_permission(self, request: HttpRequest, obj: Service | None = None) -> bool:
        return False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Look up once for the whole list what :meth:`state` shows of each row."""
        changelist = super().get_changelist_instance(request)
        running = {service.pk for service in current_gate().services}
        for service in changelist.result_list:
            service.is_running = service.pk in running
        return changelist

    @admin.display(description="runs")
    def state(self, service: Service) -> str:
        if not service.enabled:
            return "No: it is switched off."
        is_running: bool | None = getattr(service, "is_running", None)
        if is_running is None:
            is_running = any(running.pk == service.pk for running in current_gate().services)
        if is_running:
            return "Yes, for visitors who accept its category."
        return "Not yet: it starts once a notice that names it is published."

    def save_model(self, request: HttpRequest, obj: Service, form: ModelForm, change: bool) -> None:
        actions.save_service(service=obj, by=staff(request), at=timezone.now())
        tell_what_waits(request)
