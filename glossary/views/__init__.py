"""The public pages. Each is the same for every reader: none shows anything of cookies, sessions or headers."""

from glossary.views.browsing import home, index, letter, tag, tag_letter, tags
from glossary.views.cards import site_card, term_card
from glossary.views.citing import cite
from glossary.views.crawling import public_paths, robots, sitemap, sitemap_part
from glossary.views.embedding import embed_release, embed_script, embedded_term
from glossary.views.feeds import feed
from glossary.views.keeping import saved
from glossary.views.searching import search, suggest
from glossary.views.terms import revision, revisions, term

__all__ = [
    "cite",
    "embed_release",
    "embed_script",
    "embedded_term",
    "feed",
    "home",
    "index",
    "letter",
    "public_paths",
    "revision",
    "revisions",
    "robots",
    "saved",
    "search",
    "site_card",
    "sitemap",
    "sitemap_part",
    "suggest",
    "tag",
    "tag_letter",
    "tags",
    "term",
    "term_card",
]
