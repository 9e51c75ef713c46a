from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _page_store(settings_of_a_store: None) -> None:
    """Every test here is about the store."""
