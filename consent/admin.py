"""The operators' desk: the registry and services as a working copy, notices as published, records as written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cookie_consent.admin  # noqa: F401  (its registrations come first, so that ours can replace them)
from cookie_consent.models import Cookie, CookieGroup
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminTextInputWidget, AdminURLFieldWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from consent import actions
from consent.gate import NOTICE_KEY, current_gate
from consent.models import ConsentRecord, Notice, Service
from consent.notices import NotJustWording

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    # Django's own classes take no type parameters at run time.
    ModelAdmin = admin.ModelAdmin[Any]
    ModelForm = forms.ModelForm[Any]
else:
    ModelAdmin, ModelForm = admin.ModelAdmin, forms.ModelForm

admin.site.unregister([CookieGroup, Cookie])


def staff(request: HttpRequest) -> User:
    """Return the person at work. The admin lets nobody else in."""
    user = request.user
    if not user.is_authenticated:
        raise PermissionDenied
    return user


def tell_what_waits(request: HttpRequest) -> None:
    """Say so when what was just saved reaches visitors only with another notice."""
    try:
        waits = bool(actions.draft_notice().changes)
    except actions.IncompleteNotice as error:
        messages.warning(request, str(error))
        return
    if waits:
        messages.warning(
            request,
            format_html(
                "The live notice doesn’t say this yet, so nothing changes for visitors. "
                '<a href="{}">Compare and publish a notice</a>.',
                reverse("admin:consent_notice_publish"),
            ),
        )


class ReadOnlyAdmin(ModelAdmin):
    """Rows that nobody adds, changes or deletes here, superusers included."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)


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


@admin.register(ConsentRecord)
class ConsentRecordAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "action", "accepted_categories", "surface", "notice", "gpc"]
    list_filter = ["action", "surface", "gpc", "notice", "created_at"]
    list_select_related = ["notice"]
    date_hierarchy = "created_at"
    # Counts of the whole table on every page are too dear at a million rows.
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["=receipt"]
    search_help_text = "The whole receipt, as the visitor has it."
    readonly_fields = (
        *("created_at", "expires_at", "action", "accepted_categories", "refused_categories"),
        *("notice", "language", "surface", "gpc", "leaf"),
    )
    fields = readonly_fields

    @admin.display(description="accepted")
    def accepted_categories(self, record: ConsentRecord) -> str:
        return ", ".join(record.accepted)

    @admin.display(description="refused")
    def refused_categories(self, record: ConsentRecord) -> str:
        return ", ".join(sorted(varname for varname, answer in record.answers.items() if not answer)) or "none"


@admin.register(Service)
class ServiceAdmin(ModelAdmin):
    list_display = ["name", "vendor", "category", "enabled", "state"]
    list_filter = ["enabled", "category"]
    list_select_related = ["category"]
    search_fields = ["name", "vendor"]
    actions = None
    fieldsets = [
        ("What visitors read", {"fields": ["name", "vendor", "purpose", "privacy_policy", "category"]}),
        ("What their browsers run", {"fields": ["url", "integrity", "connect_origins", "image_origins"]}),
        ("State", {"fields": ["enabled", "state"]}),
    ]
    readonly_fields = ["state"]
    # Addresses and hashes are long: the wide box shows them whole.
    formfield_overrides = {
        models.URLField: {"assume_scheme": "https", "widget": AdminURLFieldWidget(attrs={"class": "vLargeTextField"})},
        models.CharField: {"widget": AdminTextInputWidget(attrs={"class": "vLargeTextField"})},
    }

    def has_delete_permission(self, request: HttpRequest, obj: Service | None = None) -> bool:
        return False

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Look up once for the whole list what :meth:`state` shows of each row."""
        changelist = super().get_changelist_instance(request)
        running = {service.pk for service in current_gate().services}
        for service in changelist.result_list:
            service.is_running = service.pk in running
        return changelist

    @admin.display(description="runs")
    def state(self, service: Service) -> str:
        if not service.enabled:
            return "No: it is switched off."
        is_running: bool | None = getattr(service, "is_running", None)
        if is_running is None:
            is_running = any(running.pk == service.pk for running in current_gate().services)
        if is_running:
            return "Yes, for visitors who accept its category."
        return "Not yet: it starts once a notice that names it is published."

    def save_model(self, request: HttpRequest, obj: Service, form: ModelForm, change: bool) -> None:
        actions.save_service(service=obj, by=staff(request), at=timezone.now())
        tell_what_waits(request)


class CategoryForm(ModelForm):
    def clean_varname(self) -> str:
        varname: str = self.cleaned_data["varname"]
        if varname == NOTICE_KEY:
            raise ValidationError("The consent cookie uses this name itself: choose another.")
        return varname


@admin.register(CookieGroup)
class CategoryAdmin(ModelAdmin):
    """Categories. Whether one is required is fixed by migration; one that is made here is optional."""

    form = CategoryForm
    list_display = ["name", "varname", "is_required", "ordering"]
    fields = ["varname", "name", "description", "ordering", "is_required"]
    actions = None

    def get_readonly_fields(self, request: HttpRequest, obj: CookieGroup | None = None) -> list[str]:
        return ["is_required", "varname"] if obj else ["is_required"]

    def has_delete_permission(self, request: HttpRequest, obj: CookieGroup | None = None) -> bool:
        return False  # records and notices of the past name it

    def save_model(self, request: HttpRequest, obj: CookieGroup, form: CategoryForm, change: bool) -> None:
        obj.save()
        tell_what_waits(request)


class DeclaredCookieForm(ModelForm):
    lifetime_days = forms.IntegerField(
        label="Lifetime in days",
        min_value=1,
        max_value=36_500,
        required=False,
        help_text="Empty when the cookie goes as the browser is closed.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and hasattr(self.instance, "lifetime"):
            self.initial["lifetime_days"] = self.instance.lifetime.days


@admin.register(Cookie)
class DeclaredCookieAdmin(ModelAdmin):
    form = DeclaredCookieForm
    list_display = ["name", "cookiegroup", "domain", "description"]
    list_filter = ["cookiegroup"]
    search_fields = ["name"]
    fields = ["cookiegroup", "name", "description", "lifetime_days", "domain", "path"]
    actions = None

    def save_model(self, request: HttpRequest, obj: Cookie, form: DeclaredCookieForm, change: bool) -> None:
        actions.declare_cookie(cookie=obj, lifetime_days=form.cleaned_data["lifetime_days"])
        tell_what_waits(request)

    def delete_model(self, request: HttpRequest, obj: Cookie) -> None:
        obj.delete()
        tell_what_waits(request)
