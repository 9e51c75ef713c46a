"""Columns that both databases treat alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

from glossary.document.documents import upgrade

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    CharField = models.CharField[str, str]
    JSONField = models.JSONField[dict[str, Any], dict[str, Any]]
else:
    CharField = models.CharField
    JSONField = models.JSONField


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


class TermDocumentField(JSONField):
    """A frozen term document. It is read with every field that is known today, whatever release wrote it.

    Parts of it that a query asks for by name (``document__mechanism``) come as they are stored, and are ``None`` where
    an older document has none.
    """

    def deconstruct(self) -> Any:
        # To a migration it is a column of JSON.
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        document = super().from_db_value(value, expression, connection)
        return upgrade(document) if isinstance(document, dict) and "definition" in document else document
