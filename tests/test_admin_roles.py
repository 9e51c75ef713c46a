"""Who gets which answer from every address of the editing desk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from cookie_consent.models import Cookie, CookieGroup
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse
from taggit.models import Tag

from consent.actions import record_choice
from consent.models import ConsentEvent, ConsentRecord, Notice, NoticeText, Service, Violation
from glossary.actions import save_term, schedule_retirement, submit_term, unschedule
from glossary.models import (
    Concern,
    Event,
    MissingTerm,
    PublishedEntry,
    Review,
    Revision,
    ScheduledChange,
    Term,
)
from tests.audits import audit_run
from tests.conftest import NOON, approve, document, person, publish_unreviewed
from tests.desk import change_url, fields_of, messages_of, signed_in, with_row

pytestmark = pytest.mark.django_db

ROLES = ["anonymous", "staff", "editor", "reviewer", "operator", "superuser"]
# What a GET answers, in the order of ROLES. Anonymous visitors are sent to the login everywhere (302).
READ: dict[str, list[int]] = {
    "app_list": [302, 404, 200, 200, 404, 200],
    "auth_group_add": [302, 403, 403, 403, 403, 200],
    "auth_group_change": [302, 403, 403, 403, 403, 200],
    "auth_group_changelist": [302, 403, 403, 403, 403, 200],
    "auth_group_delete": [302, 403, 403, 403, 403, 200],
    "auth_group_history": [302, 403, 403, 403, 403, 200],
    "auth_user_add": [302, 403, 403, 403, 403, 200],
    "auth_user_change": [302, 403, 403, 403, 403, 200],
    "auth_user_changelist": [302, 403, 403, 403, 403, 200],
    "auth_user_delete": [302, 403, 403, 403, 403, 200],
    "auth_user_history": [302, 403, 403, 403, 403, 200],
    "auth_user_password_change": [302, 403, 403, 403, 403, 200],
    "autocomplete": [302, 403, 403, 403, 403, 403],
    "consent_auditrun_add": [302, 403, 403, 403, 403, 403],
    "consent_auditrun_change": [302, 403, 403, 403, 200, 200],
    "consent_auditrun_changelist": [302, 403, 403, 403, 200, 200],
    "consent_auditrun_delete": [302, 403, 403, 403, 403, 403],
    "consent_auditrun_history": [302, 403, 403, 403, 200, 200],
    "consent_checkpoint_changelist": [302, 403, 403, 403, 200, 200],
    "consent_consentevent_add": [302, 403, 403, 403, 403, 403],
    "consent_consentevent_change": [302, 403, 403, 403, 200, 200],
    "consent_consentevent_changelist": [302, 403, 403, 403, 200, 200],
    "consent_consentevent_delete": [302, 403, 403, 403, 403, 403],
    "consent_consentevent_history": [302, 403, 403, 403, 200, 200],
    "consent_consentrecord_add": [302, 403, 403, 403, 403, 403],
    "consent_consentrecord_change": [302, 403, 403, 403, 200, 200],
    "consent_consentrecord_changelist": [302, 403, 403, 403, 200, 200],
    "consent_consentrecord_delete": [302, 403, 403, 403, 403, 403],
    "consent_consentrecord_history": [302, 403, 403, 403, 200, 200],
    "consent_consentrecord_export": [302, 403, 403, 403, 200, 200],
    "consent_consentrecord_search": [302, 403, 403, 403, 302, 302],
    "consent_dailychoices_changelist": [302, 403, 403, 403, 200, 200],
    "consent_notice_add": [302, 403, 403, 403, 403, 403],
    "consent_notice_change": [302, 403, 403, 403, 200, 200],
    "consent_notice_changelist": [302, 403, 403, 403, 200, 200],
    "consent_notice_delete": [302, 403, 403, 403, 403, 403],
    "consent_notice_evidence": [302, 403, 403, 403, 200, 200],
    "consent_notice_history": [302, 403, 403, 403, 200, 200],
    "consent_notice_preview": [302, 403, 403, 403, 200, 200],
    "consent_notice_publish": [302, 403, 403, 403, 200, 200],
    "consent_notice_publish_in": [302, 403, 403, 403, 404, 404],
    "consent_noticetext_add": [302, 403, 403, 403, 403, 403],
    "consent_noticetext_change": [302, 403, 403, 403, 200, 200],
    "consent_noticetext_changelist": [302, 403, 403, 403, 200, 200],
    "consent_noticetext_delete": [302, 403, 403, 403, 403, 403],
    "consent_noticetext_history": [302, 403, 403, 403, 200, 200],
    "consent_service_add": [302, 403, 403, 403, 200, 200],
    "consent_service_change": [302, 403, 403, 403, 200, 200],
    "consent_service_changelist": [302, 403, 403, 403, 200, 200],
    "consent_service_delete": [302, 403, 403, 403, 403, 403],
    "consent_service_history": [302, 403, 403, 403, 200, 200],
    "consent_service_preset": [302, 403, 403, 403, 200, 200],
    "consent_service_presets": [302, 403, 403, 403, 200, 200],
    "consent_violation_add": [302, 403, 403, 403, 403, 403],
    "consent_violation_change": [302, 403, 403, 403, 200, 200],
    "consent_violation_changelist": [302, 403, 403, 403, 200, 200],
    "consent_violation_delete": [302, 403, 403, 403, 403, 403],
    "consent_violation_history": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookie_add": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookie_change": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookie_changelist": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookie_delete": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookie_history": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookiegroup_add": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookiegroup_change": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookiegroup_changelist": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookiegroup_delete": [302, 403, 403, 403, 403, 403],
    "cookie_consent_cookiegroup_history": [302, 403, 403, 403, 200, 200],
    "glossary_event_add": [302, 403, 403, 403, 403, 403],
    "glossary_event_change": [302, 403, 200, 200, 403, 200],
    "glossary_event_changelist": [302, 403, 200, 200, 403, 200],
    "glossary_event_delete": [302, 403, 403, 403, 403, 403],
    "glossary_event_history": [302, 403, 200, 200, 403, 200],
    "glossary_missingterm_add": [302, 403, 403, 403, 403, 403],
    "glossary_missingterm_change": [302, 403, 200, 200, 403, 200],
    "glossary_missingterm_changelist": [302, 403, 200, 200, 403, 200],
    "glossary_missingterm_delete": [302, 403, 403, 403, 403, 403],
    "glossary_missingterm_history": [302, 403, 200, 200, 403, 200],
    "glossary_term_add": [302, 403, 200, 403, 403, 200],
    "glossary_term_change": [302, 403, 200, 200, 403, 200],
    "glossary_term_changelist": [302, 403, 200, 200, 403, 200],
    "glossary_term_compare": [302, 403, 200, 200, 403, 200],
    "glossary_term_delete": [302, 403, 403, 403, 403, 403],
    "glossary_term_dismiss": [302, 403, 200, 403, 403, 200],
    "glossary_term_emergency": [302, 403, 403, 403, 403, 200],
    "glossary_term_history": [302, 403, 200, 200, 403, 200],
    "glossary_term_impact": [302, 405, 405, 405, 405, 405],
    "glossary_term_links": [302, 403, 200, 200, 403, 200],
    "glossary_term_presence": [302, 405, 405, 405, 405, 405],
    "glossary_term_preview": [302, 405, 405, 405, 405, 405],
    "glossary_term_publish": [302, 405, 405, 405, 405, 405],
    "glossary_term_restore": [302, 403, 200, 403, 403, 200],
    "glossary_term_retire": [302, 403, 403, 200, 403, 200],
    "glossary_term_review": [302, 403, 200, 200, 403, 200],
    "glossary_term_revision": [302, 403, 200, 200, 403, 200],
    "glossary_term_schedule": [302, 403, 302, 302, 403, 302],
    "glossary_term_session": [302, 200, 200, 200, 200, 200],
    "glossary_term_similar": [302, 403, 200, 403, 403, 200],
    "glossary_term_submit": [302, 403, 200, 200, 403, 200],
    "glossary_term_tags": [302, 403, 200, 200, 403, 200],
    "glossary_term_unschedule": [302, 405, 405, 405, 405, 405],
    "glossary_term_withdraw": [302, 405, 405, 405, 405, 405],
    "index": [302, 200, 200, 200, 200, 200],
    "jsi18n": [302, 200, 200, 200, 200, 200],
    "password_change": [302, 200, 200, 200, 200, 200],
    "password_change_done": [302, 200, 200, 200, 200, 200],
    "taggit_tag_add": [302, 403, 200, 403, 403, 200],
    "taggit_tag_change": [302, 403, 200, 200, 403, 200],
    "taggit_tag_changelist": [302, 403, 200, 200, 403, 200],
    "taggit_tag_delete": [302, 403, 403, 403, 403, 403],
    "taggit_tag_history": [302, 403, 200, 200, 403, 200],
    "view_on_site": [302, 404, 404, 404, 404, 404],
}
# What a forged POST without any field answers.
WRITE: dict[str, list[int]] = {
    "app_list": [302, 404, 200, 200, 404, 200],
    "auth_group_add": [302, 403, 403, 403, 403, 200],
    "auth_group_change": [302, 403, 403, 403, 403, 200],
    "auth_group_changelist": [302, 403, 403, 403, 403, 200],
    "auth_group_delete": [302, 403, 403, 403, 403, 200],
    "auth_group_history": [302, 403, 403, 403, 403, 200],
    "auth_user_add": [302, 403, 403, 403, 403, 200],
    "auth_user_change": [302, 403, 403, 403, 403, 200],
    "auth_user_changelist": [302, 403, 403, 403, 403, 200],
    "auth_user_delete": [302, 403, 403, 403, 403, 200],
    "auth_user_history": [302, 403, 403, 403, 403, 200],
    "auth_user_password_change": [302, 403, 403, 403, 403, 200],
    "autocomplete": [302, 405, 405, 405, 405, 405],
    "consent_auditrun_add": [302, 403, 403, 403, 403, 403],
    "consent_auditrun_change": [302, 403, 403, 403, 403, 403],
    "consent_auditrun_changelist": [302, 403, 403, 403, 403, 403],
    "consent_auditrun_delete": [302, 403, 403, 403, 403, 403],
    "consent_auditrun_history": [302, 403, 403, 403, 200, 200],
    "consent_checkpoint_changelist": [302, 405, 405, 405, 405, 405],
    "consent_consentevent_add": [302, 403, 403, 403, 403, 403],
    "consent_consentevent_change": [302, 403, 403, 403, 403, 403],
    "consent_consentevent_changelist": [302, 403, 403, 403, 403, 403],
    "consent_consentevent_delete": [302, 403, 403, 403, 403, 403],
    "consent_consentevent_history": [302, 403, 403, 403, 200, 200],
    "consent_consentrecord_add": [302, 403, 403, 403, 403, 403],
    "consent_consentrecord_change": [302, 403, 403, 403, 403, 403],
    "consent_consentrecord_changelist": [302, 403, 403, 403, 403, 403],
    "consent_consentrecord_delete": [302, 403, 403, 403, 403, 403],
    "consent_consentrecord_history": [302, 403, 403, 403, 200, 200],
    "consent_consentrecord_export": [302, 403, 403, 403, 200, 200],
    "consent_consentrecord_search": [302, 403, 403, 403, 302, 302],
    "consent_dailychoices_changelist": [302, 405, 405, 405, 405, 405],
    "consent_notice_add": [302, 403, 403, 403, 403, 403],
    "consent_notice_change": [302, 403, 403, 403, 403, 403],
    "consent_notice_changelist": [302, 403, 403, 403, 403, 403],
    "consent_notice_delete": [302, 403, 403, 403, 403, 403],
    "consent_notice_evidence": [302, 403, 403, 403, 200, 200],
    "consent_notice_history": [302, 403, 403, 403, 200, 200],
    "consent_notice_preview": [302, 403, 403, 403, 200, 200],
    "consent_notice_publish": [302, 403, 403, 403, 200, 200],
    "consent_notice_publish_in": [302, 403, 403, 403, 404, 404],
    "consent_noticetext_add": [302, 403, 403, 403, 403, 403],
    "consent_noticetext_change": [302, 403, 403, 403, 200, 200],
    "consent_noticetext_changelist": [302, 403, 403, 403, 200, 200],
    "consent_noticetext_delete": [302, 403, 403, 403, 403, 403],
    "consent_noticetext_history": [302, 403, 403, 403, 200, 200],
    "consent_service_add": [302, 403, 403, 403, 200, 200],
    "consent_service_change": [302, 403, 403, 403, 200, 200],
    "consent_service_changelist": [302, 403, 403, 403, 200, 200],
    "consent_service_delete": [302, 403, 403, 403, 403, 403],
    "consent_service_history": [302, 403, 403, 403, 200, 200],
    "consent_service_preset": [302, 403, 403, 403, 200, 200],
    "consent_service_presets": [302, 405, 405, 405, 405, 405],
    "consent_violation_add": [302, 403, 403, 403, 403, 403],
    "consent_violation_change": [302, 403, 403, 403, 403, 403],
    "consent_violation_changelist": [302, 403, 403, 403, 200, 200],
    "consent_violation_delete": [302, 403, 403, 403, 403, 403],
    "consent_violation_history": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookie_add": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookie_change": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookie_changelist": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookie_delete": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookie_history": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookiegroup_add": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookiegroup_change": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookiegroup_changelist": [302, 403, 403, 403, 200, 200],
    "cookie_consent_cookiegroup_delete": [302, 403, 403, 403, 403, 403],
    "cookie_consent_cookiegroup_history": [302, 403, 403, 403, 200, 200],
    "glossary_event_add": [302, 403, 403, 403, 403, 403],
    "glossary_event_change": [302, 403, 403, 403, 403, 403],
    "glossary_event_changelist": [302, 403, 200, 200, 403, 200],
    "glossary_event_delete": [302, 403, 403, 403, 403, 403],
    "glossary_event_history": [302, 403, 200, 200, 403, 200],
    "glossary_missingterm_add": [302, 403, 403, 403, 403, 403],
    "glossary_missingterm_change": [302, 403, 403, 403, 403, 403],
    "glossary_missingterm_changelist": [302, 403, 200, 200, 403, 200],
    "glossary_missingterm_delete": [302, 403, 403, 403, 403, 403],
    "glossary_missingterm_history": [302, 403, 200, 200, 403, 200],
    "glossary_term_add": [302, 403, 200, 403, 403, 200],
    "glossary_term_change": [302, 403, 200, 403, 403, 200],
    "glossary_term_changelist": [302, 403, 200, 200, 403, 200],
    "glossary_term_compare": [302, 405, 405, 405, 405, 405],
    "glossary_term_delete": [302, 403, 403, 403, 403, 403],
    "glossary_term_dismiss": [302, 403, 200, 403, 403, 200],
    "glossary_term_emergency": [302, 403, 403, 403, 403, 200],
    "glossary_term_history": [302, 403, 200, 200, 403, 200],
    "glossary_term_impact": [302, 403, 200, 403, 403, 200],
    "glossary_term_links": [302, 403, 302, 302, 403, 302],
    "glossary_term_presence": [302, 403, 200, 403, 403, 200],
    "glossary_term_preview": [302, 403, 200, 403, 403, 200],
    "glossary_term_publish": [302, 403, 302, 302, 403, 302],
    "glossary_term_restore": [302, 403, 200, 403, 403, 200],
    "glossary_term_retire": [302, 403, 403, 200, 403, 200],
    "glossary_term_review": [302, 403, 403, 302, 403, 302],
    "glossary_term_revision": [302, 405, 405, 405, 405, 405],
    "glossary_term_schedule": [302, 403, 302, 302, 403, 302],
    "glossary_term_session": [302, 405, 405, 405, 405, 405],
    "glossary_term_similar": [302, 405, 405, 405, 405, 405],
    "glossary_term_submit": [302, 403, 200, 200, 403, 200],
    "glossary_term_tags": [302, 403, 200, 200, 403, 200],
    "glossary_term_unschedule": [302, 403, 403, 302, 403, 302],
    "glossary_term_withdraw": [302, 403, 302, 302, 403, 302],
    "index": [302, 200, 200, 200, 200, 200],
    "jsi18n": [302, 405, 405, 405, 405, 405],
    "password_change": [302, 200, 200, 200, 200, 200],
    "password_change_done": [302, 405, 405, 405, 405, 405],
    "taggit_tag_add": [302, 403, 200, 403, 403, 200],
    # An empty post of somebody who may only describe says what is said already: nothing.
    "taggit_tag_change": [302, 403, 302, 403, 403, 200],
    "taggit_tag_changelist": [302, 403, 200, 200, 403, 200],
    "taggit_tag_delete": [302, 403, 403, 403, 403, 403],
    "taggit_tag_history": [302, 403, 200, 200, 403, 200],
    "view_on_site": [302, 404, 404, 404, 404, 404],
}

COUNTED = [
    *("glossary.Term", "glossary.Revision", "glossary.Event", "glossary.Review", "glossary.ReviewComment"),
    *("glossary.Approval", "glossary.ScheduledChange", "glossary.Credentials", "glossary.Letter", "taggit.Tag"),
    *("glossary.TagDescription", "glossary.MissingTerm", "glossary.UnlinkedName"),
    *("auth.User", "auth.Group", "consent.Notice", "consent.Service", "consent.ConsentRecord"),
    "consent.ConsentEvent",
    "consent.Violation",
    *("cookie_consent.Cookie", "cookie_consent.CookieGroup"),
]


@dataclass
class World:
    """A term that is public, with a newer revision nobody approved; another in review; and a row of everything else."""

    term: Term
    review: Review
    change: ScheduledChange
    objects: dict[str, Any]

    def address(self, name: str) -> str:
        model, _, step = name.rpartition("_")
        given: list[Any] = []
        if name in ("glossary_term_revision", "glossary_term_restore"):
            given = [self.term.pk, 1]
        elif name == "glossary_term_dismiss":
            given = [self.term.pk, self.term.concerns.get().pk]
        elif name == "glossary_term_review":
            given = [self.review.term_id, self.review.pk]
        elif name == "glossary_term_unschedule":
            given = [self.term.pk, self.change.pk]
        elif name in ("app_list", "view_on_site"):
            given = ["glossary"] if name == "app_list" else [ContentType.objects.get_for_model(Term).pk, self.term.pk]
        elif name in ("consent_notice_preview", "consent_notice_publish_in"):
            given = ["en" if step == "preview" else "de"]
        elif name == "consent_service_preset":
            given = ["matomo"]
        elif name == "auth_user_password_change":
            given = [self.objects["auth_user"].pk]
        elif (
            model in self.objects
            and step not in ("changelist", "add", "tags", "session", "similar", "search", "export", "presets")
            and name not in ("consent_notice_publish", "consent_notice_evidence")
        ):
            given = [self.objects[model].pk]
        return reverse(f"admin:{name}", args=given)

    def snapshot(self) -> tuple[Any, ...]:
        """Return what no forged request may change."""
        return (
            *(apps.get_model(label)._default_manager.count() for label in COUNTED),
            *Term.objects.order_by("pk").values_list("head", "review__status", "retired_at"),
            *PublishedEntry.objects.order_by("pk").values_list("revision", "approval"),
            *ScheduledChange.objects.values_list("due_at", "done_at"),
            *Concern.objects.values_list("kind", "resolved_at"),
        )


@pytest.fixture
def world(editor: User, reviewer: User, at: datetime) -> World:
    term = save_term(document=document(tags=["cycle"]), by=editor, at=at).term
    publish_unreviewed(term=term, by=editor, at=at)
    term = save_term(document=document(tags=["cycle"], origin="<p>New.</p>"), by=editor, at=at, term=term).term
    change = schedule_retirement(term=term, due_at=at + timedelta(days=1), by=reviewer, at=at)
    unschedule(change=change, by=reviewer, at=at)
    other = save_term(document=document("Progesterone"), by=editor, at=at).term
    Concern.objects.create(term=term, kind="target_changed", target=other, created_at=at)
    group = CookieGroup.objects.get(varname="analytics")
    notice = Notice.objects.get()
    record_choice(
        choice="reject_all", categories=[], notice=notice.sha256, surface="banner", gpc=False, receipt="", at=at
    )
    service = Service.objects.create(
        name="Statistics",
        slug="statistics",
        vendor="Vendor",
        purpose="Counts.",
        privacy_policy="https://example.org/",
        category=group,
        url="https://example.org/s.js",
        integrity="sha256-x",
        changed_at=at,
    )
    objects = {
        "glossary_term": term,
        "glossary_event": term.events.first(),
        "glossary_missingterm": MissingTerm.objects.create(text="estriol", first_date=NOON, last_date=NOON),
        "taggit_tag": Tag.objects.get(),
        "auth_user": person("vera", "Vera Moss"),
        "auth_group": Group.objects.get(name="Clinical editors"),
        "consent_notice": notice,
        "consent_noticetext": NoticeText.objects.get(),
        "consent_service": service,
        "consent_consentrecord": ConsentRecord.objects.get(),
        "consent_auditrun": audit_run(at=at),
        "consent_consentevent": ConsentEvent.objects.create(verb="pruned", at=at, by_name="schedule"),
        "consent_violation": Violation.objects.create(
            directive="img-src", blocked="https://t.example", count=1, first_date=at.date(), last_date=at.date()
        ),
        "cookie_consent_cookiegroup": group,
        "cookie_consent_cookie": Cookie.objects.create(cookiegroup=group, name="_x", description="x"),
    }
    return World(term, submit_term(term=other, by=editor, at=at), change, objects)


@pytest.fixture
def term(world: World) -> Term:
    return world.term


@pytest.fixture
def client_of(editor: User, reviewer: User) -> dict[str, Client]:
    people = {
        "anonymous": None,
        "staff": person("stan", "Stan Doe"),
        "editor": editor,
        "reviewer": reviewer,
        "operator": person("olga", "Olga Brandt", "Site operators"),
        "superuser": person("root", "Ruth Oyelaran", superuser=True),
    }
    return {role: signed_in(user) for role, user in people.items()}


def names_in(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names_in(pattern.url_patterns)
        elif pattern.name:
            yield pattern.name


def test_the_matrix_names_every_address_of_the_admin() -> None:
    # Signing in and out are Django's own, and everybody's.
    assert set(names_in(admin.site.urls[0])) - {"login", "logout"} == READ.keys() == WRITE.keys()
    glossary = {model for model in admin.site._registry if model._meta.app_label == "glossary"}
    # Revisions, reviews, approvals, published entries, old addresses and the edition have no address of their own.
    assert glossary == {Term, Event, MissingTerm}


@pytest.mark.parametrize("name", READ)
def test_everybody_gets_exactly_their_answer(name: str, world: World, client_of: dict[str, Client]) -> None:
    url = world.address(name)
    assert [client_of[role].get(url).status_code for role in ROLES] == READ[name]


@pytest.mark.parametrize("name", WRITE)
def test_a_forged_post_changes_nothing(name: str, world: World, client_of: dict[str, Client]) -> None:
    url, before = world.address(name), world.snapshot()
    assert [client_of[role].post(url).status_code for role in ROLES] == WRITE[name]
    assert world.snapshot() == before


# What each bulk action, confirmed at once, answers to each role, and whether it does its work. An action that somebody
# may not use is none of the choices of her list, which then says that no action was chosen.
BULK: dict[str, list[tuple[int, bool]]] = {
    "submit_selected": [(302, False), (403, False), (302, True), (302, True), (403, False), (302, True)],
    "publish_selected": [(302, False), (403, False), (302, True), (302, True), (403, False), (302, True)],
    "tag_selected": [(302, False), (403, False), (302, True), (302, False), (403, False), (302, True)],
    "retire_selected": [(302, False), (403, False), (302, False), (302, True), (403, False), (302, True)],
    "delete_selected": [(302, False), (403, False), (302, False), (302, False), (403, False), (302, False)],
    # Of the operators' list of what browsers refused, and so no choices here (tests/test_consent_violations.py).
    "mark_seen": [(302, False), (403, False), (302, False), (302, False), (403, False), (302, False)],
    "forget": [(302, False), (403, False), (302, False), (302, False), (403, False), (302, False)],
    # Of the editors' list of what readers look for in vain (tests/test_search_missing.py).
    "dismiss": [(302, False), (403, False), (302, False), (302, False), (403, False), (302, False)],
}


def test_the_matrix_names_every_bulk_action_of_the_admin() -> None:
    site_wide = {name for name, _ in admin.site.actions}
    offered = {name for model in admin.site._registry.values() for name in (model.actions or ())}
    assert offered | site_wide == BULK.keys()


@pytest.mark.parametrize(("role", "index"), [(role, index) for index, role in enumerate(ROLES)])
@pytest.mark.parametrize("action", BULK)
def test_bulk_actions_are_for_those_who_may(
    action: str, role: str, index: int, term: Term, world: World, client_of: dict[str, Client], reviewer: User
) -> None:
    """The term is public, and its newest revision is approved for ``publish_selected`` only."""
    if action == "publish_selected":
        approve(term=term, by=reviewer, at=NOON)
    before = world.snapshot()
    answer = {"confirmed": "1", "post": "yes", "note": "x", "name": "cycle day", "reason": "x"}
    response = client_of[role].post(
        reverse("admin:glossary_term_changelist"), {"action": action, "_selected_action": [term.pk], **answer}
    )
    assert (response.status_code, world.snapshot() != before) == BULK[action][index]


@pytest.mark.parametrize("name", ["term_change", "term_history", "term_delete", "term_publish", "term_retire"])
def test_an_unknown_term_is_not_found(name: str, term: Term, client_of: dict[str, Client]) -> None:
    url = reverse(f"admin:glossary_{name}", args=[term.pk + 100])
    response = client_of["reviewer"].post(url) if name == "term_publish" else client_of["reviewer"].get(url)
    assert response.status_code == 404


def test_only_those_who_may_publish_can_save_and_publish(
    term: Term, editor: User, client_of: dict[str, Client]
) -> None:
    data = fields_of(client_of["editor"].get(change_url(term))) | {"mechanism": "<p>New.</p>", "_publish": "1"}
    group = editor.groups.get()
    group.permissions.remove(group.permissions.get(codename="publish_term"))
    page = client_of["editor"].get(change_url(term)).content.decode()
    assert "Publish revision" not in page
    assert "_publish" not in page
    assert client_of["editor"].post(change_url(term), data).status_code == 403
    assert term.revisions.count() == 2
    url = reverse("admin:glossary_term_publish", args=[term.pk])
    assert client_of["editor"].post(url, {"revision": 2}).status_code == 403
    assert PublishedEntry.objects.get().revision.number == 1


@pytest.mark.parametrize("role", ["editor", "reviewer", "superuser"])
def test_publishing_takes_the_revision_that_was_seen(
    role: str, term: Term, client_of: dict[str, Client], reviewer: User, at: datetime
) -> None:
    approve(term=term, by=reviewer, at=at)
    url = reverse("admin:glossary_term_publish", args=[term.pk])
    response = client_of[role].post(url, {"revision": "1"}, follow=True)
    assert "A newer revision was saved meanwhile" in messages_of(response)[0]
    assert PublishedEntry.objects.get().revision.number == 1
    assert "Publish revision 2" in response.content.decode()
    response = client_of[role].post(url, {"revision": "2"}, follow=True)
    assert "is published" in messages_of(response)[0]
    assert PublishedEntry.objects.get().revision.number == 2


def test_what_is_not_approved_is_not_published_by_anybody(term: Term, client_of: dict[str, Client]) -> None:
    for role in ("editor", "reviewer", "superuser"):
        assert "Publish revision 2" not in client_of[role].get(change_url(term)).content.decode()
        url = reverse("admin:glossary_term_publish", args=[term.pk])
        response = client_of[role].post(url, {"revision": "2"}, follow=True)
        assert messages_of(response) == [
            "Not published: Revision 2 of “Luteal phase” is not approved: submit it for review."
        ]
    assert PublishedEntry.objects.get().revision.number == 1


def test_a_reviewer_retires_with_a_reason_and_brings_back(
    term: Term, client_of: dict[str, Client], reviewer: User, at: datetime
) -> None:
    approve(term=term, by=reviewer, at=at)
    url = reverse("admin:glossary_term_retire", args=[term.pk])
    assert "This field is required" in client_of["reviewer"].post(url).content.decode()
    assert client_of["editor"].post(url, {"reason": "Forged"}).status_code == 403
    assert PublishedEntry.objects.exists()
    response = client_of["reviewer"].post(url, {"reason": "Superseded"}, follow=True)
    assert messages_of(response) == ["“Luteal phase” is retired."]
    assert term.events.first().reason == "Superseded"  # type: ignore[union-attr]  # there is one
    again = client_of["reviewer"].post(url, {"reason": "Again"}, follow=True)
    assert "nothing to retire" in messages_of(again)[0]
    history = client_of["reviewer"].get(reverse("admin:glossary_term_history", args=[term.pk])).content.decode()
    assert "Superseded" in history
    publish = reverse("admin:glossary_term_publish", args=[term.pk])
    client_of["reviewer"].post(publish, {"revision": "2"})
    assert PublishedEntry.objects.get().term_id == term.pk


def test_many_are_published_at_once_and_each_is_reported(
    term: Term, client_of: dict[str, Client], editor: User, reviewer: User, at: datetime
) -> None:
    new = save_term(document=document("New"), by=editor, at=at).term
    approve(term=new, by=reviewer, at=at)
    bare = Term.objects.create(title="Bare", slug="bare", definition="<p>x</p>")
    url = reverse("admin:glossary_term_changelist")
    selection = {"action": "publish_selected", "_selected_action": [term.pk, new.pk, bare.pk]}
    response = client_of["editor"].post(url, selection, follow=True)
    assert messages_of(response) == [
        "“Bare” has no revision that could be published: save it first.",
        "Revision 2 of “Luteal phase” is not approved: submit it for review.",
        "Published: “New”.",
    ]
    response = client_of["editor"].post(url, selection | {"_selected_action": [new.pk]}, follow=True)
    assert messages_of(response) == ["Published already, as they stand: “New”."]


def test_many_are_retired_after_a_question_and_by_reviewers_only(
    term: Term, client_of: dict[str, Client], editor: User, at: datetime
) -> None:
    draft = save_term(document=document("Draft"), by=editor, at=at).term
    url = reverse("admin:glossary_term_changelist")
    selection = {"action": "retire_selected", "_selected_action": [term.pk, draft.pk]}
    forged = client_of["editor"].post(url, selection | {"confirmed": "1", "reason": "x"}, follow=True)
    assert messages_of(forged) == ["No action selected."]
    question = client_of["reviewer"].post(url, selection).content.decode()
    assert "Retire terms?" in question
    assert PublishedEntry.objects.exists()
    response = client_of["reviewer"].post(url, selection | {"confirmed": "1", "reason": "Old"}, follow=True)
    assert messages_of(response) == [
        "“Draft” is not published, so there is nothing to retire.",
        "Retired: “Luteal phase”.",
    ]
    assert not PublishedEntry.objects.exists()


def test_reviewers_read_the_newest_revision_rendered(term: Term, client_of: dict[str, Client]) -> None:
    page = client_of["reviewer"].get(change_url(term)).content.decode()
    assert '<div class="document__text"><p>New.</p></div>' in page
    assert "Submit for review…" in page
    assert "Retire…" in page
    assert "<textarea" not in page


def test_a_revision_that_was_frozen_past_the_actions_is_cleaned_when_shown(
    term: Term, client_of: dict[str, Client], at: datetime
) -> None:
    evil = term.revisions.latest("number").document | {"origin": "<script>alert(1)</script><p>Text</p>"}
    head = term.revisions.latest("number")
    Revision.objects.create(
        term=term, number=3, parent=head, document=evil, sha256="0" * 64, created_at=at, created_by_name="Shell"
    )
    page = client_of["editor"].get(reverse("admin:glossary_term_revision", args=[term.pk, 3])).content.decode()
    assert '<div class="document__text"><p>Text</p></div>' in page
    assert "alert(1)" not in page


def test_a_term_cannot_be_deleted_through_its_list_and_says_why(term: Term, client_of: dict[str, Client]) -> None:
    url = reverse("admin:glossary_term_changelist")
    forged = {"action": "delete_selected", "_selected_action": [term.pk], "post": "yes"}
    assert messages_of(client_of["superuser"].post(url, forged, follow=True)) == ["No action selected."]
    page = client_of["superuser"].get(reverse("admin:glossary_term_delete", args=[term.pk]))
    assert "Nobody can delete a term" in page.content.decode()
    assert Term.objects.exists()


def test_nobody_merges_tags(term: Term, client_of: dict[str, Client]) -> None:
    for role in ("editor", "reviewer", "superuser"):
        response = client_of[role].post("/admin/taggit/tag/merge-tags/", {"new_tag_name": "x"})
        assert response.status_code in (302, 404)  # the admin's own answer to an unknown object
        forged = {"action": "render_tag_form", "_selected_action": [Tag.objects.get().pk]}
        client_of[role].post(reverse("admin:taggit_tag_changelist"), forged)
    assert Tag.objects.get().name == "cycle"


def test_renaming_a_tag_saves_every_term_that_carries_it(term: Term, client_of: dict[str, Client]) -> None:
    tag = Tag.objects.get()
    url = reverse("admin:taggit_tag_change", args=[tag.pk])
    client_of["superuser"].post(url, {"name": "menstrual cycle"})
    tag.refresh_from_db()
    assert (tag.name, tag.slug) == ("menstrual cycle", "menstrual-cycle")
    revision = term.revisions.latest("number")
    assert revision.document["tags"] == ["menstrual cycle"]
    assert revision.note == "Tag “cycle” renamed to “menstrual cycle”"
    assert revision.created_by_name == "Ruth Oyelaran"
    client_of["superuser"].post(url, {"name": "menstrual cycle"})
    assert term.revisions.count() == 3


def test_two_tags_cannot_be_told_apart_only_by_case(term: Term, client_of: dict[str, Client]) -> None:
    response = client_of["editor"].post(reverse("admin:taggit_tag_add"), {"name": "CYCLE"})
    assert "too much like another tag" in response.content.decode()
    client_of["editor"].post(reverse("admin:taggit_tag_add"), {"name": "Ovary"})
    assert set(Tag.objects.values_list("name", flat=True)) == {"cycle", "Ovary"}


def test_rows_of_a_term_have_no_address_and_take_no_permission_of_their_own(
    term: Term, client_of: dict[str, Client]
) -> None:
    data = with_row(fields_of(client_of["editor"].get(change_url(term))), "synonyms", text="LP", kind="abbreviation")
    assert client_of["reviewer"].post(change_url(term), data).status_code == 403
    assert client_of["editor"].post(change_url(term), data).status_code == 302
    assert term.synonyms.get().text == "LP"


def test_the_front_page_shows_what_people_work_with(client_of: dict[str, Client]) -> None:
    page = client_of["editor"].get(reverse("admin:index"))
    sections = {app["name"]: [model["name"] for model in app["models"]] for app in page.context["app_list"]}
    assert sections == {"Glossary": ["Missing terms", "Terms", "Tags", "Events"]}
