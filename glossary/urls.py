import re

from django.urls import path, register_converter

from glossary.public import views
from glossary.public.citing import FORMS
from glossary.public.lists import INITIAL_OF_SEGMENT


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

app_name = "glossary"
# What stands between /glossary/ and the next slash is never a term's slug (glossary.document.documents.RESERVED_SLUGS).
urlpatterns = [
    path("", views.home, name="home"),
    path("glossary/", views.index, name="index"),
    path("glossary/letter/<letter:segment>/", views.letter, name="letter"),
    path("glossary/letter/<letter:segment>/<int:number>/", views.letter, name="letter"),
    path("glossary/feed/", views.feed, name="feed"),
    path("glossary/tags/", views.tags, name="tags"),
    path("glossary/tags/letter/<letter:segment>/", views.tag_letter, name="tag_letter"),
    path("glossary/tags/letter/<letter:segment>/<int:number>/", views.tag_letter, name="tag_letter"),
    path("glossary/tags/<slug:slug>/", views.tag, name="tag"),
    path("glossary/tags/<slug:slug>/<int:number>/", views.tag, name="tag"),
    path("glossary/<slug:slug>/", views.term, name="term"),
    path("glossary/<slug:slug>/card-<card:name>.png", views.term_card, name="card"),
    path("glossary/<slug:slug>/revisions/", views.revisions, name="revisions"),
    path("glossary/<slug:slug>/revisions/<int:number>/", views.revision, name="revision"),
    path("glossary/<slug:slug>/revisions/<int:number>/cite.<citation:ending>", views.cite, name="cite"),
    path("embed/v1/glossary.js", views.embed_script, name="embed_script"),
    path("embed/v1/glossary-<str:version>.js", views.embed_release, name="embed_release"),
    path("embed/v1/terms/<slug:slug>.json", views.embedded_term, name="embedded_term"),
    path("saved/", views.saved, name="saved"),
    path("search/", views.search, name="search"),
    path("search/suggest", views.suggest, name="suggest"),
    path("card-<card:name>.png", views.site_card, name="site_card"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("sitemap-<int:number>.xml", views.sitemap_part, name="sitemap_part"),
]
