"""Services, which operators add, by hand or from a preset, change, announce and switch on and off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cookie_consent.models import CookieGroup
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTextInputWidget, AdminURLFieldWidget
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from consent import actions
from consent.admin.base import ShowsPendingNotice, staff, tell_what_is_pending
from consent.admin.service_forms import DeclarationForm, LaunchForm, PresetForm, ServiceForm
from consent.choice.gate import current_gate
from consent.models import Service
from consent.models.services import DIRECTIVES
from consent.notice import languages
from consent.notice.comparing import compared
from consent.notice.notices import NotJustWording
from consent.services.presets import PRESETS, preset


def warnings_of(service: Service) -> Iterator[str]:
    """Say what is allowed, and costs visitors something."""
    if service.kind in (Service.Kind.SCRIPT, Service.Kind.MODULE) and not service.integrity:
        yield (
            "It has no integrity hash, so the vendor’s server decides what runs on this site, and can change it at "
            "any time. If the vendor changes the script without warning, this cannot be avoided. If you host the "
            "script yourself, enter its hash."
        )
    if service.uses_sinks:
        yield (
            "It does not work with Trusted Types. For visitors who allow it, the browser no longer uses them to "
            "protect the page from injected scripts."
        )


def _drafts() -> tuple[list[dict[str, Any]], str]:
    """Return what would be published in each language, for the page that shows it, and why it cannot be."""
    drafts = []
    for language in languages.offered():
        try:
            draft = actions.draft_notice(language)
        except actions.IncompleteNotice as error:
            return [], str(error)
        changes = compared(draft.changes)
        drafts.append(
            {
                "language": language,
                "name": languages.name_of(language),
                "sha256": draft.sha256,
                "changes": changes,
            }
        )
    return drafts, ""


def tell_of_approval(request: HttpRequest, service: Service) -> None:
    """Say so when what was just saved waits for another operator."""
    if service.waits_for_approval:
        messages.warning(request, f"“{service}” does not run until another operator approves its start code.")


@admin.register(Service)
class ServiceAdmin(ShowsPendingNotice):
    form = ServiceForm
    change_form_template = "admin/consent/service/change_form.html"
    change_list_template = "admin/consent/service/change_list.html"
    list_display = ["name", "vendor", "category", "status", "state"]
    list_filter = ["status", "category"]
    list_select_related = ["category"]
    search_fields = ["name", "vendor"]
    actions = ["publish_and_switch_on"]
    fieldsets = [
        (
            "What visitors read",
            {
                "fields": ["name", "slug", "vendor", "purpose", "privacy_policy", "opt_out", "category"],
                "description": "The next notice contains it, word for word.",
            },
        ),
        (
            "What their browsers run",
            {
                "fields": ["kind", "url", "integrity", "attributes", "start_code", "pages"],
                "description": "Only for visitors who allowed it.",
            },
        ),
        (
            "What browsers may load for it",
            {
                "fields": [*DIRECTIVES, "uses_sinks", "consent_mode"],
                "description": "The origin of the address above is already allowed: for a script, to load scripts and "
                "images and to send data; for a pixel, to load images; for an embed, to show frames. The notice "
                "names every origin as a recipient.",
            },
        ),
        (
            "State",
            {
                "fields": ["status", "state"],
                "description": "Announce the service, publish a notice that names it, then switch the service on.",
            },
        ),
    ]
    # Addresses and hashes are long: the wide box shows them whole.
    formfield_overrides = {
        models.URLField: {"assume_scheme": "https", "widget": AdminURLFieldWidget(attrs={"class": "vLargeTextField"})},
        models.CharField: {"widget": AdminTextInputWidget(attrs={"class": "vLargeTextField"})},
        models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 5})},
    }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("presets/", view(require_safe(self.presets_view)), name="consent_service_presets"),
            path("presets/<slug:slug>/", view(self.preset_view), name="consent_service_preset"),
            path("<int:pk>/start-code/", view(self.start_code_view), name="consent_service_start_code"),
            *super().get_urls(),
        ]

    def has_launch_permission(self, request: HttpRequest) -> bool:
        # Both, while Django takes any of several permissions of an action.
        return staff(request).has_perms(["consent.publish_notice", "consent.change_service"])

    @admin.action(description="Publish and switch on the selected services", permissions=["launch"])
    def publish_and_switch_on(self, request: HttpRequest, queryset: models.QuerySet[Service]) -> HttpResponse | None:
        """Show what the notices would say and which services start; then do both, or neither."""
        chosen = list(queryset.select_related("category"))
        services = [service for service in chosen if service.status == Service.Status.ANNOUNCED]
        for service in chosen:
            if service not in services:
                messages.warning(
                    request,
                    f"“{service}” is {service.get_status_display().lower()}, and was left out. Only announced "
                    "services can be switched on here.",
                )
        if not services:
            return None
        form = LaunchForm(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            expected = {language: request.POST.get(f"expected_{language}", "") for language in languages.offered()}
            try:
                published = actions.publish_and_switch_on(
                    services=services, by=staff(request), at=timezone.now(), expected=expected, **form.cleaned_data
                )
            except ValidationError as error:
                form.add_error(None, error.messages)
            except (
                *(actions.NotAnnounced, actions.DraftChanged, actions.NothingChanged, actions.IncompleteNotice),
                NotJustWording,
            ) as error:
                form.add_error(None, str(error))
            else:
                for notice in published:
                    messages.success(request, f"{notice} is live. Visitors see it from now on.")
                messages.success(request, f"Switched on: {', '.join(service.name for service in services)}.")
                for service in services:
                    tell_of_approval(request, service)
                return None
        drafts, problem = _drafts()
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Publish and switch on",
            "services": services,
            "drafts": drafts,
            "problem": problem,
            "form": form,
        }
        return TemplateResponse(request, "admin/consent/service/publish_and_switch_on.html", context)

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return staff(request).has_perm("consent.approve_start_code")

    def get_form(self, request: HttpRequest, obj: Service | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.by = request.user  # type: ignore[attr-defined]  # a class made for this request
        names = [name for name in DeclarationForm.base_fields if f"declare_{name}" in request.GET]
        form.declare = {name: request.GET[f"declare_{name}"] for name in names}  # type: ignore[attr-defined]  # as above
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Service | None = None) -> list[str]:
        return ["state", "slug"] if obj else ["state"]

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
        if service.status == Service.Status.OFF:
            return "No. It is switched off."
        if service.status == Service.Status.ANNOUNCED:
            return "Not yet. Publish a notice that names it, then switch it on."
        if service.waits_for_approval:
            return "No. Another operator has to approve its start code first."
        is_running: bool | None = getattr(service, "is_running", None)
        if is_running is None:
            is_running = any(running.pk == service.pk for running in current_gate().services)
        if is_running:
            return "Yes, for visitors who accept its category."
        return "No. The live notice does not name it as it is now: publish a notice."

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Service | None = None,
    ) -> HttpResponse:
        own = {
            "rows": context["adminform"].form.rows,
            "service_warnings": list(warnings_of(obj)) if obj else [],
            "kept": list(obj.cookies.select_related("cookie")) if obj else [],
            "has_approve_permission": self.has_approve_permission(request),
        }
        return super().render_change_form(request, {**context, **own}, add, change, form_url, obj)

    def save_model(self, request: HttpRequest, obj: Service, form: ServiceForm, change: bool) -> None:
        actions.save_service(service=obj, declarations=form.declarations, by=staff(request), at=timezone.now())
        for warning in warnings_of(obj):
            messages.warning(request, warning)
        tell_of_approval(request, obj)
        tell_what_is_pending(request)

    def start_code_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the start code to an operator who did not write it, and approve what they read."""
        if not self.has_view_permission(request) or not self.has_approve_permission(request):
            raise PermissionDenied
        service = get_object_or_404(
            Service.objects.exclude(start_code="").select_related("start_code_by", "start_code_approved_by"), pk=pk
        )
        if request.method == "POST":
            return self._approve_start_code(request, service)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Start code of “{service}”",
            "service": service,
            "problem": actions.why_not_approve(service=service, by=staff(request)),
        }
        return TemplateResponse(request, "admin/consent/service/start_code.html", context)

    def _approve_start_code(self, request: HttpRequest, service: Service) -> HttpResponse:
        try:
            actions.approve_start_code(
                service=service, sha256=request.POST.get("sha256", ""), by=staff(request), at=timezone.now()
            )
        except (actions.StartCodeChanged, actions.CannotApprove) as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:consent_service_start_code", args=[service.pk]))
        messages.success(request, f"The start code of “{service}” was approved.")
        return HttpResponseRedirect(reverse("admin:consent_service_change", args=[service.pk]))

    def presets_view(self, request: HttpRequest) -> HttpResponse:
        """Show the services that need only an answer or two."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        categories = dict(CookieGroup.objects.values_list("varname", "name"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Add a service from a preset",
            "presets": [(each, categories.get(each.category, each.category)) for each in PRESETS],
        }
        return TemplateResponse(request, "admin/consent/service/presets.html", context)

    def preset_view(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Ask what differs by site, and save the service as announced."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        chosen = preset(slug)
        if chosen is None:
            raise Http404(f"There is no preset {slug!r}.")
        form = PresetForm(request.POST if request.method == "POST" else None, of=chosen)
        if form.is_bound and form.is_valid():
            try:
                service = actions.save_service(
                    service=form.filled(), declarations=chosen.declarations, by=staff(request), at=timezone.now()
                )
            except ValidationError as error:
                form.add_error(None, error.messages)
            else:
                messages.success(
                    request,
                    f"“{service}” was added, and the next notice will name it. Check all fields and change what is "
                    "needed. If the server is your own, check the recipient and the privacy policy first.",
                )
                tell_of_approval(request, service)
                tell_what_is_pending(request)
                return HttpResponseRedirect(reverse("admin:consent_service_change", args=[service.pk]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Add {chosen.name}",
            "preset": chosen,
            "form": form,
        }
        return TemplateResponse(request, "admin/consent/service/preset.html", context)
