"""An operator has the ledger verified or the site audited, and a process of its own does it."""

from __future__ import annotations

import io
import smtplib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.urls import reverse
from django.utils import timezone

from consent.actions.verifying import verify_ledger
from consent.models import CheckRun
from consent.receipts.evidence import CannotTake, browser_at

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ALIVE_EVERY = 10.0
SAY_EVERY = 2.0
LONGEST_OUTCOME = 20_000


class _Progress:
    """How far a check is, in words. The thread of the heartbeat writes it: while a browser is driven, an event loop
    runs in the thread of the check, and there Django refuses the database.
    """

    words = ""


class CheckGoesOn(Exception):
    """Such a check goes on already: ``run`` is that one. Nothing was started."""

    def __init__(self, message: str, run: CheckRun) -> None:
        super().__init__(message)
        self.run = run


class CannotCheck(Exception):
    """This machine lacks what the check needs. The message says what; nothing was started."""


def why_not_check(kind: str) -> str:
    """Return why a check cannot be done on this machine, in words, or ``""``."""
    if kind == CheckRun.Kind.AUDIT:
        try:
            browser_at()
        except CannotTake as error:
            return str(error)
    return ""


def start_check(*, kind: str, by: User, at: datetime) -> CheckRun:
    """Have a process of its own do a check, and return the row that tells how far it has come.

    Raises :class:`CheckGoesOn`, :class:`CannotCheck`, and ``ValueError`` for an unknown kind.
    """
    if kind not in CheckRun.Kind.values:
        raise ValueError(f"There is no check called {kind!r}.")
    if problem := why_not_check(kind):
        raise CannotCheck(problem)
    with transaction.atomic():
        if going_on := CheckRun.objects.going_on(at=at).filter(kind=kind).first():
            raise CheckGoesOn(f"{going_on} is already running.", going_on)
        run = CheckRun.objects.create(kind=kind, asked_at=at, asked_by=by, alive_at=at)
        transaction.on_commit(lambda: _start_process(run))
    return run


def perform_check(*, run: CheckRun) -> CheckRun:
    """Do a check that waits, and write its result. Sends it to who asked, where email is set up.

    Does nothing for a check that another process has taken up.
    """
    now = timezone.now()
    if not CheckRun.objects.filter(pk=run.pk, started_at__isnull=True).update(started_at=now, alive_at=now):
        return run
    progress = _Progress()
    with _heartbeat(run, progress):
        passed, outcome = _verify(run, progress) if run.kind == CheckRun.Kind.VERIFY else _audit(progress)
    run.refresh_from_db()
    run.finished_at = run.alive_at = timezone.now()
    run.passed, run.outcome, run.progress = passed, outcome[-LONGEST_OUTCOME:], ""
    run.save()
    run.mail = _send(run)
    run.save(update_fields=["mail"])
    return run


def _start_process(run: CheckRun) -> None:
    # In a session of its own, so that it goes on when the worker that answers now is replaced.
    process = subprocess.Popen(  # noqa: S603  (our own command, without a shell)
        [sys.executable, "manage.py", "run_check", str(run.pk)],
        cwd=settings.BASE_DIR,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # Waited for, so that it doesn't stay as a zombie of this process.
    threading.Thread(target=process.wait, daemon=True).start()


def _verify(run: CheckRun, progress: _Progress) -> tuple[bool, str]:
    def say(done: int, size: int) -> None:
        progress.words = f"{done:,} of {size:,} records ({done / size:.0%})"

    try:
        found = verify_ledger(at=timezone.now(), progress=say, by=run.asked_by)
    except DatabaseError as error:
        return False, f"The ledger could not be verified: {error}"
    if found.fault:
        return False, f"[{found.fault.fault}] {found.fault}\n\ndocs/howto/consent-ledger.md says what this means."
    unchecked = "".join(f"\n- {line}" for line in found.unchecked)
    return True, (
        f"All {found.records:,} records are unchanged since they were sealed, and match every checkpoint.\n\nNot "
        f"checked:{unchecked}"
    )


class _Told(io.StringIO):
    """Takes what a command says, and shows its last line as progress."""

    def __init__(self, progress: _Progress) -> None:
        super().__init__()
        self._progress = progress

    def write(self, text: str) -> int:
        if text.strip():
            self._progress.words = text.strip().splitlines()[-1]
        return super().write(text)


def _audit(progress: _Progress) -> tuple[bool, str]:
    told = _Told(progress)
    try:
        call_command("audit_site", stdout=told, stderr=told, no_color=True)
    except SystemExit:
        return False, told.getvalue().strip()
    except CommandError as error:
        return False, f"{told.getvalue().strip()}\n\n{error}".strip()
    return True, told.getvalue().strip()


@contextmanager
def _heartbeat(run: CheckRun, progress: _Progress) -> Iterator[None]:
    """Write every few seconds how far the check is, and that its process is alive."""
    ended = threading.Event()

    def beat() -> None:
        written, alive_at = "", time.monotonic()
        while not ended.wait(SAY_EVERY):
            if progress.words == written and time.monotonic() - alive_at < ALIVE_EVERY:
                continue
            written, alive_at = progress.words, time.monotonic()
            try:
                CheckRun.objects.filter(pk=run.pk).update(progress=written[:500], alive_at=timezone.now())
            except DatabaseError:  # the next one may come through
                close_old_connections()
        connection.close()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _send(run: CheckRun) -> str:
    """Send the result to who asked, and return to whom it went, or why it didn't."""
    if settings.EMAIL_BACKEND.endswith(("console.EmailBackend", "dummy.EmailBackend")):
        return "No email: EMAIL_URL isn't set."
    if not run.asked_by.email:
        return f"No email: {run.asked_by} has no email address."
    scheme = urlsplit(settings.SITE_URL).scheme
    address = f"{scheme}://{settings.ADMIN_HOST}" if settings.ADMIN_HOST else settings.SITE_URL
    message = EmailMessage(
        subject=f"{run}: {run.state.lower()}",
        body=f"{run.outcome}\n\n{address}{reverse('admin:consent_checkrun_change', args=[run.pk])}\n",
        to=[run.asked_by.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
    try:
        message.send()
    except (OSError, smtplib.SMTPException) as error:
        return f"The email to {run.asked_by.email} was not sent: {error}"[:500]
    return f"Sent to {run.asked_by.email}."
