"""``manage.py run_check``: the command that the admin's buttons start."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from consent.actions import perform_check
from consent.models import CheckRun


class Command(BaseCommand):
    help = (
        "Carry out a check that an operator asked for in the admin: verify the ledger, or audit a copy of the site. "
        "The admin starts this command; by hand it carries out one waiting check. The result is shown in the admin "
        "and sent to the person who asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("check", type=int, help="the number in the address of the check in the admin")

    def handle(self, *args: Any, **options: Any) -> None:
        run = CheckRun.objects.select_related("asked_by").filter(pk=options["check"]).first()
        if run is None:
            raise CommandError(f"There is no check {options['check']}.")
        run = perform_check(run=run)
        self.stdout.write(f"{run}: {run.state}.")
