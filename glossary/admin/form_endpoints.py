"""What the form of a term asks for while somebody writes: who else is there, a preview, names that are like a new one.

Each of these answers JSON, to members of staff who may write terms, and to others with 403.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST, require_safe

from glossary.actions import mark_present
from glossary.addresses import address_of
from glossary.admin.base import user_of
from glossary.admin.forms import TermForm
from glossary.admin.formsets import ChildFormSet
from glossary.admin.links import MAX_NAMES, impacts_for, new_names
from glossary.admin.preview import measured, preview_html, readable_part
from glossary.document.documents import MAX_TITLE, PARTS, slug_for
from glossary.linking.similar import similar_terms
from glossary.models import Term, name_of


class BesideTheForm(admin.ModelAdmin):
    """The part of the term's admin that the form's scripts talk to."""

    def beside_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("session/", view(self.session_view), name="glossary_term_session"),
            path("similar/", view(self.similar_view), name="glossary_term_similar"),
            path("preview/", view(self.preview_view), name="glossary_term_preview"),
            path("<int:term_id>/preview/", view(self.preview_view), name="glossary_term_preview"),
            path("impact/", view(self.impact_view), name="glossary_term_impact"),
            path("<int:term_id>/impact/", view(self.impact_view), name="glossary_term_impact"),
            path("<int:term_id>/presence/", view(self.presence_view), name="glossary_term_presence"),
        ]

    @method_decorator(require_safe)
    def session_view(self, request: HttpRequest) -> JsonResponse:
        """Say who is signed in, with the token that this person's forms need.

        A page that was opened before somebody signed in anew learns here what it may go on with. Only pages of this
        site can read the answer.
        """
        return JsonResponse({"user": request.user.pk, "name": name_of(user_of(request)), "token": get_token(request)})

    @method_decorator(require_POST)
    def presence_view(self, request: HttpRequest, term_id: int) -> JsonResponse:
        """Note that the person has the term open, and say who else has and whether a newer revision was saved.

        ``opened_on`` is the number of the revision that the page shows.
        """
        term = Term.objects.select_related("head").defer("head__document").filter(pk=term_id).first()
        if not self.has_change_permission(request, term):
            raise PermissionDenied
        if term is None:
            raise Http404("There is no such term.")
        others = mark_present(term=term, by=user_of(request), at=timezone.now())
        return JsonResponse(
            {
                "others": [{"name": name_of(other.user), "since": other.opened_at} for other in others],
                "newer": _newer(term, request.POST.get("opened_on", "")),
            }
        )

    @method_decorator(require_safe)
    def similar_view(self, request: HttpRequest) -> JsonResponse:
        """Name terms like ``title``, other than the one whose primary key is ``term``, and the slug made from it."""
        if not self._may_write(request):
            raise PermissionDenied
        given = request.GET.get("term", "")
        title = request.GET.get("title", "").replace("\x00", "")
        found = similar_terms(
            title,
            without=int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None,
        )
        slugs = dict(Term.objects.filter(pk__in=[one.term_id for one in found]).values_list("pk", "slug"))
        return JsonResponse(
            {
                "slug": slug_for(title),
                "similar": [
                    {
                        "words": str(one),
                        "url": reverse("admin:glossary_term_change", args=[one.term_id]),
                        "title": one.title,
                        "address": address_of("glossary:term", slugs[one.term_id]),
                    }
                    for one in found
                    if one.term_id in slugs
                ],
            }
        )

    @method_decorator(require_POST)
    def preview_view(self, request: HttpRequest, term_id: int | None = None) -> JsonResponse:
        """Measure what the posted form holds, and render it (``html``) when ``page`` is asked for. Saves nothing."""
        if not self._may_write(request):
            raise PermissionDenied
        term = Term.objects.select_related("head").filter(pk=term_id).first() if term_id else None
        if term_id and term is None:
            raise Http404("There is no such term.")
        data = self._typed(request, term)
        answer: dict[str, Any] = {"readability": measured(data)}
        if "page" in request.GET:
            document, problems = readable_part(data)
            answer["html"] = preview_html(document, term=term, by=user_of(request), at=timezone.now())
            answer["problems"] = [_in_words(problem.field, problem.message) for problem in problems]
        return JsonResponse(answer)

    @method_decorator(require_POST)
    def impact_view(self, request: HttpRequest, term_id: int | None = None) -> JsonResponse:
        """Say what the names in the posted form would link that readers don't know yet. Saves nothing."""
        if not self._may_write(request):
            raise PermissionDenied
        term = Term.objects.filter(pk=term_id).first() if term_id else None
        if term_id and term is None:
            raise Http404("There is no such term.")
        data = self._typed(request, term)
        names = [(data["title"], "title"), *((row["text"].strip(), row["kind"]) for row in data["synonyms"])]
        wanted = [(name[:MAX_TITLE].replace("\x00", ""), kind) for name, kind in new_names(term, names)]
        impacts = impacts_for(term, wanted[:MAX_NAMES])
        return JsonResponse({"impacts": [asdict(impact) | {"words": impact.words} for impact in impacts]})

    def _typed(self, request: HttpRequest, term: Term | None) -> dict[str, Any]:
        """Return what the posted form holds as a document (JSON), valid or not."""
        form_class = self.get_form(request, term, change=term is not None)
        form = cast("TermForm", form_class(request.POST, instance=term))
        made = self._create_formsets(request, term or Term(), change=term is not None)  # type: ignore[attr-defined]  # missing in the stubs
        formsets = cast("list[ChildFormSet]", made[0])
        return form.typed_fields() | {formset.part: formset.typed_rows() for formset in formsets}

    def _may_write(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request) or self.has_add_permission(request)


def _newer(term: Term, opened_on: str) -> dict[str, Any] | None:
    """Return the newest revision, with where to read what it changed, when a page shows an older one."""
    if term.head is None or str(term.head.number) == opened_on:
        return None
    url = reverse("admin:glossary_term_revision", args=[term.pk, term.head.number])
    if opened_on.isascii() and opened_on.isdigit() and 0 < int(opened_on[:10]) < term.head.number:
        between = urlencode({"from": opened_on, "to": term.head.number})
        url = f"{reverse('admin:glossary_term_compare', args=[term.pk])}?{between}"
    return {
        "number": term.head.number,
        "by": term.head.created_by_name,
        "at": term.head.created_at,
        "url": url,
    }


def _in_words(field: str, message: str) -> str:
    """Return a problem as a sentence: “References 2: '11.5/x' is not a DOI.”"""
    part, _, rest = field.partition("[")
    row = rest.partition("]")[0]
    return f"{PARTS.get(part, part).capitalize()}{f' {row}' if row else ''}: {message}."
