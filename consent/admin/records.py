"""Consent records as they were written, found by time or by the receipt that a visitor shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_post_parameters

from consent import actions
from consent.admin.base import DayField, ReadOnlyAdmin, staff
from consent.ledger.proofs import MissingNode, inclusion_proof
from consent.models import ConsentRecord
from consent.receipts.exporting import NothingSealed
from consent.receipts.receipts import typed

#: As many records as the list leads through. Who looks for older ones narrows it by month.
MOST_LISTED = 10_000


class ReceiptForm(forms.Form):
    """The whole receipt, as the visitor has it. Posted, so that it gets into no address, history or log."""

    receipt = forms.CharField(
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text="The whole receipt that the visitor has, with or without spaces. It is not stored.",
    )

    def clean_receipt(self) -> str:
        return typed(self.cleaned_data["receipt"])


class ExportForm(forms.Form):
    """Which records are exported, and how."""

    first = DayField("From")
    last = DayField("To")
    format = forms.ChoiceField(choices=[("csv", "CSV, for a spreadsheet"), ("json", "JSON, one record on each line")])


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # takes no parameter at run time
    """Counts no further than it leads: a count of millions of rows takes longer than the page is worth."""

    @cached_property
    def count(self) -> int:
        records: QuerySet[ConsentRecord] = self.object_list  # type: ignore[assignment]  # what the changelist gives
        return records.order_by()[:MOST_LISTED].count()


class PeriodForm(forms.Form):
    """The days between which records are listed. Either end may be left open."""

    first = DayField("From")
    last = DayField("To")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and last < first:
            raise ValidationError("The period ends before it begins.")
        return cleaned


class PeriodFilter(admin.ListFilter):
    """Any period, both days included. What is no period lists nothing and says why."""

    title = "period (UTC)"
    template = "admin/consent/consentrecord/_period.html"
    parameters = ("first", "last")

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.parameters:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]
        self.form = PeriodForm(self.used_parameters or None)

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return list(self.parameters)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
        others = changelist.get_query_string(remove=[*self.parameters, "p"])
        yield {
            "form": self.form,
            # What is chosen beside it stays chosen.
            "others": parse_qsl(others.removeprefix("?"), keep_blank_values=True),
        }

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConsentRecord]) -> QuerySet[ConsentRecord]:
        if not self.form.is_bound:
            return queryset
        if not self.form.is_valid():
            return queryset.none()
        if first := self.form.cleaned_data["first"]:
            queryset = queryset.filter(created_at__gte=datetime.combine(first, time.min, UTC))
        if last := self.form.cleaned_data["last"]:
            queryset = queryset.filter(created_at__lt=datetime.combine(last + timedelta(days=1), time.min, UTC))
        return queryset


class MonthFilter(admin.SimpleListFilter):
    """A month of records. Its choices come from the first and the last record: two look-ups in the index on time."""

    title = "month (UTC)"
    parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        ends = ConsentRecord.objects.aggregate(first=Min("created_at"), last=Max("created_at"))
        return [(f"{month:%Y-%m}", f"{month:%B %Y}") for month in months(ends["first"], ends["last"])][::-1]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ConsentRecord]) -> QuerySet[ConsentRecord]:
        # Only what `lookups` offers: Django passes on whatever the address says.
        if self.value() in [value for value, _ in self.lookup_choices]:
            first = datetime.strptime(f"{self.value()}-01", "%Y-%m-%d").replace(tzinfo=UTC)
            queryset = queryset.filter(created_at__gte=first, created_at__lt=following(first))
        return queryset


@admin.register(ConsentRecord)
class ConsentRecordAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "action", "accepted_categories", "surface", "notice", "gpc"]
    list_filter = [PeriodFilter, MonthFilter, "action", "surface", "gpc", "notice"]
    list_select_related = ["notice"]
    # Nothing here may cost more because there are more records: no count, no sorting but by the index, no facets.
    paginator = BoundedPaginator
    list_per_page = 50
    sortable_by = ["created_at"]
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    fieldsets = [
        ("The choice", {"fields": ["answers_in_words", "made", "created_at", "expires_at", "gpc"]}),
        ("The record", {"fields": ["receipt_hash", "place", "leaf"]}),
        ("The notice as this visitor saw it", {"fields": ["notice", "language", "surface", "shown"]}),
    ]
    readonly_fields = (
        *("answers_in_words", "made", "created_at", "expires_at", "gpc"),
        *("receipt_hash", "place", "leaf", "notice", "language", "surface", "shown"),
    )

    class Media:
        css = {"all": ["consent/record.css"]}

    def get_urls(self) -> list[URLPattern]:
        search = self.admin_site.admin_view(self.search_view)
        export = self.admin_site.admin_view(self.export_view)
        return [
            path("search/", search, name="consent_consentrecord_search"),
            path("export/", export, name="consent_consentrecord_export"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {
            "receipt_form": ReceiptForm(),
            "most_listed": MOST_LISTED,
            "may_export": request.user.has_perm("consent.export_consentrecord"),
        }
        return super().changelist_view(request, context)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Ask for a period, and hand out its records as they are read."""
        if not request.user.has_perm("consent.export_consentrecord"):
            raise PermissionDenied
        today = timezone.now().date()
        form = ExportForm(request.POST or None, initial={"first": today.replace(day=1), "last": today, "format": "csv"})
        if request.method == "POST" and form.is_valid():
            try:
                export = actions.export_records(by=staff(request), at=timezone.now(), **form.cleaned_data)
            except (NothingSealed, ValueError) as error:
                form.add_error(None, str(error))
            else:
                response = StreamingHttpResponse(export.chunks(), content_type="application/zip")
                response["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
                response["Cache-Control"] = "no-store"
                return response
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Export consent records",
            "form": form,
        }
        return TemplateResponse(request, "admin/consent/consentrecord/export.html", context)

    @method_decorator(sensitive_post_parameters("receipt"))
    def search_view(self, request: HttpRequest) -> HttpResponse:
        """Lead to the record that a receipt opens, or say that there is none, whatever the reason."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            form = ReceiptForm(request.POST)
            receipt = form.cleaned_data["receipt"] if form.is_valid() else ""
            if record := ConsentRecord.objects.held_by(receipt).first():
                return HttpResponseRedirect(reverse("admin:consent_consentrecord_change", args=[record.pk]))
            messages.warning(request, "There is no record with this receipt. Check it for typing errors.")
        return HttpResponseRedirect(reverse("admin:consent_consentrecord_changelist"))

    @admin.display(description="accepted")
    def accepted_categories(self, record: ConsentRecord) -> str:
        return "erased" if record.is_erased else ", ".join(record.accepted)

    @admin.display(description="Agreed to")
    def answers_in_words(self, record: ConsentRecord) -> SafeString:
        return render_to_string("admin/consent/consentrecord/_answers.html", {"record": record})

    @admin.display(description="How")
    def made(self, record: ConsentRecord) -> str:
        return "erased" if record.is_erased else f"{record.get_action_display()} ({record.get_surface_display()})"

    @admin.display(description="Receipt")
    def receipt_hash(self, record: ConsentRecord) -> str:
        if record.receipt_sha256 is None:
            return "erased"
        return f"SHA-256 {record.receipt_sha256}. Only the visitor has the receipt itself."

    @admin.display(description="Place in the ledger")
    def place(self, record: ConsentRecord) -> str:
        try:
            proof = inclusion_proof(record)
        except MissingNode as error:
            return f"Entry {record.index}. There is no proof: {error}"
        if proof is None:
            return "Not sealed yet. The next run of seal_consent_ledger seals it."
        return render_to_string("admin/consent/consentrecord/_proof.html", {"proof": proof, "record": record})

    @admin.display(description="Text")
    def shown(self, record: ConsentRecord) -> SafeString:
        return render_to_string("consent/_notice.html", {"document": record.notice.document})


def months(first: datetime | None, last: datetime | None) -> Iterator[datetime]:
    """Yield the beginning of each month from that of ``first`` to that of ``last``."""
    if first is None or last is None:
        return
    month = first.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while month <= last:
        yield month
        month = following(month)


def following(month: datetime) -> datetime:
    """Return the beginning of the month behind this one."""
    return month.replace(year=month.year + month.month // 12, month=month.month % 12 + 1)
