"""Runs the benchmarks on a database of their own and writes the table into docs/benchmarks.md.

``python -m bench`` takes SQLite, or the PostgreSQL server that DATABASE_URL names. Each figure stands beside another
that was measured in the same run, as machines differ more than programs.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
SIZES = (10_000, 100_000)
LARGE = 1_000_000


@contextlib.contextmanager
def database(folder: Path) -> Iterator[str]:
    """Yield the URL of an empty database, which is gone afterwards."""
    server = os.environ.get("DATABASE_URL", "")
    if not server.startswith(("postgres:", "postgresql:")):
        yield f"sqlite:///{folder / 'bench.sqlite3'}"
        return
    name = f"bench_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        finally:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--large", action="store_true", help=f"also with {LARGE:,} records, which takes some minutes")
    parser.add_argument("--seconds", type=float, default=5, help="how long each round of writing lasts")
    options = parser.parse_args()
    sizes = [*SIZES, LARGE] if options.large else list(SIZES)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, database(Path(folder)) as url:
        kind = "PostgreSQL" if url.startswith("postgres") else "SQLite"
        environment = os.environ | {
            "DATABASE_URL": url,
            "DATA_DIR": folder,
            "DEBUG": "0",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "CONSENT_SIGNING_KEY": secrets.token_urlsafe(48),
            "CONSENT_SIGNING_KEYS_OLD": "",
            "ALLOWED_HOSTS": "127.0.0.1",
            "SITE_URL": "http://127.0.0.1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONWARNINGS": "ignore",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True)
        table = subprocess.run(
            [sys.executable, "-m", "bench.consent", str(options.seconds), *map(str, sizes)],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout
    sys.stdout.write(table)
    write(kind, table)


def write(kind: str, table: str) -> None:
    """Replace one database's table in the page."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    where = f"{today}, Python {platform.python_version()}, {os.cpu_count()} cores"
    begin, end = f"<!-- {kind} -->\n", f"<!-- end of {kind} -->\n"
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{begin}{kind}, {where}:\n\n{table}{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
