"""What editors filter the list of terms by: their queues, the states of terms, and tags."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from heapq import nsmallest
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.contrib.contenttypes.models import ContentType
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from taggit.models import Tag, TaggedItem

from glossary.admin.base import user_of
from glossary.models import Term
from glossary.models.terms import STATE
from glossary.text.names import sort_key_of
from glossary.workflow import queues

# A longer list is narrowed down, and not paged through: counting and sorting it would cost more than the page is worth.
MOST_LISTED = 10_000
# A filter that is longer is searched.
TAGS_SHOWN = 20


class CountedFilter(admin.SimpleListFilter):
    """A filter that says how many terms each choice would show, counted in one query; of a short list, that is."""

    def count(self, terms: QuerySet[Term]) -> dict[Any, int]:
        raise NotImplementedError

    def choices(self, changelist: Any) -> Iterator[Any]:
        counted = copy(changelist)
        counted.add_facets = changelist.add_facets and self._is_short(changelist)
        return super().choices(counted)

    def get_facet_queryset(self, changelist: Any) -> dict[str, str]:  # type: ignore[override]  # for people, not to count
        found = self.count(self._among(changelist))
        return {f"{index}__c": f"{found.get(lookup, 0):,}" for index, (lookup, _) in enumerate(self.lookup_choices)}

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
    """The tags that most of the listed terms carry, and a search (``tag_like``) for the others."""

    title = "tag"
    parameter_name = "tag"
    search_parameter = "tag_like"
    template = "admin/glossary/term/tag_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        searched = params.pop(self.search_parameter, [""])
        self.searched = " ".join(searched[-1].split())[:100]
        # What the template shows beside the choices; known once the changelist has asked for these.
        self.kept: list[tuple[str, str]] = []
        self.has_more = False
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # Which tags are offered depends on the list: see choices(). The stock filter hides itself without any.
        return [("", "")]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value():
            return queryset.filter(pk__in=Term.objects.filter(tags__slug=self.value()).values("pk"))
        return queryset

    def get_facet_queryset(self, changelist: Any) -> dict[str, str]:  # type: ignore[override]  # for people, not to count
        return {}

    def choices(self, changelist: Any) -> Iterator[Any]:
        kept = changelist.params
        self.kept = [(name, value) for name, value in kept.items() if name not in (self.search_parameter, PAGE_VAR)]
        both = [self.parameter_name, self.search_parameter]
        yield {
            "selected": self.value() is None,
            "query_string": changelist.get_query_string(remove=both),
            "display": "All",
        }
        for slug, name, count in self._offered(changelist):
            yield {
                "selected": self.value() == slug,
                "query_string": changelist.get_query_string({self.parameter_name: slug}),
                "display": name if count is None else f"{name} ({count:,})",
            }

    def _offered(self, changelist: Any) -> list[tuple[str, str, int | None]]:
        counted = changelist.add_facets and self._is_short(changelist)
        items = TaggedItem.objects.filter(content_type=ContentType.objects.get_for_model(Term))
        found: list[tuple[str, str, int | None]]
        if counted:
            # Not by way of the terms' own rows: PostgreSQL then joins them once a tag, which takes minutes at 10,000
            # terms.
            items = items.filter(object_id__in=self._among(changelist).values("pk"))
            rows = items.values_list("tag__slug", "tag__name").annotate(Count("pk")).order_by()
            found = list(rows.filter(tag__name__icontains=self.searched) if self.searched else rows)
        else:
            tags = Tag.objects.filter(Exists(items.filter(tag=OuterRef("pk")))).order_by()
            tags = tags.filter(name__icontains=self.searched) if self.searched else tags
            found = [(slug, name, None) for slug, name in tags.values_list("slug", "name")]
        # Here and not in SQL: people count "tag 2" before "tag 10".
        found = nsmallest(TAGS_SHOWN + 1, found, key=_place_of)
        self.has_more, found = len(found) > TAGS_SHOWN, found[:TAGS_SHOWN]
        chosen = self.value()
        if chosen and chosen not in {slug for slug, _, _ in found}:
            rows = items.filter(tag__slug=chosen).values_list("tag__name").annotate(Count("pk")).order_by("tag__name")
            name, count = rows.first() or (chosen, 0)
            found = [(chosen, name, count if counted else None), *found]
        return found


def _place_of(tag: tuple[str, str, int | None]) -> tuple[int, str]:
    """Return what tags are sorted by: the most frequent first, those of one number by name."""
    _, name, count = tag
    return -(count or 0), sort_key_of(name)
