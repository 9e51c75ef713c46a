"""The public pages. Each is the same for every reader: none shows anything of cookies, sessions or headers."""

from glossary.public.views.browsing import home, index, letter, tag, tag_letter, tags
from glossary.public.views.cards import site_card, term_card
from glossary.public.views.citing import cite
from glossary.public.views.crawling import public_paths, robots, sitemap, sitemap_part
from glossary.public.views.embedding import embed_release, embed_script, embedded_term
from glossary.public.views.feeds import feed
from glossary.public.views.keeping import saved
from glossary.public.views.searching import search, suggest
from glossary.public.views.terms import revision, revisions, term

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
