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

    def deconstruct(self) -> Any:
        # Migrations have a copy of their own, since this class may change and they may not.
        name, _, args, kwargs = super().deconstruct()
        return name, "glossary.migrations.frozen.columns.CodePointField", args, kwargs

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        collation = "C" if connection.vendor == "postgresql" else "BINARY"
        return super().db_parameters(connection) | {"collation": collation}
