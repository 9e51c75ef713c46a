from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pagestore.application import folder
from pagestore.files import PageFiles
from pagestore.freshness import Freshness
from pagestore.paths import public_paths
from pagestore.rebuilding import rebuild
from pagestore.release import release


class Command(BaseCommand):
    help = (
        "Renders and stores every public page that is missing or out of date, and removes files that are no longer "
        "needed. It can be stopped at any time: the next run continues from there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--all", action="store_true", help="Also render pages that are up to date.")
        parser.add_argument(
            "--processes",
            type=int,
            default=os.cpu_count() or 1,
            help="Number of processes that render; one for each core by default.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        paths = public_paths()
        self._told = 0
        self._step = max(1, len(paths) // 20)
        self._total = len(paths)
        try:
            before = Freshness(folder()).now()
            rebuilt = rebuild(
                paths,
                folder=folder(),
                processes=max(1, options["processes"]),
                everything=options["all"],
                progress=self._progress,
            )
            files = PageFiles(folder(), release(), room=settings.PAGE_STORE_SIZE * 1024 * 1024)
            removed = files.remove_all_but(paths)
        except OSError as error:
            raise CommandError(
                f"The folder {folder()} cannot be used: {error}. The pages that were already written are kept. "
                "Correct the fault, then run the command again for the others."
            ) from error
        self.stdout.write(
            f"{rebuilt.rendered:,} rendered, {len(paths) - rebuilt.rendered:,} were already up to date, {removed:,} "
            "old files removed."
        )
        after = Freshness(folder()).now()
        if before.versions.glossary and after.versions != before.versions:
            self.stdout.write(
                "Something was published in the meantime, so some pages are out of date again. Run the command again."
            )
        elif rebuilt.failed:
            raise CommandError(
                f"{len(rebuilt.failed):,} pages could not be rendered, beginning with {rebuilt.failed[0]}: see the log."
            )

    def _progress(self, done: int) -> None:
        if done - self._told >= self._step or done == self._total:
            self._told = done
            self.stdout.write(f"{done:,} of {self._total:,} pages")
