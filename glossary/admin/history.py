"""The history of a term at the desk: every revision and event, any two revisions compared, one brought back; and what
makes a term worth looking at again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from glossary.actions import NotDismissible, dismiss_concern, restore_revision
from glossary.admin.base import Desk, user_of
from glossary.document.differences import compare_documents
from glossary.document.documents import TEXTS, DocumentError, slugs_named
from glossary.document.markup import clean_html
from glossary.models import Concern, RetractedWork, Revision, Term
from glossary.workflow.concerns import insight_flags
from glossary.workflow.transitions import available_transitions

HISTORY_PER_PAGE = 50


class RestoreForm(forms.Form):
    """A form without visible fields: the latest revision that the person saw when they asked."""

    seen = forms.IntegerField(widget=forms.HiddenInput(attrs={"autocomplete": "off"}))


class DismissForm(forms.Form):
    reason = forms.CharField(
        max_length=300,
        label="Why does the term need no change?",
        widget=forms.TextInput(attrs={"class": "vTextField"}),
        help_text="Kept in the history, for example “Only the wording changed there”.",
    )


@dataclass(frozen=True, slots=True)
class LookAgain:
    """A concern as the term's page shows it. A retracted work is only answered by a new approval."""

    concern: Concern
    compare_url: str
    dismissible: bool
    work: RetractedWork | None = None


def look_again(term: Term) -> list[LookAgain]:
    """Return what is unresolved about a term, the newest first. Two queries."""
    concerns = list(
        Concern.objects.open()
        .filter(term=term)
        .select_related("target", "before", "after")
        .defer("before__document", "after__document", *(f"target__{name}" for name in TEXTS))
    )
    named = {concern.detail for concern in concerns if concern.kind == Concern.Kind.RETRACTED}
    works = {name: work for work in RetractedWork.objects.known_as(named) for name in work.identifiers} if named else {}
    found = []
    for concern in concerns:
        url = ""
        if concern.target_id and concern.before and concern.after:
            place = reverse("admin:glossary_term_compare", args=[concern.target_id])
            url = f"{place}?from={concern.before.number}&to={concern.after.number}"
        dismissible = concern.kind != Concern.Kind.RETRACTED
        found.append(LookAgain(concern, url, dismissible, works.get(concern.detail)))
    return found


class TermHistory(Desk):
    """History, comparison and restoring."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:term_id>/revisions/<int:number>/", view(self.revision_view), name="glossary_term_revision"),
            path(
                "<int:term_id>/revisions/<int:number>/restore/", view(self.restore_view), name="glossary_term_restore"
            ),
            path("<int:term_id>/compare/", view(self.compare_view), name="glossary_term_compare"),
            path("<int:term_id>/concerns/<int:concern_id>/", view(self.dismiss_view), name="glossary_term_dismiss"),
            *super().get_urls(),
        ]

    def read_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the newest revision to people who may look at a term and not edit it."""
        term = self._term(request, unquote(object_id))
        return self._show(request, term, term.head, title=term.title)

    @method_decorator(require_safe)
    def revision_view(self, request: HttpRequest, term_id: int, number: int) -> HttpResponse:
        """Show one frozen revision, rendered."""
        term = self._term(request, term_id)
        return self._show(request, term, _revision(term, number), title=f"Revision {number}")

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show every revision and event of a term, the newest first."""
        term = self._term(request, unquote(object_id))
        lines: list[Any] = [
            *term.revisions.defer("document"),
            *term.events.select_related("revision", "previous_revision").defer(
                "revision__document", "previous_revision__document"
            ),
        ]
        # At the same time an event stands above the revision that it is about.
        lines.sort(key=lambda line: (line.created_at, not isinstance(line, Revision), line.pk), reverse=True)
        page = Paginator(lines, HISTORY_PER_PAGE).get_page(request.GET.get("p"))
        newest = term.head.number if term.head else 0
        context = self._context(request, title="History") | {
            "original": term,
            "subtitle": str(term),
            "page": page,
            "steps": available_transitions(term, user=request.user, at=timezone.now()),
            "newest": newest,
            "one_before": newest - 1,
            "entry": getattr(term, "entry", None),
            "may_restore": self.has_change_permission(request, term),
        }
        return TemplateResponse(request, "admin/glossary/term/history.html", context)

    @method_decorator(require_safe)
    def compare_view(self, request: HttpRequest, term_id: int) -> HttpResponse:
        """Compare the revisions ``from`` and ``to`` (their numbers); without them, the newest with the one before."""
        term = self._term(request, term_id)
        newest = term.head.number if term.head else 0
        after = _revision(term, _number(request, "to", newest))
        before = _revision(term, _number(request, "from", max(after.number - 1, 1)))
        titles = _titles(before.document, after.document)
        differences = compare_documents(before.document, after.document, titles=titles)
        context = self._context(request, title=f"Revision {before.number} and revision {after.number}") | {
            "original": term,
            "before": before,
            "after": after,
            "differences": [difference for difference in differences if difference.changed],
            "unchanged": [difference.heading for difference in differences if not difference.changed],
            "newest": newest,
            "may_restore": self.has_change_permission(request, term),
        }
        return TemplateResponse(request, "admin/glossary/term/compare.html", context)

    def restore_view(self, request: HttpRequest, term_id: int, number: int) -> HttpResponse:
        """Ask, and bring a revision back as the newest one."""
        term = self._term(request, term_id)
        if not self.has_change_permission(request, term):
            raise PermissionDenied
        revision = _revision(term, number)
        newest = term.head.number if term.head else 0
        form = RestoreForm(request.POST if request.method == "POST" else None, initial={"seen": newest})
        if form.is_valid() and form.cleaned_data["seen"] == newest:
            return self._restore(request, term, revision)
        if form.is_bound:
            words = (
                "Nothing was restored, because a newer revision was saved in the meantime. Read it, then restore "
                "again if you still want to."
            )
            self.message_user(request, words, messages.WARNING)
            form = RestoreForm(initial={"seen": newest})
        return self._ask(
            request,
            form,
            title=f"Restore revision {number} of “{term}”?",
            button=f"Restore revision {number}",
            explanation=(
                f"The working copy becomes what it was in revision {number}, with its synonyms, insights, references, "
                f"related terms and tags, and is saved as revision {newest + 1}. Nothing is lost: revision {newest} "
                "is kept in the history, and readers see no change."
            ),
            term=term,
        )

    def _restore(self, request: HttpRequest, term: Term, revision: Revision) -> HttpResponse:
        try:
            saved = restore_revision(term=term, revision=revision, by=user_of(request), at=timezone.now())
        except DocumentError as refusal:
            self.message_user(request, f"Revision {revision.number} can't be restored: {refusal}.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:glossary_term_history", args=[term.pk]))
        if saved.revision is None:
            words = f"Nothing was restored: “{term}” is already the same as revision {revision.number}."
            self.message_user(request, words, messages.INFO)
        else:
            words = f"Revision {revision.number} is restored as revision {saved.revision.number}."
            self.message_user(request, words, messages.SUCCESS)
        return self._to_term(term)

    def dismiss_view(self, request: HttpRequest, term_id: int, concern_id: int) -> HttpResponse:
        """Ask why a term is good as it is, and settle the concern."""
        term = self._term(request, term_id)
        if not self.has_change_permission(request, term):
            raise PermissionDenied
        concern = Concern.objects.filter(term=term, pk=concern_id).select_related("target").first()
        if concern is None:
            raise Http404("There is no such concern.")
        if concern.resolved_at is not None:
            words = f"{concern.resolved_by_name} has already settled this."
            self.message_user(request, words, messages.INFO)
            return self._to_term(term)
        form = DismissForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            return self._ask(
                request,
                form,
                title=f"Keep “{term}” as it is?",
                button="Keep it as it is",
                explanation=f"{concern.in_words}.",
                term=term,
            )
        try:
            dismiss_concern(concern=concern, by=user_of(request), at=timezone.now(), reason=form.cleaned_data["reason"])
        except NotDismissible as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, f"“{term}” is kept as it is.", messages.SUCCESS)
        return self._to_term(term)

    def _show(self, request: HttpRequest, term: Term, revision: Revision | None, *, title: str) -> HttpResponse:
        is_newest = revision is not None and revision.pk == term.head_id
        context = self._context(request, title=title) | {
            "original": term,
            "revision": revision,
            "steps": available_transitions(term, user=request.user, at=timezone.now()),
            "has_change_permission": self.has_change_permission(request, term),
            "view_url": self.get_view_on_site_url(term),
            "look_again": look_again(term) if is_newest else [],
        }
        if revision is not None:
            document = revision.document
            titles = _titles(document)
            flags = insight_flags(term, {insight["term"] for insight in document["insights"]}, newest=is_newest)
            context |= {
                # Cleaned again by the one allow-list, in case something was frozen past the actions.
                "texts": [
                    (name, mark_safe(clean_html(document[name.lower()])))  # noqa: S308  # see above
                    for name in ("Definition", "Origin", "Mechanism")
                ],
                "document": document,
                "insights": [
                    insight | {"title": titles.get(insight["term"], ""), "flag": flags.get(insight["term"], "")}
                    for insight in document["insights"]
                ],
                "references": [
                    reference | {"retraction": work}
                    for reference, work in zip(
                        document["references"], RetractedWork.objects.cited_in(document), strict=True
                    )
                ],
                "related": [titles.get(slug, slug) for slug in document["related"]],
            }
        return TemplateResponse(request, "admin/glossary/term/revision.html", context)


def _titles(*documents: dict[str, Any]) -> dict[str, str]:
    return dict(Term.objects.filter(slug__in=slugs_named(*documents)).values_list("slug", "title"))


def _revision(term: Term, number: int) -> Revision:
    revision = term.revisions.filter(number=number).first() if number < 2**31 else None
    if revision is None:
        raise Http404(f"“{term}” has no revision {number}.")
    return revision


def _number(request: HttpRequest, name: str, default: int) -> int:
    given = request.GET.get(name, "")
    if not given:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Http404(f"{name} must be the number of a revision.")
    return int(given)
