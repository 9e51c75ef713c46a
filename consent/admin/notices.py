"""Notices as they were published, and the pages that preview, compare and publish the next one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from consent import actions
from consent.admin.base import ReadOnlyAdmin, ShowsPendingNotice, staff
from consent.models import Notice
from consent.notice import languages, wording
from consent.notice.comparing import compared
from consent.notice.notices import NotJustWording, asked_again
from consent.notice.preview import previews
from consent.receipts.evidence import CannotTake, browser_at, zipped_evidence


class PublishForm(forms.Form):
    """What the operator says about a notice before it is frozen."""

    reason = forms.CharField(
        label="Why?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Kept with the notice, for colleagues and auditors.",
    )
    expected = forms.CharField()

    def __init__(self, data: Any, *, draft: actions.Draft | None) -> None:
        super().__init__(data)
        self.fields["material"] = forms.TypedChoiceField(
            label="What does this change?",
            coerce=lambda value: value == "yes",
            choices=[
                ("yes", f"What visitors agree to. {who_is_asked(draft, material=True)}"),
                ("no", f"Wording only. {who_is_asked(draft, material=False)}"),
            ],
            widget=forms.RadioSelect,
        )


def who_is_asked(draft: actions.Draft | None, *, material: bool) -> str:
    """Say in a sentence who is asked again once this draft is published."""
    if draft is None:
        return ""
    if draft.live is None:
        return "Nobody has answered in this language yet, so nobody is asked again."
    try:
        document = draft.frozen(number=draft.live.number + 1, material=material)
    except NotJustWording as error:
        return f"Not possible: {error}"
    asked = asked_again(draft.live.document, document)
    if not asked:
        return "Nobody is asked again."
    return f"Visitors who answered before, including those who refused, are asked again, only about {', '.join(asked)}."


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin, ShowsPendingNotice):
    list_display = ["__str__", "in_force", "published_by_name", "material", "reason"]
    change_list_template = "admin/consent/notice/change_list.html"
    readonly_fields = (
        "shown",
        "in_force",
        "evidence",
        "sha256",
        "material",
        "reason",
        "published_at",
        "published_by_name",
    )
    fields = readonly_fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        next_ones = Notice.objects.filter(language=OuterRef("language"), number__gt=OuterRef("number"))
        replaced_at = next_ones.order_by("number").values("published_at")[:1]
        found: QuerySet[Notice] = super().get_queryset(request)
        return found.annotate(replaced_at=Subquery(replaced_at))

    @admin.display(description="As visitors read it")
    def shown(self, notice: Notice) -> SafeString:
        return render_to_string("admin/consent/notice/_document.html", {"document": notice.document})

    @admin.display(description="in force", ordering="published_at")
    def in_force(self, notice: Notice) -> str:
        replaced_at: datetime | None = notice.replaced_at  # type: ignore[attr-defined]  # annotated above
        since = date_format(notice.published_at, "j M Y, H:i")
        return f"{since} – {date_format(replaced_at, 'j M Y, H:i')}" if replaced_at else f"since {since}"

    @admin.display(description="evidence")
    def evidence(self, notice: Notice) -> SafeString | str:
        if notice.replaced_at:  # type: ignore[attr-defined]  # annotated above
            return "Evidence can only be collected for a live notice. This one was replaced."
        return format_html(
            '<a href="{}">Collect evidence of how this notice asks</a>', reverse("admin:consent_notice_evidence")
        )

    def get_urls(self) -> list[URLPattern]:
        publish = self.admin_site.admin_view(self.publish_view)
        preview = self.admin_site.admin_view(self.preview_view)
        evidence = self.admin_site.admin_view(self.evidence_view)
        return [
            path("publish/", publish, name="consent_notice_publish"),
            path("publish/<slug:language>/", publish, name="consent_notice_publish_in"),
            path("evidence/", evidence, name="consent_notice_evidence"),
            path("preview/<slug:language>/", preview, name="consent_notice_preview"),
            *super().get_urls(),
        ]

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm("consent.publish_notice")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        own = {"has_publish_permission": self.has_publish_permission(request), "languages": named_languages()}
        return super().changelist_view(request, {**(extra_context or {}), **own})

    def evidence_view(self, request: HttpRequest) -> HttpResponse:
        """Take evidence of how the live notices ask, or say what it needs and which command to run elsewhere."""
        if not self.has_publish_permission(request):
            raise PermissionDenied
        problem = ""
        try:
            browser_at()
            if request.method == "POST" and "take" in request.POST:
                response = HttpResponse(zipped_evidence(at=timezone.now()), content_type="application/zip")
                response["Content-Disposition"] = 'attachment; filename="consent-evidence.zip"'
                return response
        except CannotTake as error:
            problem = str(error)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Evidence of how the notice asks",
            "problem": problem,
            "site": settings.SITE_URL,
        }
        return TemplateResponse(request, "admin/consent/notice/evidence.html", context)

    def preview_view(self, request: HttpRequest, language: str) -> HttpResponse:
        """Show banner and preferences page as visitors will see them, at desktop and phone width."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        draft, problem = self._draft(language)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Preview of the next notice{in_words(language)}",
            "language": language,
            "has_publish_permission": self.has_publish_permission(request),
            "previews": previews(draft, at=timezone.now()) if draft else [],
            "problem": problem,
        }
        return TemplateResponse(request, "admin/consent/notice/preview.html", context)

    def publish_view(self, request: HttpRequest, language: str = wording.LANGUAGE) -> HttpResponse:
        """Show what the draft changes, and publish it once the operator has said what that means."""
        if not self.has_publish_permission(request):
            raise PermissionDenied
        draft, problem = self._draft(language)
        form = PublishForm(request.POST or None, draft=draft)
        if request.method == "POST" and form.is_valid():
            try:
                notice = actions.publish_notice(
                    by=staff(request), at=timezone.now(), language=language, **form.cleaned_data
                )
            except (actions.DraftChanged, actions.NothingChanged, actions.IncompleteNotice, NotJustWording) as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"{notice} is live. Visitors see it from now on.")
                return HttpResponseRedirect(reverse("admin:consent_notice_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Publish a notice{in_words(language)}",
            "language": language,
            "draft": draft,
            "changes": compared(draft.changes) if draft else [],
            "problem": problem,
            "obstacle": actions.why_not_publish(draft) if draft else "",
            "form": form,
        }
        return TemplateResponse(request, "admin/consent/notice/publish.html", context)

    def _draft(self, language: str) -> tuple[actions.Draft | None, str]:
        if language not in languages.offered():
            raise Http404(f"The language {language!r} is not switched on. Add it to CONSENT_LANGUAGES.")
        try:
            return actions.draft_notice(language), ""
        except actions.IncompleteNotice as error:
            return None, str(error)


def named_languages() -> list[tuple[str, str]]:
    """Return the languages beyond the site's own, with their names."""
    return [(code, languages.name_of(code)) for code in languages.offered() if code != wording.LANGUAGE]


def in_words(language: str) -> str:
    """Return what a title adds for a further language; nothing while there is only the site's own."""
    return f" in {languages.name_of(language)}" if len(languages.offered()) > 1 else ""
