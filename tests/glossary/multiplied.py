"""Big glossaries for tests that look at queries: a small one, copied within the database."""

from __future__ import annotations

from django.core.management.color import no_style
from django.db import connection, models

from glossary.actions import recount_lists
from glossary.models import Approval, EntryName, EntryTag, Event, PublishedEntry, Revision, SearchText, Synonym, Term

COPIED: tuple[type[models.Model], ...] = (
    Term,
    Synonym,
    Revision,
    Approval,
    PublishedEntry,
    EntryName,
    EntryTag,
    SearchText,
    Event,
)


def multiply(times: int) -> None:
    """Have each published term ``times`` times, under other slugs and names.

    Rows are copied by the database, since a test can't wait for five thousand publications.
    """
    keys = {model: model._default_manager.aggregate(first=models.Min("pk"), last=models.Max("pk")) for model in COPIED}
    # Behind every key of the small glossary, and no further: PostgreSQL goes on from there in the next test too.
    step = 1 + max(key["last"] - key["first"] for key in keys.values())
    first, last = keys[Term]["first"], keys[Term]["last"]
    with connection.cursor() as cursor:
        for copy in range(1, times):
            for model in COPIED:
                cursor.execute(_copying(model, copy * step, last=keys[model]["last"]))
            # A term and its newest revision refer to one another.
            cursor.execute(
                f"UPDATE glossary_term SET head_id = (SELECT max(id) FROM glossary_revision "
                f"WHERE term_id = glossary_term.id) WHERE id BETWEEN {first + copy * step} AND {last + copy * step}"
            )
        # What comes behind them gets keys of its own.
        for sql in connection.ops.sequence_reset_sql(no_style(), list(COPIED)):
            cursor.execute(sql)
        cursor.execute("ANALYZE")
    recount_lists(at=PublishedEntry.objects.latest("published_at").published_at)


def _copying(model: type[models.Model], by: int, *, last: int) -> str:
    fields = [field for field in model._meta.concrete_fields if not getattr(field, "generated", False)]
    quote = connection.ops.quote_name
    names = ", ".join(quote(str(field.column)) for field in fields)
    values = ", ".join(_value(field, by) for field in fields)
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    return f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {key} <= {last}"


def _value(field: models.Field[object, object], by: int) -> str:
    column = connection.ops.quote_name(str(field.column))
    if field.model is Term and field.name in ("head", "review"):
        return "NULL"
    if field.primary_key or (field.related_model in COPIED):
        return f"{column} + {by}"
    if field.unique or field.name in ("title", "name", "sort_key", "normalised"):
        return f"{column} || '-{by}'"
    if isinstance(field, models.BinaryField):
        more = f"'-{by}'" if connection.vendor == "sqlite" else f"convert_to('-{by}', 'UTF8')"
        return f"CAST({column} || {more} AS {field.db_type(connection)})"
    return column
