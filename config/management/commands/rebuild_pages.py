from __future__ import annotations

import time
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.management.base import BaseCommand, CommandError

from config.pages import PageStore, folder
from consent import notice_views
from glossary import views as glossary_views

LEFT_OVER_AFTER = 3600


class Command(BaseCommand):
    help = "Renders and stores every public page that is not finished yet, and removes what no page needs any more."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            store = PageStore(WSGIHandler(), folder=folder(), memory=0)
        except OSError as error:
            raise CommandError(f"The folder {folder()} cannot be used: {error}.") from error
        store.look()
        generation = store.freshness.generation()
        paths = [*glossary_views.public_paths(), *notice_views.public_paths()]
        rendered, failed = 0, []
        step = max(1, len(paths) // 20)
        for number, path in enumerate(paths, start=1):
            if not store.is_finished(path):
                page = store.render(path)
                rendered += 1
                if page is None or not page.status.startswith("200 "):
                    failed.append(path)
            if number % step == 0 or number == len(paths):
                self.stdout.write(f"{number:,} of {len(paths):,} pages")
        removed = self._remove_left_over(store, paths)
        self.stdout.write(
            f"{rendered:,} rendered, {len(paths) - rendered:,} were finished already, {removed:,} old files removed."
        )
        if store.freshness.generation() != generation:
            self.stdout.write("Something was published meanwhile, so some of them are stale again. Run it once more.")
        elif failed:
            raise CommandError(f"{len(failed):,} pages could not be rendered, beginning with {failed[0]}: see the log.")

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
