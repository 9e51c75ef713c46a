"""``manage.py publish_due``: the scheduled job of the glossary."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from glossary.actions import carry_out_due, forget_missing, remind_of_overdue, send_emails
from glossary.models import Program


class Command(BaseCommand):
    help = (
        "Carry out what is due: publish and retire terms as scheduled, remind people of overdue reviews, send "
        "emails, and delete old searches that found nothing. Run it every one to five minutes "
        "(docs/howto/schedule.md). Late runs and two runs at once do no harm: everything is done once. Ends with "
        "status 1 if something could not be done or sent."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        outcomes = carry_out_due(by=Program("Schedule"), at=at)
        overdue = remind_of_overdue(at=at)
        post = send_emails(at=at)
        forget_missing(on=at.date())
        if options["verbosity"]:
            for outcome in outcomes:
                self.stdout.write(str(outcome))
            if overdue:
                self.stdout.write(f"Overdue for review: {len(overdue)} more")
            if post.sent:
                self.stdout.write(f"Emails sent: {post.sent}")
            if options["verbosity"] > 1 and not (outcomes or overdue or post.sent):
                self.stdout.write("Nothing was due.")
        troubles = []
        if undone := sum(not outcome.succeeded for outcome in outcomes):
            troubles.append(f"{undone} of {len(outcomes)} scheduled changes could not be carried out")
        if post.failed:
            troubles.append(f"{post.failed} emails could not be sent and will be tried again")
        if post.given_up:
            troubles.append(
                f"{post.given_up} emails failed too often and will not be tried again: check their addresses"
            )
        if troubles:
            raise CommandError("; ".join(troubles) + ".")
