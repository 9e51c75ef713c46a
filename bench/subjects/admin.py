"""The editing desk's list of terms and a term's form, beside the same pages of an admin that declares nothing."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from bench.figures import Figure, by_turns, microseconds
from bench.filling import SUPERUSER
from bench.subjects.pages import TYPICAL_AT, term_path
from glossary.models import Term


class PlainAdmin(admin.ModelAdmin):
    """What Django makes of a term by itself, in a list as long and a form with as many texts."""

    list_per_page = 50
    fields = ["title", "slug", "definition", "origin", "mechanism"]


def measure(*, size: int, rounds: int, seconds: float) -> list[Figure]:
    user = User.objects.get(username=SUPERUSER)
    key = str(Term.objects.get(slug=term_path(TYPICAL_AT).split("/")[2]).pk)
    ours = admin.site.get_model_admin(Term)
    plain = PlainAdmin(Term, admin.site)

    def list_of(site: admin.ModelAdmin, **query: str) -> HttpResponse:
        return rendered(site.changelist_view(asked(user, **query)))

    def form_of(site: admin.ModelAdmin) -> HttpResponse:
        return rendered(site.change_view(asked(user), key))

    found = by_turns(
        {
            "list": microseconds(lambda: list_of(ours), seconds=seconds),
            "list found": microseconds(lambda: list_of(ours, q="acute"), seconds=seconds),
            "list filtered": microseconds(lambda: list_of(ours, state="published"), seconds=seconds),
            "plain list": microseconds(lambda: list_of(plain), seconds=seconds),
            "form": microseconds(lambda: form_of(ours), seconds=seconds),
            "plain form": microseconds(lambda: form_of(plain), seconds=seconds),
        },
        rounds=rounds,
    )
    stock = "Django's own, with nothing declared"
    return [
        Figure("admin list", "List of terms", "µs", size, found["list"], stock, found["plain list"]),
        Figure(
            "admin list, found",
            "List, searched for a word",
            "µs",
            size,
            found["list found"],
            stock,
            found["plain list"],
        ),
        Figure(
            "admin list, filtered",
            "List, filtered by state",
            "µs",
            size,
            found["list filtered"],
            stock,
            found["plain list"],
        ),
        Figure("admin form", "Form of a term", "µs", size, found["form"], stock, found["plain form"]),
    ]


def asked(user: User | AnonymousUser, **query: str) -> HttpRequest:
    """Return a request of somebody who is signed in."""
    request = RequestFactory(SERVER_NAME="127.0.0.1").get("/admin/glossary/term/", query)
    request.user = user
    request.session = SessionStore()
    request._messages = FallbackStorage(request)  # type: ignore[attr-defined]  # as the middleware does it
    request.csp_nonce = "nonce"  # type: ignore[attr-defined]  # as the middleware does it
    return request


def rendered(response: HttpResponse) -> HttpResponse:
    if hasattr(response, "render"):
        response.render()
    if response.status_code != 200:
        raise RuntimeError(f"the desk answers {response.status_code}")
    return response
