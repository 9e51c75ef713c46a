"""How visitors choose: rates over time as charts, with the numbers behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from consent.admin.base import DayField, ReadOnlyAdmin
from consent.models import ConsentRecord, DailyChoices, Notice
from consent.statistics.charts import Bar, LineChart, bar_chart, label, line_chart
from consent.statistics.counts import LONGEST, SMALLEST, Question, Rate, Statistics, statistics

PERIODS = (7, 28, 90, 365)
USUAL_PERIOD = 28


class QuestionForm(forms.Form):
    """What is asked of the statistics. Everything has a default."""

    first = DayField("From")
    last = DayField("To")
    notice = forms.TypedChoiceField(coerce=int, required=False, empty_value=None)
    language = forms.ChoiceField(required=False)
    surface = forms.ChoiceField(required=False, choices=[("", "All surfaces"), *ConsentRecord.Surface.choices])

    def __init__(self, *args: Any, notices: list[Notice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["notice"].choices = [("", "All notices"), *((notice.pk, str(notice)) for notice in notices)]
        languages = sorted({notice.language for notice in notices})
        fields["language"].choices = [("", "All languages"), *((language, language) for language in languages)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        first, last = cleaned.get("first"), cleaned.get("last")
        if first and last and not first <= last:
            raise ValidationError("The period ends before it begins.")
        if first and last and last - first > LONGEST:
            raise ValidationError("A period has at most five years.")
        return cleaned


@dataclass(frozen=True, slots=True)
class CategoryChart:
    """A category with its chart and its rate of the whole period."""

    varname: str
    name: str
    overall: Rate
    chart: LineChart


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A table: a row for each notice, language or surface, a rate for each category."""

    title: str
    rows: list[tuple[str, list[Rate]]]


@admin.register(DailyChoices)
class StatisticsAdmin(ReadOnlyAdmin):
    """A page, and no list of rows: the counts say something only together."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(require_safe(self.statistics_view))
        return [path("", page, name="consent_dailychoices_changelist")]

    def has_view_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return request.user.has_perm("consent.view_statistics")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def statistics_view(self, request: HttpRequest) -> HttpResponse:
        """Show how visitors chose in a period."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        now = timezone.now()
        notices = list(Notice.objects.order_by("-number"))
        usual = _last(USUAL_PERIOD, until=now.date())
        form = QuestionForm(usual | request.GET.dict(), notices=notices)
        question = Question(**form.cleaned_data) if form.is_valid() else Question(usual["first"], usual["last"])
        names = _names(notices)
        found = statistics(question, at=now)
        kept = {name: value for name, value in request.GET.items() if name in ("notice", "language", "surface")}
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Statistics",
            "form": form,
            "question": question,
            "periods": [
                (days, urlencode(period | kept), period == {"first": question.first, "last": question.last})
                for days in PERIODS
                for period in [_last(days, until=now.date())]
            ],
            "smallest": SMALLEST,
            "found": found,
            "charts": _charts(found, names),
            "bars": _bars(found),
            "most": max(found.choices),
            "ends": [label(found.buckets[0]), label(found.buckets[-1])],
            "choices": [(label(bucket), number) for bucket, number in zip(found.buckets, found.choices, strict=True)],
            "actions": [
                (words, found.actions.get(action, 0)) for action, words in ConsentRecord.Action.choices if found.total
            ],
            "category_names": [names.get(varname, varname) for varname in _ordered(found.series, names)],
            "breakdowns": _breakdowns(found, notices, names),
            "address": reverse("admin:consent_dailychoices_changelist"),
        }
        return TemplateResponse(request, "admin/consent/dailychoices/statistics.html", context)


def _last(days: int, *, until: date) -> dict[str, date]:
    return {"first": until - timedelta(days=days - 1), "last": until}


def _names(notices: list[Notice]) -> dict[str, str]:
    """Return varname → name as the newest notice has it, in the order in which visitors read them."""
    names: dict[str, str] = {}
    for notice in notices:
        for category in notice.document["categories"]:
            names.setdefault(category["varname"], category["name"])
    return names


def _ordered(varnames: Iterable[str], names: Mapping[str, str]) -> list[str]:
    order = list(names)
    return sorted(varnames, key=lambda varname: order.index(varname) if varname in names else len(order))


def _charts(found: Statistics, names: Mapping[str, str]) -> list[CategoryChart]:
    return [
        CategoryChart(
            varname,
            names.get(varname, varname),
            found.overall[varname],
            line_chart(found.buckets, found.series[varname]),
        )
        for varname in _ordered(found.series, names)
    ]


def _bars(found: Statistics) -> list[Bar]:
    return bar_chart([number if number >= SMALLEST else 0 for number in found.choices])


def _breakdowns(found: Statistics, notices: list[Notice], names: Mapping[str, str]) -> list[Breakdown]:
    order = _ordered(found.series, names)
    surfaces = dict(ConsentRecord.Surface.choices)
    notice_names = {notice.pk: str(notice) for notice in notices}

    def row(rates: Mapping[str, Rate]) -> list[Rate]:
        return [rates.get(varname, Rate(0, 0)) for varname in order]

    return [
        Breakdown(
            "By notice", [(notice_names[pk], row(found.by_notice[pk])) for pk in notice_names if pk in found.by_notice]
        ),
        Breakdown("By language", [(code, row(rates)) for code, rates in sorted(found.by_language.items())]),
        Breakdown(
            "By surface", [(surfaces.get(name, name), row(rates)) for name, rates in sorted(found.by_surface.items())]
        ),
    ]
