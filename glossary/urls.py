from django.urls import path, register_converter

from glossary import views
from glossary.rendering import OTHER


class LetterConverter:
    """``a`` to ``z``, or ``0-9`` for titles that begin otherwise."""

    regex = f"[a-z]|{OTHER}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(LetterConverter, "letter")

app_name = "glossary"
# What stands between /glossary/ and the next slash is never a term's slug (glossary.documents.RESERVED_SLUGS).
urlpatterns = [
    path("", views.home, name="home"),
    path("glossary/", views.index, name="index"),
    path("glossary/letter/<letter:segment>/", views.letter, name="letter"),
    path("glossary/letter/<letter:segment>/<int:number>/", views.letter, name="letter"),
    path("glossary/tags/", views.tags, name="tags"),
    path("glossary/tags/<slug:slug>/", views.tag, name="tag"),
    path("glossary/tags/<slug:slug>/<int:number>/", views.tag, name="tag"),
    path("glossary/<slug:slug>/", views.term, name="term"),
    path("glossary/<slug:slug>/revisions/", views.revisions, name="revisions"),
    path("glossary/<slug:slug>/revisions/<int:number>/", views.revision, name="revision"),
    path("search/", views.search, name="search"),
    path("robots.txt", views.robots, name="robots"),
    path("sitemap.xml", views.sitemap, name="sitemap"),
    path("sitemap-<int:number>.xml", views.sitemap_part, name="sitemap_part"),
]
