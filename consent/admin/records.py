"""Consent records as they were written."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from consent.admin.desk import ReadOnlyAdmin
from consent.ledger import receipt_hash
from consent.models import ConsentRecord


@admin.register(ConsentRecord)
class ConsentRecordAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "action", "accepted_categories", "surface", "notice", "gpc"]
    list_filter = ["action", "surface", "gpc", "notice", "created_at"]
    list_select_related = ["notice"]
    date_hierarchy = "created_at"
    # Counts of the whole table on every page are too dear at a million rows.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["receipt_sha256"]
    search_help_text = "The whole receipt, as the visitor has it."
    readonly_fields = (
        *("created_at", "expires_at", "action", "accepted_categories", "refused_categories"),
        *("notice", "language", "surface", "gpc", "leaf"),
    )
    fields = readonly_fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ConsentRecord], search_term: str
    ) -> tuple[QuerySet[ConsentRecord], bool]:
        if search_term:
            queryset = queryset.filter(receipt_sha256=receipt_hash(search_term.strip()))
        return queryset, False

    @admin.display(description="accepted")
    def accepted_categories(self, record: ConsentRecord) -> str:
        return "erased" if record.is_erased else ", ".join(record.accepted)

    @admin.display(description="refused")
    def refused_categories(self, record: ConsentRecord) -> str:
        if record.answers is None:
            return "erased"
        return ", ".join(sorted(varname for varname, answer in record.answers.items() if not answer)) or "none"
