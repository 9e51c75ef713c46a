"""Triggers by which the database itself refuses to change what is written once. Used by migrations.

Without more, a table refuses every UPDATE, DELETE and TRUNCATE. A table may let through named :class:`Transition` and
the DELETE of rows that fulfil a condition; whatever isn't named, columns of later migrations included, stays refused.

On SQLite a later migration that alters such a table rebuilds it and loses its triggers: apply :func:`protect` again
behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = """
CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    probe {table}%ROWTYPE;
BEGIN
    {allowed}
    RAISE EXCEPTION '{table} is append-only: % is refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE OR REPLACE TRIGGER {table}_append_only_row BEFORE UPDATE OR DELETE{insert} ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_append_only();
CREATE OR REPLACE TRIGGER {table}_append_only_table BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only();
"""
# The row as it was, but for the columns that may change, must be the old row.
POSTGRESQL_TRANSITION = """
    IF TG_OP = 'UPDATE' THEN
        probe := NEW; {restore}
        IF probe IS NOT DISTINCT FROM OLD AND ({condition}) THEN RETURN NEW; END IF;
    END IF;
"""
POSTGRESQL_DELETE = "IF TG_OP = 'DELETE' THEN IF {condition} THEN RETURN OLD; END IF; END IF;\n"
POSTGRESQL_INSERT = "IF TG_OP = 'INSERT' THEN IF {condition} THEN RETURN NEW; END IF; END IF;\n"
SQLITE = """
CREATE TRIGGER {table}_append_only_{verb} BEFORE {verb} ON {table} {when}
BEGIN SELECT RAISE(ABORT, '{table} is append-only: {verb} is refused'); END
"""
SQLITE_VERBS = ("INSERT", "UPDATE", "DELETE")


@dataclass(frozen=True, slots=True)
class Transition:
    """A change that is let through: of ``columns`` and no others, under a condition in SQL over ``OLD`` and ``NEW``."""

    columns: tuple[str, ...]
    condition: str


def protect(
    schema_editor: BaseDatabaseSchemaEditor,
    table: str,
    *,
    transitions: Sequence[Transition] = (),
    inserted: str = "",
    removable: str = "",
) -> None:
    """Create the triggers on ``table``, anew if they exist.

    ``inserted`` is what a new row must fulfil and ``removable`` what a row must fulfil to be deleted: SQL over ``NEW``
    and ``OLD``. By default every new row is taken and none deleted.
    """
    unprotect(schema_editor, table)
    if schema_editor.connection.vendor == "postgresql":
        allowed = "".join(
            POSTGRESQL_TRANSITION.format(
                restore=" ".join(f'probe."{column}" := OLD."{column}";' for column in transition.columns),
                condition=transition.condition,
            )
            for transition in transitions
        )
        allowed += POSTGRESQL_DELETE.format(condition=removable) if removable else ""
        allowed += POSTGRESQL_INSERT.format(condition=inserted) if inserted else ""
        insert = " OR INSERT" if inserted else ""
        schema_editor.execute(POSTGRESQL.format(table=table, allowed=allowed, insert=insert), params=None)
        return
    for verb, when in zip(
        SQLITE_VERBS,
        (
            _sqlite_insert(schema_editor, table, inserted),
            _sqlite_update(schema_editor, table, transitions),
            f"WHEN NOT ({removable})" if removable else "",
        ),
        strict=True,
    ):
        schema_editor.execute(SQLITE.format(table=table, verb=verb, when=when), params=None)


def unprotect(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
    """Drop the triggers of ``table``, if it has any."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {table}_append_only() CASCADE", params=None)
    else:
        for verb in SQLITE_VERBS:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only_{verb}", params=None)


def _sqlite_insert(schema_editor: BaseDatabaseSchemaEditor, table: str, inserted: str) -> str:
    """INSERT OR REPLACE removes the row in its way without asking the DELETE trigger: refuse it where there is one."""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table).values()
    keys = sorted(
        {
            tuple(constraint["columns"])
            for constraint in constraints
            if constraint["columns"] and (constraint["primary_key"] or constraint["unique"])
        }
    )
    same_key = [" AND ".join(f'"{column}" = NEW."{column}"' for column in key) for key in keys]
    # The names come from the database itself.
    refused = [f"EXISTS (SELECT 1 FROM {table} WHERE {condition})" for condition in same_key]  # noqa: S608  (names of ours)
    if inserted:
        refused.append(f"NOT ({inserted})")
    return f"WHEN {' OR '.join(refused)}"


def _sqlite_update(schema_editor: BaseDatabaseSchemaEditor, table: str, transitions: Sequence[Transition]) -> str:
    if not transitions:
        return ""
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    allowed = [
        " AND ".join(
            [f"({transition.condition})"]
            + [f'NEW."{column}" IS OLD."{column}"' for column in columns if column not in transition.columns]
        )
        for transition in transitions
    ]
    return f"WHEN NOT ({' OR '.join(f'({way})' for way in allowed)})"
