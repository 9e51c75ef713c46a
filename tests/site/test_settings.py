"""Settings come from the environment, and production refuses to start without its secrets."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.env import VARIABLES
from tests.databases import SERVER
from tests.folders import PACKAGES, ROOT
from tests.site.starting import PRODUCTION, start

pytestmark = pytest.mark.processes

FIXED = {
    "DATABASE_URL",
    "SECRET_KEY",
    "ALLOWED_HOSTS",
    "DEBUG",
    "CACHE_URL",
    "SITE_URL",
    "CONSENT_SIGNING_KEY",
    "EMAIL_URL",
    "DATA_DIR",
}


def test_production_starts_when_everything_is_set(tmp_path: Path) -> None:
    done = start(tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", None),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "development-only-secret-key-that-production-refuses"),
        ("CONSENT_SIGNING_KEY", None),
        ("CONSENT_SIGNING_KEY", "development-only-signing-key-that-production-refuses"),
        ("ALLOWED_HOSTS", None),
        ("ALLOWED_HOSTS", " , "),
        ("ALLOWED_HOSTS", "*"),
        ("SITE_URL", "glossary.example.org"),
        ("DEBUG", "maybe"),
        ("DATABASE_URL", "oracle://somewhere/else"),
        ("CACHE_URL", "memcached://somewhere"),
        ("EMAIL_URL", "pigeon://somewhere"),
    ],
)
def test_production_refuses_to_start_and_names_the_variable(tmp_path: Path, name: str, value: str | None) -> None:
    done = start(tmp_path, **{name: value})
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
    assert name in done.stderr.splitlines()[-1] or any(
        line.startswith(f"  - {name}") for line in done.stderr.splitlines()
    )


def test_all_missing_secrets_are_named_at_once(tmp_path: Path) -> None:
    done = start(tmp_path, SECRET_KEY=None, CONSENT_SIGNING_KEY=None, ALLOWED_HOSTS=None)
    for name in ("SECRET_KEY", "CONSENT_SIGNING_KEY", "ALLOWED_HOSTS"):
        assert f"- {name}" in done.stderr


def test_a_password_in_an_unreadable_database_url_is_not_shown(tmp_path: Path) -> None:
    done = start(tmp_path, DATABASE_URL="oracle://scott:tiger@host/db")
    assert "tiger" not in done.stderr.splitlines()[-1]


def test_every_fixed_variable_is_described() -> None:
    assert set(VARIABLES) >= FIXED
    assert all(variable.description for variable in VARIABLES.values())


def test_the_environment_is_read_in_one_place_only() -> None:
    readers = set()
    for path in (path for package in PACKAGES for path in ROOT.glob(f"{package}/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"):
                readers.add(path.relative_to(ROOT).as_posix())
    # wsgi.py only names the settings module, as Django's own template does; the other two hand the environment, unread,
    # to the server that they look at.
    assert readers - {"config/wsgi.py", "consent/receipts/evidence.py", "siteaudit/serving.py"} == {"config/env.py"}


def test_sqlite_is_durable_and_queues_writers(tmp_path: Path) -> None:
    code = (
        "from django.db import connection\n"
        "cursor = connection.cursor()\n"
        "for name in ('journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout'):\n"
        "    print(name, cursor.execute('PRAGMA ' + name).fetchone()[0])\n"
        "print(connection.transaction_mode)\n"
    )
    assert run_in(tmp_path, code).split("\n")[:5] == [
        "journal_mode wal",
        "synchronous 2",
        "foreign_keys 1",
        "busy_timeout 20000",
        "IMMEDIATE",
    ]


def test_processes_that_answer_requests_wait_for_the_database_for_seconds_only(tmp_path: Path) -> None:
    code = (
        "from django.db import connection\n"
        "if {is_web}: import config.wsgi\n"
        "names = ['busy_timeout'] if connection.vendor == 'sqlite' else ['statement_timeout', 'lock_timeout']\n"
        "cursor = connection.cursor()\n"
        "for name in names:\n"
        "    cursor.execute(('PRAGMA ' if connection.vendor == 'sqlite' else 'SHOW ') + name)\n"
        "    print(cursor.fetchone()[0])\n"
    )
    database = {"DATABASE_URL": SERVER} if SERVER else {}
    for is_web, shown in ((True, 3_000), (False, 20_000)):
        found = run_in(tmp_path, code.format(is_web=is_web), DATABASE_TIMEOUT="3", PAGE_STORE="0", **database)
        if SERVER:
            assert found.split() == (["3s", "3s"] if shown == 3_000 else ["0", "0"])
        else:
            assert found.split() == [str(shown)]


def test_a_new_data_dir_and_its_database_are_for_their_owner(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    code = (
        "from django.db import connection\n"
        "connection.cursor().execute('CREATE TABLE one (id int)')\n"
        f"import pathlib; print(*sorted(pathlib.Path({str(folder)!r}).glob('db*')), sep='\\n')\n"
        f"print(*[oct(each.stat().st_mode)[-3:] for each in pathlib.Path({str(folder)!r}).glob('db*')])\n"
    )
    done = run_in(folder, code)
    assert "db.sqlite3-wal" in done
    assert set(done.split("\n")[-2].split()) == {"600"}
    assert permissions(folder) == "700"


def test_a_data_dir_that_exists_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").touch()
    (tmp_path / "db.sqlite3").chmod(0o644)
    tmp_path.chmod(0o711)
    run_in(tmp_path, "from django.db import connection\nconnection.cursor()")
    assert (permissions(tmp_path), permissions(tmp_path / "db.sqlite3")) == ("711", "644")


def permissions(path: Path) -> str:
    return f"{path.stat().st_mode & 0o777:o}"


def run_in(folder: Path, code: str, **settings: str) -> str:
    """Run code of the site under a ``DATA_DIR``, as a process that makes files for everybody to read."""
    return subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(folder)} | PRODUCTION | settings,
        capture_output=True,
        text=True,
        check=True,
        umask=0o022,
    ).stdout


def test_a_mail_password_is_decoded(tmp_path: Path) -> None:
    code = "from django.conf import settings\nprint(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)\n"
    url = "smtp://post%40example.org:p%40ss%3A%2F@mail.example.org:587"
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)} | PRODUCTION | {"EMAIL_URL": url},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["post@example.org p@ss:/"]


def test_over_https_no_other_site_can_set_the_consent_cookie(tmp_path: Path) -> None:
    code = "from cookie_consent.conf import settings\nprint(settings.COOKIE_CONSENT_NAME)\n"
    assert run_in(tmp_path, code).strip() == "__Host-consent_choice"
