"""What the server has of personalisation: the words that declare it, and frames that are the same for everybody."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from cookie_consent.models import Cookie, CookieGroup
from django.apps import apps
from django.db import connection
from django.test import Client

from consent.actions import draft_notice
from consent.models import CookieDetails, Notice

pytestmark = pytest.mark.django_db
KEYS = ["glossary.display", "glossary.recent", "glossary.saved"]
declare = import_module("consent.migrations.0013_site_storage").forwards


def told(document: Any) -> list[tuple[str, str, int]]:
    [category] = [each for each in document["categories"] if each["varname"] == "personalization"]
    return [(each["name"], each["kind"], each["lifetime_days"]) for each in category["cookies"]]


def test_the_first_notice_of_a_new_site_names_what_is_kept() -> None:
    live = Notice.objects.live("en")
    assert live
    assert told(live.document) == [(name, "local", 182) for name in KEYS]
    assert draft_notice().changes == []


def test_a_site_that_is_older_declares_it_and_its_operators_publish_it() -> None:
    Cookie.objects.filter(name__in=KEYS).delete()
    declare(apps, connection.schema_editor())
    assert CookieDetails.objects.filter(kind="local", days=182, cookie__name__in=KEYS).count() == 3
    assert draft_notice().changes == []
    # What operators have said otherwise stays, and a category that they took away doesn't come back.
    Cookie.objects.filter(name="glossary.saved").update(description="In our own words.")
    declare(apps, connection.schema_editor())
    assert Cookie.objects.get(name="glossary.saved").description == "In our own words."
    CookieGroup.objects.get(varname="personalization").delete()
    declare(apps, connection.schema_editor())
    assert not Cookie.objects.filter(name__in=KEYS).exists()


def test_the_page_of_a_readers_terms_has_none_of_them(client: Client) -> None:
    plain = client.get("/saved/")
    client.cookies["consent_choice"] = "personalization=1"
    assert client.get("/saved/").content == plain.content
    assert '<meta name="robots" content="noindex">' in plain.content.decode()
    assert plain.status_code == 200
