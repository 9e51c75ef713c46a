"""Static files are compressed ahead of time, and sent in an encoding that the client accepts."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from pytest_django import Settings

from server.storage import StaticStorage


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> None:
    """A static file as production has it: beside what gzip and brotli made of it."""
    settings.STATIC_ROOT = tmp_path
    for name in ("site.css", "site.css.gz", "site.css.br"):
        (tmp_path / name).write_bytes(b"x" * (100 if name == "site.css" else 10))


@pytest.mark.usefixtures("collected", "db")
@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip", "gzip"),
        ("GZip;q=1", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=0", None),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("*;q=0", None),
        ("x-gzip-like", None),
        ("", None),
    ],
)
def test_what_is_refused_is_not_sent(accepted: str, encoding: str | None) -> None:
    answer = Client().get("/static/site.css", headers={"Accept-Encoding": accepted})
    assert (answer.status_code, answer.get("Content-Encoding"), answer["Vary"]) == (200, encoding, "Accept-Encoding")
    answer.close()


def test_what_pages_name_is_compressed_and_what_it_was_made_of_is_not(tmp_path: Path) -> None:
    storage = StaticStorage(location=str(tmp_path), base_url="/static/")
    storage.save("desk/form.css", ContentFile(b"a { color: red }\n" * 100))
    list(storage.post_process({"desk/form.css": (storage, "desk/form.css")}))
    named = Path(storage.hashed_files["desk/form.css"]).name
    assert {path.name for path in (tmp_path / "desk").iterdir()} == {"form.css", named, f"{named}.gz", f"{named}.br"}
