"""``manage.py run_check``: what the desk's buttons start."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consent.actions import perform_check
from consent.models import CheckRun


class Command(BaseCommand):
    help = (
        "Do a check that an operator asked for at the desk: verify the ledger, or audit a copy of the site. The desk "
        "starts it; by hand it takes up a check that waits, once. The result is at the desk, and sent to who asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("check", type=int, help="the number in the check's address at the desk")

    def handle(self, *args: Any, **options: Any) -> None:
        run = CheckRun.objects.select_related("asked_by").filter(pk=options["check"]).first()
        if run is None:
            raise CommandError(f"There is no check {options['check']}.")
        run = perform_check(run=run)
        self.stdout.write(f"{run}: {run.state}.")
