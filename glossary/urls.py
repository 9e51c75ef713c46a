import re

from django.urls import path, register_converter

from glossary.dependents import keys
from glossary.public import views
from glossary.public.citing import FORMS
from glossary.public.lists import INITIAL_OF_SEGMENT
from publicpages import public_page


class LetterConverter:
    """``a`` to ``z``, ``0-9``, the name of a script, or ``symbols``."""

    regex = "|".join(map(re.escape, INITIAL_OF_SEGMENT))

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class CitationConverter:
    """The ending of a citation's file."""

    regex = "|".join(FORMS)

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class CardConverter:
    """The name of a card: the beginning of a hash."""

    regex = "[0-9a-f]{20}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(CardConverter, "card")
register_converter(LetterConverter, "letter")
register_converter(CitationConverter, "citation")

# Lists of several pages have two addresses, with the number of the page and without.
letter = public_page(views.letter, stored_under=keys.of_letter, translated=True, queries=5)
tag_letter = public_page(views.tag_letter, stored_under=keys.TOPICS, translated=True, queries=4)
tag = public_page(views.tag, stored_under=keys.of_topic, translated=True, queries=7)

app_name = "glossary"
# What stands between /glossary/ and the next slash is never a term's slug (glossary.document.documents.RESERVED_SLUGS).
# ``queries`` includes two for the notice and the services, in each page that people read.
urlpatterns = [
    path("", public_page(views.home, stored_under=keys.OVERVIEWS, translated=True, queries=6), name="home"),
    path("glossary/", public_page(views.index, stored_under=keys.OVERVIEWS, translated=True, queries=5), name="index"),
    path("glossary/letter/<letter:segment>/", letter, name="letter"),
    path("glossary/letter/<letter:segment>/<int:number>/", letter, name="letter"),
    path("glossary/feed/", public_page(views.feed, stored_under=keys.OVERVIEWS, queries=4), name="feed"),
    path("glossary/tags/", public_page(views.tags, stored_under=keys.TOPICS, translated=True, queries=4), name="tags"),
    path("glossary/tags/letter/<letter:segment>/", tag_letter, name="tag_letter"),
    path("glossary/tags/letter/<letter:segment>/<int:number>/", tag_letter, name="tag_letter"),
    path("glossary/tags/<slug:slug>/", tag, name="tag"),
    path("glossary/tags/<slug:slug>/<int:number>/", tag, name="tag"),
    path(
        "glossary/<slug:slug>/",
        # The entry, the newest names, the terms that it mentions and names, its two neighbours, retractions.
        public_page(views.term, stored_under=keys.of_term, translated=True, queries=8),
        name="term",
    ),
    path("glossary/<slug:slug>/card-<card:name>.png", public_page(views.term_card, queries=1), name="card"),
    path(
        "glossary/<slug:slug>/revisions/",
        public_page(views.revisions, stored_under=keys.of_history, translated=True, queries=6),
        name="revisions",
    ),
    path(
        "glossary/<slug:slug>/revisions/<int:number>/",
        # As above, and what its two documents name.
        public_page(views.revision, stored_under=keys.of_revision, translated=True, queries=8),
        name="revision",
    ),
    path(
        "glossary/<slug:slug>/revisions/<int:number>/cite.<citation:ending>",
        public_page(views.cite, stored_under=keys.of_history, queries=5),
        name="cite",
    ),
    path(
        "embed/v1/glossary.js",
        public_page(views.embed_script, stored_under=(), for_other_sites=True, queries=0),
        name="embed_script",
    ),
    path(
        "embed/v1/glossary-<str:version>.js",
        public_page(views.embed_release, stored_under=(), for_other_sites=True, queries=0),
        name="embed_release",
    ),
    path(
        "embed/v1/terms/<slug:slug>.json",
        public_page(views.embedded_term, stored_under=keys.of_term, for_other_sites=True, queries=6),
        name="embedded_term",
    ),
    path("saved/", public_page(views.saved, stored_under=(), translated=True, queries=3), name="saved"),
    # Where no word is found, each of at most four likely corrections is tried.
    path("search/", public_page(views.search, reads_query=True, translated=True, queries=12), name="search"),
    path("search/suggest", public_page(views.suggest, reads_query=True, queries=11), name="suggest"),
    path("card-<card:name>.png", public_page(views.site_card, queries=0), name="site_card"),
    path("robots.txt", public_page(views.robots, stored_under=(), queries=0), name="robots"),
    path("sitemap.xml", public_page(views.sitemap, stored_under=keys.OVERVIEWS, queries=5), name="sitemap"),
    path(
        "sitemap-<int:number>.xml",
        public_page(views.sitemap_part, stored_under=keys.OVERVIEWS, queries=3),
        name="sitemap_part",
    ),
]
