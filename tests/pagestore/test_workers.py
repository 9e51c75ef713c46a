"""The page store between real processes: two workers of the production server, and whoever publishes beside them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.databases import unreachable
from tests.folders import ROOT
from tests.sites import TIMES, Site, ask
from tests.waiting import eventually

TERM = "/glossary/luteal-phase/"

PUBLISH = """
from datetime import UTC, datetime
from django.contrib.auth.models import User
from glossary.actions import publish_term, save_term
from glossary.document.parsing import parse_document
from glossary.models import Program, Term
by, _ = User.objects.get_or_create(username="publisher")
data = {{"title": "Luteal phase", "definition": "<p>{text}</p>", "mechanism": "<p>Hormones. </p>" * 50}}
term = save_term(document=parse_document(data), by=by, at=datetime.now(UTC), term=Term.objects.first()).term
publish_term(term=term, by=Program("Test"), at=datetime.now(UTC), emergency=True, reason="Test")
"""
# The process dies by a signal when its commit is through, before the hook has told anybody.
KILLED = "from django.conf import settings\nsettings.GLOSSARY_ON_CHANGE = 'os.abort'\n"


@pytest.fixture(scope="module")
def store(new_site: Callable[..., Site]) -> Site:
    site = new_site()
    site.python(PUBLISH.format(text="At first."))
    return site


def seen(site: Site, path: str = TERM) -> set[bytes]:
    return {ask(site, path)[1] for _ in range(TIMES)}


def test_what_another_process_publishes_is_visible_on_the_next_request_to_every_worker(store: Site) -> None:
    [before] = seen(store)
    store.python(PUBLISH.format(text="And then."))
    [after] = seen(store)
    assert b"And then." in after
    assert b"And then." not in before


def test_a_publication_whose_process_was_killed_shows_within_a_second_or_so(store: Site) -> None:
    seen(store)
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", KILLED + PUBLISH.format(text="Last words.")],
        cwd=ROOT,
        env=store.environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode < 0, "the process was to die by a signal"
    eventually(lambda: all(b"Last words." in body for body in seen(store)), "every worker shows it")


def test_stored_pages_are_served_while_the_database_is_away(store: Site) -> None:
    good = seen(store)
    rename = "from django.db import connection\nconnection.cursor().execute('ALTER TABLE {} RENAME TO {}')"
    store.python(rename.format("glossary_contentchange", "glossary_contentchange_away"))
    try:
        log = Path(store.environment["DATA_DIR"]) / "server.log"
        eventually(lambda: "The content version cannot be read" in log.read_text(), "a worker has looked in vain")
        assert seen(store) == good
    finally:
        store.python(rename.format("glossary_contentchange_away", "glossary_contentchange"))


def test_the_server_speaks_http_about_stored_pages(store: Site) -> None:
    ask(store, TERM)
    got, body = ask(store, TERM, Accept_Encoding="br")
    assert got.headers["Content-Encoding"] == "br"
    assert int(got.headers["Content-Length"]) == len(body) < 6_000
    head, nothing = ask(store, TERM, method="HEAD", Accept_Encoding="br")
    assert (head.status, nothing) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    again, nothing = ask(store, TERM, Accept_Encoding="br", If_None_Match=got.headers["ETag"])
    assert (again.status, nothing) == (304, b"")
    for response in (got, head, again):
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["Set-Cookie"] is None


def test_a_rebuilt_store_survives_two_rebuilds_at_once_and_a_restart(store: Site) -> None:
    command = [sys.executable, "manage.py", "rebuild_pages"]
    both = [
        subprocess.Popen(command, cwd=ROOT, env=store.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    good = seen(store)
    store.stop()
    store.start()
    assert seen(store) == good
    assert "0 rendered" in store.manage("rebuild_pages")


@pytest.mark.database
def test_a_site_that_starts_while_the_database_is_away_serves_what_is_finished(store: Site) -> None:
    good = seen(store)
    store.stop()
    before = len(store.log())
    with unreachable(store.environment["DATABASE_URL"]):
        store.start()
        assert seen(store) == good
        for path in ("/search/?q=a", "/cookies/", "/admin/", "/glossary/none/", "/consent/heads/"):
            for _ in range(TIMES // 4):
                response, body = ask(store, path, Cookie=f"sessionid={'a' * 32}", Sec_Fetch_Dest="document")
                assert response.status == 503, path
                assert int(response.headers["Retry-After"]) > 0
                assert b"The site cannot answer just now" in body
        said = [line for line in store.log()[before:].splitlines() if " ERROR " in line or " WARNING " in line]
        assert len(said) <= 2, "one line of each worker"
    eventually(lambda: store.log()[before:].count("The database answers again.") == len(said), store.log)
    eventually(lambda: all(ask(store, "/search/?q=a")[0].status == 200 for _ in range(TIMES)), store.log)
    assert "Traceback" not in store.log()[before:]
