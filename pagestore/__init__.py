"""The page store: finished public pages, served ahead of Django until something that they show changes.

A page is rendered for nobody in particular (a request without cookies and headers), kept as finished bytes in memory
and under ``DATA_DIR/pages``, and handed to everybody. What differs between visitors is only the
``Content-Security-Policy`` header, which follows from their own consent cookie. Freshness: see Note [When a stored
page is stale] in ``pagestore.freshness``.

``finished`` is a page and its file, ``files`` the folder, ``rendering`` how one is made, ``changes`` which are stale,
``serving`` the way from a request to an answer, and ``watching`` the thread that hears of changes.
"""
