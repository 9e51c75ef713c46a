"""``publish_due`` as cron runs it: in processes of its own, and two of them at once."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from tests.folders import ROOT
from tests.sites import Site

TERMS = 12
SCHEDULE = f"""
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from glossary.actions import approve_review, save_term, submit_term
from glossary.document.parsing import parse_document
at = timezone.now() - timedelta(hours=2)
editor = User.objects.create_user("edith", "edith@example.org")
reviewer = User.objects.create_user("rafael", "rafael@example.org")
for number in range({TERMS}):
    document = parse_document({{"title": f"Term {{number}}", "definition": "x"}})
    term = save_term(document=document, by=editor, at=at).term
    review = submit_term(term=term, by=editor, at=at, reviewer=reviewer)
    approve_review(review=review, by=reviewer, at=at, publish_at=at + timedelta(hours=1))
"""
COUNT = """
import json
from glossary.models import Event, OutboundEmail, PublishedEntry, ScheduledChange
print(json.dumps({
    "public": PublishedEntry.objects.count(),
    "published": Event.objects.filter(verb="published").count(),
    "open": ScheduledChange.objects.filter(done_at__isnull=True).count(),
    "unsent": OutboundEmail.objects.filter(sent_at__isnull=True).count(),
}))
"""

# Somebody approves a due term for a later time, while a run waits for the term.
MOVES_WHAT_IS_DUE = """
import subprocess, sys, time
from datetime import timedelta
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.utils import timezone
from glossary.actions import schedule_publication
from glossary.models import ScheduledChange, Term

def somebody_waits():
    if connection.vendor == "sqlite":
        return True  # nobody can ask; there, all of a database is changed by one at a time
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return cursor.fetchone()[0] > 0

at = timezone.now()
with transaction.atomic():
    term = Term.objects.for_change().get(title="Term 0")
    run = subprocess.Popen([sys.executable, "manage.py", "publish_due"], stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not somebody_waits() and time.monotonic() < deadline:
        time.sleep(0.05)
    print("waited" if time.monotonic() < deadline else "nobody waited")
    schedule_publication(
        term=term, revision=term.head, due_at=at + timedelta(days=1), by=User.objects.get(username="rafael"), at=at
    )
print("run:", run.wait(timeout=60))
"""


def test_two_runs_at_once_share_the_work_and_do_everything_once(site: Site) -> None:
    site.python(SCHEDULE)
    # Django prints mails with the console backend: each one that is sent stands in somebody's output.
    runs = [
        subprocess.Popen(
            [sys.executable, "manage.py", "publish_due"],
            cwd=ROOT,
            env=site.environment | {"EMAIL_URL": "console://"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    outputs = [run.communicate(timeout=60) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    said = "".join(out for out, _ in outputs)
    for number in range(TERMS):
        assert said.count(f"publish “Term {number}”, due ") == 1
        assert said.count(f"Subject: For your review: Term {number}\n") == 1
        assert said.count(f"Subject: Approved: Term {number}\n") == 1
    # Letters of the one that the other had claimed are out as well.
    assert json.loads(site.python(COUNT)) == {"public": TERMS, "published": TERMS, "open": 0, "unsent": 0}
    assert site.manage("publish_due", "-v", "2") == "Nothing was due.\n"


def test_a_run_and_a_person_at_one_term_wait_for_one_another_without_a_deadlock(
    new_site: Callable[..., Site],
) -> None:
    """On SQLite the whole database is locked for a writer, so that there is one order anyway."""
    site = new_site()
    site.python(SCHEDULE)
    said = site.python(MOVES_WHAT_IS_DUE)
    assert said.splitlines() == ["waited", "run: 0"], said
    state = json.loads(site.python(COUNT))
    # The person came first: the term that she moved is still to be published, and all others are public.
    assert (state["public"], state["open"]) == (TERMS - 1, 1)
