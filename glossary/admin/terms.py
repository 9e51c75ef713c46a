"""The term: its form, what of it can be read, and, from the modules beside this one, its list, steps and reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import get_text_list
from js_asset import Media
from taggit.models import Tag

from glossary.actions import Saved, StaleRevision, mark_absent, plan_review, save_term, switch_links
from glossary.admin.base import user_of
from glossary.admin.conflicts import collision_in, rebased, with_choices
from glossary.admin.form_endpoints import BesideTheForm
from glossary.admin.forms import InsightForm, ReferenceForm, SynonymForm, TermForm
from glossary.admin.formsets import ChildFormSet, InsightFormSet, ReferenceFormSet, SynonymFormSet
from glossary.admin.history import TermHistory, look_again
from glossary.admin.links import TermLinks
from glossary.admin.listing import TermList
from glossary.admin.naming import NameOverview
from glossary.admin.problems import problems_in_term
from glossary.admin.reviews import TermReviews
from glossary.admin.transitions import TermSteps
from glossary.admin.widgets import prose_field
from glossary.document.documents import LINES, MAX_ITEMS, PARTS, TEXTS, DocumentError, changed_parts
from glossary.document.parsing import parse_document
from glossary.linking.similar import Likeness, similar_terms
from glossary.models import Insight, Reference, Synonym, Term, name_of
from glossary.text.names import sort_key_of
from glossary.workflow.transitions import available_transitions

TAGS_PER_PAGE = 20


class ChildInline(admin.StackedInline):
    """Ordered rows of a term. Who may edit the term may edit its rows."""

    template = "admin/glossary/edit_inline/ordered.html"
    fk_name = "term"
    extra = 0
    max_num = MAX_ITEMS

    def get_formset(self, request: HttpRequest, obj: Term | None = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, can_order=True, **kwargs)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit_term(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit_term(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit_term(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit_term(request)

    def _may_edit_term(self, request: HttpRequest) -> bool:
        return request.user.has_perm("glossary.change_term") or request.user.has_perm("glossary.add_term")


class SynonymInline(ChildInline):
    model = Synonym
    form = SynonymForm
    formset = SynonymFormSet
    fields = [("text", "kind", "unlinked")]


class InsightInline(ChildInline):
    model = Insight
    form = InsightForm
    formset = InsightFormSet
    fields = ["text", ("target", "url")]
    verbose_name_plural = "related insights"


class ReferenceInline(ChildInline):
    model = Reference
    form = ReferenceForm
    formset = ReferenceFormSet
    fields = ["citation", ("doi", "pmid", "url")]


@dataclass(frozen=True, slots=True)
class SaveOutcome:
    """What a save of the form did, for the log and the answer.

    ``draft`` names the browser's copy of the text, ``opened_on`` is the number of the revision that the form showed
    (``None`` for a new term), and ``planned`` says whether the next review was planned.
    """

    saved: Saved
    changed_parts: tuple[str, ...]
    planned: bool
    draft: str
    opened_on: int | None


class Collision(Exception):
    """The term was saved by somebody else meanwhile. ``chosen`` are the parts that were to be taken from their text."""

    def __init__(self, stale: StaleRevision, chosen: Sequence[str]) -> None:
        super().__init__(str(stale))
        self.stale, self.chosen = stale, chosen


@admin.register(Term)
class TermAdmin(BesideTheForm, TermList, TermSteps, TermReviews, TermLinks, NameOverview, TermHistory):
    """Terms. Everything that is saved here goes through ``glossary.actions``.

    Adding and changing: form and inlines are read into one term document, and :meth:`save_related` hands it to the
    action. What the action refuses unwinds the transaction, and the same page is shown again with what was typed.
    """

    form = TermForm
    inlines = [SynonymInline, InsightInline, ReferenceInline]
    fieldsets = [
        (None, {"fields": ["title", "unlinked", *(name for name in LINES if name != "title")]}),
        ("Texts", {"fields": list(TEXTS)}),
        ("Where it belongs", {"fields": ["related", "tags"]}),
        ("Review", {"fields": [("owner", "review_months")]}),
    ]

    class Media:
        css = {"all": [f"glossary/admin/{name}.css" for name in ("desk", "difference", "review", "history", "impacts")]}

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in TEXTS:
            return prose_field(required=not db_field.blank, help_text=db_field.help_text)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    # -- What may be done ----------------------------------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: Term | None = None) -> bool:
        """Nobody deletes a term: what was published stays citable. Terms are retired instead."""
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("tags/", view(self.tags_view), name="glossary_term_tags"),
            *self.beside_urls(),
            *super().get_urls(),
        ]

    # -- Form ----------------------------------------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Term | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        return fieldsets if obj else [fieldset for fieldset in fieldsets if fieldset[0] != "Review"]

    def get_form(self, request: HttpRequest, obj: Term | None = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        asked: dict[str, Any] = {
            "may_add_tags": request.user.has_perm("taggit.add_tag"),
            "refusal": _refusal(request),
        }
        if obj is None:
            # The person who adds a term owns it at first.
            asked |= {"owner": None, "review_months": None}
        return type(form.__name__, (form,), asked)

    def get_formset_kwargs(self, request: HttpRequest, obj: Term, inline: Any, prefix: str) -> dict[str, Any]:
        refusal = _refusal(request)
        problems = refusal.problems if isinstance(refusal, DocumentError) else ()
        return super().get_formset_kwargs(request, obj, inline, prefix) | {"problems": problems}

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        if request.method == "POST":
            if "_publish" in request.POST and not self.has_publish_permission(request):
                raise PermissionDenied
            if "_submit" in request.POST and not self.has_submit_permission(request):
                raise PermissionDenied
        elif object_id and not self.has_change_permission(request):
            return self.read_view(request, object_id)
        try:
            response = super().changeform_view(request, object_id, form_url, extra_context)
        except DocumentError as refusal:
            return self._shown_again(request, refusal, object_id, form_url, extra_context)
        except Collision as collision:
            request.POST = rebased(  # type: ignore[assignment]  # a copy
                request.POST, collision.stale, chosen=collision.chosen
            )
            return self._shown_again(request, collision.stale, object_id, form_url, extra_context)
        outcome: SaveOutcome | None = getattr(request, "save_outcome", None)
        if outcome and outcome.draft:
            # Tells the browser's next page of the admin which copy of unsaved text it may forget.
            path, secure = reverse("admin:index"), request.is_secure()
            response.set_cookie("saved_draft", outcome.draft, max_age=60, path=path, secure=secure, samesite="Lax")
        return response

    def _shown_again(self, request: HttpRequest, refusal: DocumentError | StaleRevision, *arguments: Any) -> Any:
        """Show the same post with what was refused. Nothing was saved: the transaction is undone."""
        request.refusal = refusal  # type: ignore[attr-defined]  # for get_form and get_formset_kwargs
        return super().changeform_view(request, *arguments)

    def save_model(self, request: HttpRequest, obj: Term, form: Any, change: bool) -> None:
        """Save nothing yet: a term is saved as one document with its rows, in :meth:`save_related`."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the document that form and inlines make up. Raises what the action raises."""
        term_form, term = cast("TermForm", form), form.instance
        rows = {formset.part: formset.document_rows() for formset in cast("list[ChildFormSet]", formsets)}
        before = term.head.document if change and term.head else {}
        data = term_form.document_fields() | rows
        if change:
            data = with_choices(data, term_form, term)
        try:
            saved = save_term(
                document=parse_document(data),
                by=user_of(request),
                at=timezone.now(),
                term=term if change else None,
                note=term_form.cleaned_data["note"],
                opened_on=(term_form.cleaned_data["opened_on"] or 0) if change else None,
            )
        except StaleRevision as stale:
            raise Collision(stale, term_form.taken_from_theirs()) from stale
        planned = term_form.plans_review() and plan_review(
            term=saved.term,
            owner=term_form.cleaned_data["owner"],
            review_months=term_form.cleaned_data["review_months"],
            by=user_of(request),
            at=timezone.now(),
        )
        off, on = term_form.switches(formsets, before)
        switch_links(term=saved.term, by=user_of(request), at=timezone.now(), off=off, on=on)
        # The action has its own instance of the term; the admin goes on with the form's.
        term.pk, term.head = saved.term.pk, saved.term.head
        term.title, term.slug = saved.term.title, saved.term.slug
        after = saved.revision.document if saved.revision else before
        request.save_outcome = SaveOutcome(  # type: ignore[attr-defined]  # Django hands on nothing but the request
            saved=saved,
            changed_parts=tuple(changed_parts(before, after)),
            planned=planned,
            draft=term_form.cleaned_data["draft"],
            opened_on=term_form.cleaned_data["opened_on"],
        )

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        if add:
            return [{"added": {}}]
        return [{"changed": {"fields": list(_outcome(request).changed_parts)}}]

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry | None:  # type: ignore[override]
        """Log the change, if it was one."""
        return super().log_change(request, obj, message) if _outcome(request).saved.revision else None

    def response_add(self, request: HttpRequest, obj: Term, post_url_continue: str | None = None) -> HttpResponse:
        if IS_POPUP_VAR in request.POST:
            return super().response_add(request, obj, post_url_continue)
        return self._response(request, obj)

    def response_change(self, request: HttpRequest, obj: Term) -> HttpResponse:
        if IS_POPUP_VAR in request.POST:
            return super().response_change(request, obj)
        return self._response(request, obj)

    def _response(self, request: HttpRequest, obj: Term) -> HttpResponse:
        outcome = _outcome(request)
        saved = outcome.saved
        term = self.get_queryset(request).get(pk=saved.term.pk)
        number = term.head.number if term.head else 0
        self._warn_of_similar(request, term, saved)
        if outcome.planned:
            words = f"The review plan of “{term}” is saved: {_plan_in_words(term)}."
            self.message_user(request, words, messages.SUCCESS)
        elif saved.revision is None:
            self.message_user(request, f"You changed nothing: “{term}” is still revision {number}.", messages.INFO)
        if saved.revision is not None and "_publish" not in request.POST:
            steps = available_transitions(term, user=request.user, at=timezone.now())
            words = f"“{term}” is saved as revision {number}. {steps.situation}"
            self.message_user(request, words, messages.SUCCESS)
        if saved.merged:
            self.message_user(request, _merged_in_words(term, outcome), messages.INFO)
        if "_publish" in request.POST:
            self._publish(request, term)
        if not {"_continue", "_publish"} & request.POST.keys():
            mark_absent(term=term, by=user_of(request))
        if "_submit" in request.POST:
            return HttpResponseRedirect(self._to_submit(term))
        if "_addanother" in request.POST:
            return HttpResponseRedirect(reverse("admin:glossary_term_add"))
        if "_continue" in request.POST or "_publish" in request.POST:
            return self._to_term(term)
        return self.response_post_save_change(request, obj)

    def _warn_of_similar(self, request: HttpRequest, term: Term, saved: Saved) -> None:
        """Warn when a new title is like another name. It may well be meant: nothing is refused."""
        before = saved.revision.parent.document["title"] if saved.revision and saved.revision.parent else ""
        if saved.revision is None or term.title == before:
            return
        for found in similar_terms(term.title, without=term.pk):
            if found.likeness != Likeness.BEGINS:
                address = reverse("admin:glossary_term_change", args=[found.term_id])
                words = format_html('{}: <a href="{}">check whether it is the same term</a>.', str(found), address)
                self.message_user(request, words, messages.WARNING)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        # Import maps and inline styles run by nonce only.
        context["media"] = Media.from_media(context["media"], nonce=_nonce(request))
        context["csp_nonce"] = _nonce(request)
        context["may_submit"] = self.has_submit_permission(request)
        context["show_save_and_add_another"] = obj is None
        formsets = [inline.formset for inline in context["inline_admin_formsets"]]
        if obj is not None:
            context["look_again"] = look_again(obj)
            context["steps"] = steps = available_transitions(obj, user=request.user, at=timezone.now())
            # Only what is approved: what changes then need be no clinical text, and then publishes at once.
            context["may_publish"] = steps.approved and self.has_publish_permission(request)
            context["collision"] = collision_in(context["adminform"].form, formsets, obj)
            # What the form has cleaned stands in ``original`` when the page is shown again: name the term as it is.
            context["subtitle"] = obj.head.document["title"] if obj.head else str(obj)
        fields = flatten_fieldsets(self.get_fieldsets(request, obj))
        form, collided = context["adminform"].form, bool(context.get("collision"))
        context["problems"] = problems_in_term(form, formsets, fields, collided=collided)
        return super().render_change_form(request, context, *args, **kwargs)

    def tags_view(self, request: HttpRequest) -> JsonResponse:
        """Answer select2 with the tags whose names contain ``term``, a page of them at a time."""
        if not request.user.has_perm("taggit.view_tag"):
            raise PermissionDenied
        wanted = request.GET.get("term", "").replace("\x00", "").strip()[:100]
        names = Tag.objects.filter(name__icontains=wanted).order_by().values_list("name", flat=True)
        page = Paginator(sorted(names, key=sort_key_of), TAGS_PER_PAGE).get_page(request.GET.get("page"))
        results = [{"id": name, "text": name} for name in page]
        return JsonResponse({"results": results, "pagination": {"more": page.has_next()}})

    # -- Deleting ------------------------------------------------------------------------------------------------------

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Say why a term cannot be deleted. Answers 403 to everybody."""
        term = self._term(request, unquote(object_id))
        context = self._context(request, title="Terms are not deleted") | {
            "original": term,
            "steps": available_transitions(term, user=request.user, at=timezone.now()),
        }
        return TemplateResponse(request, "admin/glossary/term/no_delete.html", context, status=403)


def _plan_in_words(term: Term) -> str:
    due = f"{term.next_review_date:%-d %B %Y}" if term.next_review_date else ""
    if term.owner:
        return f"{name_of(term.owner)} owns it{f', and the next is due on {due}' if due else ''}"
    return f"nobody owns it, so nobody gets an email when its review is due{f' on {due}' if due else ''}"


def _merged_in_words(term: Term, outcome: SaveOutcome) -> str:
    meanwhile = term.revisions.filter(number__gt=outcome.opened_on)
    if outcome.saved.revision:
        meanwhile = meanwhile.exclude(pk=outcome.saved.revision.pk)
    lines = meanwhile.order_by("number").values_list("number", "created_by_name")
    who = get_text_list([f"revision {number} by {name}" for number, name in lines], "and")
    parts = get_text_list([PARTS[part] for part in outcome.saved.merged], "and")
    return f"While you were editing, {who} was saved. What only one of you changed was merged: {parts} came from it."


def _nonce(request: HttpRequest) -> str:
    nonce: str = getattr(request, "csp_nonce", "")
    return nonce


def _refusal(request: HttpRequest) -> DocumentError | StaleRevision | None:
    return getattr(request, "refusal", None)


def _outcome(request: HttpRequest) -> SaveOutcome:
    outcome: SaveOutcome = request.save_outcome  # type: ignore[attr-defined]  # set by save_related
    return outcome
