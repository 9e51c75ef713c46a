"""Sets the environment of the test run before Django reads its settings (loaded by ``-p`` in pyproject.toml)."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("DEBUG", "1")
# Nothing that a test writes lands in the project.
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="clinical-glossary-tests-")
# Where collected static files would stand: WhiteNoise warns when the folder is missing.
(Path(os.environ["DATA_DIR"]) / "static").mkdir()
