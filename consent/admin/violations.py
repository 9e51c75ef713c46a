"""What visitors' browsers refused, in words, and what to do about it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from consent import actions
from consent.actions.violations import KEPT
from consent.admin.base import ModelAdmin, ReadOnlyAdmin, staff
from consent.choice.gate import current_gate
from consent.models import Service, Violation
from consent.services.explaining import Explanation, explain


class SeenFilter(admin.SimpleListFilter):
    """What wants looking at, unless something else is asked for."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("seen", "Seen"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        named = {None: "New", "seen": "Seen", "all": "All"}
        for value, label in named.items():
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string(
                    {self.parameter_name: value} if value else {}, [] if value else [self.parameter_name]
                ),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Violation]) -> QuerySet[Violation]:
        chosen = {"seen": Violation.objects.seen(), "all": Violation.objects.all()}
        unseen = Violation.objects.unseen()
        return queryset.filter(pk__in=chosen.get(self.value() or "", unseen).values("pk"))


@admin.register(Violation)
class ViolationAdmin(ReadOnlyAdmin):
    """A list to read, from which things are put away or forgotten."""

    change_list_template = "admin/consent/violation/change_list.html"
    list_display = ["told"]
    list_display_links = None
    list_filter = [SeenFilter]
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 250  # more than there can be
    fields = readonly_fields = ("told", "directive", "blocked", "count", "first_date", "last_date", "seen")
    actions = ["mark_seen", "forget"]

    class Media:
        css = {"all": ["consent/admin.css"]}

    def has_dismiss_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("consent.dismiss_violation")

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Look up once for the whole list what the rows are explained with."""
        changelist = super().get_changelist_instance(request)
        services, running = list(Service.objects.all()), current_gate().services
        for violation in changelist.result_list:
            violation.explanation = explain(violation, services=services, running=running)
        return changelist

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list; a POST is one of the actions, or nothing."""
        if request.method not in ("GET", "HEAD") and not self.has_dismiss_permission(request):
            raise PermissionDenied
        context = {"title": "Refused by browsers", "kept_days": KEPT.days, **(extra_context or {})}
        return ModelAdmin.changelist_view(self, request, context)

    @admin.display(description="What somebody tried, and what to do")
    def told(self, violation: Violation) -> SafeString:
        explanation = self._explained(violation)
        return format_html(
            '<p class="violation-told">Somebody tried to {}: {}, last on {}.</p><p>{}</p>',
            explanation.tried,
            "once" if violation.count == 1 else f"{violation.count:,} times",
            date_format(violation.last_date, "j M Y"),
            explanation.advice,
        )

    @admin.display(description="seen")
    def seen(self, violation: Violation) -> str:
        if violation.seen_date is None or violation.seen_by is None:
            return "Not yet"
        return f"{date_format(violation.seen_date, 'j M Y')} by {violation.seen_by.get_full_name()}"

    @admin.action(description="Mark as seen: hide until it happens again on a later day", permissions=["dismiss"])
    def mark_seen(self, request: HttpRequest, queryset: QuerySet[Violation]) -> None:
        number = actions.dismiss_violations(violations=list(queryset), by=staff(request), at=timezone.now())
        self.message_user(request, f"{number} hidden until it happens again on a later day.", messages.SUCCESS)

    @admin.action(description="Remove from the list, and start counting again", permissions=["dismiss"])
    def forget(self, request: HttpRequest, queryset: QuerySet[Violation]) -> None:
        number = actions.forget_violations(violations=list(queryset))
        self.message_user(request, f"{number} forgotten.", messages.SUCCESS)

    def _explained(self, violation: Violation) -> Explanation:
        explanation: Explanation | None = getattr(violation, "explanation", None)
        return explanation or explain(violation, services=list(Service.objects.all()), running=current_gate().services)
