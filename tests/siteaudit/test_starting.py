"""What an audit says that cannot begin."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def test_a_site_that_does_not_answer_could_not_be_audited(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="Check that the site is running there") as refused:
        call_command("audit_site", "--base-url", "http://127.0.0.1:9", "--report", str(tmp_path), "--browser", "any")
    assert refused.value.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_without_chromium_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"Install it \(Debian: apt install chromium\)") as refused:
        call_command("audit_site", "--report", str(tmp_path))
    assert refused.value.returncode == 2
    assert list(tmp_path.iterdir()) == []
