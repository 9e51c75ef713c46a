"""The page store in front of an application, and where its pages are kept."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from wsgiref.types import WSGIApplication

from django.conf import settings

from glossary.linking import current_names
from pagestore.serving import PageStore
from pagestore.watching import watch

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
