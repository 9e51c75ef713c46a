"""Parts of pages that are kept between renderings, as they are in production, never reach a page that needs others."""

from __future__ import annotations

from datetime import datetime

import pytest
from cookie_consent.models import CookieGroup
from django.contrib.auth.models import User
from django.core.cache import caches
from django.test import Client
from django.urls import reverse, set_script_prefix
from django.utils.html import escape
from pytest_django import Settings

from consent.actions import publish_notice

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kept(settings: Settings) -> None:
    part = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "test-of-kept-parts"}
    settings.CACHES = settings.CACHES | {"template_fragments": part}
    caches["template_fragments"].clear()


def test_each_language_and_each_mount_point_has_its_own(client: Client) -> None:
    english = client.get("/").content.decode()
    german = client.get("/de/").content.decode()
    assert "Skip to content" in english
    assert "Zum Inhalt springen" in german
    assert 'href="/de/glossary/"' in german
    set_script_prefix("/mounted/")
    mounted = client.get("/").content.decode()
    assert 'href="/mounted/glossary/"' in mounted
    assert 'href="/glossary/"' not in mounted
    set_script_prefix("/")
    assert client.get("/").content.decode() == english


def test_the_next_notice_is_in_the_banner_and_its_form_leads_back_to_each_page(
    client: Client, operator: User, at: datetime
) -> None:
    before = client.get("/").content.decode()
    describe("Counts more & more.")
    notice = publish_notice(by=operator, at=at, material=True, reason="It counts more")
    after = client.get("/").content.decode()
    assert escape("Counts more & more.") in after
    assert escape("Counts more & more.") not in before
    assert f'name="notice" value="{notice.sha256}"' in after
    assert 'name="next" value="/"' in after
    assert 'name="next" value="/glossary/"' in client.get("/glossary/").content.decode()


def test_what_a_preview_shows_is_not_kept(client: Client, operator: User, at: datetime) -> None:
    live = client.get("/").content.decode()
    preview = reverse("admin:consent_notice_preview", args=["en"])
    client.force_login(operator)
    for text in ("Counts visits in a first draft.", "Counts visits in a second draft."):
        describe(text)
        assert text in client.get(preview).content.decode()
    client.logout()
    assert client.get("/").content.decode() == live


def describe(text: str) -> None:
    """Say in the registry, which the next notice is made of, what analytics are for."""
    CookieGroup.objects.filter(varname="analytics").update(description=text)
