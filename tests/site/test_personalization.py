"""What the server has of personalisation: the words that declare it, and frames that are the same for everybody."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from consent.actions import draft_notice
from consent.models import Notice

pytestmark = pytest.mark.django_db
KEYS = ["glossary.display", "glossary.recent", "glossary.saved"]


def told(document: Any) -> list[tuple[str, str, int]]:
    [category] = [each for each in document["categories"] if each["varname"] == "personalization"]
    return [(each["name"], each["kind"], each["lifetime_days"]) for each in category["cookies"]]


def test_the_first_notice_of_a_new_site_names_what_is_kept() -> None:
    live = Notice.objects.live("en")
    assert live
    assert told(live.document) == [(name, "local", 182) for name in KEYS]
    assert draft_notice().changes == []


def test_the_page_of_a_readers_terms_has_none_of_them(client: Client) -> None:
    plain = client.get("/saved/")
    client.cookies["consent_choice"] = "personalization=1"
    assert client.get("/saved/").content == plain.content
    assert '<meta name="robots" content="noindex">' in plain.content.decode()
    assert plain.status_code == 200
