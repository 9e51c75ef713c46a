"""The page store in real processes: two sites on one database, and what a killed one leaves behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.folders import ROOT
from tests.sites import Site
from tests.waiting import PATIENCE, eventually

TERM = "/glossary/luteal-phase/"
PUBLISH = """
from django.utils import timezone
from glossary.actions import publish_term, save_term
from glossary.document.parsing import parse_document
from glossary.models import Program, Term
term = Term.objects.select_related("head").get(slug="luteal-phase")
content = term.head.document | {"mechanism": "<p>By light alone.</p>"}
by = Program("Test")
save_term(document=parse_document(content), by=by, at=timezone.now(), term=term)
publish_term(term=term, by=by, at=timezone.now(), emergency=True, reason="Test")
"""


TITLES = ["Luteal phase", "Menopause", *(f"{letter.upper()} term" for letter in "abcdefghijklmn")]
TERMS = f"""
from django.utils import timezone
from glossary.actions import publish_terms, save_terms
from glossary.document.parsing import parse_document
from glossary.models import Program
by, at = Program("Test"), timezone.now()
documents = [parse_document({{"title": title, "definition": "Half.", "tags": ["cycle"]}}) for title in {TITLES}]
saved = save_terms(documents=documents, by=by, at=at)
publish_terms(terms=[one.term for one in saved], by=by, at=at, emergency=True, reason="Test")
"""


@pytest.fixture(scope="module")
def one(new_site: Callable[..., Site]) -> Site:
    site = new_site(PAGE_FILES="1")
    site.python(TERMS)
    return site


@pytest.fixture
def other(one: Site, new_site: Callable[..., Site]) -> Site:
    """The same glossary on another machine: its own folder, the same database."""
    return new_site(PAGE_FILES="1", DATABASE_URL=one.environment["DATABASE_URL"])


def read(site: Site, path: str = TERM) -> bytes:
    with urllib.request.urlopen(f"{site.url}{path}", timeout=PATIENCE) as response:  # noqa: S310  (our own site)
        content: bytes = response.read()
        return content


def finished(site: Site) -> dict[str, int]:
    """Return the files of finished pages with the time at which each was written."""
    folder = Path(site.environment["DATA_DIR"]) / "pages"
    found = {}
    for file in folder.rglob("*.page"):
        with contextlib.suppress(FileNotFoundError):
            found[file.name] = file.stat().st_mtime_ns
    return found


def test_two_machines_see_one_publication_and_go_on_serving_the_rest(one: Site, other: Site) -> None:
    paths = [TERM, "/", "/glossary/menopause/", "/glossary/tags/", "/glossary/letter/m/"]
    for site in (one, other):
        for path in paths:
            assert b"By light alone." not in read(site, path)
    public = Path(other.environment["DATA_DIR"]) / "pages" / "public" / "finished" / "pages" / TERM.strip("/")
    assert (public / "index.html").exists()
    before = finished(other)
    one.python(PUBLISH)
    # Before anybody asks the other machine for anything: nginx would serve this file.
    eventually(lambda: not (public / "index.html").exists(), "the other machine's own watching removed the file")
    for site in (one, other):
        assert b"By light alone." in read(site)
        for path in paths:
            read(site, path)
    after = finished(other)
    changed = {name for name in before if after[name] != before[name]}
    assert len(changed) == 2, "the term's page and the home page"


def test_a_rebuild_that_is_killed_with_the_server_is_continued(one: Site) -> None:
    for file in (Path(one.environment["DATA_DIR"]) / "pages").rglob("*.page"):
        file.unlink()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "rebuild_pages", "--processes", "2"],
        cwd=ROOT,
        env=one.environment,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        eventually(lambda: len(finished(one)) > 5, "the rebuild has finished some pages")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(20)
    one.kill()
    left = len(finished(one))
    said = one.manage("rebuild_pages", "--processes", "2")
    found = re.search(r"([\d,]+) rendered, ([\d,]+) were already up to date", said)
    assert found
    rendered, kept = (int(number.replace(",", "")) for number in found.groups())
    assert kept > 0, "nothing of the first run was of use"
    assert kept <= left
    assert rendered > 0
    assert "0 rendered, " in one.manage("rebuild_pages", "--processes", "1")
    one.start()
    written = finished(one)
    assert b"Luteal phase" in read(one)
    assert finished(one) == written
