"""``manage.py reindex_search``: rebuild the search index."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from glossary.actions import reindex_search


class Command(BaseCommand):
    help = (
        "Rebuild the search index from the published terms. Publishing keeps the index up to date, so this is only "
        "needed after a database was restored without its index or changed by hand. Readers use the old index until "
        "the new one is ready."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        def tell(done: int) -> None:
            if options["verbosity"] > 1:
                self.stdout.write(f"{done} terms …")

        count = reindex_search(progress=tell)
        if options["verbosity"]:
            self.stdout.write(f"Terms in the search index: {count}")
