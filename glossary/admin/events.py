from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from glossary.models import Event


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    """The log of what was done to terms. Nobody adds, changes or deletes a line, the superuser included."""

    list_display = [
        "created_at",
        "created_by_name",
        "verb",
        "term",
        "previous_revision_number",
        "revision_number",
        "reason",
    ]
    list_filter = ["verb", "created_at"]
    list_select_related = ["term", "revision", "previous_revision"]
    search_fields = ["term__title", "created_by_name", "reason"]
    search_help_text = "Searches terms, names and reasons."
    fields = ["created_at", "created_by_name", "verb", "term", "previous_revision_number", "revision_number", "reason"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("revision__document", "previous_revision__document")

    @admin.display(description="from revision", empty_value="–")
    def previous_revision_number(self, event: Event) -> int | None:
        return event.previous_revision.number if event.previous_revision else None

    @admin.display(description="to revision", empty_value="–")
    def revision_number(self, event: Event) -> int | None:
        return event.revision.number if event.revision else None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False
