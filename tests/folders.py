"""Where tests find the project, and where they leave what they make."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
#: The packages of the project itself, without tests and benchmarks.
PACKAGES = ("accounts", "config", "consent", "demo", "glossary", "pagestore", "publicpages", "server", "siteaudit")
# Whether this process started the run. The others, of pytest-xdist or of a site, inherit the folder.
STARTED_THE_RUN = "TEST_RUN" not in os.environ
# Everything that a run makes, and that goes with its end.
RUN = Path(os.environ["TEST_RUN"] if "TEST_RUN" in os.environ else tempfile.mkdtemp(prefix="glossary-tests-"))
os.environ["TEST_RUN"] = str(RUN)
# What the next run can use again.
KEPT = ROOT / "var" / "tests"
