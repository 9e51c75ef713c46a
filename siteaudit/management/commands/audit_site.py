"""``manage.py audit_site``: check with a real browser that the site does what its notice says."""

from __future__ import annotations

import contextlib
import signal
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from consent.models import AuditRun
from consent.receipts.evidence import CannotTake, browser_at
from siteaudit import CouldNotAudit
from siteaudit.cookie_list import read_cookie_list
from siteaudit.declared import Declaration
from siteaudit.judging import judge
from siteaudit.keeping import store_audit
from siteaudit.observed import SampledPage
from siteaudit.reporting import Audit, write_report
from siteaudit.sampling import pages, read_declaration, read_from, sample
from siteaudit.serving import throwaway_site
from siteaudit.states import State, states_for

FINDINGS, COULD_NOT = 1, 2


class Command(BaseCommand):
    help = (
        "Visit the site with a real Chromium in every state of a visitor's choice, and report everything that the "
        "live notice does not name: cookies, stored keys, third parties, longer lifetimes, anything that runs before "
        "a choice or despite a refusal, unequal buttons, and titles sent to others (docs/howto/audit.md). Without "
        "--base-url, it serves a temporary copy of this site. Writes report.html, report.json and requests.har. The "
        "admin shows complete audits of this site. Ends with status 0 if nothing was found, 1 if something was "
        "found, 2 if the audit failed."
    )
    # The site runs its system checks when it starts.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--base-url",
            type=_address,
            metavar="URL",
            help="audit the running site at this address; this adds a few records to it",
        )
        parser.add_argument(
            "--report", type=Path, metavar="DIR", help="folder for the report; `audit` in DATA_DIR by default"
        )
        parser.add_argument(
            "--browser", default="", metavar="FILE", help="path of the Chromium to use, if none is found"
        )
        parser.add_argument(
            "--pages", type=_count, default=5, metavar="N", help="how many terms besides the first; 5 by default"
        )
        parser.add_argument(
            "--path", action="append", metavar="PATH", help="only this page, to examine a finding; repeatable"
        )
        parser.add_argument(
            "--state", action="append", metavar="NAME", help="only this state, to examine a finding; repeatable"
        )
        parser.add_argument(
            "--cookie-list", type=Path, metavar="FILE", help="the Open Cookie Database’s CSV file, to name more cookies"
        )
        parser.add_argument(
            "--quiet-for",
            type=float,
            default=1.0,
            metavar="SECONDS",
            help="a page is finished after this many seconds without a request; 1 by default",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with _stoppable():
                audit = self._audit(options)
                files = write_report(audit, options["report"] or settings.DATA_DIR / "audit")
                stored = store_audit(audit)
        except (CouldNotAudit, OSError) as error:
            raise CommandError(f"Could not audit. {error}", returncode=COULD_NOT) from error
        except KeyboardInterrupt:
            raise CommandError("Could not audit. Stopped before the end.", returncode=COULD_NOT) from None
        self._report(audit, files, stored)
        if not audit.is_clean:
            sys.exit(FINDINGS)

    def _audit(self, options: dict[str, Any]) -> Audit:
        cookie_list = read_cookie_list(options["cookie_list"]) if options["cookie_list"] else None
        try:
            chromium = browser_at(options["browser"])
        except CannotTake as error:
            raise CouldNotAudit(str(error)) from error
        # Imported here because it needs Playwright, without which the site itself runs.
        from siteaudit.browsing import watch

        started_at = datetime.now(UTC)
        address = options["base_url"]
        with contextlib.nullcontext(address) if address else throwaway_site() as site:
            self.stdout.write(f"Auditing {site}" + ("" if address else ", a temporary copy of this site"))
            read = read_from(site)
            declaration = read_declaration(read)
            sampled = _pages(read, declaration, options)
            states = _states(declaration, options)
            sizes = f"{_number(len(sampled), 'page')} in {_number(len(states), 'state')}"
            self.stdout.write(f"{sizes}, against notice {declaration.number}")
            seen = watch(
                site,
                sampled,
                states,
                chromium=chromium,
                quiet_seconds=options["quiet_for"],
                has_banner=bool(declaration.optional),
                say=lambda line: self.stdout.write(f"  {line}"),
            )
        return Audit(
            site=site,
            is_copy=not address,
            is_whole=not (options["path"] or options["state"]),
            started_at=started_at,
            finished_at=datetime.now(UTC),
            declaration=declaration,
            seen=seen,
            findings=judge(seen, declaration, site, cookie_list=cookie_list),
            left_out=_left_out(options, declaration),
        )

    def _report(self, audit: Audit, files: list[Path], stored: AuditRun | None) -> None:
        for finding in audit.findings:
            self.stdout.write(self.style.ERROR(f"\n{finding.title}"))
            self.stdout.write(f"  {finding.what}")
            self.stdout.write(f"  Culprit: {finding.culprit}")
            if finding.pages:
                self.stdout.write(f"  Pages: {', '.join(finding.pages[:5])}{' …' if len(finding.pages) > 5 else ''}")
            self.stdout.write(f"  States: {', '.join(finding.states)}")
            for detail in finding.details[:3]:
                self.stdout.write(f"  {detail}")
            self.stdout.write(f"  To do: {finding.advice}")
        for line in audit.left_out:
            self.stdout.write(f"Left out: {line}")
        if audit.is_copy:
            self.stdout.write(f"\nRecorded in the copy, which is deleted: {_number(audit.seen.records, 'choice')}.")
        else:
            self.stdout.write(
                f"\nAdded to the site's records and statistics by this audit: {_number(audit.seen.records, 'choice')}."
            )
        self.stdout.write(f"Report: {files[0]}")
        if stored:
            self.stdout.write("The admin shows this audit.")
        if audit.is_clean:
            self.stdout.write(self.style.SUCCESS("Nothing was found: the site does what its notice says."))
        else:
            self.stdout.write(self.style.ERROR(f"{_number(len(audit.findings), 'finding')}."))


@contextlib.contextmanager
def _stoppable() -> Iterator[None]:
    """Let SIGTERM, which schedulers send, end the audit in the same way as Ctrl-C."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _pages(read: Any, declaration: Declaration, options: dict[str, Any]) -> list[SampledPage]:
    if options["path"]:
        return pages(read, options["path"])
    return sample(read, declaration, more_terms=options["pages"])


def _states(declaration: Declaration, options: dict[str, Any]) -> list[State]:
    states = states_for(declaration)
    if not options["state"]:
        return states
    names = [state.name for state in states]
    if unknown := [name for name in options["state"] if name not in names]:
        raise CouldNotAudit(f"There is no state {unknown[0]!r}. There are {', '.join(names)}.")
    return [state for state in states if state.name in options["state"]]


def _left_out(options: dict[str, Any], declaration: Declaration) -> list[str]:
    lines = []
    if not declaration.optional:
        lines.append("Choices and buttons: the notice asks about nothing optional, so there is no banner.")
    if options["path"]:
        lines.append("Pages other than those named with --path.")
    if options["state"]:
        lines.append("States other than those named with --state.")
        if declaration.optional and "untouched" not in options["state"]:
            lines.append("The two buttons, which are compared in the state “untouched”.")
    lines += [
        f"{service.name} alone: the notice offers it with “{category.name}” as a whole only."
        for category in declaration.optional
        for service in category.services
        if not service.slug and len(category.services) > 1
    ]
    return lines


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ArgumentTypeError(f"{text!r} must look like https://glossary.example.org, with nothing after the host.")
    return f"{parts.scheme}://{parts.netloc}"


def _number(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 10_000:
        raise ArgumentTypeError("N must be a number from 0 to 10,000.")
    return number
