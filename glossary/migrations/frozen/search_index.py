"""The full-text index over ``SearchText``, which the database keeps itself. Used by migrations.

PostgreSQL and SQLite differ in how they cut and stem text, so neither does: both get words that are ready, and find
them. On SQLite a later migration that alters ``SearchText`` rebuilds its table and loses the triggers: call
:func:`create_index` again behind it.
"""

from __future__ import annotations

from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Two columns, since a lexeme without positions (which halve the index and would be of no use) has no weight.
POSTGRESQL = """
ALTER TABLE glossary_searchtext
    ADD COLUMN names_index tsvector GENERATED ALWAYS AS
        (array_to_tsvector(array_remove(string_to_array(names || ' ' || facets, ' '), ''))) STORED,
    ADD COLUMN everything_index tsvector GENERATED ALWAYS AS
        (array_to_tsvector(array_remove(string_to_array(names || ' ' || text || ' ' || facets, ' '), ''))) STORED;
CREATE INDEX glossary_searchtext_names ON glossary_searchtext USING gin (names_index) WITH (fastupdate = off);
CREATE INDEX glossary_searchtext_everything ON glossary_searchtext USING gin (everything_index) WITH (fastupdate = off);
ALTER TABLE glossary_searchtext ALTER COLUMN names_index SET STATISTICS 500,
    ALTER COLUMN everything_index SET STATISTICS 500;
"""
POSTGRESQL_UNDO = """
ALTER TABLE glossary_searchtext DROP COLUMN IF EXISTS names_index, DROP COLUMN IF EXISTS everything_index;
"""
_ADD = (
    "INSERT INTO glossary_search_index(rowid, names, text, facets) "
    "VALUES (NEW.entry_id, NEW.names, NEW.text, NEW.facets);"
)
_REMOVE = (
    "INSERT INTO glossary_search_index(glossary_search_index, rowid, names, text, facets) "
    "VALUES ('delete', OLD.entry_id, OLD.names, OLD.text, OLD.facets);"
)
# The index keeps no text of its own. Words come ready: nothing is to be folded, and a filter is one word.
SQLITE_TABLE = """
CREATE VIRTUAL TABLE glossary_search_index USING fts5(
    names, text, facets, content='glossary_searchtext', content_rowid='entry_id', prefix='3 4',
    tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co' tokenchars '@#-_'"
)"""
SQLITE = (
    SQLITE_TABLE,
    f"CREATE TRIGGER glossary_searchtext_insert AFTER INSERT ON glossary_searchtext BEGIN {_ADD} END",
    f"CREATE TRIGGER glossary_searchtext_delete AFTER DELETE ON glossary_searchtext BEGIN {_REMOVE} END",
    f"CREATE TRIGGER glossary_searchtext_update AFTER UPDATE ON glossary_searchtext BEGIN {_REMOVE} {_ADD} END",
    "INSERT INTO glossary_search_index(glossary_search_index) VALUES ('rebuild')",
)
SQLITE_UNDO = (
    *(f"DROP TRIGGER IF EXISTS glossary_searchtext_{verb}" for verb in ("insert", "delete", "update")),
    "DROP TABLE IF EXISTS glossary_search_index",
)


def create_index(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Create the index over what ``SearchText`` holds, anew if it exists."""
    drop_index(schema_editor)
    for statement in (POSTGRESQL,) if schema_editor.connection.vendor == "postgresql" else SQLITE:
        schema_editor.execute(statement, params=None)


def drop_index(schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Drop the index and what keeps it, if they are there."""
    for statement in (POSTGRESQL_UNDO,) if schema_editor.connection.vendor == "postgresql" else SQLITE_UNDO:
        schema_editor.execute(statement, params=None)
