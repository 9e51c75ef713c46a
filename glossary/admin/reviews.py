"""The review of one revision: the text as readers will see it beside what changed, comments, and the decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.safestring import mark_safe
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods

from glossary.actions import (
    NotAllowed,
    NotPublishable,
    NotReviewable,
    NotSchedulable,
    approve_review,
    comment_on_review,
    is_discussed,
    send_back,
)
from glossary.admin.base import Desk, user_of
from glossary.admin.links import may_switch, new_impacts, switch_beside_a_form
from glossary.admin.problems import FieldProblem, problems_in
from glossary.admin.transition_forms import ApproveForm, CommentForm, SendBackForm, replacing, scheduled
from glossary.document.differences import Difference, compare_documents
from glossary.document.documents import FIELDS, LINES, TEXTS, slugs_named
from glossary.document.markup import clean_html
from glossary.models import Approval, RetractedWork, Review, ReviewComment, Revision, ScheduledChange, Term
from glossary.workflow.transitions import available_transitions, in_words, may_review, may_submit

Section = ReviewComment.Section
# Several Django forms make up the page's one form, and each id is there once only.
APPROVE, SEND_BACK = "id_approve_%s", "id_send_back_%s"
SEND_BACK_PREFIX = "send_back"
HEADINGS = {
    Section.NAMES: "Title, address and synonyms",
    Section.DEFINITION: "Definition",
    Section.ORIGIN: "Origin",
    Section.MECHANISM: "Mechanism",
    Section.INSIGHTS: "Related insights",
    Section.REFERENCES: "References",
    Section.GENERAL: "Related terms, tags and the term as a whole",
}
# Which parts of the document stand under which section, in the order of the page.
SECTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    section: (heading, tuple(name for name, known in FIELDS.items() if known.section == section))
    for section, heading in HEADINGS.items()
}


@dataclass(frozen=True, slots=True)
class ReviewSection:
    """A section of the review page."""

    name: str
    heading: str
    differences: tuple[Difference, ...]
    comments: tuple[ReviewComment, ...]
    form: CommentForm

    @property
    def changed(self) -> bool:
        return any(difference.changed for difference in self.differences)

    @property
    def open(self) -> bool:
        return self.changed or bool(self.comments) or self.commented

    @property
    def commented(self) -> bool:
        """Whether a comment is typed that isn't added yet."""
        return self.form.is_bound or bool(self.form["text"].value())


class ReviewForms:
    """What is typed on the page of a review: a comment for each section, and what belongs to either decision.

    The page is one form, so every button sends all of it. Only the part that is carried out is bound (and may show
    errors); the others keep what was typed. Comments come as two lists, ``section`` and ``text``. The reason for
    sending back is ``send_back-reason``; a post that has none may call it ``reason``.
    """

    def __init__(self, post: QueryDict, change: ScheduledChange | None) -> None:
        """``change`` is the publication that is scheduled now."""
        self._post, self._change = post, change
        self._typed = dict(zip(post.getlist("section"), post.getlist("text"), strict=False))
        alone = "_send_back" in post and f"{SEND_BACK_PREFIX}-reason" not in post
        self._decision = {name: post.get(name, "") for name in ("then", "due_at", "reason")}
        # The schedule that the page showed stays what it was until the person is told of another.
        self._seen = {"scheduled": post["scheduled"]} if "scheduled" in post else {}
        self._refusal = post.get(f"{SEND_BACK_PREFIX}-reason", "")
        if alone:
            self._refusal, self._decision["reason"] = self._decision["reason"], ""
        # The section whose button was pressed. A post with one comment needn't say it.
        pressed = post.get("_comment", "")
        self.pressed = pressed if pressed in Section.values else post.get("section", "")
        self._fill()

    def _fill(self) -> None:
        typed = {name: value for name, value in self._decision.items() if value}
        self.approve = ApproveForm(auto_id=APPROVE, change=self._change, initial=typed | self._seen)
        self.send_back = SendBackForm(auto_id=SEND_BACK, prefix=SEND_BACK_PREFIX, initial={"reason": self._refusal})
        self.comments = {
            name: CommentForm(auto_id=f"id_{name}_%s", initial={"section": name, "text": self._typed.get(name, "")})
            for name in SECTIONS
        }

    def bind_comment(self, section: str) -> CommentForm:
        data = {"section": section, "text": self._typed.get(section, "")}
        form = CommentForm(data, auto_id=f"id_{section}_%s")
        if section in self.comments:
            self.comments[section] = form
        return form

    def bind_comments(self) -> list[CommentForm]:
        """Return the forms of all comments that are typed."""
        return [self.bind_comment(section) for section in SECTIONS if self._typed.get(section, "").strip()]

    def bind_approve(self) -> ApproveForm:
        self.approve = form = ApproveForm(self._decision | self._seen, auto_id=APPROVE, change=self._change)
        if self._refusal.strip():
            form.add_error(
                None,
                "You also filled in “What should change?”, which is not sent with an approval. Move the text to a "
                "comment, or clear that field.",
            )
        return form

    def bind_send_back(self) -> SendBackForm:
        data = {f"{SEND_BACK_PREFIX}-reason": self._refusal}
        self.send_back = form = SendBackForm(data, auto_id=SEND_BACK, prefix=SEND_BACK_PREFIX)
        if self._decision["reason"].strip() or self._decision["due_at"].strip():
            form.add_error(
                None,
                "You also filled in fields that only an approval uses. Move the text to “What should change?”, or "
                "clear “Why this revision?” and the time.",
            )
        return form

    def done(self, section: str = "") -> None:
        """Forget what was carried out: the comment of one section, or everything."""
        if section:
            self._typed.pop(section, None)
        else:
            self._typed, self._refusal = {}, ""
            self._decision = dict.fromkeys(self._decision, "")
        self._fill()

    def problems(self) -> list[FieldProblem]:
        """Return what is wrong in the forms that are bound, in the order of the page."""
        comments = [problem for form in self.comments.values() for problem in problems_in(form)]
        return [*comments, *problems_in(self.approve), *problems_in(self.send_back)]

    def typed(self) -> bool:
        """Return whether the person has typed something that isn't carried out."""
        return bool(self.unsent(comments=True, decision=True))

    def unsent(self, *, comments: bool, decision: bool) -> list[tuple[str, str]]:
        """Return what is typed and not carried out, each with what it was for."""
        texts = [(f"Comment on {heading}", self._typed.get(name, "")) for name, (heading, _) in SECTIONS.items()]
        reasons = [("Why this revision?", self._decision["reason"]), ("What should change?", self._refusal)]
        found = (texts if comments else []) + (reasons if decision else [])
        return [(label, text) for label, text in found if text.strip()]


class TermReviews(Desk):
    """The review page of a term."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.review_view)
        return [
            path("<int:term_id>/reviews/<int:review_id>/", view, name="glossary_term_review"),
            *super().get_urls(),
        ]

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def review_view(self, request: HttpRequest, term_id: int, review_id: int) -> HttpResponse:
        """Show a review; take a comment (``_comment``), an approval (``_approve``) or a refusal (``_send_back``), or
        switch links to a name (``_off``, ``_on``).

        All of them are buttons of one form. What isn't carried out by the one that was pressed stays as it was typed.
        """
        term, review = self._review(request, term_id, review_id)
        forms = ReviewForms(request.POST, scheduled(term, ScheduledChange.Verb.PUBLISH))
        if request.method == "POST":
            response = self._take(request, review, forms)
            if response is not None:
                return response
            term, review = self._review(request, term_id, review_id)
        return self._show_review(request, term, review, forms)

    def _review(self, request: HttpRequest, term_id: int, review_id: int) -> tuple[Term, Review]:
        term = self._term(request, term_id)
        review = term.reviews.select_related("revision", "reviewer").filter(pk=review_id).first()
        if review is None:
            raise Http404(f"“{term}” has no such review.")
        return term, review

    def _take(self, request: HttpRequest, review: Review, forms: ReviewForms) -> HttpResponse | None:
        """Carry out what was posted. Returns nothing when the page is to be shown again with what was typed."""
        here = reverse("admin:glossary_term_review", args=[review.term_id, review.pk])
        try:
            if "_comment" in request.POST:
                here = f"{here}#{forms.pressed}"
                if not self._comment(request, review, forms):
                    return None
            elif "_off" in request.POST or "_on" in request.POST:
                here = f"{here}#links"
                if words := switch_beside_a_form(request, review.term):
                    self.message_user(request, words, messages.SUCCESS)
            elif not may_review(request.user):
                raise PermissionDenied
            elif ("_approve" in request.POST and not self._approve(request, review, forms)) or (
                "_send_back" in request.POST and not self._send_back(request, review, forms)
            ):
                return None
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except (NotReviewable, NotPublishable, NotSchedulable) as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
        return None if forms.typed() else HttpResponseRedirect(here)

    def _comment(self, request: HttpRequest, review: Review, forms: ReviewForms) -> bool:
        """Add the comment of the section whose button was pressed. Returns whether there was one."""
        if not (may_review(request.user) or may_submit(request.user)):
            raise PermissionDenied
        form = forms.bind_comment(forms.pressed)
        if not form.is_valid():
            return False
        self._add_comment(request, review, form)
        forms.done(forms.pressed)
        self.message_user(request, "Your comment was added.", messages.SUCCESS)
        return True

    def _add_comment(self, request: HttpRequest, review: Review, form: CommentForm) -> None:
        # A page that was answered without a redirect may be sent again by reloading it.
        if not review.comments.filter(created_by=user_of(request), **form.cleaned_data).exists():
            comment_on_review(review=review, by=user_of(request), at=timezone.now(), **form.cleaned_data)

    def _with_comments(
        self, request: HttpRequest, review: Review, forms: ReviewForms, decide: Callable[[], None]
    ) -> bool:
        """Add every comment that is typed, and carry out the decision: both, or neither."""
        comments = forms.bind_comments()
        if [form for form in comments if not form.is_valid()]:
            return False
        with transaction.atomic():
            for form in comments:
                self._add_comment(request, review, form)
            decide()
        forms.done()
        return True

    def _send_back(self, request: HttpRequest, review: Review, forms: ReviewForms) -> bool:
        form = forms.bind_send_back()
        if not form.is_valid():
            return False
        reason = form.cleaned_data["reason"]

        def decide() -> None:
            send_back(review=review, by=user_of(request), at=timezone.now(), reason=reason)

        decided = self._with_comments(request, review, forms, decide)
        if decided:
            self.message_user(request, f"“{review.term}” was sent back to its authors.", messages.SUCCESS)
        return decided

    def _approve(self, request: HttpRequest, review: Review, forms: ReviewForms) -> bool:
        form = forms.bind_approve()
        if not form.is_valid():
            return False
        data = form.cleaned_data
        due_at = data["due_at"] if data["then"] == ApproveForm.LATER else None
        seen = forms.approve.change

        def decide() -> None:
            approve_review(
                review=review,
                by=user_of(request),
                at=timezone.now(),
                reason=data["reason"],
                publish=data["then"] == ApproveForm.NOW,
                publish_at=due_at,
                seen=seen.pk if seen else None,
            )

        decided = self._with_comments(request, review, forms, decide)
        then = {
            ApproveForm.NOW: "approved and published",
            ApproveForm.LATER: f"approved, and will be published on {in_words(due_at)}" if due_at else "",
            ApproveForm.LEAVE: "approved",
        }
        if decided:
            self.message_user(request, f"“{review.term}” is {then[data['then']]}.", messages.SUCCESS)
        return decided

    def _show_review(self, request: HttpRequest, term: Term, review: Review, forms: ReviewForms) -> HttpResponse:
        bases = self._bases(term, review)
        asked = request.GET.get("against", "")
        chosen = [revision for revision, _ in bases if str(revision.number) == asked] or [base for base, _ in bases]
        base = chosen[0] if chosen else None
        document, before = review.revision.document, base.document if base else None
        slugs = slugs_named(document, before)
        titles = dict(Term.objects.filter(slug__in=slugs).values_list("slug", "title")) if slugs else {}
        differences = {part.part: part for part in compare_documents(before, document, titles=titles)}
        rounds = self._rounds(term, review)
        comments: dict[str, list[ReviewComment]] = {}
        for comment in ReviewComment.objects.filter(review__in=rounds).select_related("review__revision"):
            comments.setdefault(comment.section, []).append(comment)
        steps = available_transitions(term, user=request.user, at=timezone.now())
        is_open = review.status == Review.Status.OPEN
        may_comment = is_discussed(term, review) and (may_review(request.user) or may_submit(request.user))
        may_decide = is_open and steps.decide
        context = self._context(request, title=f"Review of revision {review.revision.number}") | {
            "original": term,
            "review": review,
            "revision": review.revision,
            "is_open": is_open,
            "may_comment": may_comment,
            "may_decide": may_decide,
            "unsent": forms.unsent(comments=not may_comment, decision=not may_decide),
            "barred": steps.barred if is_open else "",
            "replaces": replacing(forms.approve.change) if may_decide else "",
            "earlier": [each for each in rounds if each != review],
            "base": base,
            "bases": bases,
            "sections": [
                ReviewSection(
                    name,
                    heading,
                    tuple(differences[part] for part in parts),
                    tuple(comments.get(name, ())),
                    forms.comments[name],
                )
                for name, (heading, parts) in SECTIONS.items()
            ],
            "shown": shown_document(document, titles),
            "impacts": new_impacts(term, document) if is_open else [],
            "may_switch": may_switch(request),
            "next": request.path,
            "problems": forms.problems(),
            "approve_form": forms.approve,
            "send_back_form": forms.send_back,
        }
        return TemplateResponse(request, "admin/glossary/term/review.html", context)

    def _rounds(self, term: Term, review: Review) -> list[Review]:
        """Return the reviews that this one goes on from, the oldest first, and itself: all since the last approval."""
        upto = term.reviews.filter(pk__lte=review.pk).select_related("revision").defer("revision__document")
        approved = upto.filter(status=Review.Status.APPROVED).exclude(pk=review.pk).order_by("-pk").first()
        return list(upto.filter(pk__gt=approved.pk if approved else 0).order_by("pk"))

    def _bases(self, term: Term, review: Review) -> list[tuple[Revision, str]]:
        """Return what the revision can be compared with: what is public, what was approved, what was sent back."""
        number = review.revision.number
        entry = getattr(term, "entry", None)
        approval = (
            Approval.objects.filter(term=term, emergency=False, revision__number__lt=number)
            .select_related("revision")
            .order_by("-revision__number")
            .first()
        )
        earlier = (
            term.reviews.filter(status=Review.Status.SENT_BACK, revision__number__lt=number)
            .select_related("revision")
            .order_by("-revision__number")
            .first()
        )
        candidates = (
            (entry.revision if entry is not None else None, "what readers see now"),
            (approval.revision if approval else None, "what was last approved"),
            (earlier.revision if earlier else None, "what was last sent back"),
        )
        found: dict[int, tuple[Revision, str]] = {}
        for revision, words in candidates:
            if revision is not None and revision.pk != review.revision_id:
                found.setdefault(revision.pk, (revision, words))
        return list(found.values())


def shown_document(document: Mapping[str, Any], titles: Mapping[str, str]) -> dict[str, Any]:
    """Return what a template shows of a frozen document; ``titles`` maps the slugs of other terms to titles."""
    return {
        "title": document["title"],
        "lines": [
            (capfirst(str(FIELDS[name].label)), document[name]) for name in LINES if name != "title" and document[name]
        ],
        "synonyms": document["synonyms"],
        "texts": {
            # Cleaned again by the one allow-list, in case something was frozen past the actions.
            name: mark_safe(clean_html(document[name]))  # noqa: S308  # see above
            for name in TEXTS
        },
        "insights": [insight | {"title": titles.get(insight["term"], "")} for insight in document["insights"]],
        "references": [
            reference | {"retraction": work}
            for reference, work in zip(document["references"], RetractedWork.objects.cited_in(document), strict=True)
        ],
        "related": [titles.get(slug, slug) for slug in document["related"]],
        "tags": document["tags"],
    }
