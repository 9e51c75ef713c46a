"""Notices as they were published, and the page that publishes one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from consent import actions
from consent.admin.desk import ReadOnlyAdmin, staff
from consent.models import Notice
from consent.notices import NotJustWording


class PublishForm(forms.Form):
    """What the operator says about a notice before it is frozen."""

    material = forms.TypedChoiceField(
        label="What does this change?",
        coerce=lambda value: value == "yes",
        choices=[
            ("yes", "What visitors agree to. Everybody whom it concerns is asked again, about what changed."),
            ("no", "Wording only. Nobody is asked again."),
        ],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label="Why?",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="It stays with the notice, for colleagues and auditors.",
    )
    expected = forms.CharField()


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "published_at", "published_by_name", "material", "reason"]
    readonly_fields = ("shown", "sha256", "material", "reason", "published_at", "published_by_name")
    fields = readonly_fields

    class Media:
        css = {"all": ["consent/admin.css"]}

    @admin.display(description="As visitors read it")
    def shown(self, notice: Notice) -> SafeString:
        return render_to_string("admin/consent/notice/_document.html", {"document": notice.document})

    def get_urls(self) -> list[URLPattern]:
        publish = self.admin_site.admin_view(self.publish_view)
        return [path("publish/", publish, name="consent_notice_publish"), *super().get_urls()]

    def has_publish_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm("consent.publish_notice")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"has_publish_permission": self.has_publish_permission(request)})

    def publish_view(self, request: HttpRequest) -> HttpResponse:
        """Show what the draft changes, and publish it once the operator has said what that means."""
        if not self.has_publish_permission(request):
            raise PermissionDenied
        draft, problem = None, ""
        try:
            draft = actions.draft_notice()
        except actions.IncompleteNotice as error:
            problem = str(error)
        form = PublishForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                notice = actions.publish_notice(by=staff(request), at=timezone.now(), **form.cleaned_data)
            except (actions.DraftChanged, actions.NothingChanged, actions.IncompleteNotice, NotJustWording) as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, f"{notice} is live. Visitors are asked with it from now on.")
                return HttpResponseRedirect(reverse("admin:consent_notice_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Publish a notice",
            "draft": draft,
            "problem": problem,
            "form": form,
        }
        return TemplateResponse(request, "admin/consent/notice/publish.html", context)
