"""The list of terms: who holds what, queues with counts, and steps for many terms at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import Any

from django.contrib import admin, messages
from django.contrib.contenttypes.models import ContentType
from django.core.paginator import Paginator
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import smart_split, unescape_string_literal
from taggit.models import Tag, TaggedItem

from glossary import queues
from glossary.actions import (
    NotAllowed,
    NotPublishable,
    NotPublished,
    NotReviewable,
    publish_term,
    retire_term,
    submit_term,
    tag_terms,
)
from glossary.admin.desk import Desk, listed, user_of
from glossary.admin.step_forms import RetireForm, SubmitForm, TagForm, reviewers
from glossary.documents import DocumentError
from glossary.hosts import public_address
from glossary.models import Approval, Concern, ScheduledChange, Synonym, Term, TermQuerySet
from glossary.models.terms import STATE
from glossary.steps import name_shown

REFUSALS_SHOWN = 20
# A longer list is narrowed down, and not paged through: counting and sorting it would cost more than the page is worth.
MOST_LISTED = 10_000
LONG_FIELDS = ["definition", "origin", "mechanism", "head__document"]


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


class CountedFilter(admin.SimpleListFilter):
    """A filter that says how many terms each choice would show, counted in one query; of a short list, that is."""

    def count(self, terms: QuerySet[Term]) -> dict[Any, int]:
        raise NotImplementedError

    def choices(self, changelist: Any) -> Iterator[Any]:
        counted = copy(changelist)
        counted.add_facets = changelist.add_facets and self._is_short(changelist)
        return super().choices(counted)

    def get_facet_queryset(self, changelist: Any) -> dict[str, int]:
        found = self.count(self._among(changelist))
        return {f"{index}__c": found.get(lookup, 0) for index, (lookup, _) in enumerate(self.lookup_choices)}

    def _is_short(self, changelist: Any) -> bool:
        most = queues.FEW if changelist.query else MOST_LISTED
        if self.value() is None:
            return bool(changelist.result_count < most)
        return self._among(changelist).values("pk")[:most].count() < most

    def _among(self, changelist: Any) -> QuerySet[Term]:
        """Return the terms that the other filters leave."""
        terms = changelist.get_queryset(self.request, exclude_parameters=self.expected_parameters())
        return terms.order_by()  # type: ignore[no-any-return]  # the changelist's, whose type is unknown


class QueueFilter(CountedFilter):
    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        seen = (queue for queue in queues.QUEUES if not queue.wanted_by or request.user.has_perm(queue.wanted_by))
        return [(queue.name, queue.label) for queue in seen]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        queue = queues.BY_NAME.get(self.value() or "")
        if queue is None:
            return queryset
        waiting = queue.terms(Term.objects.order_by(), user_of(request), timezone.now())
        # By primary key and not by a join: a join would repeat the term for the list's counts.
        return queryset.filter(pk__in=waiting.values("pk"))

    def count(self, terms: QuerySet[Term]) -> dict[Any, int]:
        return queues.counts(terms, user=user_of(self.request), at=timezone.now())


class StateFilter(CountedFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(state.value, state.label) for state in Term.State]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() in Term.State.values:
            return queryset.in_state(self.value())
        return queryset

    def count(self, terms: QuerySet[Term]) -> dict[Any, int]:
        rows = terms.order_by().annotate(found_state=STATE).values_list("found_state")
        return dict(rows.annotate(Count("pk")))


class TagFilter(CountedFilter):
    title = "tag"
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # Each count makes all filters anew: ask once.
        found: list[tuple[str, str]] | None = getattr(request, "tag_choices", None)
        if found is None:
            items = TaggedItem.objects.filter(tag=OuterRef("pk"), content_type=ContentType.objects.get_for_model(Term))
            used = Tag.objects.filter(Exists(items)).order_by("name")
            found = list(used.values_list("slug", "name"))
            request.tag_choices = found  # type: ignore[attr-defined]  # for the next of them
        return found

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value():
            return queryset.filter(pk__in=Term.objects.filter(tags__slug=self.value()).values("pk"))
        return queryset

    def count(self, terms: QuerySet[Term]) -> dict[Any, int]:
        # Not by way of the terms' own rows: PostgreSQL then joins them once a tag, which takes minutes at 10,000 terms.
        items = TaggedItem.objects.filter(
            content_type=ContentType.objects.get_for_model(Term), object_id__in=terms.order_by().values("pk")
        )
        return dict(items.values_list("tag__slug").annotate(Count("pk")).order_by())


class TermList(Desk):
    """Columns, filters and bulk actions of the list of terms."""

    list_display = ["title", "state", "held_by", "reviews", "last_saved"]
    list_filter = [QueueFilter, StateFilter, TagFilter]
    list_per_page = 50
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.ALWAYS
    # Counting the whole glossary beside the filtered list says nothing that the filters don't say already.
    show_full_result_count = False
    search_fields = ["title", "synonyms__text"]
    search_help_text = "Searches titles and synonyms."
    actions = ["submit_selected", "publish_selected", "tag_selected", "retire_selected"]

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
        form = SubmitForm(_confirmed(request), people=reviewers())
        if not form.is_valid():
            return self._ask(
                request,
                form,
                title="Submit terms for review",
                button="Submit for review",
                terms=list(queryset),
                action="submit_selected",
            )
        data = form.cleaned_data

        def submit(term: Term) -> bool:
            submit_term(term=term, by=user_of(request), at=timezone.now(), note=data["note"], reviewer=data["reviewer"])
            return True

        self._report(request, queryset, submit, done="Submitted for review")
        return None

    @admin.action(description="Publish selected terms that are approved", permissions=["publish"])
    def publish_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> None:
        def publish(term: Term) -> bool:
            before = getattr(term, "entry", None)
            entry = publish_term(term=term, by=user_of(request), at=timezone.now())
            return before is None or before.revision_id != entry.revision_id

        self._report(request, queryset, publish, done="Published", unchanged="Published already, as they stand")

    @admin.action(description="Put a tag on selected terms…", permissions=["change"])
    def tag_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse | None:
        form = TagForm(_confirmed(request))
        if form.is_valid() and not request.user.has_perm("taggit.add_tag"):
            name = form.cleaned_data["name"]
            if not Tag.objects.filter(name__iexact=name).exists():
                form.add_error("name", "There is no such tag, and you can't add one.")
        if not form.is_valid():
            return self._ask(
                request,
                form,
                title="Put a tag on terms",
                button="Put on",
                explanation="Each term is saved as a new revision. A tag breaks no approval, "
                "and readers see it once the term is published again.",
                terms=list(queryset),
                action="tag_selected",
            )
        name = form.cleaned_data["name"]
        terms = list(queryset)
        # A save would take a term out of review.
        in_review = [term for term in terms if term.state == Term.State.IN_REVIEW]
        try:
            outcomes = tag_terms(
                terms=[term for term in terms if term not in in_review],
                name=name,
                by=user_of(request),
                at=timezone.now(),
                note=form.cleaned_data["note"],
            )
        except DocumentError as refusal:
            self.message_user(request, f"Nothing was changed: {refusal}", messages.ERROR)
            return None
        tagged = [saved.term for saved in outcomes if saved.revision]
        carried = [saved.term for saved in outcomes if not saved.revision]
        if in_review:
            self.message_user(request, f"Left alone while in review: {listed(in_review)}.", messages.WARNING)
        if tagged:
            self.message_user(request, f"Tagged “{name}”: {listed(tagged)}.", messages.SUCCESS)
        if carried:
            self.message_user(request, f"Carried the tag already: {listed(carried)}.", messages.INFO)
        return None

    @admin.action(description="Retire selected terms…", permissions=["retire"])
    def retire_selected(self, request: HttpRequest, queryset: QuerySet[Term]) -> HttpResponse | None:
        form = RetireForm(_confirmed(request))
        if not form.is_valid():
            return self._ask(
                request,
                form,
                title="Retire terms?",
                button="Retire",
                explanation="Readers who come to the address of a retired term learn that it is retired. Its revisions "
                "stay in the history, and publishing it again brings it back.",
                terms=list(queryset),
                action="retire_selected",
                dangerous=True,
            )
        reason = form.cleaned_data["reason"]

        def retire(term: Term) -> bool:
            retire_term(term=term, by=user_of(request), at=timezone.now(), reason=reason)
            return True

        self._report(request, queryset, retire, done="Retired")
        return None

    def _report(
        self,
        request: HttpRequest,
        terms: QuerySet[Term],
        step: Callable[[Term], bool],
        *,
        done: str,
        unchanged: str = "",
    ) -> None:
        """Take a step for each term, and say of each what became of it."""
        succeeded: list[Term] = []
        stood: list[Term] = []
        refusals: list[str] = []
        for term in terms:
            try:
                (succeeded if step(term) else stood).append(term)
            except (NotAllowed, NotPublishable, NotPublished, NotReviewable) as refusal:
                refusals.append(str(refusal))
        for words in refusals[:REFUSALS_SHOWN]:
            self.message_user(request, words, messages.WARNING)
        if len(refusals) > REFUSALS_SHOWN:
            left = len(refusals) - REFUSALS_SHOWN
            self.message_user(request, f"{left} more were refused: their state in the list says why.", messages.WARNING)
        if succeeded:
            self.message_user(request, f"{done}: {listed(succeeded)}.", messages.SUCCESS)
        if stood:
            self.message_user(request, f"{unchanged}: {listed(stood)}.", messages.INFO)


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
