"""Where to report a vulnerability (RFC 9116)."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.site.starting import start

PATH = "/.well-known/security.txt"


@pytest.mark.django_db
def test_it_is_not_there_without_a_contact(client: Client, settings: Any) -> None:
    settings.SECURITY_CONTACT = []
    assert client.get(PATH).status_code == 404


def test_it_names_contacts_in_order_and_never_is_out_of_date(client: Client, settings: Any) -> None:
    settings.SECURITY_CONTACT = ["https://example.org/report", "mailto:security@example.org"]
    response = client.get(PATH)
    assert (response.status_code, response["Content-Type"]) == (200, "text/plain; charset=utf-8")
    fields = [line.split(": ", 1) for line in response.content.decode().splitlines()]
    assert [value for name, value in fields if name == "Contact"] == settings.SECURITY_CONTACT
    [expires] = [value for name, value in fields if name == "Expires"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", expires)
    left = datetime.fromisoformat(expires).astimezone(UTC) - timezone.now()
    assert timedelta(days=30) < left < timedelta(days=365)
    assert [f"{settings.SITE_URL}{PATH}"] == [value for name, value in fields if name == "Canonical"]


@pytest.mark.processes
def test_a_contact_without_its_kind_is_refused(tmp_path: Path) -> None:
    done = start(tmp_path, SECURITY_CONTACT="security@example.org")
    assert done.returncode != 0
    assert "SECURITY_CONTACT: 'security@example.org' must begin with mailto:" in done.stderr
