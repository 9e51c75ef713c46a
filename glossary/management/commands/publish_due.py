"""``manage.py publish_due``: what the clock does."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from glossary.actions import carry_out_due, forget_missing, remind_of_overdue, send_letters
from glossary.models import Program


class Command(BaseCommand):
    help = (
        "Carry out what is due: publications and retirements, reminders of overdue reviews, the mail, and forgetting "
        "what readers once looked for in vain. Run it every minute or five (docs/howto/schedule.md). Late is fine and "
        "twice at once too: everything is done once. Ends with status 1 when something could not be done or sent."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        outcomes = carry_out_due(by=Program("Schedule"), at=at)
        overdue = remind_of_overdue(at=at)
        post = send_letters(at=at)
        forget_missing(on=at.date())
        if options["verbosity"]:
            for outcome in outcomes:
                self.stdout.write(str(outcome))
            if overdue:
                self.stdout.write(f"Overdue for review: {len(overdue)} more")
            if post.sent:
                self.stdout.write(f"Letters sent: {post.sent}")
            if options["verbosity"] > 1 and not (outcomes or overdue or post.sent):
                self.stdout.write("Nothing was due.")
        troubles = []
        if undone := sum(not outcome.succeeded for outcome in outcomes):
            troubles.append(f"{undone} of {len(outcomes)} scheduled changes could not be carried out")
        if post.failed:
            troubles.append(f"{post.failed} letters could not be sent and are tried again")
        if post.given_up:
            troubles.append(f"{post.given_up} letters were tried too often and stay unsent: check their addresses")
        if troubles:
            raise CommandError("; ".join(troubles) + ".")
