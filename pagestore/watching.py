"""The thread of each worker that notices changes between requests."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import django.db

from pagestore.changes import CHANNEL

logger = logging.getLogger(__name__)

#: How long a change that nobody has told us about goes unseen.
LOOK_EVERY = 1.0


def watch(look: Callable[[], None], *, prepare: Callable[[], object]) -> None:
    """Call ``look`` once a second, and on PostgreSQL at once when somebody announces a change, for ever.

    ``prepare`` is called once before that: it makes ready what the first rendering would otherwise wait for.

    A server that forks its workers after loading the application gets a thread in each of them.
    """

    def begin() -> None:
        threading.Thread(target=_watch, args=(look, prepare), name="page-store", daemon=True).start()

    begin()
    os.register_at_fork(after_in_child=begin)


def _watch(look: Callable[[], None], prepare: Callable[[], object]) -> None:
    look()
    try:
        prepare()
    except django.db.Error as error:
        logger.warning("The first rendering could not be prepared: %s", error, extra={"outage": True})
    listening: Any = None
    while True:
        look()
        try:
            listening = _hear(listening)
        except django.db.Error as error:
            # Whoever comes by looks once a second meanwhile.
            logger.warning("Changes to pages cannot be watched: %s", error, extra={"outage": True})
            django.db.connection.close()
            time.sleep(LOOK_EVERY)


def _hear(listening: Any) -> Any:
    """Wait until a change is announced, at most a second. Takes and returns the connection that listens."""
    connection: Any = django.db.connection  # this thread's own
    if connection.vendor != "postgresql":
        time.sleep(LOOK_EVERY)
        return None
    connection.ensure_connection()
    if connection.connection is not listening:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        # Whatever was announced before that is still to be seen.
        return connection.connection
    with connection.wrap_database_errors:
        heard: Any = connection.connection
        for _ in heard.notifies(timeout=LOOK_EVERY, stop_after=1):
            break
    return listening
