"""Changing what cannot be changed: as somebody with all rights in the database would, who drops its triggers first."""

from __future__ import annotations

from django.db import connection


def tamper(statement: str, *parameters: object) -> None:
    """Run a statement without the triggers, and put them back behind it."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            try:
                cursor.execute(statement, parameters)  # type: ignore[arg-type]  # parameters of any kind
            finally:
                cursor.execute("SET session_replication_role = origin")
            return
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'consent_%%'", [])
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute(statement, parameters)  # type: ignore[arg-type]  # as above
        for _, sql in triggers:
            cursor.execute(sql)
