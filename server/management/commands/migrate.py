from __future__ import annotations

from typing import Any

from django.core.management import CommandError
from django.core.management.commands import migrate
from django.db import connections

from server.migrating import missing_former_steps, one_at_a_time


class Command(migrate.Command):
    help = (
        "Brings the database to the state that this release needs, like Django's own command. Only one runs at a "
        "time: a second one waits until the first has ended, and then has nothing to do."
    )

    def execute(self, *args: Any, **options: Any) -> str | None:
        # Not only around ``handle``: the checks before it connect to the database, and of several that connect to a new
        # one at once, SQLite lets one set its journal mode and refuses the others.
        with one_at_a_time(connections[options["database"]], wait=self._report_waiting):
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        if missing := missing_former_steps(connections[options["database"]]):
            raise CommandError(
                f"This database stopped among the migrations of an earlier version: {', '.join(missing)} were not "
                "applied. They have since been merged into fewer migrations. Run migrate with the last version "
                "that had them, then with this one: see docs/howto/deploy.md."
            )
        super().handle(*args, **options)

    def _report_waiting(self) -> None:
        self.stdout.write("Another migrate is running on this database. Waiting until it has ended …")
        self.stdout.flush()
