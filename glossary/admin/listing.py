"""The list of terms: who holds what, queues with counts, and steps for many terms at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import smart_split, unescape_string_literal
from django.views.decorators.http import require_safe
from taggit.models import Tag

from glossary.actions import (
    Saved,
    plan_review,
    publish_term,
    replace_tag,
    retire_term,
    submit_term,
    tag_terms,
    untag_terms,
    withdraw_review,
)
from glossary.admin.base import user_of
from glossary.admin.bulk import BulkStep, BulkSteps, Piece, one_by_one, stamped
from glossary.admin.filters import MOST_LISTED, QueueFilter, StateFilter, TagFilter
from glossary.admin.transition_forms import (
    OwnerForm,
    PublishForm,
    ReplaceTagForm,
    RetireForm,
    SubmitForm,
    TagForm,
    UntagForm,
    WithdrawForm,
    reviewers,
)
from glossary.document.documents import TEXTS, DocumentError
from glossary.hosts import public_address
from glossary.models import Approval, Concern, ScheduledChange, Synonym, Term, TermQuerySet
from glossary.workflow import queues
from glossary.workflow.transitions import name_shown

TAGS_EXPLAINED = (
    "Each term is saved as a new revision. Changing a tag does not end an approval. Readers see the change when the "
    "term is next published."
)
LONG_FIELDS = [*TEXTS, "head__document"]


def named_like(words: str) -> TermQuerySet:
    """Return the terms with each word, or phrase in quotation marks, in the title or a synonym."""
    terms = Term.objects.order_by()
    for bit in smart_split(words):
        quoted = bit[0] in "\"'" and bit[0] == bit[-1] and len(bit) > 1
        word = unescape_string_literal(bit) if quoted else bit
        # By primary key and not by a join, whose doubles the database would have to sort out among all texts.
        named = Synonym.objects.filter(text__icontains=word).values("term")
        terms = terms.filter(Q(title__icontains=word) | Q(pk__in=named))
    return terms


class BoundedPaginator(Paginator):
    """Counts no further than it leads."""

    @cached_property
    def count(self) -> int:
        terms: QuerySet[Term] = self.object_list  # type: ignore[assignment]  # what the changelist gives
        return terms.order_by().values("pk")[:MOST_LISTED].count()


class TermList(BulkSteps):
    """Columns, filters and bulk actions of the list of terms."""

    list_display = ["term", "state", "held_by", "reviews", "last_saved"]
    list_filter = [QueueFilter, StateFilter, TagFilter]
    list_per_page = 50
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.ALWAYS
    # Counting the whole glossary beside the filtered list says nothing that the filters don't say already.
    show_full_result_count = False
    search_fields = ["title", "synonyms__text"]
    search_help_text = "Searches titles and synonyms."
    actions = [
        "submit_selected",
        "withdraw_selected",
        "publish_selected",
        "tag_selected",
        "untag_selected",
        "replace_tag_selected",
        "own_selected",
        "retire_selected",
    ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.merge_tag_view)
        return [path("tags/<int:tag_id>/merge/", view, name="glossary_term_merge_tag"), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Term]:
        terms: QuerySet[Term] = super().get_queryset(request).with_state()  # type: ignore[attr-defined]  # Term.objects
        return terms.select_related("entry__approval", "review__reviewer", "owner").annotate(
            reviewed_at=Subquery(
                Approval.objects.filter(term=OuterRef("pk"), emergency=False)
                .order_by()
                .values("term")
                .annotate(last=Max("approved_at"))
                .values("last")
            ),
            publish_due_at=Subquery(_pending(ScheduledChange.Verb.PUBLISH)),
            retire_due_at=Subquery(_pending(ScheduledChange.Verb.RETIRE)),
            concern_count=Subquery(
                Concern.objects.filter(term=OuterRef("pk"), resolved_at__isnull=True)
                .order_by()
                .values("term")
                .annotate(number=Count("pk"))
                .values("number")
            ),
        )

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        # The list shows none of the long texts.
        changelist.result_list = changelist.result_list.defer(*LONG_FIELDS)
        return changelist

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {"most_listed": MOST_LISTED} | (extra_context or {}))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Term], search_term: str
    ) -> tuple[QuerySet[Term], bool]:
        """Find each word, or phrase in quotation marks, in the title or a synonym."""
        if not search_term:
            return queryset, False
        # The list asks for itself and for the counts of each filter: the names are read once for all of them.
        found: list[int] | None = getattr(request, "found_by_name", None)
        if found is None:
            found = list(named_like(search_term).values_list("pk", flat=True)[: queues.FEW + 1])
            request.found_by_name = found  # type: ignore[attr-defined]  # for the next of them
        if len(found) <= queues.FEW:
            return queryset.filter(pk__in=found), False
        return queryset.filter(pk__in=named_like(search_term).values("pk")), False

    @admin.display(description="title", ordering="sort_key")
    def term(self, term: Term) -> str:
        return term.title

    @admin.display(description="state")
    def state(self, term: Any) -> SafeString:
        badge = format_html('<span class="state state--{}">{}</span>', term.state.value, term.state.label)
        approval = term.entry.approval if getattr(term, "entry", None) else None
        details = []
        if url := self.get_view_on_site_url(term):
            details.append(
                format_html(
                    '<a class="state__page" href="{}">View page<span class="visually-hidden"> of {}</span></a>',
                    url,
                    term.title,
                )
            )
        if term.state == Term.State.APPROVED and not term.publish_due_at:
            details.append(format_html("on {}", _day(term.review.decided_at)))
        if term.publish_due_at:
            details.append(format_html("public from {}", _moment(term.publish_due_at)))
        if term.retire_due_at:
            details.append(format_html("retired on {}", _moment(term.retire_due_at)))
        if approval is not None and approval.emergency:
            details.append(format_html('<strong class="unreviewed">{}</strong>', "Not reviewed"))
        if term.concern_count:
            words = f"{term.concern_count} concern{'' if term.concern_count == 1 else 's'}"
            details.append(format_html('<strong class="unreviewed">{}</strong>', words))
        lines = [format_html('<br><span class="state__detail">{}</span>', detail) for detail in details]
        return SafeString(badge + "".join(lines))

    @admin.display(description="waiting on", empty_value="–")
    def held_by(self, term: Term) -> SafeString | str | None:
        review = term.review
        if review is not None and review.status == review.Status.OPEN:
            if review.reviewer is not None:
                return name_shown(review.reviewer)
            return format_html('any reviewer<br><span class="state__detail">from {}</span>', review.submitted_by_name)
        if review is not None and review.status == review.Status.SENT_BACK:
            return review.submitted_by_name
        return name_shown(term.owner) if term.owner else None

    @admin.display(description="reviewed, next", ordering="next_review_date")
    def reviews(self, term: Any) -> SafeString:
        last = _day(term.reviewed_at) if term.reviewed_at else "never"
        date = term.next_review_date
        if date is None:
            return format_html("{}", last)
        late = getattr(term, "entry", None) is not None and date < timezone.now().date()
        return format_html(
            '{}<br><span class="{}">{} <time class="nowrap" datetime="{}">{}</time></span>',
            last,
            "overdue" if late else "state__detail",
            "overdue since" if late else "next",
            date.isoformat(),
            f"{date:%-d %b %Y}",
        )

    @admin.display(description="last saved", ordering="head__created_at", empty_value="–")
    def last_saved(self, term: Term) -> SafeString | None:
        if term.head is None:
            return None
        return format_html(
            '{}<br><span class="state__detail">{}</span>', _day(term.head.created_at), term.head.created_by_name
        )

    def get_view_on_site_url(self, obj: Term | None = None) -> str | None:
        entry = getattr(obj, "entry", None)
        return f"{public_address()}{entry.get_absolute_url()}" if entry else None

    # -- Many at once --------------------------------------------------------------------------------------------------

    @admin.action(description="Submit selected terms for review…", permissions=["submit"])
    def submit_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse | None:
        def submit(term: Term, data: dict[str, Any]) -> bool:
            submit_term(
                term=term,
                by=user_of(request),
                at=timezone.now(),
                revision=term.head.number if term.head else None,
                note=data["note"],
                reviewer=data["reviewer"],
            )
            return True

        step = BulkStep(
            "submit_selected",
            title="Submit terms for review",
            button="Submit for review",
            done="Submitted for review",
            work=lambda terms, data: one_by_one(lambda term: submit(term, data), terms),
        )
        return self._in_bulk(request, queryset, SubmitForm(_confirmed(request), people=reviewers()), step)

    @admin.action(description="Withdraw selected terms from review…", permissions=["submit"])
    def withdraw_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse | None:
        def withdraw(term: Term, data: dict[str, Any]) -> bool:
            if term.review is None or term.state != Term.State.IN_REVIEW:
                return False
            withdraw_review(review=term.review, by=user_of(request), at=timezone.now(), reason=data["reason"])
            return True

        step = BulkStep(
            "withdraw_selected",
            title="Withdraw terms from review",
            button="Withdraw",
            done="Withdrawn from review",
            unchanged="Were not in review",
            work=lambda terms, data: one_by_one(lambda term: withdraw(term, data), terms),
        )
        return self._in_bulk(request, queryset, WithdrawForm(_confirmed(request)), step)

    @admin.action(description="Publish selected terms that are approved…", permissions=["publish"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse | None:
        def publish(term: Term) -> bool:
            before = getattr(term, "entry", None)
            entry = publish_term(term=term, revision=term.head, by=user_of(request), at=timezone.now())
            return before is None or before.revision_id != entry.revision_id

        step = BulkStep(
            "publish_selected",
            title="Publish terms",
            button="Publish",
            done="Published",
            unchanged="Already published",
            explanation="The latest revision of each approved term becomes public. The other terms are not changed, "
            "and are listed afterwards.",
            work=lambda terms, data: one_by_one(publish, terms),
        )
        return self._in_bulk(request, queryset, PublishForm(_confirmed(request)), step)

    @admin.action(description="Add a tag to selected terms…", permissions=["change"])
    def tag_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse | None:
        def tag(terms: list[Term], data: dict[str, Any]) -> list[Saved]:
            return tag_terms(terms=terms, name=data["name"], by=user_of(request), at=timezone.now(), note=data["note"])

        form = TagForm(_confirmed(request))
        step = BulkStep(
            "tag_selected",
            title="Add a tag to terms",
            button="Add tag",
            done="Added the tag" + self._named_tag(request, form),
            unchanged="Already had the tag",
            explanation=TAGS_EXPLAINED,
            work=lambda terms, data: _retagged(terms, lambda piece: tag(piece, data)),
        )
        return self._in_bulk(request, queryset, form, step)

    @admin.action(description="Remove a tag from selected terms…", permissions=["change"])
    def untag_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse | None:
        def untag(terms: list[Term], data: dict[str, Any]) -> list[Saved]:
            return untag_terms(
                terms=terms, name=data["name"], by=user_of(request), at=timezone.now(), note=data["note"]
            )

        form = UntagForm(_confirmed(request), initial={"name": filtered_tag(request)})
        step = BulkStep(
            "untag_selected",
            title="Remove a tag from terms",
            button="Remove tag",
            done="Removed the tag" + self._named_tag(request, form),
            unchanged="Didn't carry the tag",
            explanation=TAGS_EXPLAINED,
            work=lambda terms, data: _retagged(terms, lambda piece: untag(piece, data)),
        )
        return self._in_bulk(request, queryset, form, step)

    @admin.action(description="Replace a tag on selected terms…", permissions=["change"])
    def replace_tag_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse | None:
        form = ReplaceTagForm(_confirmed(request), initial={"old": filtered_tag(request)})
        self._named_tag(request, form)
        return self._in_bulk(request, queryset, form, self._replacing_a_tag(request))

    @method_decorator(require_safe)
    def merge_tag_view(self, request: HttpRequest, tag_id: int) -> HttpResponse:
        """Ask which tag takes the place of this one, on all terms that carry it. The list of terms does it."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        tag = get_object_or_404(Tag, pk=tag_id)
        form = ReplaceTagForm(initial={"old": tag.name})
        terms = Term.objects.filter(pk__in=Term.objects.filter(tags=tag).values("pk"))
        step = replace(self._replacing_a_tag(request), title=f"Merge “{tag}” into another tag", button="Merge")
        list_url = reverse("admin:glossary_term_changelist")
        return self._ask_many(request, form, step, stamped(terms), list_url=list_url)

    def _replacing_a_tag(self, request: HttpRequest) -> BulkStep:
        def replaced(terms: list[Term], data: dict[str, Any]) -> list[Saved]:
            return replace_tag(
                terms=terms,
                name=data["old"],
                by_tag=data["name"],
                by=user_of(request),
                at=timezone.now(),
                note=data["note"],
            )

        return BulkStep(
            "replace_tag_selected",
            title="Replace a tag on terms",
            button="Replace",
            done="Tag replaced",
            unchanged="Didn't carry the tag",
            explanation=TAGS_EXPLAINED,
            work=lambda terms, data: _retagged(terms, lambda piece: replaced(piece, data)),
        )

    @admin.action(description="Change the owner of selected terms…", permissions=["change"])
    def own_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse | None:
        def own(term: Term, data: dict[str, Any]) -> bool:
            return plan_review(
                term=term,
                owner=data["owner"],
                review_months=term.review_months,
                by=user_of(request),
                at=timezone.now(),
            )

        step = BulkStep(
            "own_selected",
            title="Change the owner of terms",
            button="Save",
            done="Owner changed",
            unchanged="Already had this owner",
            work=lambda terms, data: one_by_one(lambda term: own(term, data), terms),
        )
        return self._in_bulk(request, queryset, OwnerForm(_confirmed(request)), step)

    @admin.action(description="Retire selected terms…", permissions=["retire"])
    def retire_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse | None:
        def retire(term: Term, data: dict[str, Any]) -> bool:
            retire_term(term=term, by=user_of(request), at=timezone.now(), reason=data["reason"])
            return True

        step = BulkStep(
            "retire_selected",
            title="Retire terms?",
            button="Retire",
            done="Retired",
            explanation="Readers who open the address of a retired term see that it is retired. Its revisions stay "
            "in the history. To make the term public again, publish it.",
            dangerous=True,
            work=lambda terms, data: one_by_one(lambda term: retire(term, data), terms),
        )
        return self._in_bulk(request, queryset, RetireForm(_confirmed(request)), step)

    def _named_tag(self, request: HttpRequest, form: TagForm) -> str:
        """Refuse a new tag of somebody who may not add one. Returns the tag in quotation marks."""
        if not form.is_valid():
            return ""
        name = form.cleaned_data["name"]
        if not request.user.has_perm("taggit.add_tag") and not Tag.objects.filter(name__iexact=name).exists():
            form.add_error("name", "There is no such tag, and you cannot add one. Choose a tag that exists.")
        return f" “{name}”"


def filtered_tag(request: HttpRequest) -> str:
    """Return the name of the tag by which the list is filtered, or nothing."""
    slug = request.GET.get("tag", "")
    return (Tag.objects.filter(slug=slug).values_list("name", flat=True).first() or "") if slug else ""


def _retagged(terms: list[Term], retag: Callable[[list[Term]], list[Saved]]) -> Piece:
    """Change the tags of a piece. A save would take a term out of review, so what is in review is left alone."""
    in_review = [term for term in terms if term.state == Term.State.IN_REVIEW]
    others = [term for term in terms if term.state != Term.State.IN_REVIEW]
    piece = Piece(in_review=list(map(str, in_review)))
    try:
        saved = retag(others)
    except DocumentError:
        # One of them can't be saved: the others can.
        each = one_by_one(lambda term: retag([term])[0].revision is not None, others)
        return Piece(each.done, each.unchanged, each.refused, piece.in_review)
    piece.done = [str(outcome.term) for outcome in saved if outcome.revision]
    piece.unchanged = [str(outcome.term) for outcome in saved if not outcome.revision]
    return piece


def _confirmed(request: HttpRequest) -> Any:
    return request.POST if "confirmed" in request.POST else None


def _pending(verb: ScheduledChange.Verb) -> QuerySet[Any, Any]:
    pending = ScheduledChange.objects.filter(term=OuterRef("pk"), verb=verb, done_at__isnull=True)
    return pending.order_by().values("due_at")


def _day(moment: Any) -> SafeString:
    local = timezone.localtime(moment)
    return format_html('<time class="nowrap" datetime="{}">{}</time>', local.isoformat(), f"{local:%-d %b %Y}")


def _moment(moment: Any) -> SafeString:
    local = timezone.localtime(moment)
    return format_html('<time datetime="{}">{}</time>', local.isoformat(), f"{local:%-d %b %Y, %H:%M %Z}")
