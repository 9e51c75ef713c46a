"""The list of what was done with consent data."""

from __future__ import annotations

from django.contrib import admin

from consent.admin.base import ReadOnlyAdmin
from consent.models import ConsentEvent


@admin.register(ConsentEvent)
class ConsentEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "by_name", "verb", "details"]
    list_filter = ["verb", "at"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    readonly_fields = fields = ("at", "by_name", "verb", "details")
