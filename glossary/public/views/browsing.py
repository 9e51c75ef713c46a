"""The home page, and the lists by letter and by topic."""

from __future__ import annotations

from itertools import groupby

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from glossary.models import PublishedEntry, TermSnapshot
from glossary.public import lists, structured_data
from glossary.public.pages import Link
from glossary.public.views.answers import page_of

RECENT = 6
HOME_TAGS = 14
MOST_USED_TAGS = 40
# The A–Z lists every title up to here, and only the letters beyond.
WHOLE_INDEX = 400


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The home page: search, letters, recently published terms and the most used topics."""
    return page_of(
        request,
        "glossary/home.html",
        reverse("glossary:home"),
        letters=lists.letters(),
        total=lists.total(),
        structured_data=structured_data.of_home(),
        recent=PublishedEntry.objects.recent()[:RECENT].snapshots(),
        topics=lists.most_used_tags(HOME_TAGS),
    )


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The A–Z: the number of terms under each letter, and every title while they fit a page."""
    letters = lists.letters()
    total = lists.total()
    groups: dict[str, list[TermSnapshot]] = {}
    if total <= WHOLE_INDEX:
        for initial, *shown in PublishedEntry.objects.values_list("initial", *TermSnapshot._fields):
            groups.setdefault(initial, []).append(TermSnapshot(*shown))
    return page_of(
        request,
        "glossary/index.html",
        reverse("glossary:index"),
        letters=letters,
        total=total,
        groups=[(letter, groups[letter.initial]) for letter in letters if letter.initial in groups],
        structured_data=structured_data.of_list(
            gettext("Terms from A to Z"), reverse("glossary:index"), [], count=total
        ),
    )


@require_safe
def letter(request: HttpRequest, segment: str, number: int = 1) -> HttpResponse:
    """The terms under a letter: `a` to `z`, `0-9`, a script such as `greek`, or `symbols`; 200 a page."""
    initial = lists.INITIAL_OF_SEGMENT[segment]
    address = lists.letter_url(initial, number)
    if request.path != address:
        return HttpResponsePermanentRedirect(address)
    letters = lists.letters()
    current = next((letter for letter in letters if letter.initial == initial), lists.Letter(initial))
    listed = lists.letter_page(current, number)
    if listed is None:
        raise Http404(f"The letter {initial} has {lists.page_count(current.count)} page(s).")
    data = structured_data.of_list(
        current.label, address, [Link(gettext("A–Z"), reverse("glossary:index"))], count=current.count
    )
    return page_of(
        request,
        "glossary/letter.html",
        address,
        letters=letters,
        letter=current,
        list=listed,
        structured_data=data,
    )


@require_safe
def tags(request: HttpRequest) -> HttpResponse:
    """All topics by letter, with their descriptions; where they are many, the letters and the most used topics."""
    letters = lists.tag_letters()
    total = sum(letter.count for letter in letters)
    whole = total <= lists.WHOLE_OVERVIEW
    topics = lists.tags_in_order() if whole else ()
    by_initial = {initial: list(group) for initial, group in groupby(topics, key=lambda topic: topic.initial)}
    return page_of(
        request,
        "glossary/tags.html",
        reverse("glossary:tags"),
        letters=letters,
        total=total,
        groups=[(letter, by_initial[letter.initial]) for letter in letters if letter.initial in by_initial],
        structured_data=structured_data.of_list(gettext("Topics"), reverse("glossary:tags"), [], count=total),
        most_used=() if whole else lists.most_used_tags(MOST_USED_TAGS),
    )


@require_safe
def tag_letter(request: HttpRequest, segment: str, number: int = 1) -> HttpResponse:
    """The topics under a letter, 200 a page."""
    initial = lists.INITIAL_OF_SEGMENT[segment]
    address = lists.tag_letter_url(initial, number)
    if request.path != address:
        return HttpResponsePermanentRedirect(address)
    letters = lists.tag_letters()
    current = next((letter for letter in letters if letter.initial == initial), None)
    listed = lists.tag_letter_page(current, number) if current else None
    if current is None or listed is None:
        raise Http404(f"There is no topic under {initial} on page {number}.")
    data = structured_data.of_list(current.label, address, [_topics()], count=current.count)
    return page_of(
        request,
        "glossary/tag_letter.html",
        address,
        letters=letters,
        letter=current,
        list=listed,
        structured_data=data,
    )


@require_safe
def tag(request: HttpRequest, slug: str, number: int = 1) -> HttpResponse:
    """The terms of a topic, 200 a page, with its description and the topics that stand beside it."""
    address = lists.tag_url(slug, number)
    if request.path != address:
        return HttpResponsePermanentRedirect(address)
    current = lists.tag(slug)
    if current is None:
        raise Http404(f"No published term has the tag {slug!r}.")
    listed = lists.tag_page(current, number)
    if listed is None:
        raise Http404(f"The tag {slug!r} has {lists.page_count(current.count)} page(s).")
    data = structured_data.of_list(current.name, address, [_topics()], count=current.count, tag=current, number=number)
    return page_of(
        request,
        "glossary/tag.html",
        address,
        tag=current,
        list=listed,
        related=lists.related_tags(slug),
        structured_data=data,
    )


def _topics() -> Link:
    return Link(gettext("Topics"), reverse("glossary:tags"))
