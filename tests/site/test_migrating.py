"""Migrations by several at once, as where several machines start a new release."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import dj_database_url
import pytest
from django.core.management import CommandError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from server.migrating import one_at_a_time
from tests.databases import drop_database, empty_database
from tests.folders import ROOT
from tests.waiting import PATIENCE


@pytest.fixture
def empty() -> Iterator[str]:
    url = empty_database()
    yield url
    drop_database(url)


@pytest.fixture
def first(empty: str, db: None) -> Iterator[BaseDatabaseWrapper]:
    """Connect to the database as the one that migrates first."""
    connection: BaseDatabaseWrapper = ConnectionHandler({"default": dict(dj_database_url.parse(empty))})["default"]
    with closing(connection):
        yield connection


def begin(url: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "manage.py", "migrate", *arguments],
        cwd=ROOT,
        env=os.environ | {"DEBUG": "1", "DATABASE_URL": url, "DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.processes
@pytest.mark.slow
def test_of_several_at_once_one_migrates_and_the_others_wait(empty: str, tmp_path: Path) -> None:
    # From three machines, each with a folder of its own.
    folders = [tmp_path / name for name in ("one", "two", "three")]
    runs = [begin(empty, folder, "glossary") for folder in folders]
    printed = [run.communicate(timeout=5 * PATIENCE) for run in runs]
    assert [run.returncode for run in runs] == [0, 0, 0], printed
    outputs = [output for output, _ in printed]
    assert sum("Applying glossary.0001_terms" in output for output in outputs) == 1
    assert sum("Waiting until it has ended" in output for output in outputs) >= 1
    check = begin(empty, folders[0], "glossary", "--check")
    assert (check.communicate(timeout=PATIENCE)[1], check.returncode) == ("", 0)


@pytest.mark.processes
def test_one_waits_as_long_as_another_is_at_work(empty: str, first: BaseDatabaseWrapper, tmp_path: Path) -> None:
    with one_at_a_time(first, wait=lambda: pytest.fail("there is nobody to wait for")):
        second = begin(empty, tmp_path, "contenttypes")
        assert second.stdout
        assert "Waiting until it has ended" in second.stdout.readline()
        if first.vendor == "sqlite":
            assert not Path(first.settings_dict["NAME"]).exists(), "it connected before its turn"
        assert not first.introspection.table_names()
    output, errors = second.communicate(timeout=PATIENCE)
    assert second.returncode == 0, errors
    assert "Applying contenttypes.0001_initial" in output


@pytest.mark.processes
def test_one_that_ends_in_an_error_leaves_the_way_free(empty: str, first: BaseDatabaseWrapper, tmp_path: Path) -> None:
    with pytest.raises(CommandError), one_at_a_time(first, wait=lambda: pytest.fail("there is nobody to wait for")):
        raise CommandError
    # The connection is still open: what it held would be held now.
    output, errors = begin(empty, tmp_path, "contenttypes").communicate(timeout=PATIENCE)
    assert "Applying contenttypes.0001_initial" in output, errors
    assert "Waiting" not in output
