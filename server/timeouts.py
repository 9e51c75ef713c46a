"""Limit how long a request waits for the database.

A management command may take long: a migration rewrites a table, an import waits for another one. A process that
answers requests must not: while all its threads wait for the database, it answers no request.
"""

from __future__ import annotations

from django.conf import settings


def limit_waiting() -> None:
    """Limit to DATABASE_TIMEOUT how long this process waits for a connection, a lock, and the answer to a statement.

    To be called before the first connection. Limits in DATABASE_URL itself have priority.
    """
    seconds: int = settings.DATABASE_TIMEOUT
    if not seconds:
        return
    database = settings.DATABASES["default"]
    options = database.setdefault("OPTIONS", {})
    if database["ENGINE"] == "django.db.backends.sqlite3":
        options["timeout"] = seconds
        return
    options.setdefault("connect_timeout", seconds)
    options.setdefault("tcp_user_timeout", seconds * 1_000)
    bounds = f"-c statement_timeout={seconds}s -c lock_timeout={seconds}s"
    # PostgreSQL uses the last of several values.
    options["options"] = " ".join(filter(None, (bounds, options.get("options"))))
