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

#: Seconds after which a change is noticed that was not announced.
CHECK_EVERY = 1.0


def watch(refresh: Callable[[], None], *, prepare: Callable[[], object]) -> None:
    """Call ``refresh`` every second, and on PostgreSQL as soon as a change is announced, until the process ends.

    ``prepare`` is called once before: it loads what the first rendering would otherwise wait for.

    A server that forks its workers after loading the application gets a thread in each of them.
    """

    def begin() -> None:
        threading.Thread(target=_watch, args=(refresh, prepare), name="page-store", daemon=True).start()

    begin()
    os.register_at_fork(after_in_child=begin)


def _watch(refresh: Callable[[], None], prepare: Callable[[], object]) -> None:
    refresh()
    try:
        prepare()
    except django.db.Error as error:
        logger.warning("The first rendering could not be prepared: %s", error, extra={"outage": True})
    listening: Any = None
    while True:
        refresh()
        try:
            listening = _wait_for_change(listening)
        except django.db.Error as error:
            # Meanwhile, requests check once a second.
            logger.warning("Changes to pages cannot be watched: %s", error, extra={"outage": True})
            django.db.connection.close()
            time.sleep(CHECK_EVERY)


def _wait_for_change(listening: Any) -> Any:
    """Wait until a change is announced, at most a second. Takes and returns the connection that listens."""
    connection: Any = django.db.connection  # this thread's own
    if connection.vendor != "postgresql":
        time.sleep(CHECK_EVERY)
        return None
    connection.ensure_connection()
    if connection.connection is not listening:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        # A change that was announced before is still to be read.
        return connection.connection
    with connection.wrap_database_errors:
        heard: Any = connection.connection
        for _ in heard.notifies(timeout=CHECK_EVERY, stop_after=1):
            break
    return listening
