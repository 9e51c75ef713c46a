"""Addresses that are put together are those that ``reverse`` finds, in each language and wherever the site stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.urls import reverse, set_script_prefix
from django.utils import translation

from glossary.addresses import address_of, fixed_address_of


@pytest.fixture(params=["/", "/terms/"])
def _mounted(request: pytest.FixtureRequest) -> Iterator[None]:
    set_script_prefix(request.param)
    yield
    set_script_prefix("/")


@pytest.mark.usefixtures("_mounted")
@pytest.mark.parametrize("view", ["glossary:term", "glossary:tag"])
@pytest.mark.parametrize("slug", ["luteal-phase", "a", "5_ht", "-slug-", "CA-125"])
def test_an_address_is_what_reverse_finds(view: str, slug: str) -> None:
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            assert address_of(view, slug) == reverse(view, args=[slug])


@pytest.mark.usefixtures("_mounted")
def test_an_address_with_numbers_and_a_fixed_one_are_what_reverse_finds() -> None:
    for language, _ in settings.LANGUAGES:
        with translation.override(language):
            for more in (1, 27):
                for view in ("glossary:revision", "glossary:tag"):
                    assert address_of(view, "luteal-phase", more) == reverse(view, args=["luteal-phase", more])
                assert fixed_address_of("glossary:letter", "a", more) == reverse("glossary:letter", args=["a", more])
            assert fixed_address_of("glossary:home") == reverse("glossary:home")
