"""Columns that both databases treat alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    CharField = models.CharField[str, str]
else:
    CharField = models.CharField


class CodePointField(CharField):
    """Text that compares by code points, whatever the database's own language is.

    PostgreSQL would otherwise sort by the locale in which the database was made, and a list would begin differently on
    another machine. Prefixes need no second index under this collation.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        collation = "C" if connection.vendor == "postgresql" else "BINARY"
        return super().db_parameters(connection) | {"collation": collation}
