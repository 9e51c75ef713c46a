"""What tests of the editing desk share: reading a form as a browser would, and posting it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client, override_settings
from django.urls import reverse

from glossary.models import Term


def signed_in(user: User | None) -> Client:
    """Return a client that is signed in as ``user``, or anonymous."""
    client = Client()
    if user is not None:
        client.force_login(user)
    return client


def without_pages(user: User | None) -> Client:
    """Return a client like that of :func:`signed_in`, whose answers have everything but the text of the page.

    Rendering the form of a term takes several times as long as what was asked for. Tests that read the context of an
    answer, or post the form, do without.
    """
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, f"{__name__}.WithoutPages"]):
        client = signed_in(user)
        client.handler.load_middleware()
    return client


class WithoutPages:
    """Middleware that leaves out the text of every page, but takes the messages that it would show."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        response.template_name = engines["django"].from_string("{% for message in messages %}{% endfor %}")
        return response


def add_url() -> str:
    return reverse("admin:glossary_term_add")


def change_url(term: Term) -> str:
    return reverse("admin:glossary_term_change", args=[term.pk])


def fields_of(response: Any) -> dict[str, Any]:
    """Return what a browser would post from the term form in ``response``, untouched."""
    assert response.status_code == 200, response
    form = response.context["adminform"].form
    data = {bound.html_name: _value(bound) for bound in form}
    for inline in response.context["inline_admin_formsets"]:
        formset = inline.formset
        data |= {bound.html_name: _value(bound) for bound in formset.management_form}
        for row in formset.forms:
            data |= {bound.html_name: _value(bound) for bound in row if bound.name != "DELETE"}
    return data


def _value(bound: Any) -> Any:
    value = bound.value()
    if bound.name == "tags":
        return bound.field.widget.format_value(value)
    if bound.name == "related":
        return [str(getattr(item, "pk", item)) for item in value or ()]
    return "" if value is None else value


def with_row(data: dict[str, Any], prefix: str, **fields: Any) -> dict[str, Any]:
    """Return ``data`` with another row in the inline ``prefix``, as the button "Add another" makes it."""
    index = int(data[f"{prefix}-TOTAL_FORMS"])
    row = {f"{prefix}-{index}-{name}": value for name, value in fields.items()}
    return data | row | {f"{prefix}-TOTAL_FORMS": index + 1, f"{prefix}-{index}-ORDER": row.get("ORDER", index + 1)}


def errors_of(response: Any) -> str:
    """Return all that a refused form says, in one text."""
    assert response.status_code == 200, response
    found = [str(response.context["adminform"].form.errors)]
    for inline in response.context["inline_admin_formsets"]:
        found += [str(inline.formset.errors), str(inline.formset.non_form_errors())]
    return "\n".join(found)


def messages_of(response: Any) -> list[str]:
    """Return what the site told the person after a post: on the page that followed, or would on the next page."""
    if response.context is not None:
        return [str(message) for message in response.context["messages"]]
    response.client.cookies.pop("messages", None)  # as the next page would, which need not be rendered for it
    return [str(message) for message in get_messages(response.wsgi_request)]
