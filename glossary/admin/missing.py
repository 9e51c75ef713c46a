"""The list of what readers looked for and did not find."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from glossary.actions import dismiss_missing
from glossary.admin.base import user_of
from glossary.models import MissingTerm


@admin.register(MissingTerm)
class MissingTermAdmin(admin.ModelAdmin):
    """What readers looked for in vain, the most wanted first. A line goes by itself when a term has the name."""

    list_display = ["text", "times", "last_date", "first_date", "start"]
    list_display_links = None
    search_fields = ["text"]
    search_help_text = "Searches the texts that readers looked for."
    actions = ["dismiss"]

    def get_queryset(self, request: HttpRequest) -> Any:
        waiting: Any = super().get_queryset(request)  # ModelAdmin returns it untyped
        return waiting.waiting()

    @admin.display(description="")
    def start(self, missing: MissingTerm) -> SafeString:
        address = f"{reverse('admin:glossary_term_add')}?{urlencode({'title': missing.text.capitalize()})}"
        return format_html('<a href="{}">Start “{}”</a>', address, missing.text)

    @admin.action(description="Dismiss: not a term for this glossary", permissions=["dismiss"])
    def dismiss(self, request: HttpRequest, queryset: Any) -> None:
        count = dismiss_missing(missing=queryset, by=user_of(request), at=timezone.now())
        self.message_user(request, f"Dismissed: {count}", messages.SUCCESS)

    def get_list_display(self, request: HttpRequest) -> Any:
        may_add = request.user.has_perm("glossary.add_term")
        return [column for column in self.list_display if column != "start" or may_add]

    def has_dismiss_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("glossary.dismiss_missingterm")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: MissingTerm | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MissingTerm | None = None) -> bool:
        return False
