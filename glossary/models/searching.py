"""What search reads: the words of each published entry, and the words that names are made of."""

from __future__ import annotations

from typing import Any

from django.db import NotSupportedError, models
from django.db.models.sql.compiler import SQLCompiler

from glossary.models.published import PublishedEntry

# The full-text table of SQLite, and the columns of PostgreSQL (glossary.migrations.frozen.search_index).
SQLITE_INDEX = "glossary_search_index"


class Matches(models.Expression):
    """Whether the full-text index of either database finds an entry.

    ``fts5`` and ``tsquery`` are one condition in the language of each. ``column`` is ``names`` or ``everything``.
    No more than the first ``at_most`` entries that the index finds are looked at, by primary key.
    """

    def __init__(self, *, fts5: str, tsquery: str, column: str = "everything", at_most: int | None = None) -> None:
        super().__init__(output_field=models.BooleanField())
        self.fts5, self.tsquery, self.column, self.at_most = fts5, tsquery, column, at_most

    def in_words_of(self, vendor: str) -> str:
        """Return the condition in the language of a database's index."""
        return self.fts5 if vendor == "sqlite" else self.tsquery

    def as_sqlite(self, compiler: SQLCompiler, connection: Any, **extra: Any) -> tuple[str, tuple[str | int, ...]]:
        found = f"SELECT rowid FROM {SQLITE_INDEX} WHERE {SQLITE_INDEX} MATCH %s"  # noqa: S608  (a constant)
        if self.at_most is None:
            return f"{self._of(compiler, 'entry_id')} IN ({found})", (self.fts5,)
        return f"{self._of(compiler, 'entry_id')} IN ({found} ORDER BY rowid LIMIT %s)", (self.fts5, self.at_most)

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **extra: Any) -> tuple[str, tuple[str | int, ...]]:
        if self.at_most is None:
            return f"{self._of(compiler, f'{self.column}_index')} @@ %s::tsquery", (self.tsquery,)
        # First the keys alone: the rest of a row is read, and joined, for those that are looked at.
        table = compiler.quote_name_unless_alias(SearchText._meta.db_table)
        found = f"SELECT entry_id FROM {table} WHERE {self.column}_index @@ %s::tsquery ORDER BY entry_id LIMIT %s"  # noqa: S608  (constants)
        return f"{self._of(compiler, 'entry_id')} IN ({found})", (self.tsquery, self.at_most)

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        raise NotSupportedError(f"There is no search index on {connection.display_name}: use PostgreSQL or SQLite.")

    def _of(self, compiler: SQLCompiler, column: str) -> str:
        return f"{compiler.quote_name_unless_alias(compiler.query.get_initial_alias())}.{column}"


class SearchText(models.Model):
    """The words of a published entry as search compares them (``glossary.search.indexing``).

    The full-text index over it is kept by the database itself, whoever writes here: by triggers on SQLite, by
    generated columns on PostgreSQL.
    """

    entry = models.OneToOneField(PublishedEntry, primary_key=True, on_delete=models.CASCADE, related_name="search_text")
    names = models.TextField(help_text="Stems of the title and the other names, with a bar after each name.")
    text = models.TextField(help_text="Stems of the texts, with a bar after each text.")
    facets = models.TextField(help_text="Letter and tags, as the index calls them.")
    plain = models.TextField(help_text="The texts as excerpts quote them.")

    def __str__(self) -> str:
        return str(self.pk)


class SpellingPiece(models.Model):
    """A word of a published name, and how it sounds without one of its letters, or with all.

    Two words that share a piece are a typing error apart (``glossary.search.corrections``). Words stay when their last
    name goes: what is proposed to a reader is looked up first.
    """

    piece = models.CharField(max_length=64, db_index=True)  # words that share one are looked for by it
    word = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["word", "piece"], name="spelling_piece_once")]

    def __str__(self) -> str:
        return f"{self.word}: {self.piece}"
