"""What pages tell machines about themselves, in the vocabulary of schema.org as JSON-LD.

One graph for each page, whose nodes name one another by ``@id``. The site, the glossary and each term are one thing and
have one name, in whatever language the page around them is; the page and its breadcrumb are that page's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.urls import get_script_prefix
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from glossary.addresses import fixed_address_of
from glossary.languages import CONTENT_LANGUAGE, for_good
from glossary.public.lists import Letter, Tag
from glossary.public.pages import Link, ReferenceLine, Seal, TermPage
from glossary.public.rendering import absolute
from glossary.public.share_images import HEIGHT as CARD_HEIGHT
from glossary.public.share_images import WIDTH as CARD_WIDTH
from glossary.public.share_images import card_of

Node = dict[str, Any]

NAME = "Clinical Glossary"
# Escaped as Django's json_script does it, so that no value can close the element. Not by `translate`, which goes letter
# by letter through what isn't ASCII.
_JSON_IN_HTML = (("<", "\\u003C"), (">", "\\u003E"), ("&", "\\u0026"))


def of_home() -> SafeString:
    """Return the graph of the home page: the site, and how to search it."""
    site, glossary = _site(), _glossary()
    search = absolute(fixed_address_of("glossary:search"))
    site["potentialAction"] = {
        "@type": "SearchAction",
        "target": {"@type": "EntryPoint", "urlTemplate": f"{search}?q={{q}}"},
        "query-input": "required name=q",
    }
    return _graph(site, glossary)


def of_term(page: TermPage) -> SafeString:
    """Return the graph of a term's page: the term, and the page with who reviewed it, when, and what it cites."""
    entry, standing = page.entry, page.standing
    letter = Letter(entry.initial)
    path = entry.get_absolute_url()
    address = absolute(path)
    with for_good():
        lasting = absolute(entry.get_absolute_url())
    term: Node = {
        "@type": "DefinedTerm",
        "@id": f"{lasting}#term",
        "url": lasting,
        "name": entry.title,
        "termCode": entry.slug,
        "description": entry.summary,
        "inDefinedTermSet": _only(_glossary()),
    }
    if names := [name for group in page.body.names for name in group.names]:
        term["alternateName"] = names
    about: Node = {
        "@type": "MedicalWebPage",
        "@id": address,
        "url": address,
        "name": entry.title,
        "description": entry.summary,
        "inLanguage": CONTENT_LANGUAGE,
        "isPartOf": _only(_site()),
        "mainEntity": _only(term),
        "breadcrumb": {"@id": f"{address}#breadcrumb"},
        "datePublished": entry.first_published_at.isoformat(timespec="seconds"),
        "dateModified": entry.published_at.isoformat(timespec="seconds"),
        "version": str(page.revision_number),
    }
    card = card_of(entry.snapshot)
    if card.slug:
        image = {"@type": "ImageObject", "url": absolute(card.path), "width": CARD_WIDTH, "height": CARD_HEIGHT}
        about["primaryImageOfPage"] = image
    if review := standing.review:
        about |= {"lastReviewed": review.approved_at.date().isoformat(), "reviewedBy": _reviewer(review)}
    if page.body.references:
        about["citation"] = [_work(reference) for reference in page.body.references]
    if page.body.tags:
        about["keywords"] = ", ".join(tag.text for tag in page.body.tags)
    trail = [
        Link(gettext("A–Z"), fixed_address_of("glossary:index")),
        Link(letter.label, letter.url),
        Link(entry.title, path),
    ]
    return _graph(_site(), _glossary(), term, about, _breadcrumb(address, trail))


def of_list(
    name: str, path: str, trail: Iterable[Link], *, count: int, tag: Tag | None = None, number: int = 1
) -> SafeString:
    """Return the graph of a list of terms or topics: what it is called, where it belongs, and how long it is.

    ``tag`` is the topic whose list it is. Of its pages only the first says when it changed: the others may not have.
    """
    address = absolute(path)
    page: Node = {
        "@type": "CollectionPage",
        "@id": address,
        "url": address,
        "name": name,
        "inLanguage": CONTENT_LANGUAGE if tag else get_language(),
        "isPartOf": _only(_site()),
        "breadcrumb": {"@id": f"{address}#breadcrumb"},
        "mainEntity": {"@type": "ItemList", "numberOfItems": count},
    }
    if tag and tag.description:
        page["description"] = tag.beginning
    if tag and tag.changed_at and number == 1:
        page["dateModified"] = tag.changed_at.isoformat(timespec="seconds")
    return _graph(_site(), page, _breadcrumb(address, [*trail, Link(name, path)]))


def _site() -> Node:
    home = _for_good("glossary:home", settings.SITE_URL, get_script_prefix())
    return {"@type": "WebSite", "@id": f"{home}#site", "url": home, "name": NAME, "inLanguage": CONTENT_LANGUAGE}


def _glossary() -> Node:
    index = _for_good("glossary:index", settings.SITE_URL, get_script_prefix())
    return {
        "@type": "DefinedTermSet",
        "@id": f"{index}#glossary",
        "url": index,
        "name": NAME,
        "inLanguage": CONTENT_LANGUAGE,
    }


@lru_cache(maxsize=16)
def _for_good(view: str, site: str, prefix: str) -> str:
    """Return the lasting address of a page of which there is one. What it depends on is named for what remembers it."""
    with for_good():
        return absolute(fixed_address_of(view))


def _reviewer(review: Seal) -> Node:
    person: Node = {"@type": "Person", "name": review.approved_by_name}
    if review.credentials:
        person["hasCredential"] = {"@type": "EducationalOccupationalCredential", "name": review.credentials}
    return person


def _work(reference: ReferenceLine) -> Node:
    """Return a cited work. Only what has a DOI or a PubMed number is known to be an article."""
    work: Node = {"@type": "ScholarlyArticle" if reference.identifiers else "CreativeWork", "name": reference.citation}
    if reference.identifiers:
        work["identifier"] = [
            {"@type": "PropertyValue", "propertyID": name, "value": value} for name, value in reference.identifiers
        ]
    if reference.links:
        work["sameAs"] = [link.url for link in reference.links]
    if reference.retraction:
        work["creativeWorkStatus"] = "Retracted"
    return work


def _breadcrumb(address: str, trail: Iterable[Link]) -> Node:
    places = [Link(gettext("Home"), fixed_address_of("glossary:home")), *trail]
    return {
        "@type": "BreadcrumbList",
        "@id": f"{address}#breadcrumb",
        "itemListElement": [
            {"@type": "ListItem", "position": position, "name": place.text, "item": absolute(place.url)}
            for position, place in enumerate(places, start=1)
        ],
    }


def _only(node: Node) -> Node:
    return {"@id": node["@id"]}


def _graph(*nodes: Node) -> SafeString:
    data = {"@context": "https://schema.org", "@graph": nodes}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign, escaped in _JSON_IN_HTML:
        text = text.replace(sign, escaped)
    return mark_safe(text)  # noqa: S308  (see above)
