from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate
from django.db import connections

from config.migrating import one_at_a_time


class Command(migrate.Command):
    help = (
        "Brings the database to the state that this release needs, as Django does. One at a time: a second one waits "
        "until the first has ended, and finds nothing left to do."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        with one_at_a_time(connections[options["database"]], wait=self._say_that_it_waits):
            super().handle(*args, **options)

    def _say_that_it_waits(self) -> None:
        self.stdout.write("Another migrate is at work on this database. Waiting until it has ended …")
        self.stdout.flush()
