"""``manage.py reindex_search``: what search reads, written anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from glossary.actions import reindex_search


class Command(BaseCommand):
    help = (
        "Write the search index anew from what is published. Publishing keeps it right by itself; this is for a "
        "database that was restored without it or changed by hand. Readers search the old one until it is done."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        def tell(done: int) -> None:
            if options["verbosity"] > 1:
                self.stdout.write(f"{done} terms …")

        count = reindex_search(progress=tell)
        if options["verbosity"]:
            self.stdout.write(f"Terms in the search index: {count}")
