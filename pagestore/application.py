"""Put the page store before an application, and name the folder of its pages."""

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


def with_page_store(application: WSGIApplication) -> WSGIApplication:
    """Return ``application`` behind a page store, or alone if PAGE_STORE is off or the folder can't be used."""
    if not settings.PAGE_STORE:
        return application
    try:
        store = PageStore(application, folder=folder())
    except OSError:
        logger.exception("The page store is off: pages are rendered for each request.")
        return application
    # Otherwise, a worker would read all names, a hundred thousand perhaps, when the first of its pages is rendered.
    watch(partial(store.refresh, due=True), prepare=current_names)
    return store


def folder() -> Path:
    """Return the folder of finished pages."""
    return settings.DATA_DIR / "pages"
