"""The server reads the consent cookie as the table of cases says, and so does the client (``tests/browser``)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from wsgiref.types import WSGIApplication

import pytest
from django.contrib.auth.models import User
from django.test import Client

from consent.choice.gate import current_gate, read_cookie
from tests.consent.builders import ORIGIN, open_service
from tests.consent.cookie_headers import NAMES, headers
from tests.pagestore.asking import TERM, ask

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("settings_of_a_store")]


def cases(name: str) -> list[tuple[str, str]]:
    gate = current_gate()
    assert gate.notice
    [analytics] = [question for question in gate.questions if question.varname == "analytics"]
    return headers(name=name, version=analytics.version, number=gate.notice.number, short=gate.notice.sha256[:16])


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_server_reads_every_header_as_the_table_says(
    site: WSGIApplication, operator: User, at: datetime, settings: Any, name: str
) -> None:
    open_service(operator, at)  # in analytics
    settings.COOKIE_CONSENT_NAME = name
    said = {True: "accepted", False: "refused", None: "asked"}
    for header, answer in cases(name):
        assert said[current_gate().answers(read_cookie(header)).get("analytics")] == answer, header
        # The page store, or Django behind it.
        is_open = answer == "accepted"
        assert (ORIGIN in ask(site, TERM, HTTP_COOKIE=header).headers["Content-Security-Policy"]) is is_open, header


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_page_that_says_what_was_answered_reads_every_header_as_the_table_says(
    operator: User, at: datetime, client: Client, settings: Any, name: str
) -> None:
    open_service(operator, at)
    settings.COOKIE_CONSENT_NAME = name
    for header, answer in cases(name):
        page = client.get("/cookies/", headers={"cookie": header}).content.decode()
        assert ("data-consent-withdraw>" in page) is (answer == "accepted"), header
