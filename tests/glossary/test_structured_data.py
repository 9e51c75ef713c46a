"""What pages tell machines: JSON-LD that parses, hangs together, and names only what schema.org knows."""

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from taggit.models import Tag

from glossary.actions import describe_tag, save_term
from glossary.models import Credentials, RetractedWork
from tests.glossary.builders import approve, document, text_of

pytestmark = pytest.mark.django_db

THING = {"name", "url", "description", "alternateName", "identifier", "sameAs", "potentialAction"}
CREATIVE_WORK = THING | {
    *("about", "citation", "creativeWorkStatus", "dateModified", "datePublished", "inLanguage", "isPartOf", "keywords"),
    *("license", "mainEntity", "version"),
}
WEB_PAGE = CREATIVE_WORK | {"breadcrumb", "lastReviewed", "primaryImageOfPage", "reviewedBy"}
ITEM_LIST = THING | {"itemListElement", "numberOfItems"}
# Type → the properties that it has there, by itself or from what it is a kind of. Read from release 30.1 of the
# vocabulary, as far as pages may come to use it: what is not here is looked up before it is added.
VOCABULARY = {
    "BreadcrumbList": ITEM_LIST,
    "CollectionPage": WEB_PAGE,
    "CreativeWork": CREATIVE_WORK,
    "DefinedTerm": THING | {"inDefinedTermSet", "termCode"},
    "DefinedTermSet": CREATIVE_WORK | {"hasDefinedTerm"},
    "EducationalOccupationalCredential": CREATIVE_WORK | {"credentialCategory"},
    "EntryPoint": THING | {"urlTemplate"},
    "ImageObject": CREATIVE_WORK | {"caption", "contentUrl", "height", "width"},
    "ItemList": ITEM_LIST,
    "ListItem": THING | {"item", "position"},
    "MedicalWebPage": WEB_PAGE | {"medicalAudience"},
    "Person": THING | {"hasCredential", "honorificSuffix", "jobTitle"},
    "PropertyValue": THING | {"propertyID", "value"},
    "ScholarlyArticle": CREATIVE_WORK,
    # An action's inputs are named by a property and "-input".
    "SearchAction": THING | {"query-input", "target"},
    "WebSite": CREATIVE_WORK,
}
WORKS = [
    {"citation": "Rossouw JE. Risks and benefits. JAMA. 2002.", "doi": "10.1001/jama.288.3.321", "pmid": "12117397"},
    {"citation": "A handbook.", "url": "https://www.example.org/handbook"},
    {"citation": "Doe J. On eggs. 2020.", "doi": "10.1000/182"},
]
PAGES = [
    *("/", "/glossary/", "/glossary/letter/p/", "/glossary/letter/greek/", "/glossary/tags/", "/glossary/tags/sleep/"),
    *(
        "/glossary/tags/letter/s/",
        "/glossary/progesterone/",
        "/de/",
        "/ar/glossary/progesterone/",
        "/de/glossary/tags/",
    ),
]


@pytest.fixture(autouse=True)
def _term(editor: User, reviewer: User, at: datetime) -> None:
    Credentials.objects.create(user=reviewer, text="MD, endocrinologist")
    synonyms = [{"text": "P4", "kind": "abbreviation"}]
    saved = save_term(
        document=document("Progesterone", references=WORKS, synonyms=synonyms, tags=["Sleep"]), by=editor, at=at
    )
    RetractedWork.objects.create(
        doi="10.1000/182", title="On eggs", retracted_date=date(2025, 5, 1), listed_at=at, checked_at=at
    )
    approve(term=saved.term, by=reviewer, at=at + timedelta(days=1), publish=True)
    describe_tag(tag=Tag.objects.get(), text="About sleep & rest.", by=editor, at=at)


def graph_of(client: Client, path: str) -> list[dict[str, Any]]:
    """Return the nodes of a page, of which there is one graph."""
    [data] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text_of(client, path), flags=re.DOTALL)
    found = json.loads(data)
    assert found.keys() == {"@context", "@graph"}
    assert found["@context"] == "https://schema.org"
    nodes: list[dict[str, Any]] = found["@graph"]
    return nodes


def nodes_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from nodes_in(item)
    elif isinstance(value, dict):
        yield value
        for item in value.values():
            yield from nodes_in(item)


def of_type(nodes: list[dict[str, Any]], name: str) -> dict[str, Any]:
    [node] = [node for node in nodes if node["@type"] == name]
    return node


@pytest.mark.parametrize("path", PAGES)
def test_pages_name_only_what_the_vocabulary_has(client: Client, path: str) -> None:
    for node in nodes_in(graph_of(client, path)):
        if node.keys() == {"@id"}:
            continue
        properties = {name for name in node if not name.startswith("@")}
        assert properties <= VOCABULARY[node["@type"]], node["@type"]
        assert all(value not in ("", [], None) for value in node.values()), node


@pytest.mark.parametrize("path", PAGES)
def test_nodes_hang_together(client: Client, path: str) -> None:
    nodes = graph_of(client, path)
    names = [node["@id"] for node in nodes]
    assert len(set(names)) == len(names)
    for node in nodes_in(nodes):
        if node.keys() == {"@id"}:
            assert node["@id"] in names


def test_a_term_says_who_reviewed_it_and_what_it_cites(client: Client, settings: Any) -> None:
    nodes = graph_of(client, "/glossary/progesterone/")
    address = f"{settings.SITE_URL}/glossary/progesterone/"
    term, page = of_type(nodes, "DefinedTerm"), of_type(nodes, "MedicalWebPage")
    assert term["@id"] == f"{address}#term"
    assert term["alternateName"] == ["P4"]
    assert of_type(nodes, "DefinedTermSet")["@id"] == term["inDefinedTermSet"]["@id"]
    assert page["mainEntity"] == {"@id": term["@id"]}
    assert page["lastReviewed"] == "2026-03-03"
    assert page["dateModified"] == "2026-03-03T12:00:00+00:00"
    assert page["inLanguage"] == "en-GB"
    assert page["reviewedBy"]["hasCredential"]["name"] == "MD, endocrinologist"
    article, book, retracted = page["citation"]
    assert article["@type"] == "ScholarlyArticle"
    assert article["sameAs"] == [
        "https://doi.org/10.1001/jama.288.3.321",
        "https://pubmed.ncbi.nlm.nih.gov/12117397/",
    ]
    assert {"@type": "PropertyValue", "propertyID": "pmid", "value": "12117397"} in article["identifier"]
    assert (book["@type"], book["sameAs"]) == ("CreativeWork", ["https://www.example.org/handbook"])
    assert retracted["creativeWorkStatus"] == "Retracted"
    assert [item["name"] for item in of_type(nodes, "BreadcrumbList")["itemListElement"]] == [
        *("Home", "A–Z", "P", "Progesterone"),
    ]


def test_a_term_is_one_thing_in_whatever_language_its_page_is(client: Client) -> None:
    english, arabic = (graph_of(client, f"{prefix}/glossary/progesterone/") for prefix in ("", "/ar"))
    for name in ("DefinedTerm", "DefinedTermSet", "WebSite"):
        assert of_type(english, name) == of_type(arabic, name)
    assert of_type(arabic, "MedicalWebPage")["url"].endswith("/ar/glossary/progesterone/")
    assert of_type(arabic, "BreadcrumbList") != of_type(english, "BreadcrumbList")


def test_the_home_page_says_how_to_search(client: Client, settings: Any) -> None:
    action = of_type(graph_of(client, "/"), "WebSite")["potentialAction"]
    assert action["target"]["urlTemplate"] == f"{settings.SITE_URL}/search/?q={{q}}"
    text_of(client, "/search/?q=progesterone")


def test_a_topic_says_what_it_is_about_and_how_much_is_in_it(client: Client) -> None:
    page = of_type(graph_of(client, "/glossary/tags/sleep/"), "CollectionPage")
    assert (page["description"], page["mainEntity"]["numberOfItems"]) == ("About sleep & rest.", 1)
