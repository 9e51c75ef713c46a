"""Starting the site under an environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.folders import ROOT

PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "a-production-key-of-at-least-fifty-characters-0123456789",
    "CONSENT_SIGNING_KEY": "a-signing-key-of-at-least-32-characters",
    "ALLOWED_HOSTS": "glossary.example.org",
    "SITE_URL": "https://glossary.example.org",
}


def start(tmp_path: Path, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Load the settings in a fresh process under production's environment with ``changes`` (None unsets)."""
    wanted = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)} | PRODUCTION | changes
    environment = {name: value for name, value in wanted.items() if value is not None}
    return subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
