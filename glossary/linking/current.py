"""The names of this glossary as they are published, read once per process and kept up to date by what changed.

Note [When the names are fresh]
Every change of published names, or of whether one is linked, writes a ``NameChange`` while it holds the lock of the
content version, so their keys rise in the order of the commits. A process remembers the newest one that it has seen. A
page is rendered with the names of at least the newest one at the time: what came since is read again, term by term. If
the one that was seen is gone (pruned, or the database was restored from a backup: each has a random token), all are
read again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator

from django.db.models import QuerySet

from glossary.linking.names import KnownName, Names
from glossary.models import EntryName, NameChange, UnlinkedName
from glossary.text.names import normalise


class _Shared:
    def __init__(self) -> None:
        self.names = Names()
        self.seen: tuple[int, int] | None = None
        self.lock = threading.Lock()

    def begin_again_if_held(self) -> None:
        """Forget what a thread was about to read when this process was forked: that thread isn't here."""
        if self.lock.locked():
            self.names, self.seen, self.lock = Names(), None, threading.Lock()


_shared = _Shared()
os.register_at_fork(after_in_child=_shared.begin_again_if_held)


def newest_change() -> int:
    """Return the token of the newest change, or 0 before the first. One query."""
    return NameChange.objects.order_by("-pk").values_list("token", flat=True).first() or 0


def current_names(token: int | None = None) -> Names:
    """Return the published names. ``token`` is what :func:`newest_change` gave; without it, one query more.

    Takes no query while nothing has changed, and up to three when something has.
    """
    if token is None:
        token = newest_change()
    seen = _shared.seen
    if seen is None or seen[1] != token:
        with _shared.lock:
            _bring_up_to_date()
    return _shared.names


def known_names(terms: Iterable[int] | None = None) -> Iterator[KnownName]:
    """Yield the published names of ``terms``, or of all. Two queries."""
    rows: QuerySet[EntryName] = EntryName.objects.all()
    switched_off = UnlinkedName.objects.all()
    if terms is not None:
        wanted = list(terms)
        rows, switched_off = rows.filter(entry__in=wanted), switched_off.filter(term__in=wanted)
    off = set(switched_off.values_list("term_id", "normalised"))
    # In order, so that every process has them alike.
    ordered = rows.order_by("entry_id", "pk").values_list("entry_id", "name", "kind")
    for term, text, kind in ordered.iterator(chunk_size=5_000):
        yield KnownName(term, text, kind, linked=not off or (term, normalise(text)) not in off)


def _bring_up_to_date() -> None:
    seen = _shared.seen
    rows = NameChange.objects.order_by("pk").values_list("pk", "token", "term_id")
    changes = list(rows.filter(pk__gte=seen[0])) if seen else []
    newest = (changes[-1] if changes else rows.last() or (0, 0))[:2]
    if seen == newest:
        return
    noted = [term for _, _, term in changes[1:]]
    terms = {term for term in noted if term is not None}
    if changes and seen == changes[0][:2] and None not in noted:
        _shared.names.replace(terms, known_names(terms))
    else:
        _shared.names = Names(known_names())
    _shared.seen = newest
