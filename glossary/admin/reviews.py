"""The review of one revision: the text as readers will see it beside what changed, comments, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods

from glossary.actions import (
    NotAllowed,
    NotPublishable,
    NotReviewable,
    NotSchedulable,
    approve_review,
    comment_on_review,
    send_back,
)
from glossary.admin.desk import Desk, user_of
from glossary.admin.links import may_switch, new_impacts
from glossary.admin.step_forms import ApproveForm, CommentForm, SendBackForm
from glossary.differences import Difference, compare_documents
from glossary.documents import slugs_named
from glossary.markup import clean_html
from glossary.models import Approval, RetractedWork, Review, ReviewComment, Revision, Term
from glossary.steps import in_words, may_review, may_submit, next_steps

Section = ReviewComment.Section
# Several forms stand on the page, and an id once only.
APPROVE, SEND_BACK = "id_approve_%s", "id_send_back_%s"
# Which parts of the document stand under which section, in the order of the page.
SECTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    Section.NAMES: ("Title, address and synonyms", ("title", "slug", "synonyms")),
    Section.DEFINITION: ("Definition", ("definition",)),
    Section.ORIGIN: ("Origin", ("origin",)),
    Section.MECHANISM: ("Mechanism", ("mechanism",)),
    Section.INSIGHTS: ("Related insights", ("insights",)),
    Section.REFERENCES: ("References", ("references",)),
    Section.GENERAL: ("Related terms, tags, and the whole", ("related", "tags")),
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
        return self.changed or bool(self.comments) or self.form.is_bound


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
        """Show a review; take a comment (``_comment``), an approval (``_approve``) or a refusal (``_send_back``)."""
        term = self._term(request, term_id)
        review = term.reviews.select_related("revision", "reviewer").filter(pk=review_id).first()
        if review is None:
            raise Http404(f"“{term}” has no such review.")
        forms: dict[str, Any] = {
            "approve": ApproveForm(auto_id=APPROVE),
            "send_back": SendBackForm(auto_id=SEND_BACK),
            "comment": None,
        }
        if request.method == "POST":
            response = self._take(request, review, forms)
            if response is not None:
                return response
        return self._show_review(request, term, review, forms)

    def _take(self, request: HttpRequest, review: Review, forms: dict[str, Any]) -> HttpResponse | None:
        """Carry out what was posted. Returns nothing when a form is to be shown again."""
        here = HttpResponseRedirect(reverse("admin:glossary_term_review", args=[review.term_id, review.pk]))
        try:
            if "_comment" in request.POST:
                if not (may_review(request.user) or may_submit(request.user)):
                    raise PermissionDenied
                section = request.POST.get("section", "")
                forms["comment"] = form = CommentForm(request.POST, auto_id=f"id_{section}_%s")
                if not form.is_valid():
                    return None
                comment_on_review(review=review, by=user_of(request), at=timezone.now(), **form.cleaned_data)
                self.message_user(request, "Your comment is added.", messages.SUCCESS)
                return HttpResponseRedirect(f"{here.url}#{form.cleaned_data['section']}")
            if not may_review(request.user):
                raise PermissionDenied
            if "_approve" in request.POST:
                forms["approve"] = approval = ApproveForm(request.POST, auto_id=APPROVE)
                if not approval.is_valid():
                    return None
                self._approve(request, review, approval.cleaned_data)
            elif "_send_back" in request.POST:
                forms["send_back"] = refusal_form = SendBackForm(request.POST, auto_id=SEND_BACK)
                if not refusal_form.is_valid():
                    return None
                reason = refusal_form.cleaned_data["reason"]
                send_back(review=review, by=user_of(request), at=timezone.now(), reason=reason)
                self.message_user(request, f"“{review.term}” is sent back to its authors.", messages.SUCCESS)
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except (NotReviewable, NotPublishable, NotSchedulable) as refusal:
            self.message_user(request, str(refusal), messages.WARNING)
        return here

    def _approve(self, request: HttpRequest, review: Review, data: Mapping[str, Any]) -> None:
        due_at = data["due_at"] if data["then"] == ApproveForm.LATER else None
        approve_review(
            review=review,
            by=user_of(request),
            at=timezone.now(),
            reason=data["reason"],
            publish=data["then"] == ApproveForm.NOW,
            publish_at=due_at,
        )
        then = {
            ApproveForm.NOW: "approved and published",
            ApproveForm.LATER: f"approved, and will be published on {in_words(due_at)}" if due_at else "",
            ApproveForm.LEAVE: "approved",
        }
        self.message_user(request, f"“{review.term}” is {then[data['then']]}.", messages.SUCCESS)

    def _show_review(self, request: HttpRequest, term: Term, review: Review, forms: Mapping[str, Any]) -> HttpResponse:
        bases = self._bases(term, review)
        asked = request.GET.get("against", "")
        chosen = [revision for revision, _ in bases if str(revision.number) == asked] or [base for base, _ in bases]
        base = chosen[0] if chosen else None
        document, before = review.revision.document, base.document if base else None
        slugs = slugs_named(document, before)
        titles = dict(Term.objects.filter(slug__in=slugs).values_list("slug", "title")) if slugs else {}
        differences = {part.part: part for part in compare_documents(before, document, titles=titles)}
        comments: dict[str, list[ReviewComment]] = {}
        for comment in review.comments.all():
            comments.setdefault(comment.section, []).append(comment)
        steps = next_steps(term, user=request.user, at=timezone.now())
        is_open = review.status == Review.Status.OPEN
        bound: CommentForm | None = forms["comment"]
        context = self._context(request, title=f"Review of revision {review.revision.number}") | {
            "original": term,
            "review": review,
            "revision": review.revision,
            "is_open": is_open,
            "may_comment": is_open and (may_review(request.user) or may_submit(request.user)),
            "may_decide": is_open and steps.decide,
            "barred": steps.barred if is_open else "",
            "base": base,
            "bases": bases,
            "sections": [
                ReviewSection(
                    name,
                    heading,
                    tuple(differences[part] for part in parts),
                    tuple(comments.get(name, ())),
                    bound
                    if bound is not None and bound["section"].value() == name
                    else CommentForm(initial={"section": name}, auto_id=f"id_{name}_%s"),
                )
                for name, (heading, parts) in SECTIONS.items()
            ],
            "shown": shown_document(document, titles),
            "impacts": new_impacts(term, document) if is_open else [],
            "may_switch": may_switch(request),
            "next": request.path,
            "approve_form": forms["approve"],
            "send_back_form": forms["send_back"],
        }
        return TemplateResponse(request, "admin/glossary/term/review.html", context)

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
            (approval.revision if approval else None, "what was approved last"),
            (earlier.revision if earlier else None, "what was sent back last"),
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
        "slug": document["slug"],
        "synonyms": document["synonyms"],
        "texts": {
            # Cleaned again by the one allow-list, in case something was frozen past the actions.
            name: mark_safe(clean_html(document[name]))  # noqa: S308  # see above
            for name in ("definition", "origin", "mechanism")
        },
        "insights": [insight | {"title": titles.get(insight["term"], "")} for insight in document["insights"]],
        "references": [
            reference | {"retraction": work}
            for reference, work in zip(document["references"], RetractedWork.objects.cited_in(document), strict=True)
        ],
        "related": [titles.get(slug, slug) for slug in document["related"]],
        "tags": document["tags"],
    }
