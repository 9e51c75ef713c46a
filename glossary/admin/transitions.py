"""The steps of one term between draft and public. Each view calls one action, and turns what it refuses into words."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.http import require_http_methods, require_POST

from glossary.actions import (
    NotAllowed,
    NotASuccessor,
    NotPublishable,
    NotPublished,
    NotReviewable,
    NotSchedulable,
    contributors,
    publish_term,
    retire_term,
    schedule_publication,
    schedule_retirement,
    submit_term,
    unschedule,
    withdraw_review,
)
from glossary.admin.base import Desk, listed, user_of
from glossary.admin.links import new_impacts, switch_beside_a_form
from glossary.admin.transition_forms import (
    EmergencyForm,
    RetireAtForm,
    ScheduleForm,
    SubmitRevisionForm,
    replacing,
    reviewers,
    scheduled,
)
from glossary.hosts import public_address
from glossary.models import ScheduledChange, Term
from glossary.workflow.transitions import available_transitions, in_words, may_publish, may_retire

asks = method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
acts = method_decorator(require_POST)
# The fields of steps in which people write sentences.
TYPED = ("note", "reason")


class TermSteps(Desk):
    """Submit, withdraw, publish, schedule, take from the schedule, retire, and publish in an emergency."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        steps = {
            "submit": self.submit_view,
            "withdraw": self.withdraw_view,
            "publish": self.publish_view,
            "schedule": self.schedule_view,
            "retire": self.retire_view,
            "emergency": self.emergency_view,
        }
        return [
            *(path(f"<int:term_id>/{name}/", view(step), name=f"glossary_term_{name}") for name, step in steps.items()),
            path(
                "<int:term_id>/unschedule/<int:change_id>/",
                view(self.unschedule_view),
                name="glossary_term_unschedule",
            ),
            *super().get_urls(),
        ]

    @asks
    def submit_view(self, request: HttpRequest, term_id: int) -> HttpResponse:
        """Ask for a note and a reviewer, and put the newest revision into review."""
        term = self._term(request, term_id)
        if not self.has_submit_permission(request):
            raise PermissionDenied
        if not available_transitions(term, user=request.user, at=timezone.now()).submit:
            return self._refused(request, term, "There is nothing to submit. This page shows the state of the term.")
        people = reviewers(barred=contributors(term.head) if term.head else ())
        switched = switch_beside_a_form(request, term)
        if switched is not None:
            form = SubmitRevisionForm(people=people, head=term.head, initial=request.POST.dict())
            if switched:
                self.message_user(request, switched, messages.SUCCESS)
        else:
            form = SubmitRevisionForm(_posted(request), people=people, head=term.head)
        if not form.is_valid():
            return self._ask(
                request,
                form,
                title=f"Submit “{term}” for review",
                button="Submit for review",
                term=term,
                impacts=new_impacts(term, term.head.document) if term.head else (),
            )
        data = form.cleaned_data
        try:
            review = submit_term(
                term=term,
                by=user_of(request),
                at=timezone.now(),
                revision=data["revision"],
                note=data["note"],
                reviewer=data["reviewer"],
            )
        except (NotReviewable, NotAllowed) as refusal:
            return self._refused(request, term, str(refusal))
        words = f"Revision {review.revision.number} of “{term}” was submitted for review."
        return self._done(request, term, words)

    @acts
    def withdraw_view(self, request: HttpRequest, term_id: int) -> HttpResponse:
        """Take the term out of review."""
        term = self._term(request, term_id)
        if not self.has_submit_permission(request):
            raise PermissionDenied
        if term.review is None:
            return self._refused(request, term, f"“{term}” is not in review.")
        if request.POST.get("review") != str(term.review.pk):
            words = (
                f"“{term}” was submitted again after you opened this page, and is still in review. Read the new "
                "submission first."
            )
            return self._refused(request, term, words)
        try:
            withdraw_review(review=term.review, by=user_of(request), at=timezone.now())
        except NotReviewable as refusal:
            return self._refused(request, term, str(refusal))
        return self._done(request, term, f"“{term}” was withdrawn from review.")

    @acts
    def publish_view(self, request: HttpRequest, term_id: int) -> HttpResponse:
        """Publish the revision that the person saw (``revision``, its number)."""
        term = self._term(request, term_id)
        if not self.has_publish_permission(request):
            raise PermissionDenied
        if term.head is None or request.POST.get("revision") != str(term.head.number):
            return self._refused(
                request,
                term,
                "Nothing was published, because a newer revision was saved in the meantime. Read it first.",
            )
        self._publish(request, term)
        return self._to_term(term)

    @asks
    def schedule_view(self, request: HttpRequest, term_id: int) -> HttpResponse:
        """Ask when the newest revision shall be published."""
        term = self._term(request, term_id)
        if not self.has_publish_permission(request):
            raise PermissionDenied
        if term.head is None or not available_transitions(term, user=request.user, at=timezone.now()).publish:
            return self._refused(request, term, "There is nothing to publish. This page says why.")
        change = scheduled(term, ScheduledChange.Verb.PUBLISH)
        form = ScheduleForm(_posted(request), head=term.head, change=change)
        if not form.is_valid():
            title = f"Publish revision {term.head.number} of “{term}” at a time"
            explanation = replacing(change)
            return self._ask(request, form, title=title, button="Schedule", explanation=explanation, term=term)
        data = form.cleaned_data
        try:
            change = schedule_publication(
                term=term,
                revision=term.head,
                due_at=data["due_at"],
                by=user_of(request),
                at=timezone.now(),
                reason=data["reason"],
                seen=change.pk if change else None,
            )
        except (NotPublishable, NotSchedulable) as refusal:
            return self._refused(request, term, str(refusal))
        words = f"Revision {term.head.number} of “{term}” will be published on {in_words(change.due_at)}."
        return self._done(request, term, words)

    @acts
    def unschedule_view(self, request: HttpRequest, term_id: int, change_id: int) -> HttpResponse:
        """Call off what was scheduled."""
        term = self._term(request, term_id)
        change = term.scheduled.filter(pk=change_id).first()
        if change is None:
            raise Http404(f"“{term}” has no such scheduled change.")
        if not (may_publish(request.user) if change.revision_id else may_retire(request.user)):
            raise PermissionDenied
        if change.done_at is not None:
            words = f"The schedule can no longer be cancelled: {change.outcome[:1].lower()}{change.outcome[1:]}."
            return self._refused(request, term, words)
        unschedule(change=change, by=user_of(request), at=timezone.now())
        return self._done(request, term, "The schedule was cancelled.")

    @asks
    def retire_view(self, request: HttpRequest, term_id: int) -> HttpResponse:
        """Ask for a reason, and when, and retire the term."""
        term = self._term(request, term_id)
        if not self.has_retire_permission(request):
            raise PermissionDenied
        change = scheduled(term, ScheduledChange.Verb.RETIRE)
        form = RetireAtForm(_posted(request), change=change)
        if not form.is_valid():
            return self._ask(
                request,
                form,
                title=f"Retire “{term}”?",
                button="Retire",
                explanation="Readers who open the address of a retired term see that it is retired. Its revisions "
                "stay in the history. To make the term public again, publish it.",
                term=term,
                dangerous=True,
            )
        due_at, reason = form.cleaned_data["due_at"], form.cleaned_data["reason"]
        successor = form.cleaned_data["successor"]
        try:
            if due_at is not None:
                schedule_retirement(
                    term=term,
                    due_at=due_at,
                    by=user_of(request),
                    at=timezone.now(),
                    reason=reason,
                    successor=successor,
                    seen=change.pk if change else None,
                )
                return self._done(request, term, f"“{term}” will be retired on {in_words(due_at)}.")
            retire_term(term=term, by=user_of(request), at=timezone.now(), reason=reason, successor=successor)
        except (NotPublished, NotSchedulable, NotASuccessor) as refusal:
            return self._refused(request, term, str(refusal))
        return self._done(request, term, f"“{term}” was retired.")

    @asks
    def emergency_view(self, request: HttpRequest, term_id: int) -> HttpResponse:
        """Ask a superuser for the reason, and publish without review."""
        term = self._term(request, term_id)
        if not self.has_emergency_permission(request):
            raise PermissionDenied
        if term.head is None or not available_transitions(term, user=request.user, at=timezone.now()).emergency:
            return self._refused(request, term, "The term does not need this. This page shows its state.")
        form = EmergencyForm(_posted(request), head=term.head)
        if not form.is_valid():
            return self._ask(
                request,
                form,
                title=f"Publish “{term}” without review?",
                button="Publish without review",
                explanation=f"Only its authors have read revision {term.head.number}. Publish it without review only "
                "if the text that is public now could harm a reader. The page and its history will say "
                "that you published it without review, and why.",
                term=term,
                dangerous=True,
            )
        self._publish(request, term, emergency=True, reason=form.cleaned_data["reason"])
        return self._to_term(term)

    def _publish(self, request: HttpRequest, term: Term, *, emergency: bool = False, reason: str = "") -> None:
        try:
            entry = publish_term(
                term=term,
                revision=term.head,
                by=user_of(request),
                at=timezone.now(),
                emergency=emergency,
                reason=reason,
            )
        except (NotAllowed, NotPublishable) as refusal:
            self.message_user(request, f"Not published: {refusal}", messages.ERROR)
            return
        address = f"{public_address()}{entry.get_absolute_url()}"
        words = format_html('“{}” is published: <a href="{}">read its page</a>.', entry.title, address)
        self.message_user(request, words, messages.SUCCESS)

    def _done(self, request: HttpRequest, term: Term, words: str) -> HttpResponse:
        self.message_user(request, words, messages.SUCCESS)
        return self._to_term(term)

    def _refused(self, request: HttpRequest, term: Term, words: str) -> HttpResponse:
        typed = [text for name in TYPED if (text := request.POST.get(name, "").strip())]
        if typed:
            words = f"{words} You had entered: {listed(typed)}."
        self.message_user(request, words, messages.WARNING)
        return self._to_term(term)

    def _to_submit(self, term: Term) -> str:
        return reverse("admin:glossary_term_submit", args=[term.pk])


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None
