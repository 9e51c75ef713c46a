"""The page store: finished public pages, served ahead of Django until something that they show changes.

A page is rendered for nobody in particular (a request without cookies and headers), kept as finished bytes in memory
and under ``DATA_DIR/pages``, and handed to everybody. What differs between visitors is only the
``Content-Security-Policy`` header, which follows from their own consent cookie. Freshness: see Note [When a stored
page is stale] in ``config.freshness``.

``finished`` is a page and its file, ``files`` the folder, ``rendering`` how one is made, ``changes`` which are stale,
``serving`` the way from a request to an answer, and ``watching`` the thread that hears of changes.
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from wsgiref.types import WSGIApplication

from django.conf import settings

from config.pages.changes import announce, expire
from config.pages.serving import PageStore
from config.pages.watching import watch
from glossary.linking import current_names

__all__ = ["PageStore", "announce", "expire", "folder", "in_front_of"]

logger = logging.getLogger(__name__)


def in_front_of(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` behind a page store, or by itself where PAGE_STORE is off or the folder can't be used."""
    if not settings.PAGE_STORE:
        return application
    try:
        store = PageStore(application, folder=folder())
    except OSError:
        logger.exception("The page store is off: pages are rendered for each request.")
        return application
    # A worker that has only handed out finished pages would read a hundred thousand names when one of them changes.
    watch(partial(store.look, due=True), prepare=current_names)
    return store


def folder() -> Path:
    """Return where finished pages are kept."""
    return settings.DATA_DIR / "pages"
