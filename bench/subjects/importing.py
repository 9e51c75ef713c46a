"""Importing new terms into a glossary of each size, beside writing the same rows by Django's ``bulk_create`` alone."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from bench.figures import Figure, by_turns
from bench.terms import document, titles
from glossary.interchange.terms import import_terms
from glossary.models import Insight, Program, Reference, Synonym, Term

COUNT = 500
# Behind the largest glossary, so that they are new in each.
FIRST = 1_000_000


def measure(*, size: int, rounds: int, seconds: float) -> list[Figure]:
    count = COUNT if seconds >= 1 else 20
    names = titles(COUNT)
    made = [document(number, names) for number in range(count)]
    for each in made:
        each["title"] += " (another)"
        each["slug"] += "-another"
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        file = Path(folder) / "terms.json"
        file.write_text(json.dumps({"terms": made}), encoding="utf-8")

        def imported() -> float:
            start = time.perf_counter()
            # A dry run does everything, publishing included, and takes it back.
            import_terms(
                path=file, by=Program("Benchmark"), at=timezone.now(), publish=True, reason="Benchmark", dry_run=True
            )
            return count / (time.perf_counter() - start)

        def created() -> float:
            start = time.perf_counter()
            with transaction.atomic():
                for each in made:
                    each["term"] = Term(
                        **{key: each[key] for key in ("title", "slug", "definition", "origin", "mechanism")}
                    )
                Term.objects.bulk_create(each["term"] for each in made)
                Synonym.objects.bulk_create(
                    Synonym(term=each["term"], **row) for each in made for row in each["synonyms"]
                )
                Reference.objects.bulk_create(
                    Reference(term=each["term"], **row) for each in made for row in each["references"]
                )
                Insight.objects.bulk_create(
                    Insight(term=each["term"], text=row["text"]) for each in made for row in each["insights"]
                )
                transaction.set_rollback(True)
            return count / (time.perf_counter() - start)

        found = by_turns({"import": imported, "rows": created}, rounds=rounds)
    return [
        Figure(
            "import",
            f"Import of {count} terms, published",
            "terms a second",
            size,
            found["import"],
            "their rows by bulk_create: no check, no revision, nothing published",
            found["rows"],
        )
    ]
