import re
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from accounts.signing_in import OwnPasswordView, SignInForm, answer_throttled
from consent.audit_state import audit_lines
from consent.ledger.state import ledger_state
from consent.models import Violation
from consent.notice.pending import pending_notices_for
from glossary.hosts import public_address
from glossary.workflow import queues

# Names of sections of the front page, and apps whose models are shown in another app's section.
SECTIONS = {"auth": "People"}
MOVED = {"taggit": "glossary"}
# Models that are only read are below the others.
LOGS = {"Event"}
# A number that is too large for a key, at which SQLite fails. PostgreSQL fails at a NUL in a text.
TOO_LARGE = re.compile("[+-]?[0-9_]{19,}")


class AdminSite(admin.AdminSite):
    """Django's admin with the project's names, sections for its users, and a list of what each user has to do."""

    site_header = "Clinical Glossary"
    site_title = "Clinical Glossary"
    index_title = "Overview"
    login_form = SignInForm

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Answer 400 to an address with a value that the database cannot contain, which no link has."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            for name, values in request.GET.lists():
                for value in values:
                    if "\x00" in value or (name != "q" and TOO_LARGE.fullmatch(value)):
                        raise BadRequest(f"{name} has a value that cannot be a filter: {value[:40]!r}")
            response: HttpResponseBase = guarded(request, *args, **kwargs)
            return response

        return answer

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return answer_throttled(super().login(request, extra_context))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        view = OwnPasswordView.as_view(
            success_url=reverse("admin:password_change_done"),
            extra_context=self.each_context(request) | (extra_context or {}),
        )
        return answer_throttled(view(request))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        context = super().each_context(request)
        return context | {"site_url": f"{address}/"} if (address := public_address()) else context

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        waiting = queues.waiting_for(request.user, at=timezone.now()) if isinstance(request.user, User) else []
        ledger = ledger_state(at=timezone.now()) if request.user.has_perm("consent.view_consentrecord") else None
        audits = audit_lines(at=timezone.now()) if request.user.has_perm("consent.view_auditrun") else None
        own = {
            "waiting": waiting,
            "pending_notices": pending_notices_for(request.user),
            "ledger": ledger,
            "audits": audits,
            "refused": Violation.objects.unseen().count() if request.user.has_perm("consent.view_violation") else 0,
        }
        return super().index(request, {**(extra_context or {}), **own})

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        sections: dict[str, Any] = {}
        for app in super().get_app_list(request, app_label):
            label = app["app_label"]
            app["name"] = SECTIONS.get(label, app["name"])
            sections[label] = app
        for guest, host in MOVED.items():
            if guest in sections and host in sections:
                sections[host]["models"] += sections.pop(guest)["models"]
                sections[host]["models"].sort(key=lambda model: model["object_name"] in LOGS)
        return list(sections.values())
