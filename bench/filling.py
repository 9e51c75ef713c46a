"""Fills an empty glossary with terms, all through the actions, and their histories with SQL.

``python -m bench.filling 1000``, in a site's environment. An action takes some milliseconds for each term, which a
hundred thousand stand; nine earlier revisions of each would be a million saves, so those are copied by the database.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402  (settings first)
from django.core.management import call_command  # noqa: E402  (settings first)
from django.db import connection, transaction  # noqa: E402  (settings first)
from django.utils import timezone  # noqa: E402  (settings first)

from bench.terms import documents  # noqa: E402  (settings first)
from glossary.actions import publish_terms, save_terms  # noqa: E402  (settings first)
from glossary.document.parsing import parse_document  # noqa: E402  (settings first)
from glossary.models import Program, Revision  # noqa: E402  (settings first)

# How many revisions a term has: a hundred thousand terms then have a million.
REVISIONS = 10
AT_ONCE = 5_000
SUPERUSER = "bench"


def fill(count: int, *, real: Path | None) -> None:
    call_command("migrate", verbosity=0)
    User.objects.create_superuser(SUPERUSER, password=None)
    by, done = Program("Benchmark"), 0
    made = documents(count, real=real)
    while part := list(itertools.islice(made, AT_ONCE)):
        now = timezone.now()
        saved = save_terms(documents=[parse_document(each) for each in part], by=by, at=now)
        terms = [outcome.term for outcome in saved]
        publish_terms(terms=terms, by=by, at=now, emergency=True, reason="Made up for a benchmark")
        done += len(terms)
        sys.stderr.write(f"  {done:,} of {count:,} terms\n")
    with transaction.atomic():
        _add_revisions()
    if connection.vendor == "postgresql":
        # As its autovacuum would have done by the time that a glossary is this big.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _add_revisions() -> None:
    """Give each term more revisions that say the same, the newest of them the public one."""
    columns = [field.column or "" for field in Revision._meta.concrete_fields if not field.primary_key]
    kept = ", ".join(connection.ops.quote_name(column) for column in columns if column not in ("number", "parent_id"))
    with connection.cursor() as cursor:
        for number in range(2, REVISIONS + 1):
            cursor.execute(
                f"INSERT INTO glossary_revision (number, parent_id, {kept}) "  # noqa: S608  (our own columns)
                f"SELECT number + 1, id, {kept} FROM glossary_revision WHERE number = %s",
                [number - 1],
            )
        newest = "SELECT id FROM glossary_revision WHERE number = %s AND term_id ="
        cursor.execute(
            f"UPDATE glossary_term SET head_id = ({newest} glossary_term.id)",  # noqa: S608  (our own text)
            [REVISIONS],
        )
        cursor.execute(
            "UPDATE glossary_publishedentry SET revision_id = "  # noqa: S608  (our own text)
            f"({newest} glossary_publishedentry.term_id)",
            [REVISIONS],
        )
        cursor.execute(
            "INSERT INTO glossary_event "
            "(term_id, verb, revision_id, previous_revision_id, reason, created_at, created_by_id, created_by_name) "
            "SELECT event.term_id, event.verb, term.head_id, event.revision_id, event.reason, event.created_at, "
            "event.created_by_id, event.created_by_name "
            "FROM glossary_event event JOIN glossary_term term ON term.id = event.term_id "
            "WHERE event.verb = 'published'"
        )


if __name__ == "__main__":
    fill(int(sys.argv[1]), real=Path(sys.argv[2]) if sys.argv[2:] else None)
