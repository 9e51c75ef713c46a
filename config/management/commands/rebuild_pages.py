from __future__ import annotations

import time
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.management.base import BaseCommand, CommandError

from config.pages import PageStore, editions_in_database, folder
from glossary.views import public_paths

LEFT_OVER_AFTER = 3600


class Command(BaseCommand):
    help = "Renders and stores every public page that is not finished yet, and removes what no page needs any more."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            store = PageStore(WSGIHandler(), folder=folder(), memory=0)
        except OSError as error:
            raise CommandError(f"The folder {folder()} cannot be used: {error}.") from error
        store.freshness.compare(editions_in_database())
        generation = store.freshness.generation()
        paths = public_paths()
        rendered = 0
        step = max(1, len(paths) // 20)
        for number, path in enumerate(paths, start=1):
            rendered += store.keep(path)
            if number % step == 0 or number == len(paths):
                self.stdout.write(f"{number:,} of {len(paths):,} pages")
        removed = self._remove_left_over(store, paths)
        self.stdout.write(
            f"{rendered:,} rendered, {len(paths) - rendered:,} were finished already, {removed:,} old files removed."
        )
        if store.freshness.generation() != generation:
            self.stdout.write("Something was published meanwhile, so some of them are stale again. Run it once more.")

    def _remove_left_over(self, store: PageStore, paths: list[str]) -> int:
        """Remove files of addresses that are gone, and what a killed process had half written."""
        needed = {store.file(path) for path in paths}
        old = time.time() - LEFT_OVER_AFTER
        removed = 0
        for file in store.folder.glob("??/*"):
            try:
                if file not in needed and (file.suffix == ".page" or file.stat().st_mtime < old):
                    file.unlink()
                    removed += 1
            except FileNotFoundError:
                continue  # another run was quicker
        return removed
