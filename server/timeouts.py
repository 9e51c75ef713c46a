"""How long a request waits for the database.

A management command may take its time: a migration rewrites a table, an import waits for another one. A process that
answers requests must not: while its threads wait for the database, it answers nobody.
"""

from __future__ import annotations

from django.conf import settings


def bound_waiting() -> None:
    """Have this process wait for DATABASE_TIMEOUT at most: for a connection, a lock, and the answer to a statement.

    To be called before there is a connection. What DATABASE_URL says itself stays.
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
    # The last one counts.
    options["options"] = " ".join(filter(None, (bounds, options.get("options"))))
