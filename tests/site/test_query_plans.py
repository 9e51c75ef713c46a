"""No public page reads more because the glossary is bigger: seen in how the database means to answer its queries."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.terms import RARE_WORD, documents
from glossary.actions import publish_terms, retire_term, save_term, save_terms
from glossary.document.parsing import parse_document
from glossary.models import ContentChange, Program, SlugRedirect, Term, WrittenLink
from tests.glossary.builders import document, publish_unreviewed
from tests.glossary.multiplied import multiply
from tests.people import NOON, person
from tests.site.addresses import addresses

# A word that one of them has stands in one of a hundred of all: of more, PostgreSQL does well to read all.
TERMS, TIMES = 100, 50
# Tables with rows for each term. Others, such as the letters, have a bounded number of rows.
GROWING = re.compile(
    r"glossary_(term|synonym|revision|publishedentry|entryname|entrytag|searchtext|approval|event|slugredirect|writtenlink)\b"
)
# Indexes of the very rows that their query wants, in its order: SQLite walks them from the newest, and stops.
OF_THEIR_QUERY = ("event_published",)
# View → why its queries may read a whole table.
ALLOWED = {
    "sitemap": "says when each of at most forty thousand terms changed, and then of files with as many",
    "sitemap_part": "says when each of at most forty thousand terms changed",
}


@pytest.fixture(scope="module")
def big(shared_database: None) -> None:
    """Five thousand published terms."""
    writer = person("wanda", "Wanda Writer", "Clinical editors")
    saved = save_terms(documents=[parse_document(each) for each in documents(TERMS)], by=writer, at=NOON)
    terms = [outcome.term for outcome in saved]
    publish_terms(terms=terms, by=Program("Test"), at=NOON, emergency=True, reason="Test")
    multiply(TIMES)
    links = [WrittenLink(term_id=pk, slug=f"led-to-{pk % TIMES}") for pk in Term.objects.values_list("pk", flat=True)]
    WrittenLink.objects.bulk_create(links)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE glossary_writtenlink")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            # As on solid-state disks: on others, so small a table is read whole sooner than its rows are looked up.
            cursor.execute("SET LOCAL random_page_cost = 1.1")


@pytest.mark.slow
@pytest.mark.database
def test_public_pages_read_no_table_from_end_to_end(client: Client, big: None) -> None:
    offenders = []
    for name, paths in addresses().items():
        for path in paths if name not in ALLOWED else ():
            client.get(path)  # what a process reads once, it has read
            with CaptureQueriesContext(connection) as captured:
                assert client.get(path).status_code == 200, path
            for query in captured.captured_queries:
                offenders += [f"{path}: {scan}: {query['sql'][:300]}" for scan in scans(query["sql"])]
    assert not offenders, "\n".join(dict.fromkeys(offenders))


@pytest.mark.slow
@pytest.mark.database
def test_publishing_reads_no_table_from_end_to_end(editor: User, at: datetime, big: None) -> None:
    def publish(term: Term | None, **fields: Any) -> Term:
        content = document(RARE_WORD.capitalize(), tags=["rare"], **fields)
        term = save_term(document=content, by=editor, at=at, term=term).term
        with CaptureQueriesContext(connection) as captured:
            publish_unreviewed(term=term, by=editor, at=at)
        queries.extend(query["sql"] for query in captured.captured_queries)
        return term

    queries: list[str] = []
    term = publish(None)
    keys = ContentChange.objects.latest("version").keys
    assert sum(key.startswith("term:") for key in keys) == 2 + TIMES, "itself, its neighbour, and who mentions it"
    publish(term, synonyms=[{"text": "Rare marker", "kind": "synonym"}])
    publish(term, definition="<p>Found once.</p>")
    with CaptureQueriesContext(connection) as captured:
        retire_term(term=term, by=editor, at=at)
    queries.extend(query["sql"] for query in captured.captured_queries)
    # No term of this glossary has another address than at first, and an empty table is looked at from end to end.
    assert not SlugRedirect.objects.exclude(term=term).exists()
    offenders = [
        f"{scan}: {sql[:400]}" for sql in queries for scan in scans(sql) if "glossary_slugredirect" not in scan
    ]
    assert not offenders, "\n".join(dict.fromkeys(offenders))


def test_the_plans_of_a_query_that_reads_everything_are_seen(big: None) -> None:
    assert scans("SELECT count(*) FROM glossary_publishedentry WHERE summary LIKE '%x%'")
    assert scans("SELECT initial, count(*) FROM glossary_publishedentry GROUP BY initial")
    assert not scans("SELECT * FROM glossary_publishedentry WHERE slug = 'x'")
    assert not scans("SELECT * FROM glossary_publishedentry ORDER BY sort_key, slug LIMIT 5")


def scans(sql: str) -> list[str]:
    """Return the tables that grow with the glossary and that a query reads from end to end."""
    if not sql.lstrip().upper().startswith("SELECT"):
        return []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
            plan = cursor.fetchone()[0]
            plan = json.loads(plan) if isinstance(plan, str) else plan
            return [scan for scan in _postgresql_scans(plan[0]["Plan"]) if GROWING.search(scan)]
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        lines = [line for *_, line in cursor.fetchall() if line.startswith("SCAN ") and GROWING.search(line)]
        # In the order of an index, a query that takes the first rows it meets stops after them. The plan doesn't say
        # whether it passes others over.
        stops = " LIMIT " in sql.upper() and " WHERE " not in sql.upper()
        own = [line for line in lines if line.endswith(OF_THEIR_QUERY) and " LIMIT " in sql.upper()]
        return [line for line in lines if line not in own and not (stops and " USING " in line)]


def _postgresql_scans(node: dict[str, Any], *, limited: bool = False) -> Iterator[str]:
    kind = node["Node Type"]
    if kind == "Limit":
        # Rows that are passed over make the scan longer, unless the planner means to stop soon all the same.
        limited = node["Total Cost"] < node["Plans"][0]["Total Cost"] / 4
    if kind == "Seq Scan" and not limited:
        yield f"{kind} on {node['Relation Name']}"
    if kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in node and not limited:
        yield f"{kind} on {node['Relation Name']}"
    for child in node.get("Plans", ()):
        yield from _postgresql_scans(child, limited=limited)
