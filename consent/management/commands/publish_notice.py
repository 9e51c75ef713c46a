"""Freeze the notice that words, registry and services make now, and ask visitors with it from then on."""

from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from consent import actions
from consent.notice import languages, wording
from consent.notice.notices import NotJustWording
from consent.receipts.evidence import CannotTake, take_evidence


class Command(BaseCommand):
    help = (
        "Publishes the cookie notice: shows the changes, freezes the notice and shows it to visitors from then on. "
        "Without options, it only shows the changes. After a material change, everybody whom it concerns is asked "
        "again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--material", action="store_true", default=None, help="ask visitors again about what changed"
        )
        parser.add_argument(
            "--not-material",
            action="store_false",
            dest="material",
            default=None,
            help="ask nobody again: a correction that does not change what visitors agreed to",
        )
        parser.add_argument("--reason", default="", help="why the notice is published; kept with the notice")
        parser.add_argument(
            "--language",
            default=wording.LANGUAGE,
            help="language of the notice, of those switched on; English by default",
        )
        parser.add_argument(
            "--evidence",
            default="",
            metavar="DIR",
            help="save pictures and measurements of the live notice in this folder, made with Chromium after "
            "publishing; without other options, nothing is published",
        )
        parser.add_argument(
            "--base-url", default="", help="collect them from this running site, instead of starting one"
        )
        parser.add_argument("--browser", default="", metavar="PATH", help="path of the Chromium to use")
        parser.add_argument(
            "--as", dest="username", default="", metavar="USER", help="user name of the person who publishes it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        asks = options["material"] is not None or options["reason"] or options["username"]
        if asks or not options["evidence"]:
            self.publish(**options)
        if options["evidence"]:
            self.take_evidence(Path(options["evidence"]), base_url=options["base_url"], browser=options["browser"])

    def take_evidence(self, folder: Path, *, base_url: str, browser: str) -> None:
        try:
            pack = take_evidence(folder=folder, base_url=base_url, browser=browser, at=timezone.now())
        except CannotTake as error:
            raise CommandError(f"No evidence was collected. {error}") from error
        self.stdout.write(self.style.SUCCESS(f"{len(pack.files)} files are in {folder}: open index.html there."))
        uneven = [view for view in pack.views if not view.is_even]
        faulty = [view for view in pack.views if view.violations]
        if uneven or faulty:
            views = sorted({f"{view.surface} at {view.width}, {view.scheme}" for view in uneven + faulty})
            raise CommandError(
                "The evidence shows faults (buttons that are not alike, or what axe-core found): " + "; ".join(views)
            )

    def publish(self, **options: Any) -> None:
        if options["language"] not in languages.offered():
            raise CommandError(f"The language {options['language']!r} is not switched on. Add it to CONSENT_LANGUAGES.")
        try:
            draft = actions.draft_notice(options["language"])
        except actions.IncompleteNotice as error:
            raise CommandError(str(error)) from error
        for change in draft.changes:
            self.stdout.write(change.where)
            for sign, text in (("-", change.before), ("+", change.after)):
                if text:
                    self.stdout.write(f"  {sign} {text}")
        if not draft.changes:
            raise CommandError("The live notice already says exactly this, so there is nothing to publish.")
        material, reason, username = options["material"], options["reason"], options["username"]
        if material is None and not reason and not username:
            problem = actions.why_not_publish(draft)
            self.stdout.write(
                problem or "To publish this, give --material or --not-material, --reason TEXT and --as USER."
            )
            return
        if material is None or not reason or not username:
            raise CommandError("Publishing needs all of --material or --not-material, --reason TEXT and --as USER.")
        user = get_user_model().objects.filter(username=username, is_active=True).first()
        if user is None or not user.has_perm("consent.publish_notice"):
            raise CommandError(f"There is no active user {username!r} who can publish notices.")
        try:
            notice = actions.publish_notice(
                by=user,
                at=timezone.now(),
                material=material,
                reason=reason,
                expected=draft.sha256,
                language=options["language"],
            )
        except (actions.DraftChanged, actions.NothingChanged, actions.IncompleteNotice, NotJustWording) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(self.style.SUCCESS(f"{notice} is live: {notice.sha256}"))
