"""Each page takes a bounded number of queries, the same in a small glossary and in one that is ten times as big."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from bench.terms import documents
from glossary.actions import publish_terms, save_terms
from glossary.document.parsing import parse_document
from glossary.models import Program, Term
from glossary.urls import urlpatterns
from tests.glossary.multiplied import multiply
from tests.glossary.term_form import signed_in
from tests.people import person
from tests.site.addresses import addresses, registered

# Pages of the editing desk → the most queries that each may take. Session and account are two of them, permissions one
# or two more.
DESK = {
    "front page": 30,  # two for each queue, the tasks, the newest changes
    "list": 10,  # also which terms the queues are counted among, where they are few
    "list, searched": 11,  # also the names that were read once for the list and all counts
    "list, filtered": 12,  # also whether what the filter leaves out is short enough to be counted
    "form": 20,
    "form of a new term": 4,
    "history": 10,
    "revision": 14,
    "comparison": 8,
    "names": 10,
    "topics": 6,
    "suggested topics": 4,
    "similar names": 4,
    "suggested terms": 5,
}


@pytest.fixture
def small(editor: User, at: datetime) -> None:
    saved = save_terms(documents=[parse_document(each) for each in documents(50)], by=editor, at=at)
    terms = [outcome.term for outcome in saved]
    publish_terms(terms=terms, by=Program("Test"), at=at, emergency=True, reason="Test")


def test_every_public_page_has_a_budget() -> None:
    assert {pattern.name for pattern in urlpatterns} == budgets().keys()


@pytest.mark.slow
@pytest.mark.database
def test_public_pages_keep_to_their_budgets_at_any_size(client: Client, small: None) -> None:
    paths = {path: budgets()[name] for name, found in addresses().items() for path in found}
    few = {path: queries(client, path) for path in paths}
    multiply(10)
    many = {path: queries(client, path) for path in paths}
    assert {path: count for path, count in many.items() if count > paths[path]} == {}
    # What has few hits is found on a shorter way than what stands in every text.
    grown = {path: (few[path], count) for path, count in many.items() if count > few[path]}
    assert {path: grown[path] for path in grown if not path.startswith("/search/")} == {}


@pytest.mark.slow
@pytest.mark.database
def test_pages_of_the_desk_keep_to_their_budgets_at_any_size(small: None) -> None:
    desk = signed_in(person("ada", "Ada Admin", superuser=True))
    term = Term.objects.order_by("pk")[3]
    paths = desk_addresses(term)
    assert paths.keys() == DESK.keys()
    few = {name: queries(desk, path) for name, path in paths.items()}
    multiply(10)
    many = {name: queries(desk, path) for name, path in paths.items()}
    assert {name: count for name, count in many.items() if count > DESK[name]} == {}
    assert {name: (few[name], count) for name, count in many.items() if count > few[name]} == {}


def budgets() -> dict[str, int]:
    """Return the most queries that each view of the glossary may take, whatever the size of the glossary."""
    of_glossary = {name.partition(":")[2]: page for name, page in registered().items() if name.startswith("glossary:")}
    return {name: page.queries for name, page in of_glossary.items() if page.queries is not None}


def desk_addresses(term: Term) -> Mapping[str, str]:
    terms = reverse("admin:glossary_term_changelist")
    asked = "app_label=glossary&model_name=term&field_name=related"
    return {
        "front page": reverse("admin:index"),
        "list": terms,
        "list, searched": f"{terms}?q=acute",
        "list, filtered": f"{terms}?state=published&tag=pain",
        "form": reverse("admin:glossary_term_change", args=[term.pk]),
        "form of a new term": reverse("admin:glossary_term_add"),
        "history": reverse("admin:glossary_term_history", args=[term.pk]),
        "revision": reverse("admin:glossary_term_revision", args=[term.pk, 1]),
        "comparison": reverse("admin:glossary_term_compare", args=[term.pk]),
        "names": reverse("admin:glossary_term_names"),
        "topics": reverse("admin:taggit_tag_changelist"),
        "suggested topics": f"{reverse('admin:glossary_term_tags')}?term=pain",
        "similar names": f"{reverse('admin:glossary_term_similar')}?title=nephritis",
        "suggested terms": f"{reverse('admin:autocomplete')}?{asked}&term=acute",
    }


def queries(client: Client, path: str) -> int:
    """Return how many queries a page takes whose process is warm."""
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)
    return len(captured)
