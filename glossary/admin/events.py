from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from glossary.document.documents import TEXTS
from glossary.models import Event, Revision


@admin.register(Event)
class EventAdmin(admin.ModelAdmin):
    """The log of what was done to terms. Nobody adds, changes or deletes a line, the superuser included."""

    list_display = ["created_at", "created_by_name", "verb", "term_history", "from_revision", "to_revision", "reason"]
    list_display_links = ["created_at"]
    list_filter = ["verb", "created_at", ("created_by", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["term", "revision", "previous_revision"]
    search_fields = ["term__title", "created_by_name", "reason"]
    search_help_text = "Searches terms, people and reasons."
    fields = ["created_at", "created_by_name", "verb", "term_history", "from_revision", "to_revision", "reason"]

    def get_queryset(self, request: HttpRequest) -> Any:
        texts = (f"term__{name}" for name in TEXTS)
        return super().get_queryset(request).defer(*texts, "revision__document", "previous_revision__document")

    @admin.display(description="term", ordering="term__title")
    def term_history(self, event: Event) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:glossary_term_history", args=[event.term_id]), event.term
        )

    @admin.display(description="from revision", empty_value="–")
    def from_revision(self, event: Event) -> SafeString | None:
        return _link_to(event.previous_revision)

    @admin.display(description="to revision", empty_value="–")
    def to_revision(self, event: Event) -> SafeString | None:
        return _link_to(event.revision)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False


def _link_to(revision: Revision | None) -> SafeString | None:
    if revision is None:
        return None
    address = reverse("admin:glossary_term_revision", args=[revision.term_id, revision.number])
    return format_html('<a href="{}" aria-label="Revision {}">{}</a>', address, revision.number, revision.number)
