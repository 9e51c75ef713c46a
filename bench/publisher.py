"""Publishes a term anew for each line that it is given: with the line as its origin.

Answers with how many seconds that took, and how many pages, lists and other things of the site it has named as changed:
0 for all of them.

``python -m bench.publisher SLUG``, in a site's environment.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import django

django.setup()

from django.utils import timezone  # noqa: E402  (settings first)

from glossary.actions import document_of, publish_term, save_term  # noqa: E402  (settings first)
from glossary.models import ContentChange, Program, Term  # noqa: E402  (settings first)


def main() -> None:
    by = Program("Benchmark")
    for line in sys.stdin:
        term = Term.objects.get(slug=sys.argv[1])
        start = time.perf_counter()
        document = replace(document_of(term), origin=f"<p>{line.strip()}</p>")
        save_term(document=document, by=by, at=timezone.now(), term=term)
        publish_term(term=term, by=by, at=timezone.now(), emergency=True, reason="Benchmark")
        took = time.perf_counter() - start
        keys = ContentChange.objects.latest("version").keys
        sys.stdout.write(f"{took} {0 if '*' in keys else len(keys)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
