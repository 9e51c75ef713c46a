"""The page store: finished public pages, served ahead of Django until something that they show changes.

A page is rendered once, for a request without cookies and headers, stored as finished bytes in memory and under
``DATA_DIR/pages``, and sent to everybody. Only the ``Content-Security-Policy`` header differs between visitors: it
follows from their own consent cookie. Freshness: see Note [When a stored
page is stale] in ``pagestore.freshness``.

``finished`` is a page and its file, ``files`` the folder, ``rendering`` how one is made, ``changes`` which are stale,
``serving`` answers requests, and ``watching`` is the thread that notices changes.
"""
