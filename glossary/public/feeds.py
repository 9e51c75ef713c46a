"""What is new in the glossary, as an Atom feed (RFC 4287): each publication with what it changed.

Entries are publications of revisions and not terms, so that nobody who follows the feed misses a change. Their ids are
``tag`` URIs (RFC 4151) that no new address of a term changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from urllib.parse import urlsplit
from xml.sax.xmlreader import AttributesImpl

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.xmlutils import SimplerXMLGenerator

from glossary.document.differences import Difference, compare_documents
from glossary.document.documents import TEXTS, changed_parts, topic_slug_for
from glossary.document.markup import clean_html
from glossary.languages import CONTENT_LANGUAGE, for_good
from glossary.models import Event, PublishedEntry
from glossary.public import rendering

NAME = "Clinical Glossary"
ATOM = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml; charset=utf-8"
MOST_ENTRIES = 50
# What XML 1.0 cannot hold, and documents may: half characters and C0 were refused when they were saved.
_UNWRITABLE = re.compile("[\ufffe\uffff\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Item:
    """A publication as the feed tells it. ``summary`` is a sentence or two, ``content`` HTML with the changes."""

    key: str
    title: str
    url: str
    updated: datetime
    published: datetime
    summary: str
    content: str
    topics: tuple[tuple[str, str], ...]


def newest() -> tuple[Item, ...]:
    """Return the last publications of terms that still are public, the newest first. Two queries."""
    events = list(
        Event.objects.filter(verb=Event.Verb.PUBLISHED, term__entry__isnull=False)
        .select_related("term__entry", "revision", "previous_revision")
        .defer(*(f"term__{name}" for name in ("title", *TEXTS)))
        .order_by("-created_at", "-pk")[:MOST_ENTRIES]
    )
    slugs = {slug for event in events if event.revision for slug in event.revision.document["related"]}
    titles = dict(PublishedEntry.objects.filter(slug__in=slugs).values_list("slug", "title"))
    # A revision that was public twice is one entry, of the last time.
    last = {event.revision_id: event for event in reversed(events)}
    return tuple(_item(event, titles) for event in events if last[event.revision_id] is event)


def atom(items: Iterable[Item]) -> str:
    """Return the feed as XML."""
    items = tuple(items)
    with for_good():
        home, here = (rendering.absolute(reverse(f"glossary:{name}")) for name in ("home", "feed"))
    output = StringIO()
    xml = SimplerXMLGenerator(output, "utf-8", short_empty_elements=True)
    xml.startDocument()
    xml.startElement("feed", AttributesImpl({"xmlns": ATOM, "xml:lang": CONTENT_LANGUAGE}))
    _text(xml, "id", _tag("feed"))
    _text(xml, "title", NAME)
    _text(xml, "subtitle", "New and changed terms, and what changed in them.")
    # An empty feed has to say when it changed too.
    _text(xml, "updated", _time(max((item.updated for item in items), default=datetime(1970, 1, 1, tzinfo=UTC))))
    _link(xml, rel="self", href=here, type="application/atom+xml")
    _link(xml, rel="alternate", href=home, type="text/html")
    xml.startElement("author", AttributesImpl({}))
    _text(xml, "name", NAME)
    _text(xml, "uri", home)
    xml.endElement("author")
    for item in items:
        xml.startElement("entry", AttributesImpl({}))
        _text(xml, "id", item.key)
        _text(xml, "title", item.title)
        _text(xml, "updated", _time(item.updated))
        _text(xml, "published", _time(item.published))
        _link(xml, rel="alternate", href=item.url, type="text/html")
        for slug, name in item.topics:
            xml.addQuickElement("category", attrs={"term": slug, "label": _writable(name)})
        _text(xml, "summary", item.summary)
        _text(xml, "content", item.content, **{"type": "html", "xml:base": home})
        xml.endElement("entry")
    xml.endElement("feed")
    xml.endDocument()
    return output.getvalue()


def _item(event: Event, titles: dict[str, str]) -> Item:
    entry, revision, before = event.term.entry, event.revision, event.previous_revision
    assert revision is not None  # noqa: S101  # every publication has one
    document = revision.document
    url = rendering.permalink(entry.slug, revision.number)
    if entry.revision_id == revision.pk:
        with for_good():
            url = rendering.absolute(entry.get_absolute_url())
    differences: tuple[Difference, ...] = ()
    if before is not None:
        parts = ", ".join(changed_parts(before.document, document))
        summary = f"Changed: {parts}." if parts else "Published again as it was."
        compared = compare_documents(before.document, document, titles=titles)
        differences = tuple(each for each in compared if each.changed)
    elif entry.first_published_at < event.created_at:
        summary = f"Public again. {entry.summary}" if entry.revision_id == revision.pk else "Public again."
    else:
        summary = f"New term. {entry.summary}" if entry.revision_id == revision.pk else "New term."
    context = {
        "definition": "" if before else clean_html(document["definition"]),
        "changes": [
            (each.heading, [block for block in each.comparison.blocks if block.changed]) for each in differences
        ],
        "reason": event.reason,
        "number": revision.number,
    }
    with for_good():
        content = render_to_string("glossary/feed_entry.html", context)
    topics = ((topic_slug_for(name), name) for name in document["tags"])
    return Item(
        key=_tag(f"term/{event.term_id}/revision/{revision.number}"),
        title=document["title"],
        url=url,
        updated=event.created_at,
        published=event.created_at,
        summary=summary,
        content=content.strip(),
        topics=tuple((slug, name) for slug, name in topics if slug),
    )


def _tag(name: str) -> str:
    """Return a ``tag`` URI: of this site, as it was at a day when it was its own, and never of another."""
    return f"tag:{urlsplit(settings.SITE_URL).hostname},2026:{name}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _text(xml: SimplerXMLGenerator, name: str, text: str, **attributes: str) -> None:
    xml.addQuickElement(name, _writable(text), attributes)


def _link(xml: SimplerXMLGenerator, **attributes: str) -> None:
    xml.addQuickElement("link", attrs=attributes)


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
