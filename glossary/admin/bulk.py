"""Steps for many terms: a question whose page names what it is about, and work in pieces that say how far they are.

The page that asks holds each term with its state. What somebody changed since is left out and named. Each request takes
:data:`PIECE` terms and answers with a form that holds the rest: a script sends it on, and without one a button does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from glossary.actions import NotAllowed, NotPublishable, NotPublished, NotReviewable
from glossary.admin.base import TITLES_SHOWN, Desk, listed
from glossary.admin.problems import problems_in
from glossary.document.documents import DocumentError
from glossary.models import Term
from glossary.models.terms import STATE

# The most terms that one request changes, which takes a few seconds.
PIECE = 100
# More of them are narrowed down first.
MOST_AT_ONCE = 10_000
REFUSALS_SHOWN = 20
_SALT = "glossary.admin.bulk"


@dataclass(frozen=True, slots=True)
class Shown:
    """A term as a page showed it: its newest revision, its state, and who looks after it."""

    term_id: int
    stamp: str

    def __str__(self) -> str:
        return f"{self.term_id}:{self.stamp}"


@dataclass(slots=True)
class Piece:
    """What became of some terms: titles, and why the others were refused. Some are left alone while in review."""

    done: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    in_review: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Tally:
    """What became of all terms so far: numbers, and as many titles as are shown."""

    done: int = 0
    unchanged: int = 0
    refused: int = 0
    changed: int = 0
    in_review: int = 0
    titles_done: list[str] = field(default_factory=list)
    titles_unchanged: list[str] = field(default_factory=list)
    titles_changed: list[str] = field(default_factory=list)
    titles_in_review: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.done + self.unchanged + self.refused + self.changed + self.in_review

    def add(self, piece: Piece, changed: Sequence[str]) -> None:
        self.done += len(piece.done)
        self.unchanged += len(piece.unchanged)
        self.refused += len(piece.refused)
        self.changed += len(changed)
        self.in_review += len(piece.in_review)
        for kept, new in (
            (self.titles_done, piece.done),
            (self.titles_unchanged, piece.unchanged),
            (self.titles_changed, changed),
            (self.titles_in_review, piece.in_review),
        ):
            kept += new[: TITLES_SHOWN - len(kept)]
        self.refusals += piece.refused[: REFUSALS_SHOWN - len(self.refusals)]

    @classmethod
    def read(cls, signed: str) -> Tally:
        """Return what an earlier piece wrote down, or nothing so far where that cannot be read."""
        try:
            return cls(**signing.loads(signed, salt=_SALT))
        except (signing.BadSignature, TypeError):
            return cls()

    def write(self) -> str:
        return signing.dumps(asdict(self), salt=_SALT, compress=True)


@dataclass(frozen=True, slots=True)
class BulkStep:
    """A bulk action: what its page says, what it does to a piece, and how it tells of that."""

    action: str
    title: str
    button: str
    done: str
    work: Callable[[list[Term], dict[str, Any]], Piece]
    unchanged: str = ""
    explanation: str = ""
    dangerous: bool = False


def one_by_one(step: Callable[[Term], bool], terms: Iterable[Term]) -> Piece:
    """Take a step for each term; ``step`` returns whether it changed anything. One that is refused stops no other."""
    piece = Piece()
    for term in terms:
        try:
            (piece.done if step(term) else piece.unchanged).append(str(term))
        except (NotAllowed, NotPublishable, NotPublished, NotReviewable) as refusal:
            piece.refused.append(str(refusal))
        except DocumentError as refusal:
            piece.refused.append(f"“{term}”: {refusal}")
    return piece


class BulkSteps(Desk):
    """Asking for, and carrying out, steps for many terms."""

    def _in_bulk(
        self, request: HttpRequest, queryset: QuerySet[Term], form: forms.Form, step: BulkStep
    ) -> HttpResponse | None:
        """Ask, or carry out the next piece. Returns nothing when everything is done and told."""
        given = request.POST.get("shown")
        if not form.is_valid():
            shown = list(_read(given)) if given else stamped(queryset)
            return self._ask_many(request, form, step, shown)
        shown = list(_read(given)) if given else stamped(queryset)
        now, later = shown[:PIECE], shown[PIECE:]
        tally = Tally.read(request.POST.get("so_far", ""))
        terms, changed = self._as_shown(request, now)
        tally.add(step.work(terms, form.cleaned_data), changed)
        if later:
            return self._go_on(request, form, step, later, tally)
        self._tell(request, step, tally)
        return None

    def _as_shown(self, request: HttpRequest, shown: Sequence[Shown]) -> tuple[list[Term], list[str]]:
        """Return the terms that are as the page showed them, and the titles of the others."""
        wanted = {each.term_id: each for each in shown}
        terms = {term.pk: term for term in self.get_queryset(request).filter(pk__in=wanted)}
        now = {each.term_id: each for each in stamped(Term.objects.filter(pk__in=wanted))}
        same = [terms[pk] for pk in wanted if pk in terms and now.get(pk) == wanted[pk]]
        return same, [str(terms[pk]) for pk in wanted if pk in terms and now.get(pk) != wanted[pk]]

    def _ask_many(
        self, request: HttpRequest, form: forms.Form, step: BulkStep, shown: Sequence[Shown], *, list_url: str = ""
    ) -> HttpResponse:
        """Return the page that asks. ``list_url`` is the list of terms that takes the answer, if it isn't this page."""
        first = [each.term_id for each in shown[:TITLES_SHOWN]]
        terms = Term.objects.with_state().only("title", "head", "entry", "review", "retired_at").in_bulk(first)
        states = Counter(each.stamp.split(".")[1] for each in shown)
        context = self._page(request, form, step, shown) | {
            "terms": [terms[pk] for pk in first if pk in terms],
            "more": len(shown) - len(first),
            "list_url": list_url or request.get_full_path(),
            "states": [(state, states[state.value]) for state in Term.State if states[state.value]],
        }
        return TemplateResponse(request, "admin/glossary/term/many.html", context)

    def _go_on(
        self, request: HttpRequest, form: forms.Form, step: BulkStep, later: Sequence[Shown], tally: Tally
    ) -> HttpResponse:
        context = self._page(request, form, step, later) | {"so_far": tally.write(), "tally": tally}
        context |= {"done": tally.total, "total": tally.total + len(later)}
        return TemplateResponse(request, "admin/glossary/term/many_progress.html", context)

    def _page(self, request: HttpRequest, form: forms.Form, step: BulkStep, shown: Sequence[Shown]) -> dict[str, Any]:
        return self._context(request, title=step.title) | {
            "form": form,
            "step": step,
            "problems": problems_in(form),
            "shown": " ".join(map(str, shown)),
            "count": len(shown),
            # The admin takes an action for at least one row that is named; what counts is what the page showed.
            "selected": shown[0].term_id if shown else 0,
            "list_url": request.get_full_path(),
        }

    def _tell(self, request: HttpRequest, step: BulkStep, tally: Tally) -> None:
        for words in tally.refusals:
            self.message_user(request, words, messages.WARNING)
        if left := tally.refused - len(tally.refusals):
            words = f"{left:,} more were refused. The list shows the state of each."
            self.message_user(request, words, messages.WARNING)
        if tally.in_review:
            words = f"Not changed, because they are in review: {listed(tally.titles_in_review, tally.in_review)}."
            self.message_user(request, words, messages.WARNING)
        if tally.changed:
            words = (
                "Not changed, because somebody else changed them in the meantime: "
                f"{listed(tally.titles_changed, tally.changed)}."
            )
            self.message_user(request, words, messages.WARNING)
        if tally.done:
            self.message_user(request, f"{step.done}: {listed(tally.titles_done, tally.done)}.", messages.SUCCESS)
        if tally.unchanged:
            words = f"{step.unchanged}: {listed(tally.titles_unchanged, tally.unchanged)}."
            self.message_user(request, words, messages.INFO)


def stamped(terms: QuerySet[Term]) -> list[Shown]:
    """Return terms as they are now, in the order of their titles; of a very long list, the beginning. One query."""
    rows = terms.order_by("sort_key", "pk").annotate(found_state=STATE)
    found = rows.values_list("pk", "head_id", "found_state", "owner_id")[:MOST_AT_ONCE]
    return [Shown(pk, f"{head or 0}.{state}.{owner or 0}") for pk, head, state, owner in found]


def _read(text: str) -> Iterable[Shown]:
    for part in text.split()[:MOST_AT_ONCE]:
        key, _, stamp = part.partition(":")
        if key.isascii() and key.isdigit() and len(key) < 19 and stamp.count(".") == 2:
            yield Shown(int(key), stamp)
