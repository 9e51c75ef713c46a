"""Sets the environment of the test run before Django reads its settings (loaded by ``-p`` in pyproject.toml)."""

import os
import tempfile

os.environ.setdefault("DEBUG", "1")
# Nothing that a test writes lands in the project.
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="clinical-glossary-tests-")
