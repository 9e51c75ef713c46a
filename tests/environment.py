"""The environment of a test run: set before Django reads its settings (loaded by ``-p`` in pyproject.toml).

Everything that a run leaves on the machine lies in one folder, and every database that it makes begins with the name
of that folder, so that the process which started the run can remove all of it at the end, whatever became of the
processes that made it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from tests.folders import RUN

os.environ.setdefault("DEBUG", "1")
# Sites of tests, which are in production mode, ask about every category.
os.environ.setdefault("CONSENT_TRIAL", "1")
# A run starts a hundred processes, each of which would compile the project anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Nothing that a test writes lands in the project.
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="data-", dir=RUN)
# Where collected static files are expected: WhiteNoise warns when the folder is missing.
(Path(os.environ["DATA_DIR"]) / "static").mkdir()


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    from tests.databases import end_run  # not before the environment is set

    end_run()
