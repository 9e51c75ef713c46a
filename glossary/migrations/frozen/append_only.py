"""Triggers that make a table append-only: the database itself refuses UPDATE, DELETE and TRUNCATE.

One change is let through: the column that points to somebody's account may become NULL when the account is removed. The
name stays in the row, in a column of its own.

Used by migrations. On SQLite a later migration that alters such a table rebuilds it and loses its triggers: apply
:func:`protect` again behind it (a test looks whether every append-only model still has its triggers).
"""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

POSTGRESQL = """
CREATE OR REPLACE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.{person} IS NULL AND to_jsonb(NEW) - '{person}' = to_jsonb(OLD) - '{person}' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '{table} is append-only: % is refused', TG_OP USING ERRCODE = 'integrity_constraint_violation';
END $$;
DROP TRIGGER IF EXISTS {table}_append_only_row ON {table};
CREATE TRIGGER {table}_append_only_row BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {table}_append_only();
DROP TRIGGER IF EXISTS {table}_append_only_table ON {table};
CREATE TRIGGER {table}_append_only_table BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only();
"""
POSTGRESQL_UNDO = """
DROP TRIGGER IF EXISTS {table}_append_only_row ON {table};
DROP TRIGGER IF EXISTS {table}_append_only_table ON {table};
DROP FUNCTION IF EXISTS {table}_append_only();
"""
SQLITE = {
    "DELETE": "BEFORE DELETE ON {table} BEGIN {refuse}; END",
    "UPDATE": "BEFORE UPDATE OF {others} ON {table} BEGIN {refuse}; END",
    "PERSON": "BEFORE UPDATE OF {person} ON {table} WHEN NEW.{person} IS NOT NULL BEGIN {refuse}; END",
}


def protect(schema_editor: BaseDatabaseSchemaEditor, table: str, *, person: str = "created_by_id") -> None:
    """Create the triggers on ``table``, anew if they exist. ``person`` is the column that points to an account."""
    unprotect(schema_editor, table)
    connection = schema_editor.connection
    if connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL.format(table=table, person=person), params=None)
        return
    with connection.cursor() as cursor:
        columns = [column.name for column in connection.introspection.get_table_description(cursor, table)]
    names = {"table": table, "person": person, "others": ", ".join(name for name in columns if name != person)}
    for verb, trigger in SQLITE.items():
        refuse = f"SELECT RAISE(ABORT, '{table} is append-only: {verb} is refused')"
        statement = f"CREATE TRIGGER {table}_append_only_{verb} " + trigger.format(refuse=refuse, **names)
        schema_editor.execute(statement, params=None)


def unprotect(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
    """Drop the triggers of ``table``, if it has any."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRESQL_UNDO.format(table=table), params=None)
    else:
        for verb in SQLITE:
            schema_editor.execute(f"DROP TRIGGER IF EXISTS {table}_append_only_{verb}", params=None)
