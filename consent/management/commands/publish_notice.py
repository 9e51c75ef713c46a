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
        "Publishes the cookie notice: shows what it changes, freezes it, and makes it what visitors are asked with. "
        "Without options it only shows the changes. A material change asks again everybody whom it concerns."
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
            help="ask nobody again: a correction that changes nothing of what was agreed to",
        )
        parser.add_argument("--reason", default="", help="why the notice is published; it stays with the notice")
        parser.add_argument(
            "--language",
            default=wording.LANGUAGE,
            help="which language's notice, of those switched on; English if left out",
        )
        parser.add_argument(
            "--evidence",
            default="",
            metavar="DIR",
            help="take pictures and measurements of the live notice with Chromium into this folder, after publishing; "
            "alone it publishes nothing",
        )
        parser.add_argument("--base-url", default="", help="take them of this running site, and start none for it")
        parser.add_argument("--browser", default="", metavar="PATH", help="the Chromium to use")
        parser.add_argument("--as", dest="username", default="", metavar="USER", help="who publishes it")

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
            raise CommandError(f"No evidence was taken. {error}") from error
        self.stdout.write(self.style.SUCCESS(f"{len(pack.files)} files are in {folder}: open index.html there."))
        uneven = [view for view in pack.views if not view.is_even]
        faulty = [view for view in pack.views if view.violations]
        if uneven or faulty:
            views = sorted({f"{view.surface} at {view.width}, {view.scheme}" for view in uneven + faulty})
            raise CommandError(
                "The evidence speaks against the notice (buttons that aren't alike, or what axe-core found): "
                + "; ".join(views)
            )

    def publish(self, **options: Any) -> None:
        if options["language"] not in languages.offered():
            raise CommandError(f"The language {options['language']!r} isn’t switched on: see CONSENT_LANGUAGES.")
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
            raise CommandError("The live notice says exactly this already, so there is nothing to publish.")
        material, reason, username = options["material"], options["reason"], options["username"]
        if material is None and not reason and not username:
            problem = actions.why_not_publish(draft)
            self.stdout.write(problem or "Publish this with --material or --not-material, --reason TEXT and --as USER.")
            return
        if material is None or not reason or not username:
            raise CommandError("Publishing needs all of --material or --not-material, --reason TEXT and --as USER.")
        user = get_user_model().objects.filter(username=username, is_active=True).first()
        if user is None or not user.has_perm("consent.publish_notice"):
            raise CommandError(f"There is no active person {username!r} who may publish notices.")
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
