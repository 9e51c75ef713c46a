from __future__ import annotations

from collections.abc import Callable
from wsgiref.types import WSGIApplication

import pytest

from pagestore.serving import PageStore
from tests.pagestore.asking import Counting


@pytest.fixture(params=["Django", "page store"])
def site(request: pytest.FixtureRequest, django: Counting, worker: Callable[[], PageStore]) -> WSGIApplication:
    """Each of the two that answer for a public page."""
    return django if request.param == "Django" else worker()
